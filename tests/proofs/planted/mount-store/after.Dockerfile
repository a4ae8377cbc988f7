FROM busybox:1
RUN --mount=type=cache,id=careen-proof-store,target=/c echo x > /c/x
COPY f /f
RUN --mount=type=cache,id=careen-proof-store,target=/c cp /c/x /out
