//! The second reader: `shuck-parser`.
//!
//! Its tree is not built into the model: the crate that names the nodes is not a dependency. What it says of the whole
//! script is enough to notice that one of the two is wrong.

use shuck_parser::parser::{ParseStatus, Parser, ShellDialect, ShellProfile};

use super::SecondReader;
use crate::shell::{AndOr, Dialect, Script, Terminator};
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
        let body = &result.file.body;
        let statements = body.as_slice();
        let comment_is_ours = |start: usize| {
            let ours = &script.comments;
            ours.binary_search_by_key(&start, |comment| comment.start)
                .is_ok()
        };
        let leading = statements.iter().flat_map(|one| &one.leading_comments);
        let inline = statements
            .iter()
            .filter_map(|one| one.inline_comment.as_ref());
        let mut comments = leading
            .chain(inline)
            .chain(&body.leading_comments)
            .chain(&body.trailing_comments);
        statements.len() == script.lists.len()
            && comments.all(|one| comment_is_ours(one.range.start().to_u32() as usize))
            && statements.iter().zip(&script.lists).all(|(theirs, ours)| {
                let written = match ours.terminator {
                    Some((Terminator::Semicolon | Terminator::Background, _)) => true,
                    Some((Terminator::Newline, _)) | None => false,
                };
                let span = Span::new(theirs.span.start.offset(), theirs.span.end.offset());
                theirs.terminator.is_some() == written && same_list(span, ours, script)
            })
    }
}

/// Whether both readers mean the same bytes. Theirs may leave out the signs of a group or subshell and the redirections of a compound command,
/// and may take in separators and comments after it.
fn same_list(theirs: Span, list: &AndOr, script: &Script) -> bool {
    let ours = list.span;
    let text = script.text.as_bytes();
    let opens = matches!(text.get(ours.start), Some(b'(' | b'{'));
    let starts = theirs.start == ours.start || opens && ours.contains(Span::at(theirs.start));
    let compound = list
        .commands()
        .next_back()
        .is_some_and(|command| command.simple().is_none());
    let ends = if theirs.end < ours.end {
        compound && theirs.end > ours.start
    } else {
        let in_comment = |at: usize| {
            let index = script.comments.partition_point(|comment| comment.end <= at);
            let comment = script.comments.get(index);
            comment.is_some_and(|comment| comment.start <= at)
        };
        (ours.end..theirs.end).all(|at| {
            in_comment(at) || text.get(at).is_some_and(|byte| b" \t\n;&\\".contains(byte))
        })
    };
    starts && ends
}
