//! Removes compilers and build tools in the RUN that needed them.
//!
//! ## Why
//!
//! A compiler is large, and of use to whoever breaks in. When one RUN installs it, builds something and nobody calls it
//! again, it can go in the same layer, as if it had never been there.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12-slim
//! RUN apt-get update \
//!     && apt-get install -y curl gcc make \
//!     && make -C /src install
//! CMD ["app"]
//! ```
//!
//! ```diff
//! @@ -1,5 +1,6 @@
//!  FROM debian:12-slim
//!  RUN apt-get update \
//!      && apt-get install -y curl gcc make \
//! -    && make -C /src install
//! +    && make -C /src install \
//! +    && apt-get purge -y --auto-remove gcc make
//!  CMD ["app"]
//! ```
//!
//! An `apk add` of build packages alone becomes a group, `--virtual .build-deps`, that `apk del` removes.
//!
//! ## When it refuses
//!
//! * A later step, in this stage or one that starts from it, may build with them.
//! * CMD, ENTRYPOINT or HEALTHCHECK names one of them.
//! * An earlier step has installed one of them already, or the base image may hold it.
//! * The removal can't be appended so that a failing command still fails the build.
//!
//! Only packages that bring no library for programs to run with are taken for build packages: `gcc` and `make`, not
//! `libpq-dev`. A stage whose layers are in no image gains nothing, and is left alone in silence.
//!
//! ## Safety
//!
//! Unsafe: what came in with a build package goes with it, such as `libgomp1` with `gcc`, or on Alpine `libstdc++` with
//! `g++`: a program that needs it has to name it among the packages that stay.
//!
//! ## Known problems
//!
//! What a running program compiles (extensions, templates, kernels) can't be seen.

use crate::knowledge::{Knowledge, Purge, SystemAction, SystemManager};
use crate::packages::{SystemUse, share_lists, system_calls, words};
use crate::shell::{Call, Context, Script};
use crate::stage::{Base, Target};
use crate::style::{Style, tail};
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct PurgeBuildDeps;

impl Transform for PurgeBuildDeps {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for run in &scene.file.instructions {
            if run.keyword != Keyword::Run || !ships(scene, run.index) {
                continue;
            }
            let Some(script) = scene.script(run.index) else {
                continue;
            };
            let Some(found) = build_packages(script, scene.knowledge) else {
                continue;
            };
            match purge(scene, run, script, &found) {
                Ok(change) => proposals.push(change.into()),
                Err(reason) => proposals.push(Proposal::refuse(run.span, reason)),
            }
        }
        proposals
    }
}

/// Build packages that a RUN installs and then builds with.
struct Found<'s> {
    manager: &'s SystemManager,
    purge: &'s Purge,
    /// Their names, in order.
    names: Vec<String>,
    /// The install, when it is the only one that has any, and has nothing else.
    alone: Option<SystemUse<'s>>,
}

/// Whether a stage's layers are in the image that is built when no other one is asked for.
fn ships(scene: &Scene<'_>, index: usize) -> bool {
    let stages = scene.stages();
    stages
        .stage_of(index)
        .is_some_and(|stage| stages.ships(stage))
}

