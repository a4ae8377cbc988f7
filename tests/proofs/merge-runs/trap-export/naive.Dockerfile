FROM busybox:1
RUN export GREETING=hello && \
    echo "${GREETING:-nothing}" > /f
