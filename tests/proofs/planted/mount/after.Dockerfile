FROM busybox:1
RUN --mount=type=cache,id=careen-proof,target=/c echo x > /c/x && cp /c/x /out
COPY f /f
