//! The package managers of operating systems.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Deserialize;

use super::caches::CacheMount;
use super::call::{self, Parts, Word};
use super::images::Family;

/// How a manager is told what to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grammar {
    /// By a word: `apt-get install`.
    #[default]
    Verbs,
    /// By letters: `pacman -Syu`.
    Letters,
}

/// The command that cleans up after a manager.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cleanup {
    /// The command, for any POSIX shell.
    pub command: String,
    /// What it takes out of the image, as globs of absolute paths.
    pub removes: Vec<String>,
}

/// How packages go that only a build needed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// The command that removes packages, and what came in for them alone; the packages follow it.
    pub command: String,
    /// The flag of install that names what it installs, with its value: a group to remove.
    #[serde(default)]
    pub group_flag: Option<String>,
    /// The group's name.
    #[serde(default)]
    pub group: Option<String>,
}

/// A package manager of operating systems. Flags are listed with the one to write first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemManager {
    /// Its name in the table.
    #[serde(skip)]
    pub id: String,
    /// How it is called.
    pub programs: Vec<String>,
    /// Whose images have it.
    #[serde(default)]
    pub families: Vec<Family>,
    /// How it is told what to do.
    #[serde(default)]
    pub grammar: Grammar,
    /// Words that fetch lists.
    #[serde(default)]
    pub update: Vec<String>,
    /// Words that install.
    #[serde(default)]
    pub install: Vec<String>,
    /// Words that remove.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Words that upgrade what is installed.
    #[serde(default)]
    pub upgrade: Vec<String>,
    /// Words that clean.
    #[serde(default)]
    pub clean: Vec<String>,
    /// Flags with which install fetches lists by itself; `*`: it always does.
    #[serde(default)]
    pub install_updates: Vec<String>,
    /// Whether an install fetches lists that are missing, so that no step needs those of another.
    #[serde(default)]
    pub fetches_missing: bool,
    /// Flags with which it works on another root: what it leaves is there.
    #[serde(default)]
    pub other_root: Vec<String>,
    /// Flags whose value is the next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// The same, before the verb only.
    #[serde(default)]
    pub before_verb: Vec<String>,
    /// Flags that answer yes.
    #[serde(default)]
    pub assume_yes: Vec<String>,
    /// Flags that leave recommended packages out.
    #[serde(default)]
    pub no_recommends: Vec<String>,
    /// The option of its configuration that decides on recommended packages, in lower case; flags that name it count.
    #[serde(default)]
    pub recommends_option: Vec<String>,
    /// Parts of the paths of its configuration.
    #[serde(default)]
    pub configuration: Vec<String>,
    /// Packages that only builds use and that leave nothing behind which a program needs: compilers and build tools, as
    /// names with `*` at the end.
    #[serde(default)]
    pub build_packages: Vec<String>,
    /// What goes behind install to name a group of packages, and the command that removes packages with what only they
    /// needed.
    #[serde(default)]
    pub purge: Option<Purge>,
    /// Flags that leave no cache behind.
    #[serde(default)]
    pub no_cache: Vec<String>,
    /// Flags with which nothing is installed.
    #[serde(default)]
    pub idle: Vec<String>,
    /// Variables that make it ask less.
    #[serde(default)]
    pub quiet_variables: Vec<String>,
    /// Folders of lists that an image need not keep.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Folders of downloaded packages.
    #[serde(default)]
    pub caches: Vec<String>,
    /// Of the clean words, with their operands and flags, those that take the lists too.
    #[serde(default)]
    pub clean_verbs: Vec<String>,
    /// Folders that are state: no mount on them or above.
    #[serde(default)]
    pub state: Vec<String>,
    /// An option that the path of another folder for packages follows: docker-clean doesn't look there.
    #[serde(default)]
    pub archives_option: Option<String>,
    /// What careen would append.
    #[serde(default)]
    pub cleanup: Option<Cleanup>,
    /// What a cache mount may cover.
    #[serde(default)]
    pub mounts: Vec<CacheMount>,
}

impl SystemManager {
    /// Whether removing `path` (a word of `rm`: absolute, maybe a glob) takes the lists away: the folder, all in it, or a folder above.
    pub fn cleaned_by_removing(&self, path: &str) -> bool {
        self.lists.iter().any(|list| covers(path, list))
    }

    /// Whether removing `path` takes downloaded packages away.
    pub fn cache_cleaned_by_removing(&self, path: &str) -> bool {
        self.caches.iter().any(|cache| covers(path, cache))
    }

    /// Whether an install by itself leaves what its cleanup removes, be it lists or downloaded packages.
    pub fn install_leaves(&self) -> bool {
        self.cleanup.as_ref().is_some_and(|cleanup| {
            cleanup
                .removes
                .iter()
                .any(|glob| self.caches.iter().any(|cache| glob.starts_with(cache)))
        })
    }

