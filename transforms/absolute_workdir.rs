//! Writes the first WORKDIR of a stage from the root on.
//!
//! ## Why
//!
//! A relative WORKDIR starts where the base image's ends, and base images change theirs (`WorkdirRelativePath`).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! WORKDIR app
//! WORKDIR src
//! ```
//!
//! ```diff
//! @@ -1,3 +1,3 @@
//!  FROM debian:12
//! -WORKDIR app
//! +WORKDIR /app
//!  WORKDIR src
//! ```
//!
//! ## When it refuses
//!
//! * The base image's WORKDIR is not known: then it is advice.
//! * A path with variables, quotes, escapes or a line end in it; paths of Windows.
//!
//! ## Safety
//!
//! Safe: the folder is the same. Later relative WORKDIRs stay as they are, since they start from one that this file names.
//!
//! ## Known problems
//!
//! The tables know the WORKDIR of well-known images only.

use crate::checks;
use crate::stage::Family;
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct AbsoluteWorkdir;

impl Transform for AbsoluteWorkdir {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Workdir)
            .filter_map(|workdir| root(scene, workdir))
            .collect()
    }
}

fn root(scene: &Scene<'_>, workdir: &Instruction) -> Option<Proposal> {
    let Args::Text(at) = workdir.args else {
        return None;
    };
    let state = scene.stages().before(workdir.index)?;
    let text = workdir.rest()?;
    let escape = char::from(scene.file.escape);
    if state.workdir.explicit || text.starts_with('/') {
        return None;
    }
    let place = workdir.source(at);
    let refuse = |reason: &str| Some(Proposal::refuse(place, reason));
    // What it stands for is nearly always a whole path.
    if text.starts_with(['$', '"', '\'', escape]) && !found(scene, workdir) {
        return None;
    }
    if state.family == Family::Windows || text.get(1..2) == Some(":") {
        return refuse("it is a path of Windows");
    }
    if text.contains(['$', '"', '\'', escape]) {
        return refuse("its path has more in it than plain names");
    }
    if !workdir.logical.in_one_piece(at) {
        return refuse("a line end stands in it");
    }
    let Some(path) = state.workdir.join(text) else {
        let reason =
            "nobody knows where the base image's WORKDIR is, so write the path from the root on";
        return Some(Change::advice(place, reason).into());
    };
    let reason = format!("name `{path}` whole, since a relative WORKDIR hangs on the base image");
    let edit = match path.strip_suffix(text) {
        Some(missing) => Edit::insert(place.start, missing),
        None => Edit::replace(place, path.as_str()),
    };
    Some(Change::new(place, Safety::Safe, reason, vec![edit]).into())
}

/// Whether `docker build --check` finds it relative.
fn found(scene: &Scene<'_>, workdir: &Instruction) -> bool {
    checks::findings(scene.file)
        .iter()
        .any(|one| one.rule == "WorkdirRelativePath" && one.line == workdir.lines.0)
}
