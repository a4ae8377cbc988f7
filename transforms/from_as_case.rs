//! Writes the AS of FROM in the case of its FROM.
//!
//! ## Why
//!
//! BuildKit warns about `FROM debian as build` (`FromAsCasing`), and under `# check=error=true` such a file no longer
//! builds.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12 as build
//! RUN make
//!
//! FROM debian:12
//! COPY --from=build /app /app
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//! -FROM debian:12 as build
//! +FROM debian:12 AS build
//!  RUN make
//!
//!  FROM debian:12
//! ```
//!
//! ## When it refuses
//!
//! * An AS that a line end cuts in two stays as it is.
//! * A FROM in mixed case says nothing about its AS; BuildKit does not warn about it either.
//!
//! ## Safety
//!
//! Safe: the case of AS has no meaning.
//!
//! ## Known problems
//!
//! None.

use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct FromAsCase;

impl Transform for FromAsCase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let from = |one: &&Instruction| one.keyword == Keyword::From;
        scene
            .file
            .instructions
            .iter()
            .filter(from)
            .filter_map(recase)
            .collect()
    }
}

fn recase(from: &Instruction) -> Option<Proposal> {
    let keyword = from.keyword_text();
    let wanted = if keyword.iter().all(u8::is_ascii_uppercase) {
        "AS"
    } else if keyword.iter().all(u8::is_ascii_lowercase) {
        "as"
    } else {
        return None;
    };
    let [_, written, _] = from.args.words() else {
        return None;
    };
    if written.text == wanted || !written.text.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let at = from.source(written.at);
    if !from.logical.in_one_piece(written.at) {
        return Some(Proposal::refuse(at, "a line end cuts AS in two"));
    }
    let reason = format!("write `{wanted}` in the case of its FROM");
    Some(Change::new(at, Safety::Safe, reason, vec![Edit::replace(at, wanted)]).into())
}
