//! Writes MAINTAINER as the label `org.opencontainers.image.authors`.
//!
//! ## Why
//!
//! MAINTAINER is deprecated (`MaintainerDeprecated`, DL4000). The label says the same where tools look for it.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! MAINTAINER Ada Lovelace <ada@example.com>
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -MAINTAINER Ada Lovelace <ada@example.com>
//! +LABEL org.opencontainers.image.authors="Ada Lovelace <ada@example.com>"
//! ```
//!
//! ## When it refuses
//!
//! * The stage has a label of that name, or one called `maintainer`, already.
//! * A pragma above is about MAINTAINER.
//! * The text runs over a line end.
//!
//! ## Safety
//!
//! Unsafe: the image's config changes. `Author` goes and a label comes.
//!
//! ## Known problems
//!
//! `docker inspect --format '{{.Author}}'` no longer answers.

use crate::gate::is_pragma;
use crate::syntax::{Args, Dockerfile, Instruction, Keyword, unquote};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct LabelMaintainer;

const LABEL: &str = "org.opencontainers.image.authors";

impl Transform for LabelMaintainer {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let file = scene.file;
        let mut proposals = Vec::new();
        let from = |one: &Instruction| one.keyword == Keyword::From;
        for stage in file.instructions.chunk_by(|_, next| !from(next)) {
            let maintainers = stage
                .iter()
                .filter(|one| one.keyword == Keyword::Maintainer)
                .filter(|one| matches!(one.args, Args::Text(_)));
            let mut labelled = None;
            for maintainer in maintainers {
                let labelled =
                    *labelled.get_or_insert_with(|| stage.iter().any(|one| is_label(file, one)));
                let proposal = label(file, maintainer, labelled);
                proposals.push(
                    proposal.unwrap_or_else(|reason| Proposal::refuse(maintainer.span, reason)),
                );
            }
        }
        proposals
    }
}

fn label(
    file: &Dockerfile,
    maintainer: &Instruction,
    labelled: bool,
) -> Result<Proposal, &'static str> {
    let at = maintainer.span;
    let text = maintainer.rest().ok_or("it is not UTF-8")?;
    let all = crate::syntax::Span::new(maintainer.keyword_at.start, maintainer.rest_at.end);
    if !maintainer.logical.in_one_piece(all) {
        return Err("it runs over a line end");
    }
    let pragma = |comment: &crate::syntax::Comment| is_pragma(file.bytes(comment.span));
    if file.comments_above(maintainer.index).iter().any(pragma) {
        return Err("the pragma above is about MAINTAINER");
    }
    if labelled {
        return Err("the stage has a label for it already");
    }
    let lower = maintainer.keyword_text().iter().all(u8::is_ascii_lowercase);
    let keyword = if lower { "label" } else { "LABEL" };
    let text = without_quotes(text);
    let mut quoted = String::with_capacity(text.len() + 2);
    for found in text.chars() {
        if found == '"' || found == '$' || found == char::from(file.escape) {
            quoted.push(char::from(file.escape));
        }
        quoted.push(found);
    }
    let edits = vec![
        Edit::replace(maintainer.source(maintainer.keyword_at), keyword),
        Edit::replace(
            maintainer.source(maintainer.rest_at),
            format!("{LABEL}=\"{quoted}\""),
        ),
    ];
    let reason = format!("MAINTAINER is deprecated; the label `{LABEL}` says the same");
    Ok(Change::new(at, Safety::Unsafe, reason, edits).into())
}

/// MAINTAINER keeps quotes as text, which hardly anybody means.
fn without_quotes(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(quote)).then_some(inner)
        })
        .unwrap_or(text)
}

/// Whether the instruction is a LABEL for it.
fn is_label(file: &Dockerfile, instruction: &Instruction) -> bool {
    instruction.keyword == Keyword::Label
        && instruction.args.pairs().iter().any(|pair| {
            let key = unquote(&pair.key.text, file.escape);
            key == LABEL || key == "maintainer"
        })
}
