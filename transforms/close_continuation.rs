//! Takes the blank lines out of an instruction that runs over several lines.
//!
//! ## Why
//!
//! A blank line after a continued one looks like the instruction's end and is none. BuildKit warns about it
//! (`NoEmptyContinuation`) and says that it will be an error one day.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM alpine:3.22
//! RUN apk add --no-cache curl && \
//!
//!     # keep what we came for
//!     curl -fsSO https://example.com/file
//! ```
//!
//! ```diff
//! @@ -1,5 +1,4 @@
//!  FROM alpine:3.22
//!  RUN apk add --no-cache curl && \
//! -
//!      # keep what we came for
//!      curl -fsSO https://example.com/file
//! ```
//!
//! ## When it refuses
//!
//! * Inside ONBUILD, whose text is left alone.
//! * A script with a `# comment`, which runs to the script's end: most likely another mistake.
//! * A blank line that stands before another instruction's keyword: a continuation that was forgotten most likely, which
//!   makes two instructions one.
//!
//! ## Safety
//!
//! Safe: BuildKit skips these lines, so the instruction stays the same to the byte.
//!
//! ## Known problems
//!
//! None.

use crate::gate::shell_comment;
use crate::syntax::{Instruction, Keyword, PieceKind, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct CloseContinuation;

impl Transform for CloseContinuation {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let file = scene.file;
        let mut proposals = Vec::new();
        let mut instructions = file.instructions.iter().peekable();
        let mut open: Option<(&Instruction, Vec<Span>)> = None;
        for piece in file
            .pieces
            .iter()
            .filter(|piece| piece.kind == PieceKind::Blank)
        {
            while instructions
                .next_if(|next| next.whole.end <= piece.span.start)
                .is_some()
            {}
            let Some(instruction) = instructions.peek() else {
                break;
            };
            if !instruction.whole.contains(piece.span) {
                continue;
            }
            match &mut open {
                Some((same, blanks)) if same.index == instruction.index => blanks.push(piece.span),
                _ => {
                    proposals.extend(open.take().map(|(one, blanks)| close(scene, one, &blanks)));
                    open = Some((*instruction, vec![piece.span]));
                }
            }
        }
        proposals.extend(open.map(|(one, blanks)| close(scene, one, &blanks)));
        proposals
    }
}

fn close(scene: &Scene<'_>, instruction: &Instruction, blanks: &[Span]) -> Proposal {
    let at = instruction.span;
    if instruction.keyword == Keyword::Onbuild {
        return Proposal::refuse(at, "its blank lines stand inside ONBUILD");
    }
    let comment = |at: Span| {
        let script = instruction.logical.bytes().get(at.range());
        script.and_then(shell_comment).is_some()
    };
    if instruction.shell_at().is_some_and(comment) {
        return Proposal::refuse(at, "a comment of the shell may run over its blank lines");
    }
    let swallows = |blank: &Span| {
        let below = scene
            .file
            .bytes(Span::new(blank.end, instruction.whole.end))
            .split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
            .find(|word| !word.is_empty());
        below.is_some_and(|word| {
            word.iter().all(u8::is_ascii_uppercase) && Keyword::of(word) != Keyword::Unknown
        })
    };
    if let Some(blank) = blanks.iter().find(|blank| swallows(blank)) {
        let line = scene.file.line_of(blank.start) + 1;
        return Proposal::refuse(
            at,
            format!("line {line} looks like an instruction, but the line end above it is escaped"),
        );
    }
    let reason = "no blank line stands between a continued line and the next one";
    let edits = blanks.iter().map(|blank| Edit::delete(*blank)).collect();
    Change::new(at, Safety::Safe, reason, edits).into()
}
