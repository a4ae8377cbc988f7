//! The second reader: `shuck-parser`.
//!
//! Its tree is not built into the model: the crate that names the nodes is not a dependency. What it says of the whole
//! script is enough to notice that one of the two is wrong.

use shuck_parser::parser::{ParseStatus, Parser, ShellDialect, ShellProfile};

use super::SecondReader;
use crate::shell::{Dialect, Script, Terminator};
use crate::syntax::Span;

pub(super) struct Shuck;

/// How deep its tree may get: [`super::MAX_DEPTH`] levels of ours are up to three of its own.
const DEPTH: usize = 64;
/// Operations for each byte of text.
const FUEL: usize = 16;

impl SecondReader for Shuck {
    fn agrees(&self, script: &Script) -> bool {
        let dialect = match script.dialect {
            Dialect::Sh => ShellDialect::Posix,
            Dialect::Bash => ShellDialect::Bash,
        };
        let fuel = 1_000 + FUEL * script.text.len();
        let profile = ShellProfile::native(dialect);
        let result = Parser::with_limits_and_profile(&script.text, DEPTH, fuel, profile).parse();
        if result.status != ParseStatus::Clean {
            return false;
        }
        let statements = result.file.body.as_slice();
        statements.len() == script.lists.len()
            && statements.iter().zip(&script.lists).all(|(theirs, ours)| {
                let written = match ours.terminator {
                    Some((Terminator::Semicolon | Terminator::Background, _)) => true,
                    Some((Terminator::Newline, _)) | None => false,
                };
                // It lets a list that starts with `(` or `{` start after that.
                let opening = matches!(
                    script.text.as_bytes().get(ours.span.start),
                    Some(b'(' | b'{')
                );
                let start = theirs.span.start.offset();
                (start == ours.span.start || opening && ours.span.contains(Span::at(start)))
                    && theirs.terminator.is_some() == written
            })
    }
}
