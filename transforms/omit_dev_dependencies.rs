//! Installs no development dependencies into the image that ships.
//!
//! ## Why
//!
//! Test runners, linters and type checkers are often most of what a manifest names. In the stage whose layers ship they only cost
//! space, and every one of them is code that an attacker may find.
//!
//! ## Example
//!
//! ```file:package.json
//! { "dependencies": { "express": "^4.19.2" }, "devDependencies": { "jest": "^29.7.0" } }
//! ```
//!
//! ```dockerfile
//! FROM node:22-slim
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm ci
//! COPY . .
//! CMD ["node", "index.js"]
//! ```
//!
//! ```diff
//! @@ -1,6 +1,6 @@
//!  FROM node:22-slim
//!  WORKDIR /app
//!  COPY package*.json ./
//! -RUN npm ci
//! +RUN npm ci --omit=dev
//!  COPY . .
//!  CMD ["node", "index.js"]
//! ```
//!
//! The flags of the other managers are those of the tables: `--prod` for pnpm, `--no-dev` for composer and uv, `--only main` for
//! poetry.
//!
//! ## When it refuses
//!
//! * A later step of the stage builds, tests, or runs a program that nobody knows: it may be one of them.
//! * CMD runs a task of package.json that calls something else than node or a dependency of the running program.
//! * A lifecycle script, such as `prepare: husky`, needs one: the install itself would fail.
//! * package.json is not at hand, or the stage is one for development.
//! * The manager has no flag for it that all its versions know (Bundler, yarn 2 and later).
//!
//! ## Safety
//!
//! Unsafe. The image lacks the packages, on purpose; a program that loads one of them all the same fails when it runs.
//!
//! ## Known problems
//!
//! What the program's own code imports is not read.

use crate::context::manifests::javascript::{Group, PackageJson};
use crate::knowledge::LanguageAction;
use crate::packages::{LanguageUse, language_calls, words};
use crate::project::{command_words, text_in_workdir};
use crate::shell::{Context, Script};
use crate::stage::{Base, Stage};
use crate::style::after_word;
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct OmitDevDependencies;

impl Transform for OmitDevDependencies {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let stages = scene.stages().stages();
        let ships = stages
            .iter()
            .filter(|stage| scene.stages().ships(stage.index));
        let mut proposals = Vec::new();
        for index in ships.flat_map(|stage| stage.instructions.clone()) {
            let (Some(run), Some(script)) =
                (scene.file.instructions.get(index), scene.script(index))
            else {
                continue;
            };
            if run.keyword != Keyword::Run {
                continue;
            }
            for call in language_calls(script, scene.knowledge) {
                match omit(scene, run, script, &call) {
                    Ok(None) => {}
                    Ok(Some(change)) => proposals.push(change.into()),
                    Err(reason) => proposals.push(Proposal::refuse(run.span, reason)),
                }
            }
        }
        proposals
    }
}

