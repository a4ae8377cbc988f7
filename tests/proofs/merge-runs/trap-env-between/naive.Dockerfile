FROM busybox:1
ENV WHO=first
ENV WHO=second
RUN echo "$WHO" > /a && echo "$WHO" > /b
