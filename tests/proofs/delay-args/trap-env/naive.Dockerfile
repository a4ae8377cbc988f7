FROM debian:bookworm-slim
RUN env >/all
ARG BUILD_DATE=today
LABEL built=$BUILD_DATE
