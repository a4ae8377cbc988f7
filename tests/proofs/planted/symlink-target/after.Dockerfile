FROM busybox:1
RUN ln -s b /l
