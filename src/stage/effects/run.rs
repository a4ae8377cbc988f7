//! What a RUN touches, by the commands that are in it.
use super::super::state::{State, Workdir};
use super::super::tables;
use super::{ACCOUNTS, Effects, Paths, Vars};
use crate::knowledge::Knowledge;
use std::collections::BTreeSet;

use crate::shell::{CommandKind, RedirectOp, Script, Word};

/// The commands of a RUN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commands {
    /// Words of each; `None` for one of unknown value.
    pub(super) commands: Vec<Vec<Option<String>>>,
    /// Variables that the shell expands.
    pub(super) variables: Vec<String>,
    /// Files that redirections write; `None` when not known.
    pub(super) writes: Vec<Option<String>>,
    /// Files that redirections read; `None` when not known.
    pub(super) reads: Vec<Option<String>>,
}

impl Commands {
    /// The exec form: one command, no shell.
    pub(super) fn exec<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        Self {
            commands: vec![words.map(|word| Some(word.to_owned())).collect()],
            ..Self::default()
        }
    }

    /// The commands of a script; `None` when some of them can't be seen.
    pub(super) fn of(script: &Script) -> Option<Self> {
        let mut commands = Self {
            variables: script
                .variables_read()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            ..Self::default()
        };
        // A function takes the place of a program, and so does another PATH.
        let mut hides = false;
        script.visit_commands(&mut |command| {
            hides |= matches!(command.kind, CommandKind::Function { .. });
        });
        hides |= script
            .assignments()
            .iter()
            .any(|assignment| tables::finds_programs(&assignment.name));
        if hides {
            return None;
        }
        for call in script.calls() {
            if !call.simple.words.is_empty() {
                commands
                    .commands
                    .push(call.simple.words.iter().map(value).collect());
            }
        }
        for redirect in script.redirects() {
            let target = redirect.target.as_ref().and_then(value);
            match redirect.op {
                RedirectOp::Heredoc | RedirectOp::HereString => {}
                RedirectOp::Duplicate => {
                    // bash's `>&file`.
                    let descriptor = target.as_deref().is_some_and(|target| {
                        target
                            .strip_suffix('-')
                            .unwrap_or(target)
                            .bytes()
                            .all(|byte| byte.is_ascii_digit())
                    });
                    if !descriptor {
                        commands.writes.push(target);
                    }
                }
                op if op.writes() => commands.writes.push(target),
                _ => commands.reads.push(target),
            }
        }
        Some(commands)
    }
}

/// A word's value when it is one fixed string; of a pattern, the folder that all of its matches are below.
fn value(word: &Word) -> Option<String> {
    let text = word.literal.as_deref()?;
    if word.brace || word.tilde {
        return None;
    }
    if !word.glob || text == "[" {
        return Some(text.to_owned());
    }
    let before = text.split(['*', '?', '[']).next()?;
    let (folder, start) = before.rsplit_once('/')?;
    // `.*` may match `..`.
    let stays_below = !start.starts_with('.') && !text.contains("..") && !text.starts_with('-');
    stays_below.then(|| format!("{folder}/"))
}

/// What every program and shell reads.
const EVERYBODY_READS: [&str; 28] = [
    "PATH",
    "HOME",
    "PWD",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "TMPDIR",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_*",
    "CDPATH",
    "OLDPWD",
    "PS4",
    "POSIXLY_CORRECT",
    "SOURCE_DATE_EPOCH",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
];

/// Where programs and their libraries are looked up.
const PROGRAMS_LIE_HERE: [&str; 14] = [
    "/bin",
    "/busybox",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.preload",
    "/lib",
    "/lib64",
    "/sbin",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
];

/// Adds what `commands` touch; everything when they are not known.
pub(super) fn apply(
    effects: &mut Effects,
    commands: Option<Commands>,
    state: &State,
    knowledge: &Knowledge,
) {
    let touches_everything = |effects: &mut Effects| {
        effects.reads = Paths::Everything;
        effects.writes = Paths::Everything;
        effects.env_reads = Vars::All;
    };
    let Some(commands) = commands else {
        return touches_everything(effects);
    };
    effects.env_reads.merge(&Vars::of(EVERYBODY_READS));
    effects.env_reads.add(&commands.variables);
    effects.reads.merge(&Paths::of(PROGRAMS_LIE_HERE));
    match &state.program_folders {
        Some(folders) if folders.is_empty() => {}
        Some(folders) => effects.reads.merge(&Paths::Some(BTreeSet::clone(folders))),
        None => effects.reads = Paths::Everything,
    }
    // After a `cd`, nobody keeps count of where the script is.
    let moves = commands
        .commands
        .iter()
        .flatten()
        .flatten()
        .any(|word| matches!(word.as_str(), "cd" | "chdir" | "pushd" | "popd" | "chroot"));
    let workdir = if moves {
        &Workdir::default()
    } else {
        &*state.workdir
    };
    let mut network = false;
    let mut only_adds = commands.writes.is_empty();
    for command in &commands.commands {
        let facts = tables::command(knowledge, command, workdir);
        let Some(facts) = facts else {
            return touches_everything(effects);
        };
        effects.reads.merge(&facts.reads);
        effects.writes.merge(&facts.writes);
        effects.env_reads.merge(&facts.env_reads);
        let writes_accounts = ACCOUNTS.iter().any(|path| facts.writes.covers(path));
        only_adds &= facts.is_install || !writes_accounts;
        network |= facts.network;
    }
    effects.network &= network;
    effects.only_adds_accounts = only_adds;
    for (paths, all) in [
        (&commands.writes, &mut effects.writes),
        (&commands.reads, &mut effects.reads),
    ] {
        for path in paths {
            let path = path.as_deref().and_then(|path| workdir.join(path));
            let is_terminal = matches!(
                path.as_deref(),
                Some("/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty")
            );
            if !is_terminal {
                all.add(path.as_deref());
            }
        }
    }
}
