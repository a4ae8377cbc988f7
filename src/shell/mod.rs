//! A RUN script -> commands and words, with byte ranges in the script; `None` when unsure.
//!
//! * [`Script::parse`] reads a script whole or not at all: what is not understood is opaque, and opaque means that whoever
//!   asks leaves the script alone.
//! * [`Script::calls`] walks over every simple command, wherever it stands.
//! * [`join`](mod@join) says when two scripts may become one, and why not.

mod builtins;
mod calls;
pub mod join;
mod model;
mod options;
mod parser;

pub use builtins::{BUILTINS, NEUTRAL_BUILTINS};
pub use calls::{Call, Context};
pub use model::{
    AndOr, AndOrOp, Arm, Assignment, Command, CommandKind, Heredoc, LoopHead, Pipeline, Redirect,
    RedirectOp, Script, Simple, Terminator, Word,
};
pub use options::{SetCommand, Shellopts, Switch};

/// Which shell reads a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// POSIX `sh`: dash, busybox ash.
    Sh,
    /// bash.
    Bash,
}

impl Script {
    /// Parses `text`; `None` means opaque: leave it alone.
    ///
    /// Opaque is what is longer than 64 KiB, has more than 2,000 separators, nests deeper than 16 levels, is no clean script, or
    /// uses what the dialect's shells do not share.
    pub fn parse(text: &str, dialect: Dialect) -> Option<Self> {
        parser::parse(text, dialect)
    }
}
