FROM python:3.11-slim
RUN pip install --no-cache-dir uv
RUN --mount=type=cache,id=uv-all-python-3.11-slim,target=/root/.cache/uv uv pip install --system click==8.1.7 simplejson==3.19.2
