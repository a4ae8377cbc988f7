FROM busybox:1
RUN test -e /no/such/file && \
    ls /another || true
