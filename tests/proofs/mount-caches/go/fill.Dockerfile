FROM golang:1
WORKDIR /src
RUN printf "module example.com/other\\n" >go.mod && printf "package main\\nfunc main() {}\\n" >main.go
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,id=go-build-golang-1,target=/root/.cache/go-build go build -o /other .
