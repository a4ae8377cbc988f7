FROM node:20-slim
WORKDIR /app
COPY package.json package-lock.json ./
COPY a/package.json a/
RUN npm ci --no-audit --no-fund
COPY . .
