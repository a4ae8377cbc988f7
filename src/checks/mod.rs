//! What BuildKit accepts, and what `docker build --check` says.
use crate::syntax::{Dockerfile, Span};

/// Why BuildKit refuses a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What is wrong.
    pub message: String,
    /// The instruction.
    pub span: Span,
    /// 1-based.
    pub line: usize,
}

/// A finding of `docker build --check`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// BuildKit's name of the rule: `StageNameCasing`.
    pub rule: &'static str,
    /// 1-based.
    pub line: usize,
    /// The instruction.
    pub span: Span,
}

/// Whether BuildKit takes the file: `parser.Parse` and `instructions.Parse`.
pub fn accepts(file: &Dockerfile) -> Result<(), Rejection> {
    match file.errors.first() {
        Some(error) => Err(Rejection {
            message: error.message.clone(),
            span: error.span,
            line: error.line,
        }),
        None => Ok(()),
    }
}

/// What `docker build --check` finds, in order of lines.
pub fn findings(_file: &Dockerfile) -> Vec<Finding> {
    Vec::new()
}
