//! Takes `--platform=$TARGETPLATFORM` out of FROM, which is what FROM does without it.
//!
//! ## Why
//!
//! An image is built for the target platform unless FROM says otherwise. BuildKit warns about saying it
//! (`RedundantTargetPlatform`).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM --platform=$TARGETPLATFORM alpine:3.22
//! RUN uname -m
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//! -FROM --platform=$TARGETPLATFORM alpine:3.22
//! +FROM alpine:3.22
//!  RUN uname -m
//! ```
//!
//! ## When it refuses
//!
//! * An ARG before the first FROM gives TARGETPLATFORM a default.
//! * FROM starts from another stage, which has a platform of its own.
//! * A line end stands in the flag or behind it.
//!
//! ## Safety
//!
//! Safe: the builder sets TARGETPLATFORM to the platform that FROM takes by default.
//!
//! ## Known problems
//!
//! `--build-arg TARGETPLATFORM=…`, which old builders needed, no longer chooses the base image. `--platform` does.

use std::collections::HashSet;

use crate::syntax::{Dockerfile, Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct RedundantPlatform;

impl Transform for RedundantPlatform {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut names = HashSet::new();
        let mut proposals = Vec::new();
        for from in &scene.file.instructions {
            if from.keyword == Keyword::From {
                proposals.extend(drop_flag(scene.file, from, &names));
                let name = from.args.words().get(2);
                names.extend(name.map(|name| name.text.to_ascii_lowercase()));
            }
        }
        proposals
    }
}

fn drop_flag(file: &Dockerfile, from: &Instruction, names: &HashSet<String>) -> Option<Proposal> {
    let [flag] = from.flags.as_slice() else {
        return None;
    };
    let redundant = ["$TARGETPLATFORM", "${TARGETPLATFORM}"];
    if flag.name() != "platform" || !redundant.contains(&flag.value()?) {
        return None;
    }
    let at = from.source(flag.at);
    let refuse = |reason: &str| Some(Proposal::refuse(at, reason));
    if gives_default(file) {
        return refuse("an ARG gives TARGETPLATFORM a default");
    }
    let base = from.args.words().first()?;
    let hidden = base.text.contains('$') && !is_image(&base.text);
    let is_stage = names.contains(&base.text.to_ascii_lowercase()) || (hidden && !names.is_empty());
    if is_stage {
        return refuse("it may start from another stage, which has a platform of its own");
    }
    let gone = Span::new(flag.at.start, from.rest_at.start);
    if !from.logical.in_one_piece(gone) {
        return refuse("a line end stands in the flag or behind it");
    }
    let reason = "FROM takes the target platform without being told";
    let edit = Edit::delete(from.source(gone));
    Some(Change::new(at, Safety::Safe, reason, vec![edit]).into())
}

/// Whether a name has what no stage's name has, outside of its variables.
fn is_image(name: &str) -> bool {
    let mut outside = true;
    name.chars().any(|found| {
        match found {
            '{' => outside = false,
            '}' => outside = true,
            _ => {}
        }
        outside && matches!(found, ':' | '/' | '@')
    })
}

fn gives_default(file: &Dockerfile) -> bool {
    file.instructions
        .iter()
        .take_while(|one| one.keyword != Keyword::From)
        .filter(|one| one.keyword == Keyword::Arg)
        .flat_map(|arg| arg.args.words())
        .any(|word| word.text.starts_with("TARGETPLATFORM="))
}
