FROM busybox:1
RUN echo x > /a && ln /a /b && \
    chmod 600 /a
