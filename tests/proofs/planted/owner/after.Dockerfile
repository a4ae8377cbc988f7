FROM busybox:1
RUN echo x > /f && chown 7:8 /f
