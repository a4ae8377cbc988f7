//! Package managers, programs and base images: four TOML tables, and the questions that can be asked of them.
//!
//! * [`system`]: apt, apk, dnf, … (`package_managers.toml`)
//! * [`language`]: pip, npm, cargo, … (`language_managers.toml`)
//! * [`programs`]: what a command can do to what stands around it (`programs.toml`)
//! * [`images`]: what a base image brings (`base_images.toml`)
//!
//! Each entry of a table names its source. Commands come as words: `None` is a word that isn't literal, and no answer is built on what
//! such a word may hold.

pub mod caches;
mod call;
pub mod images;
pub mod language;
pub mod programs;
pub mod system;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;

pub use caches::{CacheMount, Holds, Kind, MountSafety, Sharing, WrongOwner};
pub use call::Word;
pub use images::{BaseImage, Entrypoint, Family, Reference, User};
pub use language::{LanguageAction, LanguageCall, LanguageManager};
pub use programs::{Program, Touched};
pub use system::{Cleanup, Purge, SystemAction, SystemCall, SystemManager};

const PACKAGE_MANAGERS: &str = include_str!("package_managers.toml");
const LANGUAGE_MANAGERS: &str = include_str!("language_managers.toml");
const PROGRAMS: &str = include_str!("programs.toml");
const BASE_IMAGES: &str = include_str!("base_images.toml");

/// A table of the user's that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}: {message}")]
pub struct KnowledgeError {
    /// The table, as its name in careen.toml: `package_managers`, …
    pub table: String,
    /// What is wrong, with the key.
    pub message: String,
}

/// The tables. Each is read when it is first asked for.
#[derive(Debug, Default)]
pub struct Knowledge {
    system: OnceLock<system::Table>,
    language: OnceLock<language::Table>,
    programs: OnceLock<programs::Table>,
    images: OnceLock<images::Table>,
}

