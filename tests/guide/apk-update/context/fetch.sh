#!/bin/sh
exec curl --fail --silent --show-error "$1"
