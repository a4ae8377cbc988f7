FROM busybox:1
RUN echo a > /a; exit 0 && \
    echo b > /b
