//! Stores: mounted in each step that uses them, or in none.

use crate::packages::words;
use crate::shell::Dialect;
use crate::stage::Base;
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::{Proposal, Scene};

use super::asks::root_of;
use super::plan::Plan;

/// Programs that run others again and again, or whatever a file says.
const RUN_OTHERS: [&str; 12] = [
    "make",
    "sh",
    "bash",
    "ash",
    "air",
    "reflex",
    "realize",
    "CompileDaemon",
    "watchexec",
    "entr",
    "nodemon",
    "task",
];

/// Takes the mounts of stores away where not every user of the store has one, or the image needs it, and says why.
pub(super) fn settle<'s>(
    scene: &Scene<'_>,
    mut plans: Vec<Plan<'s>>,
) -> (Vec<Plan<'s>>, Vec<(usize, Proposal)>) {
    let mut stores: Vec<(usize, &'s str)> = plans
        .iter()
        .flat_map(|plan| plan.mounts.iter().map(move |mount| (plan.tree, mount)))
        .filter(|(_, mount)| mount.is_store())
        .map(|(tree, mount)| (tree, mount.manager.id.as_str()))
        .collect();
    stores.sort_unstable();
    stores.dedup();
    let mut refusals = Vec::new();
    for (tree, manager) in stores {
        let Some(reason) = unfit(scene, &plans, tree, manager) else {
            continue;
        };
        let first = plans
            .iter()
            .find(|plan| {
                plan.tree == tree && plan.mounts.iter().any(|one| one.manager.id == manager)
            })
            .and_then(|plan| scene.file.instructions.get(plan.at));
        if let Some(run) = first {
            let reason = format!("no cache mount for {manager}: {reason}");
            refusals.push((run.span.start, Proposal::refuse(run.span, reason)));
        }
        for plan in plans.iter_mut().filter(|plan| plan.tree == tree) {
            plan.mounts.retain(|one| one.manager.id != manager);
        }
    }
    (plans, refusals)
}

/// Where a store is mounted, and whose it is.
type Place<'a> = (&'a str, Option<(u32, u32)>);

fn unfit(scene: &Scene<'_>, plans: &[Plan<'_>], tree: usize, manager: &str) -> Option<String> {
    let line = |at: usize| scene.file.instructions.get(at).map_or(0, |one| one.lines.0);
    let users = || {
        plans
            .iter()
            .filter(|plan| plan.tree == tree && plan.managers.iter().any(|one| one.id == manager))
    };
    let mut stores: Option<Vec<Place<'_>>> = None;
    for user in users() {
        let mut own: Vec<_> = user
            .mounts
            .iter()
            .filter(|one| one.manager.id == manager && one.is_store())
            .map(|one| (one.target.as_str(), one.owner))
            .collect();
        own.sort_unstable();
        if own.is_empty() {
            let why = user.refused.as_deref().map_or_else(
                || "has a mount of its own".to_owned(),
                |why| format!("gets none ({why})"),
            );
            return Some(format!(
                "line {}, which uses the store too, {why}",
                line(user.at)
            ));
        }
        match &stores {
            Some(stores) if *stores != own => {
                return Some(format!(
                    "line {} has the store in another place",
                    line(user.at)
                ));
            }
            _ => stores = Some(own),
        }
    }
    // Nothing is known of what an unknown base image keeps in its store.
    if users().any(|user| {
        user.ground
            .as_ref()
            .is_some_and(|ground| ground.image.is_none())
    }) {
        return Some("what the base image keeps in the store is not known".to_owned());
    }
    let first = users().map(|user| user.at).min()?;
    let used: Vec<usize> = users().map(|user| user.at).collect();
    let hidden = scene.file.instructions.iter().find(|one| {
        one.index > first
            && one.keyword == Keyword::Run
            && !used.contains(&one.index)
            && in_tree(scene, one.index, tree)
            && may_use(scene, one)
    });
    if let Some(one) = hidden {
        return Some(format!(
            "line {} may use the store in a script that is not seen",
            one.lines.0
        ));
    }
    scene
        .stages()
        .leaves()
        .into_iter()
        .filter(|leaf| root_of(scene, *leaf) == tree)
        .find_map(|leaf| at_run_time(scene, leaf, manager))
}

fn in_tree(scene: &Scene<'_>, at: usize, tree: usize) -> bool {
    scene
        .stages()
        .stage_of(at)
        .is_some_and(|stage| root_of(scene, stage) == tree)
}

/// Whether a RUN may call a manager without saying so.
fn may_use(scene: &Scene<'_>, run: &Instruction) -> bool {
    let knowledge = scene.knowledge;
    let calls = |words: &[Option<&str>]| {
        knowledge.system_call(words).is_none()
            && knowledge.language_call(words).is_none()
            && knowledge.may_call_system_manager(words)
    };
    match (&run.args, scene.script(run.index)) {
        (_, Some(script)) => script.calls().any(|call| calls(&words(call.simple))),
        (Args::Json(list), _) => {
            let list: Vec<_> = list.iter().map(|word| Some(word.text.as_str())).collect();
            calls(&list)
        }
        _ => true,
    }
}

/// Why the image of stage `leaf` needs the store when it runs.
fn at_run_time(scene: &Scene<'_>, leaf: usize, manager: &str) -> Option<String> {
    let mut commands: Vec<&Instruction> = Vec::new();
    let mut stage = Some(leaf);
    while let Some(one) = stage.and_then(|stage| scene.stages().get(stage)) {
        let own = scene.file.instructions.get(one.instructions.clone())?;
        for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
            if !commands.iter().any(|command| command.keyword == keyword) {
                commands.extend(own.iter().rfind(|one| one.keyword == keyword));
            }
        }
        stage = match one.base {
            Base::Stage(parent) if parent < one.index => Some(parent),
            _ => None,
        };
    }
    if !commands
        .iter()
        .any(|one| matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint))
    {
        // A stage that only gives files to others needs no command; one that is the image is for work by hand.
        let last = scene.stages().final_stage().map(|stage| stage.index);
        return (last == Some(leaf)).then(|| {
            "the image has no command of its own: whoever runs it may need the store".to_owned()
        });
    }
    commands.into_iter().find_map(|command| {
        let line = command.lines.0;
        let needs = |words: &[Option<&str>]| {
            let call = scene.knowledge.language_call(words);
            if call.as_ref().is_some_and(|call| call.manager.id == manager) {
                let verb = call.map(|call| call.action);
                return !matches!(verb, Some(crate::knowledge::LanguageAction::Other));
            }
            let name = words.first().copied().flatten().unwrap_or_default();
            let base = name.rsplit('/').next().unwrap_or(name);
            base.ends_with(".sh")
                || RUN_OTHERS.contains(&base)
                || words
                    .iter()
                    .flatten()
                    .any(|word| word.ends_with(".sh") || word.starts_with(&format!("{manager} ")))
        };
        let found = match &command.args {
            Args::Json(list) => {
                let list: Vec<_> = list.iter().map(|word| Some(word.text.as_str())).collect();
                needs(&list)
            }
            _ => match command.shell_at().and_then(|at| {
                scene.parse_script(Dialect::Sh, command.logical.text().get(at.range())?)
            }) {
                Some(script) => script.calls().any(|call| needs(&words(call.simple))),
                None => false,
            },
        };
        found
            .then(|| format!("line {line} may run the manager in the image, which needs its store"))
    })
}
