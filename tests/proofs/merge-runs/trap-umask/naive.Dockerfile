FROM busybox:1
RUN umask 077 && \
    echo x > /f
