FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-build-isolation -r requirements.txt
COPY . .
