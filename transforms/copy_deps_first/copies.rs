//! Where COPY puts what: paths of the context to paths of the image, and back.

use crate::context::{Context, Kind, glob::Glob};
use crate::stage::{Effects, expand};
use crate::syntax::{Instruction, Keyword};
use crate::transform::Scene;

use super::closure::{Closure, is_in, join};

/// A source of a COPY, as a path of the context.
enum Source {
    /// What is in this folder goes into the target.
    Folder(String),
    /// This file goes to this place.
    File(String, String),
}

/// A COPY or ADD from the build context that is understood whole.
pub struct Copied<'a> {
    /// The instruction.
    pub instruction: &'a Instruction,
    sources: Vec<Source>,
    /// Where it goes: absolute, without a slash at its end.
    pub target: String,
    /// The last word, as it is written.
    pub written_target: &'a str,
    /// Patterns of `--exclude`.
    excludes: Vec<Glob>,
    /// What it touches.
    pub effects: Effects,
}

impl<'a> Copied<'a> {
    /// Reads instruction `index`; `None` when it is none, or not understood.
    pub fn read(scene: &'a Scene<'_>, context: &Context, index: usize) -> Option<Self> {
        let instruction = scene.file.instructions.get(index)?;
        if !matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
            || !instruction.heredocs.is_empty()
            || !instruction.logical.is_utf8()
        {
            return None;
        }
        let state = scene.stages().before(index)?;
        let mut excludes = Vec::new();
        for flag in &instruction.flags {
            match flag.name() {
                "chown" | "chmod" | "link" => {}
                "exclude" => {
                    let last = flag.value()?.rsplit('/').next()?;
                    excludes.push(Glob::new(last).ok()?);
                }
                _ => return None,
            }
        }
        let (target, sources) = instruction.args.words().split_last()?;
        let known = |word: &str| {
            let expanded = expand(word, &state.env, scene.file.escape).ok()?;
            expanded.known().map(str::to_owned)
        };
        let place = known(&target.text)?;
        let folder = state.workdir.join(&place)?;
        let mut found = Vec::new();
        for source in sources {
            let source = known(&source.text)?;
            if source.contains("://") || source.starts_with("git@") || source.contains('\\') {
                return None;
            }
            let matched = context.matches(&source).ok()?;
            if matched.is_empty() {
                return None;
            }
            found.extend(matched);
        }
        let is_folder = found.len() > 1
            || place.ends_with('/')
            || matches!(place.rsplit('/').next(), Some("." | ".."))
            || state
                .workdir
                .path
                .as_deref()
                .is_some_and(|path| is_below(path, &folder));
        let mut sources = Vec::new();
        for path in found {
            let entry = context.entry(&path)?;
            let archive = [
                ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zst", ".tbz2", ".txz",
            ];
            match entry.kind {
                Kind::Dir => sources.push(Source::Folder(path)),
                Kind::File
                    if instruction.keyword == Keyword::Add
                        && archive.iter().any(|end| path.ends_with(end)) =>
                {
                    return None;
                }
                Kind::File => {
                    let place = match is_folder {
                        true => format!("{}/{}", folder.trim_end_matches('/'), entry.name()),
                        false => folder.clone(),
                    };
                    sources.push(Source::File(path, place));
                }
                _ => return None,
            }
        }
        let mut effects = Effects::of(scene.file, instruction, state, None, scene.knowledge);
        // A WORKDIR above has made its folder, and those that it stands in.
        if state.workdir.explicit
            && let Some(workdir) = state.workdir.path.as_deref()
        {
            effects.makes.retain(|made, _| !is_below(workdir, made));
        }
        Some(Self {
            instruction,
            sources,
            target: folder,
            written_target: &target.text,
            excludes,
            effects,
        })
    }

    /// The paths of the context that it would put at `place`, whether they are there or not.
    pub fn origins(&self, place: &str) -> Vec<String> {
        self.sources
            .iter()
            .filter_map(|source| match source {
                Source::Folder(folder) => join(folder, below(place, &self.target)?),
                Source::File(path, at) => (at == place).then(|| path.clone()),
            })
            .filter(|path| !self.leaves_out(path))
            .collect()
    }

    /// The folder of the context that it lays over `place`; of a file, its folder, when `is_manifest` knows its name.
    pub fn project(&self, place: &str, is_manifest: &dyn Fn(&str) -> bool) -> Option<String> {
        self.sources.iter().find_map(|source| match source {
            Source::Folder(folder) => join(folder, below(place, &self.target)?),
            Source::File(path, at) => {
                let (above, name) = at.rsplit_once('/')?;
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                (above == place && path.ends_with(name) && is_manifest(name))
                    .then(|| folder.to_owned())
            }
        })
    }

    /// Whether it brings anything that is not in `closure`.
    pub fn brings_more(&self, context: &Context, closure: &Closure) -> bool {
        self.sources.iter().any(|source| match source {
            Source::Folder(folder) => !closure.has(folder) && !all_in(context, folder, closure),
            Source::File(path, _) => !closure.has(path),
        })
    }

    /// The folder of the context that `path` comes from, when it comes from a folder; of a file, its own.
    pub fn source_of(&self, path: &str) -> Option<&str> {
        self.sources.iter().find_map(|source| match source {
            Source::Folder(folder) => is_in(path, folder).then_some(folder.as_str()),
            Source::File(file, _) => {
                (file == path).then(|| file.rsplit_once('/').map_or("", |(folder, _)| folder))
            }
        })
    }

    fn leaves_out(&self, path: &str) -> bool {
        path.split('/')
            .any(|part| self.excludes.iter().any(|glob| glob.matches(part)))
    }
}

/// Whether the folder holds files of the closure alone. Only small folders are looked at.
fn all_in(context: &Context, folder: &str, closure: &Closure) -> bool {
    if folder.is_empty() {
        return false;
    }
    let entries = context.walk(folder).take(64).collect::<Vec<_>>();
    entries.len() < 64
        && entries.iter().all(|entry| {
            entry
                .as_ref()
                .is_ok_and(|entry| entry.kind == Kind::Dir || closure.has(&entry.path))
        })
}

/// Whether the absolute `path` is `folder` or lies in it.
pub fn is_below(path: &str, folder: &str) -> bool {
    below(path, folder).is_some()
}

/// What of the absolute `path` lies below `folder`.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}
