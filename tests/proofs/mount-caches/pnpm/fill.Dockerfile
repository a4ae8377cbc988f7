FROM node:20-slim
RUN npm install --global pnpm@9.15.9
WORKDIR /other
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm add left-pad@1.3.0
