FROM busybox:1
RUN test -e /no/such/file && \
    echo a > /a; echo b > /b
