FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends less && rm -rf /var/lib/apt/lists/*
COPY index.html /usr/bin/less
