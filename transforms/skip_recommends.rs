//! Leaves recommended packages out of installs.
//!
//! ## Why
//!
//! apt, dnf and zypper also install what a package merely recommends: documentation, mail servers, fonts. An image seldom
//! needs any of it, and each package that is not there needs no updates.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update && apt-get install -y git
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -RUN apt-get update && apt-get install -y git
//! +RUN apt-get update && apt-get install -y --no-install-recommends git
//! ```
//!
//! ## When it refuses
//!
//! In silence: the flag, or its opposite, is there; a RUN, ENV or COPY of this file above it sets the manager's option
//! for good, such as a file in `/etc/apt/apt.conf.d`; a variable stands before `install`, and may hold either.
//!
//! ## Safety
//!
//! Unsafe: the image holds fewer packages, on purpose. What it needs has to be named: `curl` and `git` recommend
//! `ca-certificates`, without which no address that starts with `https` is trusted.
//!
//! ## Known problems
//!
//! A setting that the base image brings is not seen; then the flag is one word too many.

use crate::knowledge::{SystemAction, SystemManager};
use crate::packages::{SystemUse, system_calls};
use crate::stage::Base;
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct SkipRecommends;

impl Transform for SkipRecommends {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut set = None;
        let mut proposals = Vec::new();
        for run in &scene.file.instructions {
            if run.keyword != Keyword::Run {
                continue;
            }
            let (Some(script), Some(at)) = (scene.script(run.index), run.shell_at()) else {
                continue;
            };
            let mut edits = Vec::new();
            let mut names = Vec::new();
            for one in system_calls(script, scene.knowledge) {
                let manager = one.system.manager;
                if !installs(&one) || says_something(&one, script.text.as_str()) {
                    continue;
                }
                let set = set.get_or_insert_with(|| settings(scene));
                if is_set(scene, set, run.index, manager) {
                    continue;
                }
                let Some(place) = place(&one) else {
                    continue;
                };
                let Some(flag) = manager.no_recommends.first() else {
                    continue;
                };
                let Some(word) = one.call.simple.words.get(place) else {
                    continue;
                };
                let end = run.source(word.span.shift(at.start)).end;
                edits.push(Edit::insert(end, format!(" {flag}")));
                names.push(manager.id.as_str());
            }
            names.dedup();
            if edits.is_empty() {
                continue;
            }
            let reason = format!(
                "leave out what packages of `{}` merely recommend: what the image needs has to be named, such as `ca-certificates`",
                names.join("` and `")
            );
            proposals.push(Change::new(run.span, Safety::Unsafe, reason, edits).into());
        }
        proposals
    }
}

/// Whether a call installs packages that may recommend others.
fn installs(one: &SystemUse<'_>) -> bool {
    let words = crate::packages::words(one.call.simple);
    let system = &one.system;
    // `install`, `in`: a swap or reinstall brings what was named before.
    let verb = match system.verb.as_slice() {
        [verb] => words.get(*verb).copied().flatten(),
        _ => None,
    };
    let plain = system.manager.install.first();
    system.action == SystemAction::Install
        && verb.is_some_and(|verb| plain.is_some_and(|plain| plain.starts_with(verb)))
        && !system.manager.no_recommends.is_empty()
        && !system.is_elsewhere(&words)
        && (!system.packages.is_empty() || !system.opaque.is_empty() || system.open)
}

/// Whether the call itself says something about recommended packages, in whatever form.
fn says_something(one: &SystemUse<'_>, text: &str) -> bool {
    let words = crate::packages::words(one.call.simple);
    let span = one.call.simple.span;
    let text = text.get(span.range()).unwrap_or_default();
    one.system.says(&words, &one.system.manager.no_recommends)
        || names_option(text, &one.system.manager.recommends_option)
}

fn names_option(text: &str, options: &[String]) -> bool {
    let text = text.to_ascii_lowercase();
    options.iter().any(|option| text.contains(option.as_str()))
}

