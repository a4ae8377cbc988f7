FROM busybox:1
RUN echo x > /a && ln /a /b
RUN chmod 600 /a
