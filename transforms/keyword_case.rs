//! Writes instruction keywords in the case that most of the file uses.
//!
//! ## Why
//!
//! BuildKit warns about a file that mixes `RUN` and `run` (`ConsistentInstructionCasing`), and under
//! `# check=error=true` such a file no longer builds.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! run echo hello
//! Env A=1
//! CMD ["bash"]
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//!  FROM debian:12
//! -run echo hello
//! -Env A=1
//! +RUN echo hello
//! +ENV A=1
//!  CMD ["bash"]
//! ```
//!
//! ## When it refuses
//!
//! * A keyword that a line end cuts in two stays as it is.
//!
//! ## Safety
//!
//! Safe: a keyword's case has no meaning. The instruction inside ONBUILD is left alone, since its text is part of the
//! image's config.
//!
//! ## Known problems
//!
//! None.

use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct KeywordCase;

impl Transform for KeywordCase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let keywords = || {
            scene
                .file
                .instructions
                .iter()
                .filter(|one| one.keyword != Keyword::Unknown)
        };
        let lower = keywords()
            .filter(|one| one.keyword_text().iter().all(u8::is_ascii_lowercase))
            .count();
        let upper = keywords()
            .filter(|one| one.keyword_text().iter().all(u8::is_ascii_uppercase))
            .count();
        if upper == scene.file.instructions.len() || lower == scene.file.instructions.len() {
            return Vec::new();
        }
        keywords()
            .filter_map(|instruction| recase(instruction, lower > upper))
            .collect()
    }
}

fn recase(instruction: &Instruction, lower: bool) -> Option<Proposal> {
    let name = instruction.keyword.name();
    let wanted = if lower {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    };
    if instruction.keyword_text() == wanted.as_bytes() {
        return None;
    }
    let at = instruction.source(instruction.keyword_at);
    if !instruction.logical.in_one_piece(instruction.keyword_at) {
        return Some(Proposal::refuse(at, "a line end cuts the keyword in two"));
    }
    let reason = format!("write `{wanted}` as most keywords of this file are written");
    let mut edits = vec![Edit::replace(at, wanted)];
    edits.extend(as_word(instruction, lower));
    Some(Change::new(at, Safety::Safe, reason, edits).into())
}

/// `AS` follows the case of its FROM, or BuildKit warns of that (`FromAsCasing`).
fn as_word(instruction: &Instruction, lower: bool) -> Option<Edit> {
    let [_, word, _] = instruction.args.words() else {
        return None;
    };
    let wanted = if lower { "as" } else { "AS" };
    let from = instruction.keyword == Keyword::From && word.text.eq_ignore_ascii_case("as");
    (from && word.text != wanted).then(|| Edit::replace(instruction.source(word.at), wanted))
}
