FROM node:20-slim
ARG AGAIN=1
WORKDIR /app
COPY package.json .
RUN npm install
COPY . .
CMD ["node", "app.js"]
