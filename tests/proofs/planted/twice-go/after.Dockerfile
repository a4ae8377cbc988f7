FROM golang:1
ARG AGAIN=1
WORKDIR /src
COPY . .
RUN go build -o /server .
