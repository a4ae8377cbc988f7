FROM busybox:1
RUN echo a > /a # the first && echo b > /b
