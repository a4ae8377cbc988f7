//! Starts a Node program under a small init, which passes signals on and reaps what is left behind.
//!
//! ## Why
//!
//! Process 1 has no default action for signals: Node, started as it, ignores SIGTERM unless the program handles it, so that
//! `docker stop` waits ten seconds and kills; and its grandchildren stay as zombies.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM node:22-alpine
//! WORKDIR /app
//! COPY . .
//! CMD ["node", "server.js"]
//! ```
//!
//! ```diff
//! @@ -1,4 +1,6 @@
//!  FROM node:22-alpine
//! +RUN apk add --no-cache dumb-init
//!  WORKDIR /app
//!  COPY . .
//! +ENTRYPOINT ["dumb-init", "--"]
//!  CMD ["node", "server.js"]
//! ```
//!
//! `program = "tini"` under `[transforms.add-init]` takes the other one. Where the file installs one of them, that one is used.
//!
//! ## When it refuses
//!
//! * An ENTRYPOINT in this file, or one of the base image other than Node's own, which only starts its arguments.
//! * `init: true` or an `entrypoint` in a compose file that builds this one.
//! * A CMD in shell form: there a shell is process 1. `exec-form` first.
//! * A base without apt-get or apk, with a user other than root, or of a Debian release whose packages are no longer served.
//!
//! ## Safety
//!
//! Unsafe: a package more, and another process 1.
//!
//! ## Known problems
//!
//! `docker run --init` then starts a second one, which does no harm.

use crate::knowledge::{Entrypoint, SystemManager};
use crate::packages::system_calls;
use crate::runtime::{Runtime, above, below, keyword, name, services};
use crate::style::Style;
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct AddInit;

/// Programs that are Node, or start it.
const NODE: [&str; 7] = ["node", "nodejs", "npm", "npx", "yarn", "pnpm", "tsx"];

/// What can be process 1, with the words before the command.
const INITS: [&str; 2] = ["dumb-init", "tini"];

/// Parts of tags of releases whose packages have left the servers.
const GONE: [&str; 4] = ["wheezy", "jessie", "stretch", "buster"];

/// The first major version of Node whose Debian is still served.
const SERVED: u32 = 16;

impl Transform for AddInit {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(runtime) = Runtime::of(scene) else {
            return Vec::new();
        };
        let Some(cmd) = runtime.cmd.or(runtime.entrypoint) else {
            return Vec::new();
        };
        let has_init = runtime.entrypoint.is_some_and(|one| {
            let first = one.args.words().first();
            first.is_some_and(|word| INITS.contains(&name(&word.text)))
        });
        if has_init || !starts_node(scene, &runtime) {
            return Vec::new();
        }
        let answer = add(scene, &runtime, cmd);
        vec![answer.map_or_else(|reason| Proposal::refuse(cmd.span, reason), Proposal::from)]
    }
}

fn starts_node(scene: &Scene<'_>, runtime: &Runtime<'_>) -> bool {
    runtime
        .commands(scene)
        .into_iter()
        .flatten()
        .any(|words| words.first().is_some_and(|word| NODE.contains(&name(word))))
}

