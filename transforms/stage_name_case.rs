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

use std::collections::HashMap;

use crate::syntax::{Instruction, Keyword, Span, Word};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct StageNameCase;

impl Transform for StageNameCase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let written_otherwise = |stage: &&Instruction| {
            let name = stage_name(stage);
            name.is_some_and(|name| name.text.bytes().any(|byte| byte.is_ascii_uppercase()))
        };
        let mut stages = scene
            .file
            .instructions
            .iter()
            .filter(written_otherwise)
            .peekable();
        if stages.peek().is_none() {
            return Vec::new();
        }
        let references = references(scene);
        stages
            .filter_map(|stage| recase(stage, &references))
            .collect()
    }
}

fn stage_name(from: &Instruction) -> Option<&Word> {
    match from.args.words() {
        [_, keyword, name]
            if from.keyword == Keyword::From && keyword.text.eq_ignore_ascii_case("as") =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// Where a name that is not in lower case is used.
struct Reference<'a> {
    instruction: &'a Instruction,
    name: &'a str,
    /// The flag that names it; `None` for FROM.
    flag: Option<Span>,
}

/// Every use of a name that is not in lower case, by the name in lower case.
fn references<'a>(scene: &Scene<'a>) -> HashMap<String, Vec<Reference<'a>>> {
    let mut uses: HashMap<String, Vec<Reference<'a>>> = HashMap::new();
    let mut add = |instruction: &'a Instruction, name: &'a str, flag: Option<Span>| {
        let lower = name.to_ascii_lowercase();
        if lower != name {
            uses.entry(lower).or_default().push(Reference {
                instruction,
                name,
                flag,
            });
        }
    };
    for instruction in &scene.file.instructions {
        if instruction.keyword == Keyword::From {
            if let Some(base) = instruction.args.words().first() {
                add(instruction, &base.text, None);
            }
            continue;
        }
        for flag in &instruction.flags {
            let name = match (instruction.keyword, flag.name()) {
                (Keyword::Copy | Keyword::Add, "from") => flag.value(),
                (Keyword::Run, "mount") => flag.value().and_then(mount_from),
                _ => None,
            };
            if let Some(name) = name {
                add(instruction, name, Some(flag.at));
            }
        }
    }
    uses
}

fn recase(
    stage: &Instruction,
    references: &HashMap<String, Vec<Reference<'_>>>,
) -> Option<Proposal> {
    let written = stage_name(stage)?;
    let name = written.text.to_ascii_lowercase();
    let at = stage.source(written.at);
    if !stage.logical.in_one_piece(written.at) {
        return Some(Proposal::refuse(at, "a line end cuts the name in two"));
    }
    let mut edits = vec![Edit::replace(at, name.as_str())];
    for reference in references.get(&name).into_iter().flatten() {
        if reference.instruction.index <= stage.index {
            continue;
        }
        let line = reference.instruction.lines.0;
        let Some(flag) = reference.flag else {
            let reason = format!(
                "the FROM on line {line} asks for an image of that name, not for this stage"
            );
            return Some(Proposal::refuse(at, reason));
        };
        let Some(place) = place(reference.instruction, flag, reference.name) else {
            let reason = format!("line {line} names it in a way that can't be rewritten");
            return Some(Proposal::refuse(at, reason));
        };
        edits.push(Edit::replace(place, name.as_str()));
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
