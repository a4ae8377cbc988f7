//! Writes `apt-get` where a RUN calls `apt`.
//!
//! ## Why
//!
//! `apt` is for people at a terminal: it warns that its interface is not stable whenever a script calls it, and it changes
//! from release to release (DL3027).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt update && apt install -y --no-install-recommends curl
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -RUN apt update && apt install -y --no-install-recommends curl
//! +RUN apt-get update && apt-get install -y --no-install-recommends curl
//! ```
//!
//! ## When it refuses
//!
//! * What `apt-get` does not do, or does otherwise: `apt list`, `apt search`, and `apt upgrade`, which also installs new packages.
//! * A line end that cuts `apt` in two.
//!
//! ## Safety
//!
//! Safe for `update`, `install`, `remove`, `autoremove` and `clean` on an image that is known to have docker-clean, as Debian's
//! and Ubuntu's have: both programs do the same there. Unsafe elsewhere, and where the file says something of apt's
//! configuration, since `apt-get` keeps what it downloads and `apt` does not; for names with `.`, `+` or a variable in them, which
//! `apt-get` takes for patterns when there is no such package.
//!
//! ## Known problems
//!
//! `apt` in heredocs and scripts stays.

use std::cell::OnceCell;

use crate::knowledge::{SystemAction, SystemCall};
use crate::shell::{Call, Word};
use crate::stage::Base;
use crate::syntax::{Dockerfile, Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct AptGetNotApt;

impl Transform for AptGetNotApt {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let configured = OnceCell::new();
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Run)
            .filter_map(|run| {
                rename(scene, run, &|| {
                    *configured.get_or_init(|| configures(scene.file))
                })
            })
            .collect()
    }
}

fn rename(
    scene: &Scene<'_>,
    run: &Instruction,
    configured: &dyn Fn() -> Option<usize>,
) -> Option<Proposal> {
    let at = run.shell_at()?;
    let script = scene.script(run.index)?;
    let mut edits = Vec::new();
    let mut same = true;
    for call in script.calls() {
        let words = fixed(&call);
        let Some(asked) = scene.knowledge.system_call(&words) else {
            continue;
        };
        let Some(program) = call.simple.words.get(asked.program) else {
            continue;
        };
        if asked.manager.id != "apt" || program.fixed() != Some("apt") {
            continue;
        }
        let place = program.span.shift(at.start);
        let refuse = |reason: String| Some(Proposal::refuse(run.source(place), reason));
        let verb = asked
            .verb
            .first()
            .and_then(|at| words.get(*at).copied().flatten());
        if !has_equal(scene, asked.action, verb) {
            let first = asked.verb.first();
            let hidden = |at: &usize| first.is_none_or(|verb| at < verb);
            return refuse(match verb {
                Some(verb) if !asked.opaque.iter().any(hidden) => {
                    format!("`apt {verb}` is not what `apt-get` does")
                }
                _ => "what `apt` is asked is not known".to_owned(),
            });
        }
        if !run.logical.in_one_piece(place) {
            return refuse("a line end cuts `apt` in two".to_owned());
        }
        same &= asked.is_literal()
            && asked
                .package_names(&words)
                .all(|name| is_name(name, &asked));
        edits.push(Edit::replace(run.source(place), "apt-get"));
    }
    if edits.is_empty() {
        return None;
    }
    let safety = if same && cleans_up(scene, run, configured) {
        Safety::Safe
    } else {
        Safety::Unsafe
    };
    let reason = "scripts call `apt-get`, whose interface is stable";
    Some(Change::new(run.span, safety, reason, edits).into())
}

fn fixed<'a>(call: &Call<'a>) -> Vec<Option<&'a str>> {
    call.simple.words.iter().map(Word::fixed).collect()
}

/// Whether `apt-get` knows the verb and does the same.
fn has_equal(scene: &Scene<'_>, action: SystemAction, verb: Option<&str>) -> bool {
    let (Some(verb), Some(other)) = (verb, scene.knowledge.system_manager("apt-get")) else {
        return false;
    };
    let verbs = match action {
        SystemAction::Update => &other.update,
        SystemAction::Install => &other.install,
        SystemAction::Remove => &other.remove,
        SystemAction::Clean => &other.clean,
        SystemAction::Upgrade | SystemAction::Other => return false,
    };
    verbs.iter().any(|known| known == verb)
}

/// Whether a package is named in a way that both read alike also when it does not exist.
fn is_name(name: &str, asked: &SystemCall<'_>) -> bool {
    if asked.action == SystemAction::Clean {
        return true;
    }
    let name = name.split('=').next().unwrap_or(name);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':'))
}

/// Whether nothing that is downloaded stays, whoever downloads it: docker-clean is in the base, and nothing up to here says a
/// word of apt's configuration.
fn cleans_up(scene: &Scene<'_>, run: &Instruction, configured: &dyn Fn() -> Option<usize>) -> bool {
    let stages = scene.stages();
    let mut stage = stages
        .stage_of(run.index)
        .and_then(|index| stages.get(index));
    let image = loop {
        match stage {
            Some(one) if one.certain => match &one.base {
                Base::Stage(parent) => stage = stages.get(*parent),
                Base::Image { reference } => break reference,
                _ => return false,
            },
            _ => return false,
        }
    };
    let base = scene.knowledge.base_image(image);
    base.is_some_and(|base| base.docker_clean()) && configured().is_none_or(|at| run.index < at)
}

/// The first instruction that says a word of apt's configuration.
fn configures(file: &Dockerfile) -> Option<usize> {
    let says = |one: &Instruction| {
        let text = file.text(one.whole);
        ["docker-clean", "apt.conf", "Keep-Downloaded", "APT_CONFIG"]
            .iter()
            .any(|word| text.contains(word))
    };
    file.instructions.iter().position(says)
}
