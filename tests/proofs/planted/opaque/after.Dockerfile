FROM busybox:1
RUN mkdir /d && echo x > /d/old
RUN rm -r /d && mkdir /d && echo y > /d/new
