//! Ends the destination of a COPY or ADD of several sources in a slash.
//!
//! ## Why
//!
//! The slash says that it is a folder. Without it several files go over one another into one file, where the folder is
//! not there already (DL3021).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM node:22
//! WORKDIR /app
//! COPY package.json package-lock.json .
//! COPY index.js lib.js /app
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//!  FROM node:22
//!  WORKDIR /app
//! -COPY package.json package-lock.json .
//! -COPY index.js lib.js /app
//! +COPY package.json package-lock.json ./
//! +COPY index.js lib.js /app/
//! ```
//!
//! ## When it refuses
//!
//! * A destination with a variable, quote, escape or backslash in it, or cut in two by a line end.
//! * A destination that looks like a file, such as `app.jar`, and is not known to be a folder.
//!
//! ## Safety
//!
//! Safe where the folder is known to be there: `.`, the WORKDIR of this file and the folders that it stands in, the
//! destination of an earlier COPY that ends in a slash. Unsafe elsewhere: if it is not there, the image holds the last file
//! under the folder's name before, and all of them in the folder after. With `--link` the copy is made into an empty tree, so
//! only `.` is known.
//!
//! ## Known problems
//!
//! A folder that a RUN made, or the base image has, is not known to be there.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::syntax::{Args, Instruction, Keyword, Span, Word};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct SlashDestination;

impl Transform for SlashDestination {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let earlier = OnceCell::new();
        scene
            .file
            .instructions
            .iter()
            .filter(|one| is_copy(one) && one.heredocs.is_empty())
            .filter(|one| one.flag("parents").is_none())
            .filter_map(|copy| match copy.args.words() {
                [_, _, .., destination] => slash(scene, copy, destination, &earlier),
                _ => None,
            })
            .collect()
    }
}

fn is_copy(instruction: &Instruction) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
}

fn slash(
    scene: &Scene<'_>,
    copy: &Instruction,
    destination: &Word,
    earlier: &OnceCell<Made>,
) -> Option<Proposal> {
    let text = destination.text.as_str();
    if text.ends_with('/') || text.is_empty() {
        return None;
    }
    let place = copy.source(destination.at);
    let odd = |found: char| matches!(found, '$' | '"' | '\'' | '\\' | '`' | '}');
    if text.contains(odd) || !copy.logical.in_one_piece(destination.at) {
        let reason = "its destination is not one plain path";
        // A quoted path may end in a slash inside of the quotes.
        return (!text.contains("/\"")).then(|| Proposal::refuse(place, reason));
    }
    let there = text == "."
        || (copy.flag("link").is_none() && is_there(scene, copy, text, earlier) == Some(true));
    if !there && looks_like_file(text) {
        return Some(Proposal::refuse(place, "its destination looks like a file"));
    }
    // The last character is written anew, so that the edit lies inside of the instruction at a file's very end too.
    let last = if matches!(copy.args, Args::Json(_)) {
        Some('"')
    } else {
        text.chars().next_back()
    };
    let last = last.filter(|last| scene.file.text(place).ends_with(*last))?;
    let at = Span::new(place.end - last.len_utf8(), place.end);
    let edit = Edit::replace(
        at,
        if last == '"' {
            "/\"".to_owned()
        } else {
            format!("{last}/")
        },
    );
    let change = if there {
        let reason = format!("several sources go into the folder `{text}`");
        Change::new(place, Safety::Safe, reason, vec![edit])
    } else {
        let reason = format!(
            "several sources go into `{text}`, which is one file unless such a folder is there"
        );
        Change::new(place, Safety::Unsafe, reason, vec![edit])
    };
    Some(change.into())
}

/// Whether the last name has an extension: `app.jar`, but not `conf.d` or `.cache`.
fn looks_like_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.trim_start_matches('.')
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension.len() > 1)
}

/// Folders that COPYs with a slash at the end make, with all above them: the stage, the path, and the first instruction that does.
type Made = HashMap<(usize, String), usize>;

fn made(scene: &Scene<'_>) -> Made {
    let stages = scene.stages();
    // A pattern may match nothing, and then no folder is made.
    let wild = |word: &Word| word.text.contains(['*', '?', '[']);
    let mut made = Made::new();
    for copy in scene.file.instructions.iter().filter(|one| is_copy(one)) {
        let path = match copy.args.words().split_last() {
            Some((to, sources)) if !sources.iter().any(wild) => to.text.strip_suffix('/'),
            _ => None,
        };
        let path = path
            .filter(|text| !text.contains(['$', '"', '\'', '\\', '`']))
            .and_then(|text| stages.before(copy.index)?.workdir.join(text));
        let (Some(mut path), Some(stage)) = (path, stages.stage_of(copy.index)) else {
            continue;
        };
        while !path.is_empty() && path != "/" {
            let above = path.rfind('/').unwrap_or(0);
            let parent = path.get(..above).unwrap_or_default().to_owned();
            made.entry((stage, path)).or_insert(copy.index);
            path = parent;
        }
    }
    made
}

/// Whether the folder is there because of what this stage did.
fn is_there(
    scene: &Scene<'_>,
    copy: &Instruction,
    text: &str,
    earlier: &OnceCell<Made>,
) -> Option<bool> {
    let stages = scene.stages();
    let workdir = &stages.before(copy.index)?.workdir;
    let path = workdir.join(text)?;
    let holds = |inner: &str| {
        inner
            .strip_prefix(path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if path == "/" || (workdir.explicit && workdir.path.as_deref().is_some_and(holds)) {
        return Some(true);
    }
    let stage = stages.stage_of(copy.index)?;
    let first = earlier.get_or_init(|| made(scene)).get(&(stage, path))?;
    Some(*first < copy.index)
}
