//! When two scripts may become one, and what stands between them.
//!
//! Joined means: the status and the trace of commands are those of two shells of which the second runs only after the first
//! succeeded, whatever fails. [`exact`] is about that; [`independent`] about what the first leaves behind in the shell and the
//! container. Both are allow-lists: doubt refuses.

mod exact;
mod independent;

pub use exact::exact;
pub use independent::{Programs, independent};

use super::{AndOr, Heredoc, Script, Shellopts, Terminator};
use crate::syntax::Span;

/// What ties two scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `&&`
    And,
    /// `;`
    Semicolon,
}

impl Operator {
    /// The text to put between, with its blanks.
    pub const fn text(self) -> &'static str {
        match self {
            Self::And => " && ",
            Self::Semicolon => "; ",
        }
    }
}

/// How two scripts become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    /// What ties them.
    pub operator: Operator,
    /// What the operator's text replaces in the first script: from the end of its last list (a trailing `;`, blanks) to its end.
    pub tail: Span,
}

impl Join {
    /// The joined script. The first script's tail makes way for the operator; nothing else of either changes.
    pub fn text(&self, first: &Script, second: &str) -> String {
        let kept = first.text.get(..self.tail.start).unwrap_or_default();
        format!("{kept}{}{second}", self.operator.text())
    }
}

/// Why two scripts stay two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// One of the scripts has no command.
    #[error("there is no command to join")]
    Empty,
    /// A comment would swallow what follows.
    #[error("the first RUN ends in a comment, which would swallow what follows")]
    TrailingComment,
    /// A comment at the start of the second script.
    #[error("the second RUN starts with a comment")]
    LeadingComment,
    /// Something other than `;` follows the last list: a heredoc's body.
    #[error("the first RUN ends in a heredoc")]
    Heredoc,
    /// The first script, or a part of it, runs on.
    #[error("the first RUN leaves a command running in the background")]
    Background,
    /// The second script goes on after a failure of the first.
    #[error(
        "the second RUN is not one chain of `&&`, so a part of it would run although the first failed"
    )]
    NotOneChain,
    /// What stands before `&&` is not under errexit.
    #[error(
        "the first RUN may use errexit (`set -e`), which does not hold inside a compound command, a function or `eval` before `&&`"
    )]
    ErrexitIgnored,
    /// The first script turns errexit on or off for the second, and that one would notice.
    #[error(
        "the first RUN changes errexit (`set -e`) for the second, which does not consist of simple commands alone"
    )]
    ErrexitChanged,
    /// `;` would go on after a failure.
    #[error(
        "the first RUN does not surely end with errexit (`set -e`) on, so `;` would go on after a failure"
    )]
    ErrexitOff,
    /// A failure in the last list would not end the shell.
    #[error(
        "a failure in the last list of the first RUN would not stop it: `&&`, `!` or a compound command stands there"
    )]
    FailurePasses,
    /// A command ends the shell.
    #[error("`{0}` may end the first RUN before its end")]
    Ends(String),
    /// A trap runs at another time.
    #[error("`trap` in the first RUN would act on the second")]
    Trap,
    /// The shell keeps a change.
    #[error("`{0}` in the first RUN would carry over into the second")]
    Leaks(String),
    /// A variable stays set.
    #[error("the variable `{0}` of the first RUN would carry over into the second")]
    LeaksVariable(String),
    /// Options stay set.
    #[error(
        "`set` in the first RUN would carry over into the second, which does not start with the same"
    )]
    LeaksOptions,
    /// The command's name is not fixed.
    #[error("the {0} RUN runs a command whose name can't be seen")]
    HiddenName(&'static str),
    /// The second script reads what the shell itself sets.
    #[error("the second RUN reads `${0}`, which depends on the commands before it")]
    ReadsShell(String),
    /// Fresh in each RUN.
    #[error("the first RUN names `{0}`, which is fresh in each RUN")]
    FreshFile(&'static str),
    /// A process may stay.
    #[error("`{0}` in the first RUN may leave a process running")]
    LeavesProcess(String),
    /// The shell remembers where it found a program.
    #[error(
        "`{installer}` may move `{program}`, which both RUNs call: the shell remembers where it was"
    )]
    MovesProgram {
        /// What installs.
        installer: String,
        /// What is called twice.
        program: String,
    },
    /// A layer between breaks hard links, one layer does not.
    #[error(
        "`{changes}` in the second RUN may change in place a file that `{links}` in the first hard-linked"
    )]
    HardLinks {
        /// In the first.
        links: String,
        /// In the second.
        changes: String,
    },
}

/// How `a` and `b` become one script that does the same, in a shell that starts with `shell`: [`exactly`] and [`independent`].
///
/// # Errors
/// The first reason that keeps them apart.
pub fn join(
    a: &Script,
    b: &Script,
    shell: Shellopts,
    programs: &dyn Programs,
) -> Result<Join, Refusal> {
    let join = exactly(a, b, shell)?;
    independent(a, b, programs)?;
    Ok(join)
}

/// How `a` and `b` become one script with the same status and trace; `&&` is preferred. What `a` leaves behind is not asked.
///
/// # Errors
/// Why they can't; the reason is that of `&&` where neither operator is exact.
pub fn exactly(a: &Script, b: &Script, shell: Shellopts) -> Result<Join, Refusal> {
    let tail = tail(a)?;
    let first = b.lists.first().ok_or(Refusal::Empty)?;
    let starts = |comment: &Span| comment.start < first.span.start;
    if b.comments.iter().any(starts) {
        return Err(Refusal::LeadingComment);
    }
    let operator = match exact(a, b, Operator::And, shell) {
        Ok(()) => Operator::And,
        Err(refusal) => match exact(a, b, Operator::Semicolon, shell) {
            Ok(()) => Operator::Semicolon,
            Err(_) => return Err(refusal),
        },
    };
    Ok(Join { operator, tail })
}

/// How one simple command of ours, such as a cleanup, is appended to `script`: only exactness counts, since it asks nothing of the
/// shell that it runs in.
///
/// # Errors
/// Why it can't be.
pub fn append(script: &Script, shell: Shellopts) -> Result<Join, Refusal> {
    let tail = tail(script)?;
    let operator = exact::before_simple(script, shell)?;
    Ok(Join { operator, tail })
}

/// The last list of `script`.
fn last_list(script: &Script) -> Result<&AndOr, Refusal> {
    script.lists.last().ok_or(Refusal::Empty)
}

/// What follows the last list of `script`, when that may make way for an operator: blanks, `;` and line ends.
///
/// # Errors
/// A comment, a heredoc or `&` stands there, or there is no list.
pub fn tail(script: &Script) -> Result<Span, Refusal> {
    let last = last_list(script)?;
    let tail = Span::new(last.span.end, script.text.len());
    if let Some((Terminator::Background, _)) = last.terminator {
        return Err(Refusal::Background);
    }
    if script
        .comments
        .iter()
        .any(|comment| comment.end > tail.start)
    {
        return Err(Refusal::TrailingComment);
    }
    let after = |heredoc: &Heredoc| heredoc.body.span.end > tail.start;
    if script.heredocs.iter().any(after) {
        return Err(Refusal::Heredoc);
    }
    let rest = script.text.get(tail.range()).unwrap_or_default();
    if !rest.bytes().all(|byte| b" \t\n;\\".contains(&byte)) {
        return Err(Refusal::Heredoc);
    }
    Ok(tail)
}

#[cfg(test)]
mod tests;
