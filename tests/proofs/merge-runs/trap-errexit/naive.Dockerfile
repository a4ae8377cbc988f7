FROM busybox:1
RUN set -e; (test -e /no/such/file; echo a > /a) && \
    echo b > /b
