//! Takes out a CMD, ENTRYPOINT or HEALTHCHECK that a later one of the same stage overrides.
//!
//! ## Why
//!
//! Only the last one of a stage counts. BuildKit warns about the others (`MultipleInstructionsDisallowed`), which read
//! as if they ran.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM node:22
//! CMD ["node"]
//! COPY . /app
//! CMD ["node", "/app/main.js"]
//! ```
//!
//! ```diff
//! @@ -1,4 +1,3 @@
//!  FROM node:22
//! -CMD ["node"]
//!  COPY . /app
//!  CMD ["node", "/app/main.js"]
//! ```
//!
//! ## When it refuses
//!
//! * A comment stands right above or inside the overridden instruction: it would explain what is below instead.
//!
//! ## Safety
//!
//! Safe: the image's config ends up the same. An ENTRYPOINT empties a CMD that came from the base image, never one
//! of its own stage, and the later CMD stays.
//!
//! ## Known problems
//!
//! None.

use crate::syntax::{Dockerfile, Instruction, Keyword, Piece, PieceKind, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct DropOverridden;

impl Transform for DropOverridden {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        let mut later: Vec<(Keyword, usize)> = Vec::new();
        for instruction in scene.file.instructions.iter().rev() {
            match instruction.keyword {
                Keyword::From => later.clear(),
                keyword @ (Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck) => {
                    match later.iter().find(|(other, _)| *other == keyword) {
                        Some((_, line)) => proposals.push(drop_it(scene.file, instruction, *line)),
                        None => later.push((keyword, instruction.lines.0)),
                    }
                }
                _ => {}
            }
        }
        proposals.reverse();
        proposals
    }
}

fn drop_it(file: &Dockerfile, instruction: &Instruction, line: usize) -> Proposal {
    let at = instruction.span;
    let next = file
        .comments
        .partition_point(|comment| comment.span.start < at.start);
    let inside = file
        .comments
        .get(next)
        .is_some_and(|comment| comment.inside == Some(instruction.index));
    if inside || !file.comments_above(instruction.index).is_empty() {
        return Proposal::refuse(at, "a comment explains it");
    }
    let name = instruction.keyword.name();
    let reason = format!("only the last {name} of a stage counts, the one on line {line}");
    let edit = Edit::delete(with_blanks(file, instruction.whole));
    Change::new(at, Safety::Safe, reason, vec![edit])
        .fewer(1)
        .into()
}

/// Whole lines, and the blank line below when one stands above too.
fn with_blanks(file: &Dockerfile, whole: Span) -> Span {
    let starts = |edge: usize| {
        let next = file.pieces.partition_point(|piece| piece.span.start < edge);
        (next, file.pieces.get(next))
    };
    let is_blank = |piece: &&Piece| piece.kind == PieceKind::Blank;
    let (first, _) = starts(whole.start);
    let above = first.checked_sub(1).and_then(|at| file.pieces.get(at));
    let (_, below) = starts(whole.end);
    match (above.filter(is_blank), below.filter(is_blank)) {
        (Some(_), Some(below)) => {
            // A piece may hold several blank lines; one goes.
            let bytes = file.bytes(below.span);
            let line = bytes
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |at| at + 1);
            Span::new(whole.start, below.span.start + line)
        }
        _ => whole,
    }
}