fn omit(
    scene: &Scene<'_>,
    run: &Instruction,
    script: &Script,
    one: &LanguageUse<'_>,
) -> Result<Option<Change>, String> {
    let call = &one.language;
    let manager = call.manager;
    let words = words(one.call.simple);
    let verb = call.verb_text(&words);
    let installs = matches!(
        (manager.id.as_str(), verb.as_str()),
        ("npm", "ci" | "clean-install" | "install" | "i")
            | ("yarn", "" | "install")
            | ("pnpm", "install" | "i")
            | ("bun" | "poetry" | "pdm", "install" | "sync")
            | ("composer", "install")
            | ("bundler", "install" | "")
            | ("uv", "sync")
    );
    let state = scene
        .stages()
        .before(run.index)
        .ok_or("the RUN stands outside of a stage")?;
    let set = |list: &[String]| {
        list.iter()
            .filter_map(|one| one.split_once('='))
            .any(|(name, _)| {
                state.env.get(name).is_some()
                    || one
                        .call
                        .simple
                        .assignments
                        .iter()
                        .any(|set| set.name == name)
            })
    };
    let grouped = words.iter().flatten().any(|word| {
        [
            "--with",
            "--without",
            "--only",
            "--group",
            "--dev",
            "--include",
            "--all-groups",
            "--no-default-groups",
            "-D",
            "--no-dev",
        ]
        .iter()
        .any(|flag| word.split('=').next() == Some(flag))
    });
    let global = words
        .iter()
        .flatten()
        .any(|word| matches!(*word, "-g" | "--global"));
    let Some(flag) = manager.omit_dev.first() else {
        return Ok(None);
    };
    if !installs
        || call.action != LanguageAction::Install
        || call.says(&words, &manager.omit_dev)
        || grouped
        || global
    {
        return Ok(None);
    }
    let line = run.lines.0;
    let id = manager.id.as_str();
    if set(&manager.omit_dev_variables) {
        let development = state.env.value("NODE_ENV").known() == Some("development");
        return if development {
            Err(format!(
                "NODE_ENV says that the image of line {line} is for development"
            ))
        } else {
            Ok(None)
        };
    }
    if !call.is_literal() || !one.call.top_level || one.call.is_in(Context::OrList) {
        return Err(format!("the {id} of line {line} is no plain command"));
    }
    let manifest = match manager.ecosystem.as_str() {
        "javascript" => {
            let text = text_in_workdir(scene, run.index, "package.json")
                .ok_or("package.json is not at hand, so nobody knows what the program needs")?;
            let manifest = PackageJson::parse(&text)?;
            if !manifest
                .dependencies
                .iter()
                .any(|one| one.group == Group::Dev)
            {
                return Ok(None);
            }
            Some(manifest)
        }
        _ => None,
    };
    if id == "bundler" {
        return Err(
            "Bundler forgets the flag: BUNDLE_WITHOUT has to hold for the running program too"
                .to_owned(),
        );
    }
    if id == "yarn"
        && !text_in_workdir(scene, run.index, "yarn.lock")
            .is_some_and(|text| text.contains("yarn lockfile v1"))
    {
        return Err(
            "yarn 2 and later have no such flag, and no yarn.lock of version 1 is at hand"
                .to_owned(),
        );
    }
    let stage = scene
        .stages()
        .stage_of(run.index)
        .and_then(|index| scene.stages().get(index))
        .ok_or("the RUN stands outside of a stage")?;
    if let Some(name) = stage.name.as_deref().filter(|name| {
        ["dev", "test", "ci"]
            .iter()
            .any(|word| name.split(['-', '_']).any(|part| part.starts_with(word)))
    }) {
        return Err(format!("the stage {name} seems to be for development"));
    }
    if let Some(manifest) = &manifest {
        lifecycle(manifest, &words)?;
    }
    later(scene, run, script, one)?;
    for stage in scene
        .stages()
        .stages()
        .iter()
        .filter(|other| descends(scene, other, stage.index))
    {
        for at in stage.instructions.clone().filter(|at| *at > run.index) {
            if let Some(one) = scene.file.instructions.get(at) {
                needs(scene, one, manager.ecosystem.as_str(), manifest.as_ref())?;
            }
        }
    }
    let flag = match (id, base_major(scene, stage)) {
        // npm 6, which came with node 14, passes over the new one.
        ("npm", Some(major)) if major < 16 => "--production",
        _ => flag,
    };
    let at = call.verb.last().copied().unwrap_or(call.program);
    let word = one
        .call
        .simple
        .words
        .get(at)
        .ok_or("the command has no words")?;
    let edit = after_word(scene.file, run, word.span, &format!(" {flag}"))
        .ok_or("the RUN has no script")?;
    let reason = match manifest.map(|manifest| {
        manifest
            .dependencies
            .iter()
            .filter(|one| one.group == Group::Dev)
            .count()
    }) {
        Some(count) => {
            format!("leave {count} development dependencies out: no later step builds or tests")
        }
        None => {
            format!("leave development dependencies of {id} out: no later step builds or tests")
        }
    };
    Ok(Some(Change::new(
        run.span,
        Safety::Unsafe,
        reason,
        vec![edit],
    )))
}

fn descends(scene: &Scene<'_>, stage: &Stage, from: usize) -> bool {
    let mut at = Some(stage);
    while let Some(stage) = at {
        if stage.index == from {
            return true;
        }
        at = match stage.base {
            Base::Stage(parent) => scene.stages().get(parent),
            _ => None,
        };
    }
    false
}

/// The version in the base's tag: `node:14-slim` is 14.
fn base_major(scene: &Scene<'_>, stage: &Stage) -> Option<u32> {
    let mut base = &stage.base;
    while let Base::Stage(parent) = base {
        base = &scene.stages().get(*parent)?.base;
    }
    let Base::Image { reference } = base else {
        return None;
    };
    let (name, tag) = reference.rsplit_once(':')?;
    if name.rsplit('/').next() != Some("node") {
        return None;
    }
    tag.split(['.', '-']).next()?.parse().ok()
}

