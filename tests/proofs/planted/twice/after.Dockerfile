FROM debian:bookworm-slim
ARG AGAIN=1
RUN apt-get update && apt-get install -y curl tree
RUN useradd --create-home app
RUN echo x > /f
