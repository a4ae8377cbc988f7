FROM busybox:1
RUN mkdir -p /var/cache/x && echo b > /f
