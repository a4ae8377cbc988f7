//! What an instruction reads and writes, and whether two of them may change places.
//!
//! All of it errs on the side of too much: a command that is not known touches every path and reads every variable.
//! Paths are taken as they are written. Where a symbolic link stands in between, a path leads elsewhere than it says:
//! who moves things has to know where links can't be.

mod paths;
mod run;

use super::expand::{Expanded, expand, expand_raw};
use super::graph::arg_words;
use super::mount::Mount;
use super::state::{State, join};
use crate::knowledge::{Family, Knowledge};
use crate::shell;
use crate::syntax::{Args, Dockerfile, Instruction, Keyword};
use std::collections::{BTreeMap, BTreeSet};

pub use paths::{Paths, Vars};

/// What an instruction sets of the state or the image's config, other than variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the instructions")]
pub enum Slot {
    Workdir,
    User,
    Shell,
    Cmd,
    Entrypoint,
    Healthcheck,
    Stopsignal,
    Label,
    Expose,
    Volume,
    Onbuild,
    Author,
    /// The order in which the config lists its variables.
    EnvOrder,
}

impl Slot {
    const fn name(self) -> &'static str {
        match self {
            Self::Workdir => "the working directory",
            Self::User => "the user",
            Self::Shell => "the shell",
            Self::Cmd => "CMD",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Stopsignal => "STOPSIGNAL",
            Self::Label => "labels",
            Self::Expose => "exposed ports",
            Self::Volume => "volumes",
            Self::Onbuild => "the triggers of ONBUILD",
            Self::Author => "the author",
            Self::EnvOrder => "the order of variables in the image's config",
        }
    }
}

/// What an instruction reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Paths of the stage's file tree. What comes from the context or other stages is not in it: nothing changes that.
    pub reads: Paths,
    /// Paths of the stage's file tree.
    pub writes: Paths,
    /// Folders that it makes if they are missing, with their owner as written (empty: root).
    pub makes: BTreeMap<String, String>,
    /// Whether it looks users or groups up by name. Not in `reads`.
    pub reads_accounts: bool,
    /// Whether what it writes of /etc/passwd and /etc/group are new users and groups, as packages bring them: who was
    /// there stays as he was.
    pub only_adds_accounts: bool,
    /// Variables.
    pub env_reads: Vars,
    /// Variables.
    pub env_writes: Vars,
    /// State and config.
    pub slots_read: BTreeSet<Slot>,
    /// State and config.
    pub slots_written: BTreeSet<Slot>,
    /// Whether it may use the network.
    pub network: bool,
    /// Why it stays where it is, whatever stands beside it.
    pub stays: Option<String>,
}

impl Effects {
    /// The effects of `instruction`, which sees `state`. `script` is the shell view of a RUN's shell form, or of its
    /// only heredoc when that starts with no `#!`; without one, a RUN in shell form touches everything.
    pub fn of(
        file: &Dockerfile,
        instruction: &Instruction,
        state: &State,
        script: Option<&shell::Script>,
        knowledge: &Knowledge,
    ) -> Self {
        let mut effects = Self::default();
        let mut of = Of {
            escape: file.escape,
            state,
            effects: &mut effects,
        };
        match instruction.keyword {
            Keyword::Run => {
                of.mounts(instruction);
                of.run(instruction, script, knowledge);
            }
            Keyword::Copy | Keyword::Add => of.copy(file, instruction),
            Keyword::Env => of.env(instruction),
            Keyword::Arg => of.arg(instruction),
            Keyword::Workdir => of.workdir(instruction),
            Keyword::User => of.sets_text(instruction, Slot::User),
            Keyword::Stopsignal => of.sets_text(instruction, Slot::Stopsignal),
            Keyword::Maintainer => of.sets_text(instruction, Slot::Author),
            Keyword::Label => of.label(instruction),
            Keyword::Expose => of.sets_words(instruction, Slot::Expose),
            Keyword::Volume => of.volume(instruction),
            Keyword::Shell => of.sets(&[Slot::Shell]),
            Keyword::Cmd => of.command(instruction, &[Slot::Cmd]),
            // ENTRYPOINT drops the base image's CMD.
            Keyword::Entrypoint => of.command(instruction, &[Slot::Entrypoint, Slot::Cmd]),
            Keyword::Healthcheck => of.command(instruction, &[Slot::Healthcheck]),
            Keyword::Onbuild => of.sets(&[Slot::Onbuild]),
            Keyword::From => effects.stays = Some("FROM starts a stage".to_owned()),
            Keyword::Unknown => effects.stays = Some("it is no known instruction".to_owned()),
        }
        effects
    }
}

