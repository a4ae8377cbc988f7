//! A RUN script -> commands and words, with byte ranges in the script; `None` when unsure.

/// Which shell reads a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// POSIX `sh`: dash, busybox ash.
    Sh,
    /// bash.
    Bash,
}

/// A script that was understood whole.
#[derive(Clone, Debug)]
pub struct Script {}

impl Script {
    /// Parses `text`; `None` means opaque: leave it alone.
    pub fn parse(_text: &str, _dialect: Dialect) -> Option<Self> {
        None
    }
}
