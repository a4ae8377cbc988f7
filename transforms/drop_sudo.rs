//! Takes `sudo` out of commands that run as root anyway.
//!
//! ## Why
//!
//! A RUN is root's unless USER says otherwise: `sudo` does nothing there but need a package, and it behaves in ways of its
//! own without a terminal (DL3004).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN sudo apt-get update && sudo apt-get install -y curl
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -RUN sudo apt-get update && sudo apt-get install -y curl
//! +RUN apt-get update && apt-get install -y curl
//! ```
//!
//! ## When it refuses
//!
//! * The user is not known to be root.
//! * `sudo` with options other than `-E`, or without a command.
//! * A comment between `sudo` and its command.
//!
//! ## Safety
//!
//! Unsafe: sudo resets the environment and takes a PATH of its own, so a command may see other variables. A build that failed for
//! want of sudo goes on.
//!
//! ## Known problems
//!
//! `sudo` as an argument (`xargs sudo rm`) and in heredocs stays.

use crate::shell::Call;
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct DropSudo;

impl Transform for DropSudo {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Run)
            .filter_map(|run| drop_it(scene, run))
            .collect()
    }
}

fn drop_it(scene: &Scene<'_>, run: &Instruction) -> Option<Proposal> {
    let at = run.shell_at()?;
    let script = scene.script(run.index)?;
    let calls: Vec<Call<'_>> = script
        .calls()
        .filter(|call| call.program() == Some("sudo"))
        .collect();
    if calls.is_empty() {
        return None;
    }
    let refuse = |reason: &str| Some(Proposal::refuse(run.span, reason));
    match scene.stages().before(run.index)?.user.is_root() {
        Some(true) => {}
        Some(false) => return refuse("the USER is not root and needs it"),
        None => return refuse("nobody knows whether the base image's user is root"),
    }
    let mut edits = Vec::new();
    for call in calls {
        let keeps = |word: &&crate::shell::Word| word.fixed() == Some("-E");
        let options = call.args().iter().take_while(keeps).count();
        let (Some(sudo), Some(command)) = (call.simple.words.first(), call.arg(options)) else {
            return refuse("a `sudo` has no command");
        };
        // A word that is not fixed could hold an option.
        let is_option = command
            .literal
            .as_deref()
            .map_or(command.raw(script).starts_with(['-', '$', '`']), |text| {
                text.starts_with('-')
            });
        if is_option {
            return refuse("a `sudo` has options");
        }
        let gone = run.source(Span::new(sudo.span.start, command.span.start).shift(at.start));
        if scene
            .file
            .comments
            .iter()
            .any(|comment| gone.contains(comment.span))
        {
            return refuse("a comment stands between `sudo` and its command");
        }
        edits.push(Edit::delete(gone));
    }
    let reason = "root needs no `sudo`, which brings an environment of its own";
    Some(Change::new(run.span, Safety::Unsafe, reason, edits).into())
}
