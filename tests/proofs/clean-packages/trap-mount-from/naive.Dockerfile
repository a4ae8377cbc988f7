FROM debian:bookworm-slim AS lists
RUN apt-get update && apt-get install -y --no-install-recommends tree && \
    rm -rf /var/lib/apt/lists/*

FROM debian:bookworm-slim
RUN --mount=type=bind,from=lists,source=/var/lib/apt/lists,target=/lists ls /lists | wc -l > /count
