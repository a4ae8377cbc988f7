FROM python:3.11-slim
ARG AGAIN=1
COPY . /app
RUN python3 -m compileall -q /app
RUN pip install --no-cache-dir six==1.16.0
