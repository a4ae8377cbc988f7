//! What else has to do with the folder of a mount.

use crate::shell::{Script, Word};
use crate::stage::{ReferenceKind, Target, expand};
use crate::syntax::{Instruction, Keyword, unquote};
use crate::transform::Scene;

use super::asks::{Asking, root_of};
use super::ground::Ground;
use super::plan::{Planned, inside, parent};

/// Why `wanted` can't be mounted in the RUN; `None` when it can.
pub(super) fn of(
    scene: &Scene<'_>,
    asking: &Asking<'_>,
    ground: &Ground<'_>,
    wanted: &Planned<'_>,
) -> Option<String> {
    let settings: Vec<String> = wanted
        .manager
        .settings
        .iter()
        .filter_map(|file| {
            let rest = file.strip_prefix("~/")?;
            Some(format!("{}/{rest}", ground.passwd.as_deref()?))
        })
        .collect();
    for one in &scene.file.instructions {
        let Some(stage) = scene.stages().stage_of(one.index) else {
            continue;
        };
        if root_of(scene, stage) != asking.tree {
            if let Some(reason) = copied_away(scene, one, asking.tree, wanted) {
                return Some(reason);
            }
            continue;
        }
        let line = one.lines.0;
        match one.keyword {
            Keyword::Copy | Keyword::Add if one.index < asking.at => {
                if let Some(reason) = copied_there(scene, one, wanted, &settings) {
                    return Some(reason);
                }
            }
            Keyword::Run => {
                let Some(script) = scene.script(one.index) else {
                    continue;
                };
                if let Some(path) = named(script, ground, wanted, one.index == asking.at) {
                    return Some(format!("line {line} has to do with {path} too"));
                }
                if let Some(file) = settings.iter().find(|file| names(script, ground, file)) {
                    return Some(format!(
                        "line {line} writes {file}, which may move or divide the store"
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

/// A path in `script` that is in the mount, but for what a cleanup removes.
fn named(script: &Script, ground: &Ground<'_>, wanted: &Planned<'_>, own: bool) -> Option<String> {
    for call in script.calls() {
        let (words, _) = call.unwrapped();
        let program = call.effective_program().unwrap_or_default();
        // Cleanups in the step itself are looked at later; elsewhere they find nothing.
        if program == "rm" && (own || call.has_flag(&["-f", "--force"])) {
            continue;
        }
        let recursive = matches!(
            program,
            "chown" | "chmod" | "chgrp" | "find" | "mv" | "du" | "tar" | "cp"
        );
        for word in words.iter().skip(1) {
            let Some(path) = path_of(word, script, ground) else {
                continue;
            };
            let above = own && recursive && path != "/" && inside(&path, wanted.top());
            let everything = own && program == "find" && path == "/";
            if inside(wanted.top(), &path) || above || everything {
                return Some(path);
            }
        }
    }
    script
        .redirects()
        .iter()
        .filter_map(|redirect| path_of(redirect.target.as_ref()?, script, ground))
        .find(|path| inside(wanted.top(), path))
}

fn names(script: &Script, ground: &Ground<'_>, file: &str) -> bool {
    let same = |word: &Word| path_of(word, script, ground).is_some_and(|path| path == file);
    script.words().into_iter().any(same)
        || script
            .redirects()
            .iter()
            .filter_map(|redirect| redirect.target.as_ref())
            .any(same)
}

/// The absolute path that a word is, as far as that can be seen; a glob is kept.
pub(super) fn path_of(word: &Word, script: &Script, ground: &Ground<'_>) -> Option<String> {
    let text = match &word.literal {
        Some(text) => text.clone(),
        None => word.raw(script).replace(['"', '\''], ""),
    };
    if text.starts_with('/') && word.literal.is_some() {
        return Some(text);
    }
    let home = || ground.home.clone();
    if word.tilde && (text == "~" || text.starts_with("~/")) {
        return Some(format!("{}{}", home()?, text.get(1..)?));
    }
    let rest = text.strip_prefix('$')?;
    let (name, rest) = match rest.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            rest.split_at(end)
        }
    };
    if rest.contains('$') {
        return None;
    }
    let value = match name {
        "HOME" => home()?,
        name => ground.state.env.value(name).likely()?.to_owned(),
    };
    let path = format!("{value}{rest}");
    path.starts_with('/').then_some(path)
}

/// Whether a COPY above puts something into the mount, where it would be hidden.
fn copied_there(
    scene: &Scene<'_>,
    one: &Instruction,
    wanted: &Planned<'_>,
    settings: &[String],
) -> Option<String> {
    let words = one.args.words();
    let (dest, sources) = words.split_last()?;
    let state = scene.stages().before(one.index)?;
    let text = expand(&dest.text, &state.env, scene.file.escape)
        .ok()?
        .text?;
    let dest = state.workdir.join(&unquote(&text, scene.file.escape))?;
    let line = one.lines.0;
    if inside(wanted.top(), &dest) {
        return Some(format!(
            "line {line} copies into {dest}, which the mount would hide"
        ));
    }
    let names: Vec<&str> = sources
        .iter()
        .map(|word| {
            word.text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(&word.text)
        })
        .collect();
    for file in settings {
        let base = file.rsplit('/').next().unwrap_or(file);
        if dest == *file || (dest == parent(file) && names.contains(&base)) {
            let source = sources.first().map_or("", |word| word.text.as_str());
            let harmless = scene
                .context
                .and_then(|context| context.read_text(source.trim_start_matches("./")))
                .is_some_and(|text| {
                    !text.contains("<localRepository") && !text.contains("<mirror>")
                });
            if !harmless {
                return Some(format!(
                    "line {line} brings {file}, which may move or divide the store"
                ));
            }
        }
    }
    let from_stage = one.flag("from").is_some();
    let strictly_above = dest != "/" && inside(&dest, wanted.top());
    if wanted.is_store() && strictly_above {
        let may_hold = from_stage
            || (dest == parent(wanted.top())
                && !names.iter().all(|name| name.contains('.') && *name != "."));
        if may_hold {
            return Some(format!(
                "line {line} may copy something into {}",
                wanted.top()
            ));
        }
    }
    None
}

/// Whether another stage takes the folder out of this one.
fn copied_away(
    scene: &Scene<'_>,
    one: &Instruction,
    tree: usize,
    wanted: &Planned<'_>,
) -> Option<String> {
    let mut takes = scene
        .stages()
        .references()
        .iter()
        .filter(|reference| reference.at == one.index && reference.kind != ReferenceKind::From)
        .filter(|reference| match reference.target {
            Target::Stage(stage) => root_of(scene, stage) == tree,
            Target::Unknown => true,
            Target::Image(_) => false,
        });
    takes.next()?;
    let sources: Vec<String> = if one.keyword == Keyword::Run {
        crate::stage::Mount::all(one)
            .into_iter()
            .filter(|mount| mount.from.is_some())
            .map(|mount| mount.source.unwrap_or_else(|| "/".to_owned()))
            .collect()
    } else {
        let words = one.args.words();
        let sources = words
            .get(..words.len().saturating_sub(1))
            .unwrap_or_default();
        sources.iter().map(|word| word.text.clone()).collect()
    };
    sources.into_iter().find_map(|source| {
        let path = format!("/{}", source.trim_matches('/'));
        let above = path != "/" && inside(&path, wanted.top());
        let all = path == "/" && wanted.is_store();
        (inside(wanted.top(), &path) || above || all)
            .then(|| format!("line {} takes {source} from this stage", one.lines.0))
    })
}
