FROM busybox:1
RUN echo abd > /f
