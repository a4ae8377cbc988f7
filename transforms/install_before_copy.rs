//! Installs packages of the system before the sources are copied.
//!
//! ## Why
//!
//! Below `COPY . .`, an edit of any source file installs all packages anew. Above it, they stay in the cache.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! WORKDIR /app
//! COPY . .
//! # for the health check
//! RUN apt-get update && apt-get install -y curl
//! CMD ["./serve"]
//! ```
//!
//! ```diff
//! @@ -1,6 +1,6 @@
//!  FROM debian:12
//!  WORKDIR /app
//! -COPY . .
//!  # for the health check
//!  RUN apt-get update && apt-get install -y curl
//! +COPY . .
//!  CMD ["./serve"]
//! ```
//!
//! ## When it refuses
//!
//! * The COPY goes to a folder that a package may own. Only /app, /code, /src, /workspace, and what is in /home, /opt,
//!   /srv and /usr/src is known to be nobody's.
//! * The RUN reads or writes what is copied, or does more than to bring packages in.
//! * Something else stands between them that may not change places with the RUN.
//!
//! ## Safety
//!
//! Safe: the same packages come into the same system. The step is cached longer than before, so an `upgrade` needs
//! `--unsafe`. The first build after it runs from the moved step on again.
//!
//! ## Known problems
//!
//! What is installed without a version gets as old as the cache of the step.

use crate::knowledge::SystemAction;
use crate::packages::system_calls;
use crate::stage::{Effects, NO_PACKAGES_HERE, Paths, commute};
use crate::style::{blank_line, top};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct InstallBeforeCopy;

impl Transform for InstallBeforeCopy {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for stage in scene.stages().stages() {
            for index in stage.instructions.clone() {
                let Some(proposal) = lift(scene, stage.from + 1, index) else {
                    continue;
                };
                let changes = matches!(proposal, Proposal::Change(_));
                proposals.push(proposal);
                if changes {
                    // What is below it is seen anew in the next round.
                    break;
                }
            }
        }
        proposals
    }
}

/// Takes the RUN at `index` as far up as it pays.
fn lift(scene: &Scene<'_>, start: usize, index: usize) -> Option<Proposal> {
    let run = scene.file.instructions.get(index)?;
    if run.keyword != Keyword::Run {
        return None;
    }
    let calls = system_calls(scene.script(index)?, scene.knowledge);
    let brings = |action| calls.iter().any(|call| call.system.action == action);
    // Alone, an update moves so that the install below it may follow.
    if !brings(SystemAction::Install) && !brings(SystemAction::Update) {
        return None;
    }
    let own = effects(scene, index)?;
    let mut above = None;
    let mut stopped = None;
    for other in (start..index).rev() {
        let instruction = scene.file.instructions.get(other)?;
        let theirs = effects(scene, other)?;
        let sources = is_source_copy(instruction);
        let passes = match sources && !goes_where_no_package_does(&theirs) {
            true => Err("it copies to a folder that a package may own".to_owned()),
            false => commute(&theirs, &own),
        };
        match passes {
            Ok(()) if sources => above = Some(instruction),
            Ok(()) => {}
            Err(reason) => {
                stopped = Some((instruction, reason));
                break;
            }
        }
    }
    let Some(copy) = above else {
        // It would have paid only with sources above what stands in the way.
        let (at, reason) = stopped?;
        let sources = (start..=at.index)
            .filter_map(|index| scene.file.instructions.get(index))
            .any(is_source_copy);
        let reason = format!("line {} stands above it: {reason}", at.lines.0);
        return sources.then(|| Proposal::refuse(run.span, reason));
    };
    let range = Span::new(top(scene.file, run), tail(scene, run));
    if !scene.file.bytes(range).ends_with(b"\n") {
        return Some(Proposal::refuse(
            run.span,
            "it is the last line and has no line end",
        ));
    }
    let mut safety = Safety::Safe;
    let mut reason = format!(
        "install packages above the COPY of line {}, which they have nothing to do with: an edit of what is copied no longer runs this step, which is cached longer now; the next build runs from here",
        copy.lines.0
    );
    if brings(SystemAction::Upgrade) {
        safety = Safety::Unsafe;
        reason.push_str("; the upgrade gets as old as that cache");
    }
    let at = Span::new(copy.span.start, run.span.end);
    let to = top(scene.file, copy);
    Some(Change::new(at, safety, reason, vec![Edit::Move { range, to }]).into())
}

fn effects(scene: &Scene<'_>, index: usize) -> Option<Effects> {
    let state = scene.stages().before(index)?;
    let instruction = scene.file.instructions.get(index)?;
    let script = scene.script(index);
    let mut effects = Effects::of(scene.file, instruction, state, script, scene.knowledge);
    // A WORKDIR above has made its folder, and those that it stands in.
    let made = state
        .workdir
        .path
        .as_deref()
        .filter(|_| state.workdir.explicit);
    let made = Paths::of(made);
    let kept = std::mem::take(&mut effects.makes).into_iter();
    effects.makes = kept
        .filter(|(folder, _)| made.overlap(&Paths::of([folder.as_str()])).is_none())
        .collect();
    Some(effects)
}

/// A COPY or ADD of files of the build context.
fn is_source_copy(instruction: &Instruction) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
        && instruction.flag("from").is_none()
        && instruction.heredocs.is_empty()
}

/// Whether all that it writes lies in folders that no package owns.
fn goes_where_no_package_does(copy: &Effects) -> bool {
    copy.writes.overlap(&Paths::but(NO_PACKAGES_HERE)).is_none()
}

/// Where it ends; with the blank line below it when there is one above it too.
fn tail(scene: &Scene<'_>, run: &Instruction) -> usize {
    let before = scene.file.source().get(..top(scene.file, run));
    let end = scene.file.line_end();
    let blank_above = before
        .and_then(|before| before.strip_suffix(end.as_bytes()))
        .is_some_and(|before| before.ends_with(b"\n"));
    match blank_above {
        true => run.whole.end + blank_line(scene.file, run.whole.end),
        false => run.whole.end,
    }
}
