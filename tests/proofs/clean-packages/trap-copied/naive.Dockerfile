FROM debian:bookworm-slim AS lists
RUN apt-get update && apt-get install -y --no-install-recommends tree && \
    rm -rf /var/lib/apt/lists/*

FROM debian:bookworm-slim
COPY --from=lists /var/lib/apt/lists /var/lib/apt/lists
RUN apt-get install -y --no-install-recommends less
