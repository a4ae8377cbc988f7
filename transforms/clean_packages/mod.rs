//! Cleans up after the system's package managers in the layer that they fill.
//!
//! ## Why
//!
//! `apt-get update` downloads tens of megabytes of package lists, and other managers keep an index or a cache. They are
//! of no use in the image, and what a later RUN removes stays in the layer above: only a cleanup in the same RUN makes
//! the image smaller.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y curl
//! COPY . /app
//! ```
//!
//! ```diff
//! @@ -1,4 +1,5 @@
//!  FROM debian:12
//!  RUN apt-get update \
//! -    && apt-get install -y curl
//! +    && apt-get install -y curl \
//! +    && rm -rf /var/lib/apt/lists/*
//!  COPY . /app
//! ```
//!
//! `apk add` gets `--no-cache` instead, which keeps the index from being written at all. A RUN that calls `apk update`
//! keeps it, since `apk add --no-cache` goes on where a repository can't be reached and `apk update` fails: it gets a
//! cleanup like the others.
//!
//! ## When it refuses
//!
//! * A later step wants the lists: an install without an update of its own, in this stage or one that starts from it, or
//!   in an ONBUILD; a RUN that is not understood; a script that can't be seen, since it may install.
//! * Another stage copies or mounts a folder that holds them.
//! * The container is seen to install without an update: in CMD, ENTRYPOINT, HEALTHCHECK, or a script that they run.
//! * The cleanup can't be appended so that a failing command still fails the build: after a job in the background,
//!   `exec`, a trailing comment, or `;` and errexit that would not stop there.
//! * Every command that fills the lists stands in `if`, a loop, a pipe, or a list with `||`.
//! * The stage's layers are in no image that comes out of the file.
//!
//! Lists under a mount, and those that the RUN cleans in whatever spelling, are left alone in silence.
//!
//! ## Safety
//!
//! Safe: the image is the same but for the lists and caches that the change declares. The first build after it runs from
//! the changed RUN on again.
//!
//! ## Known problems
//!
//! What runs in the container and can't be seen here, such as a script of the base image, has to fetch lists before it
//! installs packages. Whether other Dockerfiles start from the image is not known.

mod leaves;
mod seen;
mod wants;

use std::collections::HashMap;

use crate::gate::MAX_SCRIPT;
use crate::knowledge::{SystemAction, SystemManager};
use crate::packages::share_lists;
use crate::shell::Script;
use crate::shell::join::Join;
use crate::stage::Mount;
use crate::style::{Style, tail};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};
use leaves::Leaves;
use wants::Wants;

/// The transform of this page.
pub struct CleanPackages;

impl Transform for CleanPackages {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut wants: HashMap<&str, Wants> = HashMap::new();
        let mut shipped = None;
        let mut proposals = Vec::new();
        for run in &scene.file.instructions {
            if run.keyword != Keyword::Run {
                continue;
            }
            let Some(script) = scene.script(run.index) else {
                continue;
            };
            let Some(stage) = scene.stages().stage_of(run.index) else {
                continue;
            };
            for left in Leaves::of(script, scene.knowledge) {
                let manager = left.manager();
                if is_mounted(run, manager) || manager.cleanup.is_none() {
                    continue;
                }
                let shipped = shipped.get_or_insert_with(|| in_images(scene));
                let answer = if !shipped.get(stage).copied().unwrap_or(false) {
                    Err(
                        "the layers of this stage are in no image, so a cleanup would gain nothing"
                            .to_owned(),
                    )
                } else {
                    let wants = wants
                        .entry(&manager.id)
                        .or_insert_with(|| Wants::of(scene, manager));
                    match wants.who(stage, run.index) {
                        Some(who) => Err(who.to_owned()),
                        None => clean(scene, run, script, &left),
                    }
                };
                match answer {
                    Ok(change) => {
                        proposals.push(change.into());
                        // What another manager leaves in this RUN is for the next round.
                        break;
                    }
                    Err(reason) => proposals.push(Proposal::refuse(run.span, reason)),
                }
            }
        }
        proposals
    }
}

