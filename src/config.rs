//! `careen.toml`.

/// What the user set.
#[derive(Clone, Debug, Default)]
pub struct Config {}
