//! What a run did, for people and for programs.
//!
//! A door collects an [`Entry`] a file and hands it to one of the writers here. They read a
//! [`Report`] and the pages of the chain, and know no transform by its name.

pub mod diff;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod markdown;
pub mod page;
pub mod paint;
pub mod problem;
pub mod rdjson;
pub mod sarif;
pub mod summary;
pub mod text;

pub use paint::Paint;
pub use problem::{Place, Problem};
pub use summary::Summary;

use crate::engine::{Held, HeldBack, Report};

/// One file and what came of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The Dockerfile, seen from the working directory, with `/` between its parts. Any bytes.
    pub path: Vec<u8>,
    /// The folder of the build context, seen from the working directory; empty when it is that directory. Files
    /// beside the Dockerfile are below it.
    pub context: Vec<u8>,
    /// What the engine said, or why it could say nothing.
    pub outcome: Result<Report, Problem>,
    /// What the changes buy at the next build, in words; `None` when nothing is known or gained, or nobody asked.
    pub buys: Option<String>,
}

impl Entry {
    /// The path as text; what is not UTF-8 is replaced, control characters too.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// The path of a file beside the Dockerfile, seen from the working directory.
    pub fn beside(&self, path: &str) -> Vec<u8> {
        if self.context.is_empty() {
            return path.as_bytes().to_vec();
        }
        let mut joined = self.context.clone();
        if !joined.ends_with(b"/") {
            joined.push(b'/');
        }
        joined.extend_from_slice(path.as_bytes());
        joined
    }

    /// The report, when there is one.
    pub fn report(&self) -> Option<&Report> {
        self.outcome.as_ref().ok()
    }

    /// Whether a file would be written.
    pub fn changes_anything(&self) -> bool {
        self.report().is_some_and(Report::changes_anything)
    }
}

/// Advice: nothing to apply, something to know.
pub(crate) fn advice(report: &Report) -> impl Iterator<Item = &HeldBack> {
    report
        .held_back
        .iter()
        .filter(|held| held.held == Held::Advice)
}

/// What a switch or a pragma holds back.
pub(crate) fn waiting(report: &Report) -> impl Iterator<Item = &HeldBack> {
    report
        .held_back
        .iter()
        .filter(|held| held.held != Held::Advice)
}

/// Bytes as text that is safe to print on one line: what is not UTF-8 is replaced, control characters too.
pub fn shown(bytes: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(bytes))
}

/// `text` on one line, without control characters.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Line ends inside `span` of `text`, one at its very end not counted: how many lines further the place ends.
pub(crate) fn newlines(text: &[u8], span: crate::syntax::Span) -> usize {
    let end = span.end.min(text.len());
    let bytes = text.get(span.start.min(end)..end).unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
