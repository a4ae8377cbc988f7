//! The closure: all that an install reads of the build context, and what it leaves there.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::{Context, Kind};
use crate::knowledge::{LanguageCall, LanguageManager, Word};
use crate::stage::State;

use super::{node, others, python};

/// A tree of more entries is not taken for a dependency's input.
const MOST_IN_TREE: usize = 2_000;

/// One install command and the folder of the context that it works on.
pub struct Project<'a> {
    /// The build context.
    pub context: &'a Context,
    /// The project's folder in it; empty for the root.
    pub root: String,
    /// The working directory of the command, absolute.
    pub folder: String,
    /// Whether the COPYs above the install bring a path of the context to its place below the project.
    pub brought: &'a dyn Fn(&str) -> bool,
    /// What the command sees.
    pub state: &'a State,
    /// The command.
    pub call: &'a LanguageCall<'a>,
    /// Its words.
    pub words: &'a [Word<'a>],
    /// What was found so far.
    pub found: Closure,
}

/// What an install reads of the context, and what it leaves there. Paths are those of the context.
#[derive(Debug, Default)]
pub struct Closure {
    /// Files.
    pub files: BTreeSet<String>,
    /// Folders, with all that is in them.
    pub folders: BTreeSet<String>,
    /// What the install writes: a later COPY must not carry it.
    pub leaves: BTreeSet<String>,
    /// What must not be there, and who would read it.
    pub keep_out: BTreeMap<String, String>,
    /// Whether it matters who may run its files.
    pub has_commands: bool,
    /// Why another order may give another image, though all that it reads is known.
    pub thaws: Option<String>,
}

impl Closure {
    /// Whether `path` is a file of it, or lies in one of its folders.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains(path) || self.folders.iter().any(|folder| is_in(path, folder))
    }

    /// Adds another install's.
    pub fn join(&mut self, other: Self) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
        self.leaves.extend(other.leaves);
        self.has_commands |= other.has_commands;
        self.keep_out.extend(other.keep_out);
        self.thaws = self.thaws.take().or(other.thaws);
    }
}

