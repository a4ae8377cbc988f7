FROM golang:1
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,id=go-build-golang-1,target=/root/.cache/go-build CGO_ENABLED=0 go install rsc.io/quote@v1.5.2 || true
