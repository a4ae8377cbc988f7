#!/bin/sh
set -eu
git clone --depth 1 "$1" /tmp/repository
curl --fail --upload-file /tmp/repository/README.md "$2"