    /// Whether `package` (as written, a version behind it maybe) is one that only builds use.
    pub fn is_build_package(&self, package: &str) -> bool {
        let name = package
            .split(['=', '<', '>', '~', '@', '/', ':'])
            .next()
            .unwrap_or(package);
        self.build_packages
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == pattern,
            })
    }

    /// Whether `path` lies at or below one of its lists or caches.
    pub fn keeps_in(&self, path: &str) -> bool {
        let path = tidy(path);
        self.lists
            .iter()
            .chain(&self.caches)
            .any(|folder| is_below(&path, folder))
    }

    /// Whether a mount on `path` would hide state that the image must keep.
    pub fn mount_hides_state(&self, path: &str) -> bool {
        let path = tidy(path);
        self.state
            .iter()
            .any(|state| path == *state || is_below(state, &path))
    }
}

/// Whether removing what the word `path` names takes `folder`, or all in it, away.
fn covers(path: &str, folder: &str) -> bool {
    if let Some((before, rest)) = path.split_once('{')
        && let Some((choices, after)) = rest.split_once('}')
    {
        return choices
            .split(',')
            .any(|choice| covers(&format!("{before}{choice}{after}"), folder));
    }
    if !path.starts_with('/') {
        return false;
    }
    let path = tidy(path);
    // `lists/*` and `lists/*_*`: what is left are empty folders and a lock.
    let whole = match path.rsplit_once('/') {
        Some((parent, last)) if last.starts_with('*') => parent,
        _ => &path,
    };
    !whole.is_empty() && is_below(folder, whole)
}

/// Whether `path` is `folder` or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Without double slashes and without one at the end.
fn tidy(path: &str) -> String {
    let mut tidy = String::with_capacity(path.len());
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        tidy.push('/');
        tidy.push_str(part);
    }
    if tidy.is_empty() {
        "/".to_owned()
    } else {
        tidy
    }
}

/// What a command asks of a package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemAction {
    /// To fetch lists.
    Update,
    /// To install packages.
    Install,
    /// To remove packages.
    Remove,
    /// To upgrade what is installed.
    Upgrade,
    /// To clean caches or lists.
    Clean,
    /// Something else, or it isn't known.
    Other,
}

/// A command that calls a package manager. Numbers and ranges are indexes into its words.
#[derive(Clone, Debug)]
pub struct SystemCall<'k> {
    /// Which.
    pub manager: &'k SystemManager,
    /// What it is asked.
    pub action: SystemAction,
    /// The manager's own name: 0, or more behind `sudo` and its like.
    pub program: usize,
    /// The words that say what to do; empty for pacman and for the bare program.
    pub verb: Vec<usize>,
    /// Flags, each with its value.
    pub flags: Vec<Range<usize>>,
    /// The other words: packages, for install and remove.
    pub packages: Vec<usize>,
    /// Words that aren't literal: flags, packages, or nothing.
    pub opaque: Vec<usize>,
    /// More words come from elsewhere (`xargs`).
    pub open: bool,
    /// It fetches lists, too: `dnf install`, `apk add --no-cache`, `pacman -Sy`.
    pub updates: bool,
    /// Whether it cleans the lists too: `dnf clean all`, `apt-get dist-clean`.
    pub cleans_lists: bool,
}

impl SystemCall<'_> {
    /// Whether a flag says one of `phrases` (a list of [`SystemManager`]).
    pub fn says(&self, words: &[Word<'_>], phrases: &[String]) -> bool {
        call::flag_says(words, &self.flags, phrases, Some(&self.manager.value_flags))
    }

    /// Whether it works on another root than that of the image.
    pub fn is_elsewhere(&self, words: &[Word<'_>]) -> bool {
        self.flags.iter().any(|flag| {
            let word = call::text(words, flag.start).unwrap_or_default();
            let name = word.split('=').next().unwrap_or(word);
            self.manager.other_root.iter().any(|other| other == name)
        })
    }

    /// Whether each word is literal and none comes from elsewhere.
    pub fn is_literal(&self) -> bool {
        self.opaque.is_empty() && !self.open
    }

    /// The packages as written, those that are literal.
    pub fn package_names<'a>(&'a self, words: &'a [Word<'a>]) -> impl Iterator<Item = &'a str> {
        self.packages.iter().filter_map(|at| call::text(words, *at))
    }

    /// Where a flag of install would go: behind the verb's last word.
    pub fn after_verb(&self) -> Option<usize> {
        self.verb.last().map(|at| at + 1)
    }
}

/// The managers, and who is called how.
#[derive(Debug, Default)]
pub(super) struct Table {
    managers: Vec<SystemManager>,
    programs: HashMap<String, usize>,
}

impl Table {
    pub(super) fn new(entries: BTreeMap<String, SystemManager>) -> Self {
        let mut table = Self::default();
        for (id, mut manager) in entries {
            for program in &manager.programs {
                table.programs.insert(program.clone(), table.managers.len());
            }
            manager.id = id;
            table.managers.push(manager);
        }
        table
    }

