FROM busybox:1
ENV B=2
ENV A=1