/// The word behind which the flag goes: the last of the flags right behind the verb, or the verb. `None` where a variable
/// stands before it.
fn place(one: &SystemUse<'_>) -> Option<usize> {
    let mut last = *one.system.verb.last()?;
    if one.system.opaque.iter().any(|opaque| *opaque < last) {
        return None;
    }
    while let Some(flag) = one
        .system
        .flags
        .iter()
        .find(|flag| flag.start == last + 1)
        .filter(|flag| (flag.start..flag.end).all(|at| !one.system.opaque.contains(&at)))
        .filter(|flag| is_flag(one, flag.start))
    {
        last = flag.end - 1;
    }
    Some(last)
}

fn is_flag(one: &SystemUse<'_>, at: usize) -> bool {
    one.call
        .simple
        .words
        .get(at)
        .and_then(|word| word.fixed())
        .is_some_and(|word| word.starts_with('-') && word != "--")
}

/// Instructions that may set an option for good: RUN, ENV and COPY with their text in lower case.
fn settings(scene: &Scene<'_>) -> Vec<(usize, String)> {
    scene
        .file
        .instructions
        .iter()
        .filter(|one| {
            matches!(
                one.keyword,
                Keyword::Run | Keyword::Env | Keyword::Copy | Keyword::Add | Keyword::Arg
            )
        })
        .map(|one| (one.index, text_of(scene, one)))
        .filter(|(_, text)| {
            text.contains("recommends") || text.contains("conf") || text.contains("weak")
        })
        .collect()
}

/// The text of an instruction, and of the files that it copies to a place of configuration.
fn text_of(scene: &Scene<'_>, one: &Instruction) -> String {
    let span = Span::new(one.span.start, one.whole.end.max(one.span.end));
    let mut text = scene.file.text(span).to_ascii_lowercase();
    if matches!(one.keyword, Keyword::Copy | Keyword::Add)
        && text.contains("conf")
        && let Some(context) = scene.context
    {
        for source in one.args.words() {
            for path in context.matches(&source.text).unwrap_or_default() {
                if let Some(file) = context.read_text(&path) {
                    text.push_str(&file.to_ascii_lowercase());
                }
            }
        }
    }
    text
}

/// Whether an instruction above `index`, in its stage or those that it starts from, sets one of `options` by a file of
/// configuration or a variable. What an install says by a flag is for that install alone.
fn is_set(
    scene: &Scene<'_>,
    all: &[(usize, String)],
    index: usize,
    manager: &SystemManager,
) -> bool {
    let (options, configuration) = (&manager.recommends_option, &manager.configuration);
    let stages = scene.stages();
    let mut stage = stages.stage_of(index).and_then(|stage| stages.get(stage));
    let mut end = index + 1;
    while let Some(here) = stage {
        let range = here.instructions.start..end;
        let found = all
            .iter()
            .filter(|(at, _)| range.contains(at))
            .any(|(_, text)| {
                options.iter().any(|option| {
                    text.match_indices(option.as_str()).any(|(place, _)| {
                        let before = text.get(..place).unwrap_or_default();
                        let word = before
                            .rsplit(|c: char| c.is_whitespace())
                            .next()
                            .unwrap_or_default();
                        // `--no-install-recommends`, `--setopt=install_weak_deps=0`: a flag.
                        !word.contains("--")
                            && !before.trim_end().ends_with("-o")
                            && !word.starts_with("-o")
                    })
                }) || (text.starts_with("copy") || text.starts_with("add"))
                    && scene.context.is_none()
                    && configuration
                        .iter()
                        .any(|path| text.contains(path.as_str()))
            });
        if found {
            return true;
        }
        let Base::Stage(parent) = here.base else {
            return false;
        };
        stage = stages.get(parent);
        end = stage.map_or(0, |stage| stage.instructions.end);
    }
    false
}
