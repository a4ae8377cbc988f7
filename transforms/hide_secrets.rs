//! Says how a secret in ARG or ENV reaches the build without staying in the image.
//!
//! ## Why
//!
//! Whoever can pull the image reads its ENV and, in `docker history`, the build arguments of each RUN. A file that a later step
//! removes is still in the layer below (`SecretsUsedInArgOrEnv`). A secret mount is there for one RUN and in no layer.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM node:22
//! ARG NPM_TOKEN
//! RUN npm ci
//! ```
//!
//! ```advice
//! RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN \
//!     npm ci
//!
//! NPM_TOKEN=… docker build --secret id=npm_token,env=NPM_TOKEN .
//! ```
//!
//! ## When it refuses
//!
//! It is silent of names that only look like one: `PUBLIC_KEY`, `KEYBOARD`. A name counts when one of its parts, apart by `_`, is
//! `token`, `password`, `secret`, `key`, `credentials` and the like, as for BuildKit's own check.
//!
//! ## Safety
//!
//! Advice: what builds the image has to hand the secret over in another way, so nothing is changed.
//!
//! ## Known problems
//!
//! `env=` in a secret mount needs the Dockerfile frontend 1.10; where the file asks for an older one, the text shown reads the
//! file below `/run/secrets`.

use crate::checks::is_secret;
use crate::runtime::keyword;
use crate::shell::Script;
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Proposal, Scene, Transform};

/// The transform of this page.
pub struct HideSecrets;

/// The frontend from which a secret mount may set a variable.
const SETS_VARIABLE: (u32, u32) = (1, 10);

impl Transform for HideSecrets {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for one in &scene.file.instructions {
            let names: Vec<&str> = match one.keyword {
                Keyword::Arg => one
                    .args
                    .words()
                    .iter()
                    .map(|word| word.text.split('=').next().unwrap_or_default())
                    .collect(),
                Keyword::Env => one
                    .args
                    .pairs()
                    .iter()
                    .map(|pair| pair.key.text.as_str())
                    .collect(),
                _ => continue,
            };
            let secret: Vec<&str> = names
                .into_iter()
                .filter(|name| is_secret(name) && plain(name))
                .collect();
            if !secret.is_empty() {
                proposals.push(advise(scene, one, &secret).into());
            }
        }
        proposals
    }
}

/// Whether a name stands in a command as it is.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn advise(scene: &Scene<'_>, one: &Instruction, names: &[&str]) -> Change {
    let list = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let stay = if one.keyword == Keyword::Arg {
        "in the image's history"
    } else {
        "in the image's config, for whoever pulls it"
    };
    let mut change = Change::advice(
        one.span,
        format!("{} {list} can be read {stay}", one.keyword.name()),
    );
    let users = users(scene, one, names);
    for (run, used) in &users {
        let line = run.lines.0;
        change = change.snippet(
            format!("Dockerfile, line {line}"),
            mounted(scene, run, used),
        );
    }
    if users.is_empty() && one.keyword == Keyword::Env {
        let text = names
            .iter()
            .map(|name| format!("docker run --env {name} IMAGE"))
            .collect::<Vec<_>>()
            .join("\n");
        return change.snippet("shell: given when it runs, not when it is built", text);
    }
    let used =
        |name: &&&str| users.is_empty() || users.iter().any(|(_, used)| used.contains(*name));
    let given: Vec<String> = names
        .iter()
        .filter(used)
        .map(|name| format!("--secret id={},env={name}", name.to_ascii_lowercase()))
        .collect();
    change.snippet("shell", format!("docker build {} .", given.join(" ")))
}

/// RUNs behind `one` that name a variable, or that may read it: with which names.
fn users<'s>(
    scene: &'s Scene<'_>,
    one: &Instruction,
    names: &[&'s str],
) -> Vec<(&'s Instruction, Vec<&'s str>)> {
    let Some(stage) = scene
        .stages()
        .stage_of(one.index)
        .and_then(|stage| scene.stages().get(stage))
    else {
        return Vec::new();
    };
    let behind = scene
        .file
        .instructions
        .get(one.index + 1..stage.instructions.end)
        .unwrap_or_default();
    let runs = || {
        behind
            .iter()
            .filter(|one| one.keyword == Keyword::Run && one.shell_at().is_some())
    };
    let named: Vec<_> = runs()
        .filter_map(|run| {
            let read = scene.script(run.index)?.variables_read();
            let used: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| read.contains(name))
                .collect();
            (!used.is_empty()).then_some((run, used))
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    // A program reads its environment: the first that talks to a registry.
    runs()
        .find(|run| {
            scene
                .script(run.index)
                .is_some_and(|script| fetches(scene, script))
        })
        .map(|run| (run, names.to_vec()))
        .into_iter()
        .collect()
}

fn fetches(scene: &Scene<'_>, script: &Script) -> bool {
    use crate::knowledge::LanguageAction::{Add, Install};
    crate::packages::language_calls(script, scene.knowledge)
        .iter()
        .any(|one| matches!(one.language.action, Install | Add))
}

/// The RUN with its secret mounts.
fn mounted(scene: &Scene<'_>, run: &Instruction, names: &[&str]) -> String {
    let features = scene
        .stages()
        .before(run.index)
        .map(|state| state.features.clone());
    let old = features.is_some_and(|features| {
        features.pinned_old
            || features
                .version
                .is_some_and(|version| version < SETS_VARIABLE && version != (1, 0))
    });
    let mut text = keyword(scene.file, "RUN");
    for flag in &run.flags {
        text.push(' ');
        text.push_str(&flag.text);
    }
    for name in names {
        let id = name.to_ascii_lowercase();
        let env = if old {
            String::new()
        } else {
            format!(",env={name}")
        };
        text.push_str(&format!(" --mount=type=secret,id={id}{env}"));
    }
    text.push_str(" \\\n    ");
    if old {
        for name in names {
            text.push_str(&format!(
                "export {name}=\"$(cat /run/secrets/{})\" && ",
                name.to_ascii_lowercase()
            ));
        }
    }
    let script = scene.file.text(run.source(run.rest_at)).replace('\r', "");
    text.push_str(script.trim_end());
    text
}