/// Whether the install runs something of the project that may need them.
fn lifecycle(manifest: &PackageJson, words: &[Option<&str>]) -> Result<(), String> {
    if words.contains(&Some("--ignore-scripts")) {
        return Ok(());
    }
    for name in [
        "preinstall",
        "install",
        "postinstall",
        "prepublish",
        "preprepare",
        "prepare",
        "postprepare",
    ] {
        if let Some(script) = manifest.script(name) {
            plain(manifest, script).map_err(|program| format!("the script {name} of package.json runs {program} at install, which may be one of them"))?;
        }
    }
    Ok(())
}

/// The program of a script that may be a development dependency.
fn plain(manifest: &PackageJson, script: &str) -> Result<(), String> {
    let first = script
        .split_whitespace()
        .find(|word| !word.contains('='))
        .unwrap_or_default();
    let runtime = manifest
        .dependencies
        .iter()
        .any(|one| one.name == first && one.group == Group::Runtime);
    let shell = script.contains(['&', '|', ';', '`', '$']);
    if (matches!(first, "node" | "echo" | "true" | "exit") || runtime) && !shell {
        Ok(())
    } else {
        Err(if shell {
            "more than one command".to_owned()
        } else {
            first.to_owned()
        })
    }
}

/// What follows in the same script.
fn later(
    scene: &Scene<'_>,
    run: &Instruction,
    script: &Script,
    one: &LanguageUse<'_>,
) -> Result<(), String> {
    let after = script
        .calls()
        .filter(|call| call.simple.span.start > one.call.simple.span.end);
    for call in after {
        command(
            scene,
            run.lines.0,
            &words(call.simple),
            &one.language.manager.ecosystem,
        )?;
    }
    Ok(())
}

fn needs(
    scene: &Scene<'_>,
    one: &Instruction,
    ecosystem: &str,
    manifest: Option<&PackageJson>,
) -> Result<(), String> {
    let line = one.lines.0;
    match one.keyword {
        Keyword::Run => {
            let script = scene.script(one.index).ok_or_else(|| {
                format!("the RUN of line {line} may need them, and is not understood")
            })?;
            for call in script.calls() {
                command(scene, line, &words(call.simple), ecosystem)?;
            }
        }
        Keyword::Cmd | Keyword::Entrypoint => {
            let Some(manifest) = manifest else {
                return Ok(());
            };
            let Some(words) = command_words(scene, one.index) else {
                let text = one.rest().unwrap_or_default();
                let tasks = ["npm ", "npx ", "yarn ", "pnpm ", "node_modules/.bin"];
                return match tasks.iter().find(|task| text.contains(**task)) {
                    Some(task) => Err(format!(
                        "line {line} runs {} by a script that may need them",
                        task.trim()
                    )),
                    None => Ok(()),
                };
            };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let task = match words.as_slice() {
                [
                    "npm" | "yarn" | "pnpm" | "bun",
                    "run" | "run-script",
                    task,
                    ..,
                ] => *task,
                ["npm" | "yarn" | "pnpm" | "bun", task, ..] => *task,
                ["npx", program, ..] => {
                    return plain(manifest, program).map_err(|program| {
                        format!("line {line} runs {program}, which may be one of them")
                    });
                }
                [program, ..] if program.contains("node_modules") => {
                    return Err(format!(
                        "line {line} runs {program}, which may be one of them"
                    ));
                }
                _ => return Ok(()),
            };
            let Some(script) = manifest.script(task) else {
                return Ok(());
            };
            plain(manifest, script).map_err(|program| format!("the script {task}, which line {line} runs, calls {program}, which may be one of them"))?;
        }
        _ => {}
    }
    Ok(())
}

/// Whether a command of a build may be one of them, or need them.
fn command(
    scene: &Scene<'_>,
    line: usize,
    words: &[Option<&str>],
    ecosystem: &str,
) -> Result<(), String> {
    let knowledge = scene.knowledge;
    if let Some(call) = knowledge.language_call(words) {
        let builds = matches!(
            call.action,
            LanguageAction::Build | LanguageAction::Test | LanguageAction::Run
        );
        return if builds && call.manager.ecosystem == ecosystem && call.manager.id != "composer" {
            let verb = call.verb_text(words);
            Err(format!(
                "{} {verb} of line {line} may need them",
                call.manager.id
            ))
        } else {
            Ok(())
        };
    }
    if words.is_empty() || knowledge.system_call(words).is_some() {
        return Ok(());
    }
    let name = knowledge
        .command_at(words)
        .and_then(|at| words.get(at).copied().flatten());
    match name {
        Some(name) if knowledge.program(name).is_some() || knowledge.is_builtin(name) => Ok(()),
        Some(name) => Err(format!("{name} of line {line} may be one of them")),
        None => Err(format!(
            "a command of line {line} is not known before it runs"
        )),
    }
}
