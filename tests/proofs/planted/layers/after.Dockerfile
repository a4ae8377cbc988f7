FROM busybox:1
RUN echo x > /f && rm /f && echo y > /g
