//! What a file says of careen itself: `# careen: ignore[=ID,…]` above an instruction, `# careen: ignore-file`, and the
//! pragmas of hadolint and BuildKit where they name a rule that a transform mends.

use crate::syntax::{Dockerfile, Span};
use crate::transform::Link;

/// What one instruction's comments ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ignored {
    All,
    Ids(Vec<String>),
    Rules(Vec<String>),
}

/// The pragmas of a file.
#[derive(Clone, Debug, Default)]
pub struct Pragmas {
    /// Whole instructions (comments above not included) and what they ask for, ascending.
    ignored: Vec<(Span, Ignored)>,
    /// `# check=skip=…`
    skipped_rules: Vec<String>,
    /// `# hadolint global ignore=…`
    global_rules: Vec<String>,
    /// `# careen: ignore-file`
    pub ignores_file: bool,
}

impl Pragmas {
    /// Reads the pragmas of `file`.
    pub fn of(file: &Dockerfile) -> Self {
        let mut pragmas = Self::default();
        if let Some(check) = file.directive("check") {
            let skip = check
                .value
                .split(';')
                .find_map(|part| part.trim().strip_prefix("skip="));
            pragmas.skipped_rules = skip.map(names).unwrap_or_default();
        }
        for comment in &file.comments {
            let text = file.text(comment.span);
            let text = text.trim_start_matches('#').trim();
            if text == "careen: ignore-file" {
                pragmas.ignores_file = true;
            } else if let Some(rules) = text.strip_prefix("hadolint global ignore=") {
                pragmas.global_rules.extend(names(rules));
            } else if let Some(ignored) = ignored(text) {
                let next = file
                    .instructions
                    .partition_point(|instruction| instruction.span.start < comment.span.start);
                if let Some(instruction) = file.instructions.get(next)
                    && file
                        .comments_above(instruction.index)
                        .iter()
                        .any(|above| above.line == comment.line)
                {
                    pragmas.ignored.push((instruction.whole, ignored));
                }
            }
        }
        pragmas
    }

    /// Whether `link` is not wanted anywhere in the file.
    pub fn turns_off(&self, link: &Link) -> bool {
        let skipped = || self.skipped_rules.iter().chain(&self.global_rules);
        // Two tools have a rule each for one thing: who turns off one of them does not want the thing mended.
        link.answers
            .iter()
            .any(|rule| skipped().any(|name| name == rule || name == "all"))
    }

    /// Whether `link` may not touch `span`.
    pub fn forbid(&self, link: &Link, span: Span) -> bool {
        self.ignored.iter().any(|(whole, ignored)| {
            let meets = span.start < whole.end && span.end > whole.start
                || span.is_empty() && whole.start <= span.start && span.start < whole.end;
            meets
                && match ignored {
                    Ignored::All => true,
                    Ignored::Ids(ids) => ids.iter().any(|id| id == link.id),
                    Ignored::Rules(rules) => link
                        .answers
                        .iter()
                        .any(|rule| rules.iter().any(|name| name == rule)),
                }
        })
    }
}

fn names(list: &str) -> Vec<String> {
    list.split([',', ' '])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn ignored(text: &str) -> Option<Ignored> {
    if let Some(rules) = text.strip_prefix("hadolint ignore=") {
        return Some(Ignored::Rules(names(rules)));
    }
    match text.strip_prefix("careen: ignore")? {
        "" => Some(Ignored::All),
        list => list.strip_prefix('=').map(|ids| Ignored::Ids(names(ids))),
    }
}
