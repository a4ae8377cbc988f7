//! Heredocs.
use super::Span;

/// A heredoc of RUN, COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes gone.
    pub name: String,
    /// File descriptor before `<<`, 0 when none is written.
    pub fd: u32,
    /// Whether variables are expanded: no part of the name is quoted.
    pub expand: bool,
    /// Whether leading tabs go: `<<-`.
    pub chomp: bool,
    /// `<<NAME` in the logical line.
    pub at: Span,
    /// The body's lines in the source, line ends included; the terminator is not in it.
    pub body: Span,
    /// The terminator's line in the source, line end included.
    pub terminator: Span,
}
