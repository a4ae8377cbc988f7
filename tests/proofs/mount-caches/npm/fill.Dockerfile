FROM node:20-bookworm
RUN --mount=type=cache,target=/root/.npm/_cacache npm install -g is-odd@3.0.1 left-pad@1.3.0