/// Whether `path` is `folder` or lies in it; the empty folder is the root.
pub fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `name` below `folder`, cleaned; `None` when it leads out of the context, or is no path of it.
pub fn join(folder: &str, name: &str) -> Option<String> {
    if name.starts_with(['/', '~']) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The closure of the install in `project`, by the reader that the tables name.
///
/// # Errors
/// What keeps it from being known, as a clause.
pub fn find(mut project: Project<'_>) -> Result<Closure, String> {
    project.has_plain_flags()?;
    let manager = project.manager();
    match manager.closure.as_deref() {
        Some("requirements") => python::requirements(&mut project)?,
        Some("uv") => python::uv(&mut project)?,
        Some("poetry") => python::poetry(&mut project)?,
        Some("pdm") => python::pdm(&mut project)?,
        Some("pipenv") => python::pipenv(&mut project)?,
        Some("npm" | "yarn" | "yarn-berry" | "pnpm" | "bun") => node::install(&mut project)?,
        Some("go") => others::go(&mut project)?,
        Some("bundler") => others::bundler(&mut project)?,
        Some("composer") => others::composer(&mut project)?,
        Some("maven") => others::maven(&mut project)?,
        _ => return Err(format!("what {} reads is not known", project.name())),
    }
    Ok(project.found)
}

impl<'a> Project<'a> {
    /// Which manager is called.
    pub fn manager(&self) -> &'a LanguageManager {
        self.call.manager
    }

    /// The command, as a reader knows it: `npm ci`.
    pub fn name(&self) -> String {
        let program = self.words.get(self.call.program).copied().flatten();
        let program = program.unwrap_or(&self.manager().id);
        let verb = self.call.verb_text(self.words);
        match verb.is_empty() {
            true => program.to_owned(),
            false => format!("{program} {verb}"),
        }
    }

    /// Whether one of `flags` is given.
    pub fn says(&self, flags: &[&str]) -> bool {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.call.says(self.words, &flags)
    }

    /// Whether the lock stays as it is.
    pub fn is_frozen(&self) -> bool {
        self.call.is_frozen(self.words)
    }

    /// Notes that the lock may be written back.
    pub fn thaw(&mut self, lock: &str) {
        let reason = format!("`{}` may write {lock} back", self.name());
        self.found.thaws.get_or_insert(reason);
    }

    /// Only flags that are known to change nothing of what is read.
    fn has_plain_flags(&self) -> Result<(), String> {
        let manager = self.manager();
        if !self.call.is_literal() {
            return Err(format!(
                "`{}` has words that hang on variables",
                self.name()
            ));
        }
        for flag in &self.call.flags {
            let word = self.words.get(flag.start).copied().flatten();
            let word = word.unwrap_or_default();
            let name = word.split('=').next().unwrap_or(word);
            let known = |list: &[String]| list.iter().any(|one| one == word || one == name);
            let short_value = manager
                .manifest_flags
                .iter()
                .any(|one| one.len() == 2 && word.starts_with(one.as_str()));
            let names_files = matches!(name, "-c" | "--constraint" | "--constraints");
            if !known(&manager.plain)
                && !known(&manager.manifest_flags)
                && !short_value
                && !names_files
            {
                return Err(format!(
                    "what `{}` reads with `{word}` is not known",
                    self.name()
                ));
            }
        }
        for name in &manager.moving_variables {
            let set = self.state.env.get(name).is_some();
            let here = self.words.iter().take(self.call.program).flatten();
            let mut here = here.filter_map(|word| word.split_once('='));
            if (set && name != "UV_PROJECT_ENVIRONMENT") || here.any(|(set, _)| set == name) {
                return Err(format!("{name} makes it read other files too"));
            }
        }
        Ok(())
    }

    /// The path of the context that `name` means from the project's folder.
    pub fn path(&self, name: &str) -> Result<String, String> {
        let below = |path: &str| {
            let rest = path.strip_prefix(self.folder.as_str())?;
            rest.strip_prefix('/').map(str::to_owned)
        };
        let name = match name.starts_with('/') {
            true => below(name).ok_or_else(|| format!("{name} lies outside of the project"))?,
            false => name.to_owned(),
        };
        join(&self.root, &name).ok_or_else(|| {
            let name = name.trim_start_matches("./");
            format!("{name} lies outside of the build context")
        })
    }

    /// Whether the install finds `name`.
    pub fn has(&self, name: &str) -> bool {
        self.path(name)
            .is_ok_and(|path| self.context.entry(&path).is_some() && (self.brought)(&path))
    }

    /// Takes a file that must be there.
    pub fn file(&mut self, name: &str) -> Result<(), String> {
        let path = self.path(name)?;
        let entry = self.context.try_entry(&path).map_err(|e| e.to_string())?;
        match entry.kind {
            Kind::File if (self.brought)(&path) => {
                self.found.files.insert(path);
                Ok(())
            }
            Kind::File => Err(format!("no COPY above it brings {path} to its place")),
            Kind::Symlink(_) => Err(format!("{path} is a symbolic link")),
            _ => Err(format!("{path} is no file")),
        }
    }

    /// Takes a file or a folder with all that is in it, when it is there. Whether it is.
    pub fn if_there(&mut self, name: &str) -> Result<bool, String> {
        if !self.has(name) {
            return Ok(false);
        }
        let path = self.path(name)?;
        let entry = self.context.try_entry(&path).map_err(|e| e.to_string())?;
        if entry.kind != Kind::Dir {
            return self.file(name).map(|()| true);
        }
        let mut count = 0;
        for entry in self.context.walk(&path) {
            let entry = entry.map_err(|error| error.to_string())?;
            count += 1;
            if matches!(entry.kind, Kind::Symlink(_) | Kind::Other) || count > MOST_IN_TREE {
                return Err(format!(
                    "{path} holds more than plain files: {}",
                    entry.path
                ));
            }
        }
        if count > 0 {
            self.found.folders.insert(path);
        }
        Ok(true)
    }

    /// The text of a file that the install reads.
    pub fn text(&self, name: &str) -> Result<String, String> {
        let path = self.path(name)?;
        self.context.try_read(&path).map_err(|e| e.to_string())?;
        let text = self.context.read_text(&path);
        text.ok_or_else(|| format!("{path} is not UTF-8"))
    }

    /// Notes what the install writes.
    pub fn leaves(&mut self, names: &[&str]) {
        for name in names {
            if let Ok(path) = self.path(name) {
                self.found.leaves.insert(path);
            }
        }
    }

    /// Notes what must not be there.
    pub fn keep_out(&mut self, name: &str, who: &str) {
        if let Ok(path) = self.path(name) {
            self.found.keep_out.insert(path, who.to_owned());
        }
    }

    /// None of `names` may lie in a folder above the project's: the install would read it too.
    pub fn alone(&self, names: &[&str]) -> Result<(), String> {
        let mut above = self.root.as_str();
        while !above.is_empty() {
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
            for name in names {
                let path = join(above, name).unwrap_or_default();
                if self.context.entry(&path).is_some() && (self.brought)(&path) {
                    return Err(format!("it also reads {path}, in a folder above"));
                }
            }
        }
        Ok(())
    }
}
