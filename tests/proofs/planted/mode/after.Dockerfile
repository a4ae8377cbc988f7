FROM busybox:1
RUN echo x > /f && chmod 4755 /f