    pub(super) fn get(&self, id: &str) -> Option<&SystemManager> {
        self.managers.iter().find(|manager| manager.id == id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &SystemManager> {
        self.managers.iter()
    }

    pub(super) fn names(&self, program: &str) -> bool {
        self.programs.contains_key(program)
    }

    pub(super) fn call(
        &self,
        words: &[Word<'_>],
        program: usize,
        open: bool,
    ) -> Option<SystemCall<'_>> {
        let name = call::base(call::text(words, program)?);
        let manager = self.managers.get(*self.programs.get(name)?)?;
        let has = |list: &[String], flag: &str| list.iter().any(|other| other == flag);
        let parts = Parts::of(words, program + 1, |flag, operands| {
            has(&manager.value_flags, flag) || (operands == 0 && has(&manager.before_verb, flag))
        });
        let mut result = SystemCall {
            manager,
            action: SystemAction::Other,
            program,
            verb: Vec::new(),
            flags: Vec::new(),
            packages: Vec::new(),
            opaque: Vec::new(),
            open,
            updates: false,
            cleans_lists: false,
        };
        match manager.grammar {
            Grammar::Verbs => by_verb(&mut result, words, &parts),
            Grammar::Letters => by_letters(&mut result, words, &parts),
        }
        result.flags = parts.flags;
        result.opaque = parts.opaque;
        Some(result)
    }
}

fn by_verb(result: &mut SystemCall<'_>, words: &[Word<'_>], parts: &Parts) {
    let manager = result.manager;
    // `apt-get $ARGS install x`: what stands before may be the verb.
    let first = parts.operands.first().copied();
    let blind = parts.opaque.iter().any(|opaque| {
        first.is_none_or(|first| *opaque < first)
            && !parts.flags.iter().any(|flag| flag.contains(opaque))
    });
    let lists = [
        (SystemAction::Update, &manager.update),
        (SystemAction::Install, &manager.install),
        (SystemAction::Remove, &manager.remove),
        (SystemAction::Upgrade, &manager.upgrade),
        (SystemAction::Clean, &manager.clean),
    ];
    let best = lists
        .iter()
        .flat_map(|(action, phrases)| phrases.iter().map(move |phrase| (*action, phrase)))
        .filter_map(|(action, phrase)| Some((action, call::starts_with(words, parts, phrase)?)))
        .max_by_key(|(_, count)| *count);
    let count = best.map_or(1, |(_, count)| count).min(parts.operands.len());
    if let Some((action, _)) = best.filter(|_| !blind) {
        result.action = action;
    }
    result.verb = parts.operands[..count].to_vec();
    result.packages = parts.operands[count..].to_vec();
    result.cleans_lists = result.action == SystemAction::Clean
        && manager
            .clean_verbs
            .iter()
            .any(|phrase| call::starts_with(words, parts, phrase).is_some());
    result.updates = match result.action {
        SystemAction::Update => true,
        SystemAction::Install | SystemAction::Upgrade => {
            manager.install_updates.iter().any(|flag| flag == "*")
                || call::flag_says(
                    words,
                    &parts.flags,
                    &manager.install_updates,
                    Some(&manager.value_flags),
                )
        }
        _ => false,
    };
}

/// pacman(8): one operation in capitals, with letters behind it, or long.
fn by_letters(result: &mut SystemCall<'_>, words: &[Word<'_>], parts: &Parts) {
    let mut operation = None;
    let mut letters = String::new();
    for flag in &parts.flags {
        let Some(word) = call::text(words, flag.start) else {
            continue;
        };
        match word {
            "--sync" => operation = Some('S'),
            "--remove" => operation = Some('R'),
            "--upgrade" => operation = Some('U'),
            "--query" | "--database" | "--deptest" | "--files" | "--help" | "--version" => {
                operation = Some('?')
            }
            "--refresh" => letters.push('y'),
            "--sysupgrade" => letters.push('u'),
            "--clean" => letters.push('c'),
            "--search" | "--info" | "--list" | "--groups" => letters.push('?'),
            _ if word.starts_with("--") => {}
            _ => {
                for letter in word.chars().skip(1) {
                    if letter.is_ascii_uppercase() {
                        operation = Some(if matches!(letter, 'S' | 'R' | 'U') {
                            letter
                        } else {
                            '?'
                        });
                    } else {
                        letters.push(if matches!(letter, 's' | 'i' | 'l' | 'g') {
                            '?'
                        } else {
                            letter
                        });
                    }
                }
            }
        }
    }
    result.packages.clone_from(&parts.operands);
    let asks = letters.contains('?');
    let sync = operation == Some('S') && !asks;
    result.updates = sync && letters.contains('y');
    result.action = match operation {
        Some('S') if letters.contains('c') => SystemAction::Clean,
        Some('S') if asks => SystemAction::Other,
        Some('S') if !parts.operands.is_empty() || !parts.opaque.is_empty() || result.open => {
            SystemAction::Install
        }
        Some('S') if letters.contains('u') => SystemAction::Upgrade,
        Some('S') if letters.contains('y') => SystemAction::Update,
        Some('U') => SystemAction::Install,
        Some('R') => SystemAction::Remove,
        _ => SystemAction::Other,
    };
    if parts
        .opaque
        .first()
        .is_some_and(|opaque| operation.is_none() || *opaque == result.program + 1)
    {
        result.action = SystemAction::Other;
    }
}
