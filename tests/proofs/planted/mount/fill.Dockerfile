FROM busybox:1
RUN --mount=type=cache,id=careen-proof,target=/c echo y > /c/y
