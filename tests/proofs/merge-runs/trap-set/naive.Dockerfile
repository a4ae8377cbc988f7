FROM busybox:1
RUN set -u && \
    echo "$NOT_SET" > /f
