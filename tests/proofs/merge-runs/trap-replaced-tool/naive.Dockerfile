FROM debian:bookworm-slim
RUN env true && printf '#!/bin/sh\necho new > /f\n' > /usr/local/bin/env && chmod +x /usr/local/bin/env && \
    env true