fn add(scene: &Scene<'_>, runtime: &Runtime<'_>, cmd: &Instruction) -> Result<Change, String> {
    if let Some(entrypoint) = runtime.entrypoint {
        return Err(format!(
            "the ENTRYPOINT on line {} is process 1",
            entrypoint.lines.0
        ));
    }
    if !runtime.stage.instructions.contains(&cmd.index) {
        return Err(
            "an ENTRYPOINT here would drop the CMD of the stage that it starts from".to_owned(),
        );
    }
    if !cmd.is_json() {
        return Err("CMD is in shell form, so a shell is process 1".to_owned());
    }
    let image = runtime
        .image
        .as_ref()
        .ok_or("nothing is known of the base image")?;
    match image.entrypoint() {
        Entrypoint::Absent => {}
        Entrypoint::Is(text)
            if text == r#"["docker-entrypoint.sh"]"# && image.reference.name == "node" => {}
        Entrypoint::Is(_) => return Err("the base image has an ENTRYPOINT of its own".to_owned()),
        Entrypoint::Unknown => return Err("nobody has read the base image's ENTRYPOINT".to_owned()),
    }
    for service in services(scene) {
        if service.init == Some(true) {
            return Err("a compose file has `init: true`, which does the same".to_owned());
        }
        if service.entrypoint.is_some() {
            return Err("a compose file sets the ENTRYPOINT".to_owned());
        }
    }
    let own: Vec<&Instruction> = runtime.own().collect();
    let mut edits = Vec::new();
    let mut fewer = -1;
    let (init, installed) = chosen(scene, runtime)?;
    if !installed {
        let from = own.first().copied().ok_or("the final stage has no FROM")?;
        let first = scene
            .stages()
            .before(from.index + 1)
            .unwrap_or(runtime.state);
        if first.user.is_root() != Some(true) {
            return Err("the base image's user can't install a package".to_owned());
        }
        if first.dialect().is_none() {
            return Err("SHELL names no shell that is understood here".to_owned());
        }
        let manager = image
            .managers()
            .unwrap_or_default()
            .iter()
            .find(|id| ["apt-get", "apk"].contains(&id.as_str()))
            .and_then(|id| scene.knowledge.system_manager(id))
            .ok_or("neither apt-get nor apk is known to be in the base image")?;
        if manager.id == "apt-get"
            && is_gone(
                image.reference.name.as_str(),
                image.reference.tag.as_deref(),
            )
            && !updates(scene, &own)
        {
            return Err("the packages of its Debian release may no longer be served".to_owned());
        }
        let style = Style::of(scene.file, &own);
        let run = keyword(scene.file, "RUN");
        edits.push(below(
            scene.file,
            from,
            &format!("{run} {}", install(manager, init, &style)),
        ));
        fewer -= 1;
    }
    let line = format!("{} [\"{init}\", \"--\"]", keyword(scene.file, "ENTRYPOINT"));
    let entrypoint = above(scene.file, cmd, &line);
    match (edits.first_mut(), entrypoint) {
        // FROM and CMD may be neighbours.
        (
            Some(Edit::Replace { range, text, .. }),
            Edit::Replace {
                range: at,
                text: more,
                ..
            },
        ) if *range == at => text.push_str(&more),
        (_, entrypoint) => edits.push(entrypoint),
    }
    let reason = format!(
        "start `{init}` as process 1: Node there ignores signals that it does not handle, and reaps no child"
    );
    Ok(Change::new(cmd.span, Safety::Unsafe, reason, edits).fewer(fewer))
}

/// Which init, and whether the file installs it.
fn chosen(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Result<(&'static str, bool), String> {
    for run in runtime
        .instructions
        .iter()
        .filter(|one| one.keyword == Keyword::Run)
    {
        let Some(script) = scene.script(run.index) else {
            continue;
        };
        for one in system_calls(script, scene.knowledge) {
            if let Some(init) = INITS.iter().find(|init| {
                one.call
                    .args()
                    .iter()
                    .any(|word| word.fixed() == Some(init))
            }) {
                return Ok((init, true));
            }
        }
    }
    let wanted = scene
        .config
        .string("add-init", "program")
        .unwrap_or("dumb-init");
    INITS
        .iter()
        .find(|init| **init == wanted)
        .map(|init| (*init, false))
        .ok_or_else(|| {
            format!("`program` in the configuration is `{wanted}`, and not `dumb-init` or `tini`")
        })
}

/// Whether the packages of an image's Debian release may have left the servers.
fn is_gone(image: &str, tag: Option<&str>) -> bool {
    let tag = tag.unwrap_or_default();
    let old = |text: &str| {
        text.split(['-', '.'])
            .next()
            .and_then(|major| major.parse::<u32>().ok())
            .is_some_and(|major| major < SERVED)
    };
    tag.split('-').any(|part| GONE.contains(&part)) || image == "node" && old(tag)
}

/// Whether the stage fetches lists itself, so that they are served.
fn updates(scene: &Scene<'_>, own: &[&Instruction]) -> bool {
    own.iter()
        .filter(|one| one.keyword == Keyword::Run)
        .filter_map(|run| scene.script(run.index))
        .any(|script| !system_calls(script, scene.knowledge).is_empty())
}

/// The commands that install `package`, in the manager's own manner.
fn install(manager: &SystemManager, package: &str, style: &Style) -> String {
    let word = |words: &[String]| {
        words
            .first()
            .map(|word| format!(" {word}"))
            .unwrap_or_default()
    };
    let program = manager.programs.first().unwrap_or(&manager.id);
    let mut steps = Vec::new();
    let fetches = manager
        .no_cache
        .first()
        .is_some_and(|flag| manager.install_updates.contains(flag))
        || manager.install_updates.iter().any(|flag| flag == "*");
    if !fetches {
        steps.push(format!("{program}{}", word(&manager.update)));
    }
    steps.push(format!(
        "{program}{}{}{}{} {package}",
        word(&manager.install),
        word(&manager.assume_yes),
        word(&manager.no_recommends),
        word(&manager.no_cache),
    ));
    if let Some(cleanup) = manager.cleanup.as_ref().filter(|_| !fetches) {
        steps.push(cleanup.command.clone());
    }
    let Style {
        line_end, escape, ..
    } = style;
    if style.operator_first {
        steps.join(&format!(" {escape}{line_end}{}&& ", style.operator_indent))
    } else {
        steps.join(&format!(" && {escape}{line_end}{}", style.indent))
    }
}