/// Whether `a` and `b` may change places, when `a` stands right before `b`.
///
/// # Errors
/// Why not, as a clause.
pub fn commute(a: &Effects, b: &Effects) -> Result<(), String> {
    if let Some(reason) = a.stays.as_ref().or(b.stays.as_ref()) {
        return Err(reason.clone());
    }
    if let Some(slot) = a
        .slots_written
        .iter()
        .find(|slot| b.slots_read.contains(slot) || b.slots_written.contains(slot))
        .or_else(|| {
            b.slots_written
                .iter()
                .find(|slot| a.slots_read.contains(slot))
        })
    {
        return Err(format!("both have to do with {}", slot.name()));
    }
    if let Some(name) = a
        .env_writes
        .overlap(&b.env_writes)
        .or_else(|| b.env_writes.overlap(&a.env_writes))
    {
        return Err(format!("both set {name}"));
    }
    if let Some(name) = a
        .env_writes
        .overlap(&b.env_reads)
        .or_else(|| b.env_writes.overlap(&a.env_reads))
    {
        return Err(format!("one sets {name}, which the other may read"));
    }
    if let Some(path) = a.writes.overlap(&b.writes) {
        return Err(format!("both may write {path}"));
    }
    if let Some(path) = a
        .writes
        .overlap(&b.reads)
        .or_else(|| a.reads.overlap(&b.writes))
    {
        return Err(format!("one may write {path}, which the other may read"));
    }
    let writes_accounts =
        |effects: &Effects| ACCOUNTS.iter().any(|path| effects.writes.covers(path));
    // The names that `a` looks up are there before `b` adds some; those that `b` looks up may come from `a`.
    if (b.reads_accounts && writes_accounts(a))
        || (a.reads_accounts && writes_accounts(b) && !b.only_adds_accounts)
    {
        return Err("one may change the users that the other looks up".to_owned());
    }
    for (one, other) in [(a, b), (b, a)] {
        for (path, owner) in &one.makes {
            if other.makes.get(path).is_some_and(|other| other != owner) {
                return Err(format!("both may make {path}, for different owners"));
            }
            if other.writes.covers(path) {
                return Err(format!("one may make {path}, which the other may write"));
            }
        }
    }
    Ok(())
}

/// Variables that mean something to the builder itself.
fn is_the_builders(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.starts_with("BUILDKIT_")
        || upper.starts_with("TARGET")
            && matches!(
                &upper["TARGET".len()..],
                "PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT" | "STAGE"
            )
        || matches!(
            upper.as_str(),
            "HTTP_PROXY"
                | "HTTPS_PROXY"
                | "FTP_PROXY"
                | "NO_PROXY"
                | "ALL_PROXY"
                | "SOURCE_DATE_EPOCH"
                | "BUILDPLATFORM"
                | "BUILDOS"
                | "BUILDOSVERSION"
                | "BUILDARCH"
                | "BUILDVARIANT"
        )
}

/// Where users and groups are looked up by name.
const ACCOUNTS: [&str; 2] = ["/etc/passwd", "/etc/group"];

/// Folders that every image of a distribution has.
const STANDARD_FOLDERS: [&str; 9] = [
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
];

struct Of<'a> {
    escape: u8,
    state: &'a State,
    effects: &'a mut Effects,
}