impl Knowledge {
    /// The tables that careen ships.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Knowledge> = OnceLock::new();
        SHIPPED.get_or_init(Self::default)
    }

    /// The shipped tables and the user's entries over them: `user` has tables `package_managers`, `language_managers`, `programs`
    /// and `base_images`, each in the form of the shipped one. An entry of a name that is there already takes its place.
    ///
    /// # Errors
    /// Unknown keys, and values of another type than the shipped tables have.
    pub fn with(user: &toml::Table) -> Result<Self, KnowledgeError> {
        let knowledge = Self::default();
        for (table, value) in user {
            let error = |message: String| KnowledgeError {
                table: table.clone(),
                message,
            };
            match table.as_str() {
                "package_managers" => {
                    let entries = read(value).map_err(error)?;
                    let mut all = shipped_entries(PACKAGE_MANAGERS);
                    all.extend::<BTreeMap<_, _>>(entries);
                    let _ = knowledge.system.set(system::Table::new(all));
                }
                "language_managers" => {
                    let entries = read(value).map_err(error)?;
                    let mut all = shipped_entries(LANGUAGE_MANAGERS);
                    all.extend::<BTreeMap<_, _>>(entries);
                    let _ = knowledge.language.set(language::Table::new(all));
                }
                "programs" => {
                    let entries = read(value).map_err(error)?;
                    let mut all = shipped_entries(PROGRAMS);
                    all.extend::<BTreeMap<_, _>>(entries);
                    let _ = knowledge.programs.set(programs::Table::new(all));
                }
                "base_images" => {
                    let file: images::File = value
                        .clone()
                        .try_into()
                        .map_err(|error_: toml::de::Error| error(error_.message().to_owned()))?;
                    let mut all = toml::from_str::<images::File>(BASE_IMAGES).unwrap_or_default();
                    all.add(file);
                    let _ = knowledge.images.set(images::Table::new(all));
                }
                _ => {
                    return Err(error(
                        "no such table: package_managers, language_managers, programs or base_images".to_owned(),
                    ));
                }
            }
        }
        Ok(knowledge)
    }

    fn system(&self) -> &system::Table {
        self.system
            .get_or_init(|| system::Table::new(shipped_entries(PACKAGE_MANAGERS)))
    }

    fn language(&self) -> &language::Table {
        self.language
            .get_or_init(|| language::Table::new(shipped_entries(LANGUAGE_MANAGERS)))
    }

    fn programs(&self) -> &programs::Table {
        self.programs
            .get_or_init(|| programs::Table::new(shipped_entries(PROGRAMS)))
    }

    fn images(&self) -> &images::Table {
        // A test reads the shipped tables strictly; a release that can't would know nothing and so change nothing.
        self.images
            .get_or_init(|| images::Table::new(toml::from_str(BASE_IMAGES).unwrap_or_default()))
    }

    /// What a command does with a package manager of the system. The first word is the program; a path, `sudo`, `env` and their like
    /// may stand before it. `None`: it is no such command.
    pub fn system_call(&self, words: &[Word<'_>]) -> Option<SystemCall<'_>> {
        let program = self.innermost(words, |name| self.system().names(name));
        self.system().call(words, program.at, program.open)
    }

    /// What a command does with the package manager or build tool of a language; else as [`Knowledge::system_call`].
    pub fn language_call(&self, words: &[Word<'_>]) -> Option<LanguageCall<'_>> {
        let program = self.innermost(words, |name| self.language().names(name));
        self.language().call(words, program.at, program.open)
    }

    /// The package manager of the system called `id`, such as `apt-get`.
    pub fn system_manager(&self, id: &str) -> Option<&SystemManager> {
        self.system().get(id)
    }

    /// All package managers of systems, by name.
    pub fn system_managers(&self) -> impl Iterator<Item = &SystemManager> {
        self.system().all()
    }

    /// The manager of a language called `id`, such as `npm`.
    pub fn language_manager(&self, id: &str) -> Option<&LanguageManager> {
        self.language().get(id)
    }

    /// All managers of languages, by name.
    pub fn language_managers(&self) -> impl Iterator<Item = &LanguageManager> {
        self.language().all()
    }

    /// What the program called `name` (a path before it is dropped, a version behind it too) can do. `None`: unknown, so anything.
    pub fn program(&self, name: &str) -> Option<&Program> {
        let base = call::base(name);
        let named = name.contains('/') && !is_system_path(name);
        if named {
            // ./make and /app/git are whoever's.
            return None;
        }
        self.programs().get(base).or_else(|| {
            let manager = self.system().names(base) || self.language().names(base);
            manager.then_some(programs::manager())
        })
    }

    /// What the script that projects call by the path `name` can do: `./configure`, `bin/rails`. `None`: it is whoever's.
    pub fn project_script(&self, name: &str) -> Option<&Program> {
        self.programs()
            .get(call::base(name))
            .filter(|program| program.script)
    }

    /// What the script at the web address `url` can do, when it is fetched and run.
    pub fn remote_script(&self, url: &str) -> Option<&Program> {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        self.programs().at_address(address)
    }

    /// Whether a command may call the package manager of the system, by itself or through a script. Installing what a lock or a manifest
    /// names counts as no; a task of the project (`npm run`, `make`) and an unknown program count as yes.
    pub fn may_call_system_manager(&self, words: &[Word<'_>]) -> bool {
        if self.system_call(words).is_some() {
            return true;
        }
        if let Some(call) = self.language_call(words) {
            return match call.action {
                LanguageAction::Install | LanguageAction::Add | LanguageAction::Clean => false,
                // Compilers and builders of one language; the tasks of these call whatever they like.
                LanguageAction::Build | LanguageAction::Test => {
                    call.manager.ecosystem == "javascript"
                }
                LanguageAction::Run => true,
                LanguageAction::Other => {
                    let verb = call.verb_text(words);
                    !call.is_literal() || !(verb.is_empty() || call.manager.other.contains(&verb))
                }
            };
        }
        let Some(at) = self.command_at(words) else {
            return true;
        };
        let Some(name) = call::text(words, at) else {
            return true;
        };
        let rest = words.get(at..).unwrap_or_default();
        self.program(name).is_none_or(|program| {
            // Options of find and tar run a command: which, nobody has looked at.
            program.calls_manager || (!program.code && program.runs_code(rest))
        })
    }

    /// Whether the shell, be it dash, ash or bash, runs `name` itself.
    pub fn is_builtin(&self, name: &str) -> bool {
        self.programs()
            .get(name)
            .is_some_and(|program| program.builtin)
    }

    /// The command that a command runs in the end: past `sudo`, `env A=b`, `timeout 5`, … as an index into `words`. `None` when a word
    /// on the way isn't literal.
    pub fn command_at(&self, words: &[Word<'_>]) -> Option<usize> {
        let inner = self.innermost(words, |_| false);
        inner.known.then_some(inner.at)
    }

    /// What is known of the image that `reference` (as FROM has it, without variables) names. `None`: nothing.
    pub fn base_image(&self, reference: &str) -> Option<BaseImage<'_>> {
        self.images().get(&Reference::parse(reference)?)
    }

    /// Where the image or program called `name` writes while it runs, beside VOLUMEs: absolute folders, or such below its user's
    /// home (`~/`). `None`: nobody has noted it.
    pub fn writes_at_run(&self, name: &str) -> Option<&[String]> {
        self.images().writes(name)
    }

    /// The Debian packages that bring the program called `name`, where that is known.
    pub fn packages_for(&self, name: &str) -> Option<&[String]> {
        self.images().needs(name)
    }

    /// The Debian packages that building the dependency `name` from source needs. A default for a suggestion, no proof.
    pub fn build_packages(&self, ecosystem: &str, name: &str) -> Option<&[String]> {
        self.images().builds(ecosystem, name)
    }

    fn innermost(&self, words: &[Word<'_>], found: impl Fn(&str) -> bool) -> Inner {
        let mut at = 0;
        let mut open = false;
        // Nobody wraps deeper, and each turn moves on.
        for _ in 0..8 {
            let Some(Some(name)) = words.get(at) else {
                return Inner {
                    at,
                    open,
                    known: false,
                };
            };
            let name = call::base(name);
            if found(name) {
                break;
            }
            let Some((program, skip)) = self
                .programs()
                .get(name)
                .and_then(|program| Some((program, program.wraps?)))
            else {
                break;
            };
            let Some(next) = programs::wrapped(words, at, program, skip) else {
                // `exec >log`, `command -v x`: it wraps nothing.
                break;
            };
            open |= name == "xargs";
            at = next;
        }
        Inner {
            at,
            open,
            known: true,
        }
    }
}

/// Where the command proper starts.
struct Inner {
    at: usize,
    open: bool,
    known: bool,
}

/// A path under which programs of the system lie.
fn is_system_path(name: &str) -> bool {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    matches!(
        folder,
        "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" | "/usr/local/bin" | "/usr/local/sbin"
    )
}

fn shipped_entries<T: DeserializeOwned>(text: &str) -> BTreeMap<String, T> {
    toml::from_str(text).unwrap_or_default()
}

fn read<T: DeserializeOwned>(value: &toml::Value) -> Result<BTreeMap<String, T>, String> {
    let Some(table) = value.as_table() else {
        return Err("not a table".to_owned());
    };
    table
        .iter()
        .map(|(name, entry)| {
            let entry = entry
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| format!("{name}: {}", error.message()))?;
            Ok((name.clone(), entry))
        })
        .collect()
}

#[cfg(test)]
mod tests;
