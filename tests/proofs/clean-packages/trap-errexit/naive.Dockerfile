FROM debian:bookworm-slim
RUN set -eux; apt-get update && apt-get install -y --no-install-recommends no-such-package-at-all && true; \
    rm -rf /var/lib/apt/lists/*
