//! Writes the names of stages in lower case, and what copies or mounts from them along with them.
//!
//! ## Why
//!
//! BuildKit keeps stage names in lower case and warns about a name that is written otherwise (`StageNameCasing`): a
//! later `FROM Build` does not find the stage `Build`, since FROM looks names up as they are written.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM golang:1.24 AS Build
//! RUN go build -o /app .
//!
//! FROM scratch
//! COPY --from=Build /app /app
//! ```
//!
//! ```diff
//! @@ -1,5 +1,5 @@
//! -FROM golang:1.24 AS Build
//! +FROM golang:1.24 AS build
//!  RUN go build -o /app .
//!
//!  FROM scratch
//! -COPY --from=Build /app /app
//! +COPY --from=build /app /app
//! ```
//!
//! ## When it refuses
//!
//! * A FROM that names the stage in another case than lower case: it asks for an image of that name, and would still do so.
//! * A line end cuts the name, or a reference to it, in two; a reference in quotes.
//!
//! ## Safety
//!
//! Safe: a stage's name is lower case to BuildKit whatever is written, and `COPY --from`, `RUN --mount=from=` and
//! `--target` compare names without case.
//!
//! ## Known problems
//!
//! None.

use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct StageNameCase;

impl Transform for StageNameCase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let from = |one: &&Instruction| one.keyword == Keyword::From;
        scene
            .file
            .instructions
            .iter()
            .filter(from)
            .filter_map(|stage| recase(scene, stage))
            .collect()
    }
}

fn recase(scene: &Scene<'_>, stage: &Instruction) -> Option<Proposal> {
    let [_, keyword, written] = stage.args.words() else {
        return None;
    };
    if !keyword.text.eq_ignore_ascii_case("as") {
        return None;
    }
    let name = written.text.to_ascii_lowercase();
    if name == written.text {
        return None;
    }
    let at = stage.source(written.at);
    if !stage.logical.in_one_piece(written.at) {
        return Some(Proposal::refuse(at, "a line end cuts the name in two"));
    }
    let mut edits = vec![Edit::replace(at, name.as_str())];
    for other in scene.file.instructions.iter().skip(stage.index + 1) {
        let line = other.lines.0;
        let names_it = |text: &str| text != name && text.eq_ignore_ascii_case(&name);
        if other.keyword == Keyword::From {
            if other
                .args
                .words()
                .first()
                .is_some_and(|word| names_it(&word.text))
            {
                let reason = format!(
                    "the FROM on line {line} asks for an image of that name, not for this stage"
                );
                return Some(Proposal::refuse(at, reason));
            }
            continue;
        }
        for flag in &other.flags {
            let reference = match (other.keyword, flag.name()) {
                (Keyword::Copy | Keyword::Add, "from") => flag.value(),
                (Keyword::Run, "mount") => flag.value().and_then(mount_from),
                _ => None,
            };
            let Some(reference) = reference.filter(|text| names_it(text)) else {
                continue;
            };
            let Some(place) = place(other, flag.at, reference) else {
                let reason = format!("line {line} names it in a way that can't be rewritten");
                return Some(Proposal::refuse(at, reason));
            };
            edits.push(Edit::replace(place, name.as_str()));
        }
    }
    let reason = format!("BuildKit knows this stage as `{name}`, whatever is written");
    Some(Change::new(at, Safety::Safe, reason, edits).into())
}

/// The `from` of a mount's options.
fn mount_from(options: &str) -> Option<&str> {
    options.split(',').find_map(|option| {
        let (key, value) = option.split_once('=')?;
        key.eq_ignore_ascii_case("from").then_some(value)
    })
}

/// Where the stage that a flag names stands in the source: once in the flag, behind a `from=`.
fn place(instruction: &Instruction, flag: Span, reference: &str) -> Option<Span> {
    let written = instruction.logical.text().get(flag.range())?;
    let mut places = written.match_indices(reference).filter(|(start, _)| {
        let ends = written
            .get(start + reference.len()..)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
        let before = written.get(..*start).unwrap_or_default();
        ends && before.to_ascii_lowercase().ends_with("from=")
    });
    let (start, _) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let at = Span::new(start, start + reference.len()).shift(flag.start);
    instruction
        .logical
        .in_one_piece(at)
        .then(|| instruction.source(at))
}
