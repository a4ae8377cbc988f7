FROM busybox:1
RUN echo x > /dev/shm/f && \
    ls /dev/shm > /listing