impl Of<'_> {
    fn expand(&mut self, word: &str) -> Expanded {
        match expand(word, &self.state.env, self.escape) {
            Ok(expanded) => {
                self.effects.env_reads.add(&expanded.used);
                expanded
            }
            Err(_) => {
                self.effects.stays = Some("it has a word that the builder refuses".to_owned());
                Expanded::default()
            }
        }
    }

    fn sets(&mut self, slots: &[Slot]) {
        self.effects.slots_written.extend(slots);
    }

    fn words(&mut self, instruction: &Instruction) -> Vec<Expanded> {
        match &instruction.args {
            Args::Words(words) | Args::Json(words) => {
                words.iter().map(|word| self.expand(&word.text)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn sets_text(&mut self, instruction: &Instruction, slot: Slot) {
        self.sets(&[slot]);
        match instruction.rest() {
            Some(text) => drop(self.expand(text)),
            None => self.effects.env_reads = Vars::All,
        }
    }

    fn sets_words(&mut self, instruction: &Instruction, slot: Slot) {
        self.sets(&[slot]);
        self.words(instruction);
    }

    fn command(&mut self, instruction: &Instruction, slots: &[Slot]) {
        self.sets(slots);
        if !instruction.is_json() {
            self.effects.slots_read.insert(Slot::Shell);
        }
    }

    fn pairs(&mut self, instruction: &Instruction) -> Vec<Expanded> {
        let pairs = match &instruction.args {
            Args::Pairs(pairs) => pairs.as_slice(),
            Args::OldPair(pair) => std::slice::from_ref(pair),
            _ => &[],
        };
        pairs
            .iter()
            .map(|pair| {
                self.expand(&pair.value.text);
                self.expand(&pair.key.text)
            })
            .collect()
    }

    fn label(&mut self, instruction: &Instruction) {
        self.sets(&[Slot::Label]);
        self.pairs(instruction);
    }

    fn env(&mut self, instruction: &Instruction) {
        self.sets(&[Slot::EnvOrder]);
        for name in self.pairs(instruction) {
            match name.known() {
                Some(name) => self.effects.env_writes.add(&[name.to_owned()]),
                None => self.effects.env_writes = Vars::All,
            }
        }
    }

    fn arg(&mut self, instruction: &Instruction) {
        for (name, default) in arg_words(instruction) {
            if is_the_builders(name) {
                self.effects.stays = Some(format!("{name} means something to the builder itself"));
            }
            if let Some(default) = default {
                self.expand(default);
            }
            self.effects.env_writes.add(&[name.to_owned()]);
        }
    }

    fn volume(&mut self, instruction: &Instruction) {
        self.sets(&[Slot::Volume]);
        for path in self.words(instruction) {
            // What comes after a VOLUME is lost there with builders older than BuildKit.
            self.writes(path.known().map(str::to_owned).as_deref());
        }
    }

    fn workdir(&mut self, instruction: &Instruction) {
        self.sets(&[Slot::Workdir]);
        self.effects.slots_read.insert(Slot::User);
        let Some(text) = instruction.rest() else {
            self.effects.writes = Paths::Everything;
            return;
        };
        let path = self.expand(text);
        if !path
            .text
            .as_deref()
            .is_some_and(|path| path.starts_with('/'))
        {
            self.effects.slots_read.insert(Slot::Workdir);
        }
        let owner = self
            .state
            .user
            .text
            .clone()
            .unwrap_or_else(|| "?".to_owned());
        match path.known().and_then(|path| self.state.workdir.join(path)) {
            Some(path) if self.state.family != Family::Windows => {
                self.reads_accounts(&owner);
                self.makes(&path, &owner, true);
            }
            _ => self.effects.writes = Paths::Everything,
        }
    }

    /// COPY and ADD: files below the destination, and the folders above it.
    fn copy(&mut self, file: &Dockerfile, instruction: &Instruction) {
        for flag in &instruction.flags {
            if let Some(value) = flag.value() {
                self.expand(value);
            }
        }
        for heredoc in instruction.heredocs.iter().filter(|heredoc| heredoc.expand) {
            match expand_raw(&file.text(heredoc.body), &self.state.env) {
                Ok(expanded) => self.effects.env_reads.add(&expanded.used),
                Err(_) => self.effects.env_reads = Vars::All,
            }
        }
        let words = self.words(instruction);
        let Some((destination, sources)) = words.split_last() else {
            self.effects.writes = Paths::Everything;
            return;
        };
        self.effects.network = instruction.keyword == Keyword::Add
            && sources.iter().any(|source| {
                source
                    .known()
                    .is_none_or(|source| source.contains("://") || source.starts_with("git@"))
            });
        let owner = instruction
            .flag("chown")
            .and_then(|flag| flag.value())
            .unwrap_or_default()
            .to_owned();
        self.reads_accounts(&owner);
        if !destination
            .text
            .as_deref()
            .is_some_and(|path| path.starts_with('/'))
        {
            self.effects.slots_read.insert(Slot::Workdir);
        }
        let path = destination
            .known()
            .and_then(|path| self.state.workdir.join(path))
            .filter(|_| self.state.family != Family::Windows);
        if let Some(path) = &path {
            self.makes(path, &owner, false);
        }
        self.reads(path.as_deref());
        self.writes(path.as_deref());
    }

    fn mounts(&mut self, instruction: &Instruction) {
        for flag in &instruction.flags {
            if let Some(value) = flag.value() {
                self.expand(value);
            }
        }
        for mount in Mount::all(instruction) {
            let default = match mount.kind.as_str() {
                "secret" => Some("/run/secrets"),
                "ssh" => Some("/run/buildkit"),
                _ => None,
            };
            if mount.kind == "secret" && mount.field("env").is_some() && mount.target.is_none() {
                continue;
            }
            let target = mount.target.as_deref().or(default);
            let target = target.map(|target| self.expand(target));
            let path = target
                .as_ref()
                .and_then(Expanded::known)
                .and_then(|path| self.state.workdir.join(path));
            // The folder that it is mounted on stays in the image.
            self.reads(path.as_deref());
            self.writes(path.as_deref());
            if let Some(path) = path {
                self.makes(&path, "", false);
            }
        }
        self.effects.network = instruction
            .flag("network")
            .and_then(|flag| flag.value())
            .is_none_or(|mode| mode != "none");
    }

    fn run(
        &mut self,
        instruction: &Instruction,
        script: Option<&shell::Script>,
        knowledge: &Knowledge,
    ) {
        self.effects.slots_read.extend([Slot::User, Slot::Workdir]);
        // The home of a number is looked up too.
        self.effects.reads_accounts = self.state.user.uid != Some(0);
        if !instruction.is_json() {
            self.effects.slots_read.insert(Slot::Shell);
        }
        let commands = match (&instruction.args, script) {
            (Args::Json(words), _) => Some(run::Commands::exec(
                words.iter().map(|word| word.text.as_str()),
            )),
            (_, Some(script)) => run::Commands::of(script),
            _ => None,
        };
        let commands = commands.filter(|_| self.state.family != Family::Windows);
        run::apply(self.effects, commands, self.state, knowledge);
    }

    /// Names of users and groups are looked up in the image.
    fn reads_accounts(&mut self, owner: &str) {
        let numeric = owner
            .split(':')
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        self.effects.reads_accounts |= !numeric;
    }

    fn reads(&mut self, path: Option<&str>) {
        self.effects.reads.add(path);
    }

    fn writes(&mut self, path: Option<&str>) {
        self.effects.writes.add(path);
    }

    /// The folders above `path`, and it itself, that are not known to be there.
    fn makes(&mut self, path: &str, owner: &str, itself: bool) {
        let distribution = matches!(
            self.state.family,
            Family::Debian
                | Family::Alpine
                | Family::Wolfi
                | Family::Rhel
                | Family::Suse
                | Family::Arch
        );
        let mut path = if itself {
            join(None, path)
        } else {
            parent(path)
        };
        while let Some(folder) = path {
            path = parent(&folder);
            if folder != "/" && !(distribution && STANDARD_FOLDERS.contains(&folder.as_str())) {
                self.effects.makes.insert(folder, owner.to_owned());
            }
        }
    }
}

/// The folder that an absolute path stands in; `None` for the root.
fn parent(path: &str) -> Option<String> {
    let (above, name) = path.rsplit_once('/')?;
    match (above, name) {
        ("", "") => None,
        ("", _) => Some("/".to_owned()),
        _ => Some(above.to_owned()),
    }
}

#[cfg(test)]
mod tests;
