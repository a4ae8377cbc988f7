//! `careen.toml`.

/// What the user set.
#[derive(Clone, Debug, Default)]
pub struct Config {}

/// Why a config can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads `path`.
    ///
    /// # Errors
    /// When it can't be read, or holds what nobody knows.
    pub fn load(_path: &std::path::Path) -> Result<Self, ConfigError> {
        Ok(Self::default())
    }
}