fn build_packages<'s>(script: &'s Script, knowledge: &'s Knowledge) -> Option<Found<'s>> {
    let mut uses = system_calls(script, knowledge);
    // Who removes packages knows which.
    if uses
        .iter()
        .any(|one| one.system.action == SystemAction::Remove)
    {
        return None;
    }
    uses.retain(|one| {
        one.system.action == SystemAction::Install
            && !one.system.manager.build_packages.is_empty()
            && !one.system.is_elsewhere(&words(one.call.simple))
    });
    let manager = uses.first()?.system.manager;
    let purge = manager.purge.as_ref()?;
    let mut names = Vec::new();
    let (mut others, mut with) = (false, 0);
    for one in &uses {
        if !share_lists(one.system.manager, manager) {
            return None;
        }
        let words = words(one.call.simple);
        let (build, rest): (Vec<&str>, Vec<&str>) = one
            .system
            .package_names(&words)
            .partition(|package| manager.is_build_package(package));
        if build.is_empty() {
            continue;
        }
        if one.call.contexts.iter().any(|one| *one != Context::AndList) {
            return None;
        }
        with += 1;
        others |= !rest.is_empty()
            || !one.system.is_literal()
            || one.system.flags.iter().any(|flag| {
                let text = one
                    .call
                    .simple
                    .words
                    .get(flag.start)
                    .and_then(|word| word.fixed());
                text.is_some_and(|text| text == "-t" || purge.group_flag.as_deref() == Some(text))
            });
        names.extend(build.into_iter().map(|name| {
            let end = name
                .find(['=', '<', '>', '~', '@', '/'])
                .unwrap_or(name.len());
            name[..end].to_owned()
        }));
    }
    names.dedup();
    let last = uses.last()?.call.simple.span.end;
    let builds = script.calls().any(|call| {
        call.simple.span.start >= last && is_known(&call, knowledge) && may_build(&call, knowledge)
    });
    if names.is_empty() || !builds {
        return None;
    }
    let grouped = uses.iter().any(|one| {
        one.call.simple.words.iter().any(|word| {
            purge.group_flag.is_some() && word.fixed() == purge.group_flag.as_deref()
                || purge.group_flag.is_some() && word.fixed() == Some("-t")
        })
    });
    if grouped {
        return None;
    }
    let alone = if with == 1 && !others {
        uses.into_iter().find(|one| {
            let words = words(one.call.simple);
            one.system
                .package_names(&words)
                .any(|package| manager.is_build_package(package))
        })
    } else {
        None
    };
    Some(Found {
        manager,
        purge,
        names,
        alone,
    })
}

/// Whether a call may use a compiler or build tool: it runs code of others, and is none of a system's managers.
fn may_build(call: &Call<'_>, knowledge: &Knowledge) -> bool {
    let words = words(call.simple);
    if words.is_empty() || knowledge.system_call(&words).is_some() {
        return false;
    }
    if knowledge.language_call(&words).is_some() {
        return true;
    }
    let at = knowledge.command_at(&words).unwrap_or(0);
    let Some(Some(name)) = words.get(at) else {
        return true;
    };
    if *name == "[" {
        return false;
    }
    knowledge
        .program(name)
        .is_none_or(|program| program.runs_code(words.get(at..).unwrap_or_default()))
}

/// Whether the tables know what a call runs.
fn is_known(call: &Call<'_>, knowledge: &Knowledge) -> bool {
    let words = words(call.simple);
    let name = knowledge
        .command_at(&words)
        .and_then(|at| words.get(at).copied().flatten());
    knowledge.language_call(&words).is_some()
        || name.is_some_and(|name| {
            knowledge.program(name).is_some() || knowledge.project_script(name).is_some()
        })
}

fn purge(
    scene: &Scene<'_>,
    run: &Instruction,
    script: &Script,
    found: &Found<'_>,
) -> Result<Change, String> {
    let (Some(at), Some(state)) = (run.shell_at(), scene.stages().before(run.index)) else {
        return Err("it stands outside of a stage".to_owned());
    };
    held_before(scene, run, found)?;
    used_after(scene, run, found)?;
    let join = state
        .shell
        .append(script)
        .map_err(|refusal| refusal.to_string().replace("the first RUN", "the RUN"))?;
    let mut edits = Vec::new();
    let mut what = found.names.join(" ");
    if let (Some(one), Some(flag), Some(group)) =
        (&found.alone, &found.purge.group_flag, &found.purge.group)
    {
        let verb = one.system.verb.last();
        if let Some(word) = verb.and_then(|verb| one.call.simple.words.get(*verb)) {
            let end = run.source(word.span.shift(at.start)).end;
            edits.push(Edit::insert(end, format!(" {flag} {group}")));
            what.clone_from(group);
        }
    }
    let style = Style::of(scene.file, &[run]);
    let text = style.joint(join.operator, "");
    let command = &found.purge.command;
    edits.push(Edit::replace(
        tail(run, at, &join),
        format!("{text}{command} {what}"),
    ));
    let reason = format!(
        "remove `{}` in the layer that installs it: only this RUN builds with it",
        found.names.join("` and `")
    );
    Ok(Change::new(run.span, Safety::Unsafe, reason, edits))
}