/// Whether a mount keeps the lists or caches of `manager` out of the layer of `run`.
fn is_mounted(run: &Instruction, manager: &SystemManager) -> bool {
    Mount::all(run)
        .iter()
        .filter_map(|mount| mount.target.as_deref())
        .any(|target| manager.cleaned_by_removing(target))
}

/// Which stages' layers are in an image that some `--target` without dependents gives.
fn in_images(scene: &Scene<'_>) -> Vec<bool> {
    let stages = scene.stages();
    let mut shipped = vec![false; stages.stages().len()];
    for leaf in stages.leaves() {
        for (stage, ships) in shipped.iter_mut().zip(stages.ships_in(leaf)) {
            *stage |= ships;
        }
    }
    shipped
}

fn clean(
    scene: &Scene<'_>,
    run: &Instruction,
    script: &Script,
    left: &Leaves<'_>,
) -> Result<Change, String> {
    let manager = left.manager();
    let (Some(at), Some(cleanup), Some(state)) = (
        run.shell_at(),
        manager.cleanup.as_ref(),
        scene.stages().before(run.index),
    ) else {
        return Err("it stands outside of a stage".to_owned());
    };
    if let Some(edits) = without_cache(run, at, left) {
        let reason = format!(
            "let `{}` keep no index in the layer: each install fetches its own",
            manager.id
        );
        return Ok(Change::new(run.span, Safety::Safe, reason, edits).removing(&cleanup.removes));
    }
    if !left.surely() {
        return Err(format!(
            "`{}` is called in {}, so whether it leaves anything to clean is not known",
            manager.id,
            left.stands_in()
        ));
    }
    let join = state
        .shell
        .append(script)
        .map_err(|refusal| refusal.to_string().replace("the first RUN", "the RUN"))?;
    let command = format!("{}{}", rights(left), cleanup.command);
    if at.len() + command.len() + 16 >= MAX_SCRIPT {
        return Err("the script would be longer than one argument can be".to_owned());
    }
    let reason = format!(
        "clean up after `{}` in the layer that it fills: no later step needs its lists (a container that installs \
         packages has to update first)",
        manager.id
    );
    let edit = appended(scene, run, at, &join, &command);
    Ok(Change::new(run.span, Safety::Safe, reason, vec![edit]).removing(&cleanup.removes))
}

/// `command` behind the script of `run`, in the author's style.
fn appended(scene: &Scene<'_>, run: &Instruction, at: Span, join: &Join, command: &str) -> Edit {
    let style = Style::of(scene.file, &[run]);
    let text = style.joint(join.operator, "");
    Edit::replace(tail(run, at, join), format!("{text}{command}"))
}

/// The flag that keeps an install from leaving anything, in each of them. `None` when the manager has none, or lists are
/// fetched by a command of their own.
fn without_cache(run: &Instruction, at: Span, left: &Leaves<'_>) -> Option<Vec<Edit>> {
    let flag = left.manager().no_cache.first()?;
    let mut edits = Vec::new();
    for fill in &left.fills {
        let system = &fill.system;
        if system.action == SystemAction::Update || !share_lists(system.manager, left.manager()) {
            return None;
        }
        let words = &fill.call.simple.words;
        // `apk --update add`: what the flag asks for is a part of what the new one does.
        let fetch = words.iter().position(|word| {
            word.fixed().is_some_and(|text| {
                system
                    .manager
                    .install_updates
                    .iter()
                    .any(|other| other == text)
            })
        });
        match fetch {
            Some(fetch) => {
                let span = words[fetch].span.shift(at.start);
                if !run.logical.in_one_piece(span) {
                    return None;
                }
                edits.push(Edit::replace(run.source(span), flag.clone()));
            }
            None => {
                let verb = words.get(*system.verb.last()?)?;
                let end = run.source(verb.span.shift(at.start)).end;
                edits.push(Edit::insert(end, format!(" {flag}")));
            }
        }
    }
    (!edits.is_empty()).then_some(edits)
}

/// What has to stand before a cleanup: `sudo `, when the manager was called that way.
fn rights(left: &Leaves<'_>) -> String {
    let first = left
        .fills
        .last()
        .and_then(|fill| fill.call.simple.words.first())
        .and_then(|word| word.fixed());
    match first {
        Some(name @ ("sudo" | "doas")) => format!("{name} "),
        _ => String::new(),
    }
}
