FROM busybox:1
RUN --mount=type=cache,id=careen-proof-hidden,target=/c touch /c/x && cat /c/* > /out