/// Refuses when one of the packages may have been there before.
fn held_before(scene: &Scene<'_>, run: &Instruction, found: &Found<'_>) -> Result<(), String> {
    let stages = scene.stages();
    let mut stage = stages
        .stage_of(run.index)
        .and_then(|stage| stages.get(stage));
    let mut end = run.index;
    while let Some(here) = stage {
        for index in here.instructions.start..end {
            let Some(script) = scene.script(index) else {
                continue;
            };
            for one in system_calls(script, scene.knowledge) {
                let words = words(one.call.simple);
                if let Some(name) = one
                    .system
                    .package_names(&words)
                    .find(|name| found.names.iter().any(|other| other == name))
                {
                    let line = scene.file.instructions[index].lines.0;
                    return Err(format!("line {line} has named `{name}` already"));
                }
            }
        }
        match &here.base {
            Base::Stage(parent) => {
                stage = stages.get(*parent);
                end = stage.map_or(0, |stage| stage.instructions.end);
            }
            Base::Image { reference } => {
                let image = scene.knowledge.base_image(reference);
                let lacks = |name: &String| {
                    found.purge.group.is_some()
                        || image
                            .as_ref()
                            .is_some_and(|image| image.lacks_package(name) == Some(true))
                };
                return match found.names.iter().find(|name| !lacks(name)) {
                    Some(name) => Err(format!("the base image may hold `{name}` itself")),
                    None => Ok(()),
                };
            }
            _ => return Err("the base image is not known".to_owned()),
        }
    }
    Ok(())
}

/// Refuses when a later step may build, or the container names one of the packages.
fn used_after(scene: &Scene<'_>, run: &Instruction, found: &Found<'_>) -> Result<(), String> {
    let stages = scene.stages();
    let Some(own) = stages.stage_of(run.index) else {
        return Ok(());
    };
    let mut below = vec![false; stages.stages().len()];
    below[own] = true;
    for stage in stages.stages() {
        let child = stages.references().iter().any(|reference| {
            reference.at == stage.from
                && match reference.target {
                    Target::Stage(parent) => below.get(parent).copied().unwrap_or(false),
                    Target::Unknown => stage.index > own,
                    Target::Image(_) => false,
                }
        });
        below[stage.index] |= child;
        if !below[stage.index] {
            continue;
        }
        for index in stage
            .instructions
            .clone()
            .filter(|index| *index > run.index)
        {
            let Some(other) = scene.file.instructions.get(index) else {
                continue;
            };
            let line = other.lines.0;
            match other.keyword {
                Keyword::Run | Keyword::Onbuild => {
                    let script = scene.script(index);
                    let builds = script.is_none_or(|script| {
                        script.calls().any(|call| may_build(&call, scene.knowledge))
                            || system_calls(script, scene.knowledge).iter().any(|one| {
                                let words = words(one.call.simple);
                                one.system
                                    .package_names(&words)
                                    .any(|name| found.names.iter().any(|other| other == name))
                            })
                    });
                    if builds {
                        return Err(format!(
                            "line {line} may build with what this RUN installs, such as `{}`",
                            found.names.first().map_or("", String::as_str)
                        ));
                    }
                }
                Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                    let text = scene.file.text(other.span);
                    let named = text
                        .split(|c: char| !(c.is_ascii_alphanumeric() || "-+.".contains(c)))
                        .find(|word| found.manager.is_build_package(word));
                    if let Some(name) = named {
                        return Err(format!("line {line} names `{name}`"));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
