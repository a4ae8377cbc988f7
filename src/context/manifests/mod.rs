//! Manifests and lock files, read as far as a rewrite of a Dockerfile has to know them.
