FROM busybox:1
RUN mkdir -m 1777 /shared
RUN touch /shared/mine && touch /shared/theirs
USER 7:7
