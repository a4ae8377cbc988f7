FROM busybox:1
RUN --mount=type=cache,id=careen-proof-store,target=/c echo y > /c/y
