//! The build context as the builder sees it.

/// A read-only view of a build context.
#[derive(Debug)]
pub struct Context {}

impl Context {
    /// A file of the context's root, whether it is ignored or not.
    pub fn read_beside(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Why a context can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ContextError(String);

impl Context {
    /// Opens the folder `root`.
    ///
    /// # Errors
    /// When it is no folder.
    pub fn open(
        _root: &std::path::Path,
        _dockerfile: Option<&std::path::Path>,
    ) -> Result<Self, ContextError> {
        Ok(Self {})
    }
}
