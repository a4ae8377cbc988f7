//! What a RUN touches, by the commands that are in it.
use super::super::state::State;
use super::super::tables;
use super::{Effects, Paths, Vars};
use crate::knowledge::Knowledge;
use crate::shell;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The program, without a path to the system's own folders; `None` when it is not known.
    pub(super) program: Option<String>,
    /// Its arguments; `None` for those whose value is not known.
    pub(super) args: Vec<Option<String>>,
}

/// The commands of a RUN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commands {
    pub(super) commands: Vec<Command>,
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
        let mut words = words.map(str::to_owned);
        let command = Command {
            program: words
                .next()
                .as_deref()
                .and_then(tables::program_name)
                .map(str::to_owned),
            args: words.map(Some).collect(),
        };
        Self {
            commands: vec![command],
            ..Self::default()
        }
    }

    /// The commands of a script; `None` when some of them can't be seen.
    pub(super) fn of(_script: &shell::Script) -> Option<Self> {
        None
    }
}

/// What every program and shell reads.
const EVERYBODY_READS: [&str; 12] = [
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
    "LC_*",
    "LD_*",
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
    let mut network = false;
    for command in &commands.commands {
        let facts = command
            .program
            .as_deref()
            .and_then(|program| tables::command(knowledge, program, &command.args, &state.workdir));
        let Some(facts) = facts else {
            return touches_everything(effects);
        };
        effects.reads.merge(&facts.reads);
        effects.writes.merge(&facts.writes);
        effects.env_reads.merge(&facts.env_reads);
        network |= facts.network;
    }
    effects.network &= network;
    for path in &commands.writes {
        let path = path.as_deref().and_then(|path| state.workdir.join(path));
        if path.as_deref() != Some("/dev/null") {
            effects.writes.add(path.as_deref());
        }
    }
    for path in &commands.reads {
        let path = path.as_deref().and_then(|path| state.workdir.join(path));
        effects.reads.add(path.as_deref());
    }
}
