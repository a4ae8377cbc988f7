FROM node:20-slim
RUN --mount=type=cache,target=/usr/local/share/.cache/yarn/v6,sharing=locked yarn global add left-pad@1.3.0
