FROM busybox:1
RUN echo x > /a && ln /a /b && \
    echo y >> /a
