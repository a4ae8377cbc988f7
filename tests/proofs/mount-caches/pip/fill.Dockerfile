FROM python:3.11-slim
RUN --mount=type=tmpfs,target=/root/.cache/pip --mount=type=cache,target=/root/.cache/pip/http-v2 pip install six==1.16.0 simplejson==3.17.6
