FROM busybox:1
HEALTHCHECK --interval=6s CMD true
