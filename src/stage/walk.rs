//! Goes through a file and notes what each instruction sees.
use super::env::{Env, Origin, Value};
use super::expand::{Expanded, expand};
use super::features::Features;
use super::graph::{Base, Graph, Stage, arg_words, overridable};
use super::persistent::Persistent;
use super::shell_form::Shell;
use super::state::{State, User, Workdir, join};
use super::tables;
use crate::knowledge::{Family, Knowledge};
use crate::syntax::{Args, Dockerfile, Instruction, Keyword};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The PATH that the builder sets when the base image has none (util/system, `DefaultPathEnvUnix`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// States, each shared by the instructions that see the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    pub(super) states: Vec<State>,
    /// By instruction: an index into `states`.
    pub(super) before: Vec<Option<u32>>,
    /// By stage: an index into `states`.
    pub(super) at_end: Vec<u32>,
}

impl Walk {
    pub(super) fn of(file: &Dockerfile, graph: &Graph, knowledge: &Knowledge) -> Self {
        let mut walker = Walker {
            file,
            globals: &graph.globals,
            // Values may be copied into values over and over: what a file of this size can need, and no more.
            budget: 8 * 1024 * 1024 + 16 * file.source().len(),
        };
        let features = Arc::new(Features::of(file));
        let mut walk = Self {
            before: vec![None; file.instructions.len()],
            ..Self::default()
        };
        for stage in &graph.stages {
            let mut state = match stage.base {
                Base::Stage(parent) => match walk.at_end.get(parent) {
                    Some(end) => walk.states[*end as usize].clone(),
                    None => walker.start(stage, knowledge, &features),
                },
                _ => walker.start(stage, knowledge, &features),
            };
            if !stage.certain {
                state.base_certain = false;
                if !stage.repository_certain {
                    state.family = Family::Unknown;
                }
            }
            if let Base::Stage(parent) = stage.base
                && let Some(parent) = graph.stages.get(parent)
            {
                for instruction in &file.instructions[parent.instructions.clone()] {
                    if let Some(trigger) = &instruction.onbuild {
                        walker.apply(&mut state, trigger, stage.from);
                    }
                }
            }
            let mut current = walk.push(state);
            for instruction in &file.instructions[stage.instructions.clone()] {
                walk.before[instruction.index] = Some(current);
                let mut state = walk.states[current as usize].clone();
                if walker.apply(&mut state, instruction, instruction.index) {
                    current = walk.push(state);
                }
            }
            walk.at_end.push(current);
        }
        walk
    }

    fn push(&mut self, state: State) -> u32 {
        self.states.push(state);
        u32::try_from(self.states.len() - 1).unwrap_or(u32::MAX)
    }
}

struct Walker<'a> {
    file: &'a Dockerfile,
    globals: &'a Env,
    budget: usize,
}

