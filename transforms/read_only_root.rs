//! Says how the image runs with a root file system that nobody can write to.
//!
//! ## Why
//!
//! What can't be written can't be replaced: an intruder puts no program beside yours, and a bug fills no layer. Most servers need
//! only `/tmp` and a folder or two.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM nginx:1.29
//! COPY dist /usr/share/nginx/html
//! ```
//!
//! ```advice
//! services:
//!   app:
//!     build: .
//!     read_only: true
//!     tmpfs:
//!       - /tmp
//!       - /run
//!       - /var/cache/nginx
//! ```
//!
//! VOLUMEs stay writable. What is named: folders that the base image's server or the program is known to write, and those that RUN
//! makes for logs, caches and the like.
//!
//! ## When it refuses
//!
//! It is silent where a compose file says `read_only: true` already, and of images that start no program that is known here: a
//! shell, an image to build upon, a stage for tests.
//!
//! ## Safety
//!
//! Advice: it is said where the container is run, not in the Dockerfile.
//!
//! ## Known problems
//!
//! A program may write where nobody expects it: run it once and look at `docker diff`.

use std::collections::BTreeSet;

use crate::context::Origin;
use crate::knowledge::Family;
use crate::runtime::{Runtime, name, services};
use crate::syntax::Keyword;
use crate::transform::{Change, Proposal, Scene, Transform};

/// The transform of this page.
pub struct ReadOnlyRoot;

/// Names of folders that RUN makes for what need not stay.
const PASSING: [&str; 8] = [
    "tmp", "temp", "cache", "log", "logs", "run", "pids", "sockets",
];

impl Transform for ReadOnlyRoot {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        advise(scene).map(Proposal::from).into_iter().collect()
    }
}

fn advise(scene: &Scene<'_>) -> Option<Change> {
    let runtime = Runtime::of(scene)?;
    if runtime.state.family == Family::Windows {
        return None;
    }
    let mut paths = BTreeSet::from(["/tmp".to_owned()]);
    let mut known = false;
    let mut note = |what: &str, paths: &mut BTreeSet<String>| {
        if let Some(written) = scene.knowledge.writes_at_run(what) {
            known = true;
            for path in written {
                match path.strip_prefix("~/") {
                    Some(rest) => paths.extend(home(&runtime).map(|home| format!("{home}/{rest}"))),
                    None => {
                        paths.insert(path.clone());
                    }
                }
            }
        }
    };
    if let Some(image) = &runtime.image {
        note(&image.reference.name, &mut paths);
    }
    for words in runtime.commands(scene)? {
        for word in words.iter().take(4) {
            note(name(word), &mut paths);
        }
    }
    let fixed = matches!(runtime.state.family, Family::Scratch | Family::Distroless);
    let starts = runtime.cmd.or(runtime.entrypoint);
    if !(known || fixed && starts.is_some()) {
        return None;
    }
    paths.extend(passing(scene, &runtime));
    let volumes: Vec<&str> = runtime.state.volumes().collect();
    paths.retain(|path| !volumes.contains(&path.as_str()));
    let services = services(scene);
    if !services.is_empty()
        && services
            .iter()
            .all(|service| service.read_only == Some(true))
    {
        return None;
    }
    let service = services
        .iter()
        .find_map(|service| match &service.origin {
            Origin::Compose { service, .. } => Some(service.as_str()),
            _ => None,
        })
        .unwrap_or("app");
    let mut text =
        format!("services:\n  {service}:\n    build: .\n    read_only: true\n    tmpfs:\n");
    for path in &paths {
        text.push_str(&format!("      - {path}\n"));
    }
    let at = starts
        .or(scene.file.instructions.get(runtime.stage.from))?
        .span;
    let count = paths.len();
    let mut reason = format!("it can run with a read-only root and {count} tmpfs");
    if !volumes.is_empty() {
        reason.push_str(&format!("; VOLUME {} stays writable", volumes.join(", ")));
    }
    Some(Change::advice(at, reason).snippet("compose.yaml", text.trim_end()))
}

/// The home of the user that runs it, where that can be told.
fn home(runtime: &Runtime<'_>) -> Option<String> {
    if let Some(home) = runtime.state.env.value("HOME").known() {
        return Some(home.to_owned());
    }
    let user = &runtime.state.user;
    if user.is_root()? {
        return Some("/root".to_owned());
    }
    let ready = runtime.image.as_ref()?.ready_user()?;
    let named = user.text.as_deref()?.split(':').next()? == ready.name;
    (named || user.uid == Some(ready.uid)).then(|| format!("/home/{}", ready.name))
}

/// Folders that RUN makes for what need not stay.
fn passing(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for run in runtime
        .instructions
        .iter()
        .filter(|one| one.keyword == Keyword::Run)
    {
        let (Some(script), Some(state)) =
            (scene.script(run.index), scene.stages().before(run.index))
        else {
            continue;
        };
        for call in script
            .calls()
            .filter(|call| call.effective_program() == Some("mkdir"))
        {
            for word in call.effective_args().iter().filter_map(|word| word.fixed()) {
                if !word.starts_with('-') && PASSING.contains(&name(word)) {
                    found.extend(state.workdir.join(word));
                }
            }
        }
    }
    found.retain(|path| path != "/tmp" && !path.starts_with("/tmp/"));
    found
}
