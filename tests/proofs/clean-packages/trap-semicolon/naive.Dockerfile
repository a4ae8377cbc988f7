FROM debian:bookworm-slim
RUN apt-get update; apt-get install -y --no-install-recommends no-such-package-at-all; \
    rm -rf /var/lib/apt/lists/*
