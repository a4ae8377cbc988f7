FROM busybox:1
RUN --mount=type=cache,id=careen-proof-hidden,target=/c echo y > /c/y