impl Walker<'_> {
    /// What the first instruction after FROM sees, when FROM names no other stage.
    fn start(&self, stage: &Stage, knowledge: &Knowledge, features: &Arc<Features>) -> State {
        let mut state = State {
            env: Env::open(),
            workdir: Arc::default(),
            user: Arc::default(),
            shell: Arc::new(Shell::posix(false)),
            family: Family::Unknown,
            likely_family: Family::Unknown,
            base_certain: stage.certain,
            onbuild_base: false,
            features: features.clone(),
            program_folders: Some(Arc::default()),
            volumes: Persistent::default(),
        };
        let for_windows = stage
            .platform
            .as_deref()
            .is_some_and(|platform| platform.to_ascii_lowercase().starts_with("windows"));
        match &stage.base {
            Base::Scratch => {
                state.env = Env::closed();
                let path = Value::Known(DEFAULT_PATH.into());
                state.env.set("PATH", path, Origin::Base, None);
                state.workdir = Arc::new(workdir("/".to_owned(), true));
                state.user = Arc::new(User::of("", false));
                state.shell = Arc::new(Shell::posix(true));
                state.family = Family::Scratch;
            }
            Base::Image { reference } => {
                let facts = tables::image(knowledge, reference);
                state.family = facts.family;
                state.onbuild_base = facts.onbuild;
                // What another image would have is not known; another tag of this one is taken to be alike.
                if facts.known && stage.repository_certain && !facts.onbuild {
                    for (name, value) in &facts.env {
                        let value = Value::Known(value.as_str().into());
                        let value = if stage.certain {
                            value
                        } else {
                            overridable(value)
                        };
                        state.env.set(name, value, Origin::Base, None);
                    }
                    if let Some(path) = facts.workdir {
                        state.workdir = Arc::new(workdir(path, stage.certain));
                    }
                    if let Some(user) = facts.user
                        && stage.certain
                    {
                        state.user = Arc::new(User::of(&user, false));
                    }
                    if let Some(shell) = facts.shell {
                        state.shell = Arc::new(Shell::of(shell, false));
                    } else if facts.no_shell_set {
                        state.shell = Arc::new(Shell::posix(true));
                    }
                    for volume in facts.volumes {
                        state.volumes.insert(&volume, ());
                    }
                }
            }
            Base::Stage(_) | Base::Unknown => {}
        }
        if for_windows {
            state.family = Family::Windows;
        }
        state.likely_family = state.family;
        // Nobody writes the other escape character but for Windows paths.
        let unknown_with_backticks = state.family == Family::Unknown && self.file.escape == b'`';
        if state.family == Family::Windows || unknown_with_backticks {
            state.shell = Arc::new(Shell::opaque());
            state.workdir = Arc::default();
        }
        state
    }

    /// Lets `instruction` change `state`; whether it did.
    fn apply(&mut self, state: &mut State, instruction: &Instruction, at: usize) -> bool {
        match instruction.keyword {
            Keyword::Env => self.env(state, instruction, at),
            Keyword::Arg => self.arg(state, instruction, at),
            Keyword::Workdir => {
                let path = self.text(state, instruction);
                state.workdir = Arc::new(self.workdir(state, path));
            }
            Keyword::User => {
                let user = self.text(state, instruction);
                state.user = Arc::new(match user.known() {
                    Some(text) => User::of(text, true),
                    None => User {
                        explicit: true,
                        ..User::default()
                    },
                });
            }
            Keyword::Shell => {
                let argv = match &instruction.args {
                    Args::Json(words) => words.iter().map(|word| word.text.clone()).collect(),
                    _ => return false,
                };
                let mut shell = Shell::of(argv, true);
                if state.family == Family::Windows {
                    shell.dialect = None;
                }
                state.shell = Arc::new(shell);
            }
            Keyword::Volume => {
                let words = match &instruction.args {
                    Args::Json(words) | Args::Words(words) => words,
                    _ => return false,
                };
                for word in words {
                    let path = self.expand(&word.text, &state.env);
                    if let Some(path) = path.text {
                        state.volumes.insert(&path, ());
                    }
                }
            }
            _ => return false,
        }
        true
    }

    /// All pairs of an ENV see the variables from before it.
    fn env(&mut self, state: &mut State, instruction: &Instruction, at: usize) {
        let pairs = match &instruction.args {
            Args::Pairs(pairs) => pairs.as_slice(),
            Args::OldPair(pair) => std::slice::from_ref(pair),
            _ => return,
        };
        let before = state.env.clone();
        for pair in pairs {
            let value = self.expand(&pair.value.text, &before).value();
            let name = self.expand(&pair.key.text, &before);
            if name.known() == Some("PATH") {
                self.program_folders(state, &pair.value.text, &before);
            }
            match name.text {
                Some(name) => state.env.set(&name, value, Origin::Env, Some(at)),
                None => {
                    // Some variable gets a value, and nobody knows which one.
                    let known: Vec<String> =
                        state.env.iter().map(|(name, _)| name.to_owned()).collect();
                    state.env = Env::open();
                    state.program_folders = None;
                    for name in known {
                        state.env.set(&name, Value::Unknown, Origin::Env, Some(at));
                    }
                }
            }
        }
    }

    /// The ARGs of one instruction see each other, from left to right. One without a default takes the global one's
    /// value, and leaves an ENV of its name as it is unless a build argument comes.
    fn arg(&mut self, state: &mut State, instruction: &Instruction, at: usize) {
        for (name, default) in arg_words(instruction) {
            if name == "PATH" {
                state.program_folders = None;
            }
            let value = match default {
                Some(default) => overridable(self.expand(default, &state.env).value()),
                None => match self.globals.get(name) {
                    Some(global) if global.value != Value::Optional => {
                        overridable(global.value.clone())
                    }
                    _ => overridable(state.env.value(name)),
                },
            };
            state.env.set(name, value, Origin::Arg, Some(at));
        }
    }

    /// Folders of a new PATH: those that stand in it, and those of the old one.
    fn program_folders(&mut self, state: &mut State, path: &str, env: &Env) {
        /// More than anybody has.
        const MAX: usize = 64;
        let Some(folders) = &state.program_folders else {
            return;
        };
        let mut folders = BTreeSet::clone(folders);
        for part in path.trim_matches('"').split(':') {
            if matches!(part, "$PATH" | "${PATH}") {
                continue;
            }
            match self.expand(part, env).known() {
                Some(folder) if folder.starts_with('/') && folders.len() < MAX => {
                    folders.extend(join(None, folder));
                }
                _ => {
                    state.program_folders = None;
                    return;
                }
            }
        }
        state.program_folders = Some(Arc::new(folders));
    }

    fn workdir(&self, state: &State, path: Expanded) -> Workdir {
        let absolute = path
            .text
            .as_deref()
            .is_some_and(|path| path.starts_with('/'));
        if state.family == Family::Windows {
            return Workdir {
                explicit: true,
                ..Workdir::default()
            };
        }
        Workdir {
            path: path
                .known()
                .and_then(|text| join(state.workdir.path.as_deref(), text)),
            likely: path
                .text
                .as_deref()
                .and_then(|text| join(state.workdir.likely.as_deref(), text)),
            known_base: state.workdir.known_base || absolute,
            explicit: true,
        }
    }

    /// The whole text behind the keyword, expanded.
    fn text(&mut self, state: &State, instruction: &Instruction) -> Expanded {
        match instruction.rest() {
            Some(text) => self.expand(text, &state.env),
            None => Expanded::default(),
        }
    }

    /// What BuildKit refuses, and what costs too much, is as good as unknown.
    fn expand(&mut self, word: &str, env: &Env) -> Expanded {
        if self.budget < word.len() {
            return Expanded::default();
        }
        let expanded = expand(word, env, self.file.escape).unwrap_or_default();
        let cost = word.len() + expanded.text.as_ref().map_or(0, String::len);
        self.budget = self.budget.saturating_sub(cost);
        expanded
    }
}

fn workdir(path: String, certain: bool) -> Workdir {
    Workdir {
        path: certain.then(|| path.clone()),
        likely: Some(path),
        known_base: true,
        explicit: false,
    }
}
