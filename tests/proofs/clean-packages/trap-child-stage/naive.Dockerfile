FROM debian:bookworm-slim AS tools
RUN apt-get update && apt-get install -y --no-install-recommends tree && \
    rm -rf /var/lib/apt/lists/*

FROM tools
RUN apt-get install -y --no-install-recommends less
