FROM busybox:1
RUN echo x > /f
RUN echo y > /g && rm /f
