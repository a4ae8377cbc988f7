//! Goes through the stages and notes what each step's key is made of.
use std::collections::{BTreeMap, BTreeSet};

use super::ledger::digest;
use super::source::{Source, through_links};
use super::{FromStage, Key, Model, Step};
use crate::context::Context;
use crate::context::glob::has_wildcards;
use crate::context::ignore::Ignore;
use crate::knowledge::Knowledge;
use crate::packages;
use crate::shell;
use crate::stage::{Base, Effects, Mount, Paths, Stage, Stages, State, Value, expand};
use crate::syntax::{Args, Dockerfile, Instruction, Keyword};

const STAGES: &str =
    "stages that ran again and gave the same: what comes from them counts as changed";
const REMOTE: &str = "changes of what ADD fetches";
const VARIABLE: &str =
    "sources whose name hangs on an unknown variable: each is taken for the whole context";
const UNKNOWN_STAGE: &str = "stages whose name hangs on a variable: each is taken for an image";
const TRIGGERS: &str = "triggers of ONBUILD in base images";
const NO_CONTEXT: &str = "the ignore file: the build context is not known";

type Names = BTreeSet<String>;

impl Model {
    /// The model of `file`, built to stage `target` (the last one, when none is given) in `context`. Without a context no
    /// ignore file is known and no link is followed.
    pub fn of(
        file: &Dockerfile,
        stages: &Stages,
        context: Option<&Context>,
        target: Option<usize>,
    ) -> Self {
        let ignore = context
            .and_then(|context| context.ignore_file())
            .and_then(|file| Ignore::parse(&file.bytes).ok());
        let mut of = Of {
            file,
            stages,
            context,
            knowledge: Knowledge::shipped(),
            globals: globals(file),
            ends: vec![None; stages.stages().len()],
            model: Self {
                steps: Vec::new(),
                keys: Vec::new(),
                ignore: ignore.unwrap_or_default(),
                notes: BTreeSet::new(),
            },
        };
        if context.is_none() {
            of.model.notes.insert(NO_CONTEXT);
        }
        let target = target.or_else(|| stages.stages().len().checked_sub(1));
        for stage in target.map_or_else(Vec::new, |target| order(stages, target)) {
            of.stage(stage);
        }
        of.model
    }
}

/// The stages that `target` needs, each after those that it needs.
fn order(stages: &Stages, target: usize) -> Vec<usize> {
    let mut order = Vec::new();
    let mut entered = vec![false; stages.stages().len()];
    let mut open = vec![(target, false)];
    while let Some((index, done)) = open.pop() {
        if done {
            order.push(index);
        } else if let Some(entered) = entered.get_mut(index)
            && !std::mem::replace(entered, true)
        {
            open.push((index, true));
            let parents = stages.get(index).map_or(&[][..], |stage| &stage.parents);
            open.extend(parents.iter().rev().map(|parent| (*parent, false)));
        }
    }
    order
}

/// The build arguments that variables and state hang on.
#[derive(Clone, Debug, Default)]
struct Taint {
    variables: BTreeMap<String, Names>,
    workdir: Names,
    user: Names,
}

impl Taint {
    /// The build arguments that `text` hangs on, by the variables that it names.
    fn of(&self, text: &str) -> Names {
        let variables = mentioned(text).into_iter();
        variables
            .filter_map(|name| self.variables.get(name))
            .flatten()
            .cloned()
            .collect()
    }

    fn all(&self) -> Names {
        let state = self.workdir.iter().chain(&self.user);
        self.variables
            .values()
            .flatten()
            .chain(state)
            .cloned()
            .collect()
    }
}

/// What is left at the end of a stage.
#[derive(Clone, Debug)]
struct End {
    /// Its last step.
    last: Option<usize>,
    /// Its steps and those of the stages that it starts from.
    steps: Vec<usize>,
    /// Digest of the image at the bottom.
    base: u64,
    /// The build arguments that choose it.
    base_args: Names,
    taint: Taint,
}

struct Of<'a> {
    file: &'a Dockerfile,
    stages: &'a Stages,
    context: Option<&'a Context>,
    knowledge: &'a Knowledge,
    globals: Taint,
    ends: Vec<Option<End>>,
    model: Model,
}

impl Of<'_> {
    fn stage(&mut self, index: usize) {
        let stages = self.stages;
        let Some(stage) = stages.get(index) else {
            return;
        };
        let mut end = self.start(stage);
        let file = self.file;
        if let Base::Stage(parent) = stage.base
            && let Some(parent) = stages.get(parent)
        {
            for instruction in file
                .instructions
                .get(parent.instructions.clone())
                .unwrap_or_default()
            {
                if let (Some(trigger), Some(state)) =
                    (&instruction.onbuild, stages.before(stage.from))
                {
                    self.instruction(trigger, instruction, state, index, &mut end);
                }
            }
        }
        for instruction in file
            .instructions
            .get(stage.instructions.clone())
            .unwrap_or_default()
        {
            if let Some(state) = stages.before(instruction.index) {
                self.instruction(instruction, instruction, state, index, &mut end);
            }
        }
        if let Some(slot) = self.ends.get_mut(index) {
            *slot = Some(end);
        }
    }

    fn start(&mut self, stage: &Stage) -> End {
        let from = self.file.instructions.get(stage.from);
        let named = from.map_or_else(Names::new, |from| self.globals.of(&text_of(from)));
        if let Base::Stage(parent) = stage.base
            && let Some(Some(end)) = self.ends.get(parent)
        {
            let mut end = end.clone();
            end.base_args.extend(named);
            return end;
        }
        if self
            .stages
            .before(stage.from)
            .is_some_and(|state| state.onbuild_base)
        {
            self.model.notes.insert(TRIGGERS);
        }
        End {
            last: None,
            steps: Vec::new(),
            base: digest(&(format!("{:?}", stage.base), &stage.platform)),
            base_args: named,
            taint: Taint::default(),
        }
    }

    /// `outer` is the instruction that stands in the file: the ONBUILD of a trigger.
    fn instruction(
        &mut self,
        instruction: &Instruction,
        outer: &Instruction,
        state: &State,
        stage: usize,
        end: &mut End,
    ) {
        let text = text_of(instruction);
        let key = match instruction.keyword {
            Keyword::Run => Some(self.run(instruction, state, end)),
            Keyword::Copy | Keyword::Add => Some(self.copy(instruction, state, end)),
            Keyword::Workdir => {
                let mut args = end.taint.of(&text);
                if !instruction.rest().is_some_and(|path| path.starts_with('/')) {
                    args.extend(end.taint.workdir.iter().cloned());
                }
                end.taint.workdir = args;
                self.workdir(instruction, state, end)
            }
            _ => None,
        };
        match instruction.keyword {
            Keyword::Arg => {
                for word in instruction.args.words() {
                    let (name, default) = match word.text.split_once('=') {
                        Some((name, default)) => (name, Some(default)),
                        None => (word.text.as_str(), None),
                    };
                    let mut names = match default {
                        Some(default) => end.taint.of(default),
                        None => self
                            .globals
                            .variables
                            .get(name)
                            .cloned()
                            .unwrap_or_default(),
                    };
                    names.insert(name.to_owned());
                    end.taint.variables.insert(name.to_owned(), names);
                }
            }
            Keyword::Env => {
                let before = end.taint.clone();
                for pair in instruction.args.pairs() {
                    end.taint
                        .variables
                        .insert(pair.key.text.clone(), before.of(&pair.value.text));
                }
            }
            Keyword::User => end.taint.user = end.taint.of(&text),
            _ => {}
        }
        let Some(mut key) = key else {
            return;
        };
        if end.last.is_none() {
            key.own = digest(&(key.own, end.base));
        }
        // One that chooses the image of a parent stage has its say through that stage's steps too.
        key.args.extend(end.base_args.iter().cloned());
        let index = self.model.steps.len();
        self.model.steps.push(Step {
            instruction: outer.index,
            stage,
            keyword: instruction.keyword,
            text: squeeze(&text),
            line: outer.lines.0,
            parent: end.last,
            system: self.calls_system_manager(instruction, state),
        });
        self.model.keys.push(key);
        end.last = Some(index);
        end.steps.push(index);
    }

    fn run(&mut self, instruction: &Instruction, state: &State, end: &End) -> Key {
        let mut key = self.key(instruction, state);
        key.args = end.taint.all();
        let words: Vec<&str> = instruction
            .args
            .words()
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        let script = match instruction.args {
            Args::Json(_) => None,
            _ => Some((instruction.rest().map(str::to_owned), &state.shell.argv)),
        };
        let flags: Vec<&str> = instruction
            .flags
            .iter()
            .map(|flag| flag.text.as_str())
            .collect();
        let variables: Vec<(&str, String)> = state
            .env
            .iter()
            .filter(|(_, variable)| !matches!(variable.value, Value::Optional | Value::Unset))
            .map(|(name, variable)| (name, shown(&variable.value)))
            .collect();
        let user = state.user.text.as_deref();
        let place = (&state.workdir.likely, user);
        key.own = digest(&(
            "RUN",
            words,
            script,
            self.bodies(instruction),
            flags,
            variables,
            place,
        ));
        for mount in Mount::all(instruction) {
            self.mount(&mount, state, &mut key);
        }
        key
    }

    fn mount(&mut self, mount: &Mount, state: &State, key: &mut Key) {
        if !matches!(mount.kind.as_str(), "bind" | "cache") {
            return;
        }
        let is_on = |name: &str, without: bool| {
            mount
                .fields
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| {
                    matches!(value.as_deref(), None | Some("" | "true" | "1")) != without
                })
        };
        let writable = mount.kind == "cache"
            || is_on("rw", false)
                .or_else(|| is_on("readwrite", false))
                .or_else(|| is_on("ro", true))
                .or_else(|| is_on("readonly", true))
                .unwrap_or(false);
        let source = mount.source.as_deref().unwrap_or("/");
        let source = expand(source, &state.env, self.file.escape)
            .ok()
            .and_then(|expanded| expanded.text);
        match &mount.from {
            Some(from) if !from.is_empty() => {
                let paths = match &source {
                    Some(source) => Paths::of([absolute(source).as_str()]),
                    None => Paths::Everything,
                };
                self.from_stage(from, state, &paths, writable, key);
            }
            _ if mount.kind == "cache" => {}
            // The context of another build is another one by its key, whatever is in it.
            _ if writable => key.unique = true,
            _ => match source {
                Some(source) => {
                    key.context.extend(self.links(&source));
                    key.context.push(Source::path(&source));
                }
                None => {
                    self.model.notes.insert(VARIABLE);
                    key.context.push(Source::all());
                }
            },
        }
    }

    fn copy(&mut self, instruction: &Instruction, state: &State, end: &End) -> Key {
        let mut key = self.key(instruction, state);
        key.args = end.taint.of(&text_of(instruction));
        for heredoc in &instruction.heredocs {
            if heredoc.expand {
                key.args.extend(end.taint.of(&self.file.text(heredoc.body)));
            }
        }
        let word = |text: &str| {
            expand(text, &state.env, self.file.escape)
                .ok()
                .and_then(|expanded| expanded.text)
        };
        let words: Vec<(String, Option<String>)> = instruction
            .args
            .words()
            .iter()
            .map(|written| (written.text.clone(), word(&written.text)))
            .collect();
        let Some(((to, destination), sources)) = words.split_last() else {
            return key;
        };
        if !destination.as_deref().unwrap_or(to).starts_with('/') {
            key.args.extend(end.taint.workdir.iter().cloned());
        }
        let flags: Vec<(&str, Option<String>)> = instruction
            .flags
            .iter()
            // For an image store without merges a COPY with --link is one without.
            .filter(|flag| !matches!(flag.name(), "link" | "from"))
            .map(|flag| {
                (
                    flag.name(),
                    flag.value()
                        .map(|value| word(value).unwrap_or_else(|| value.to_owned())),
                )
            })
            .collect();
        let shown: Vec<&String> = sources
            .iter()
            .map(|(written, known)| known.as_ref().unwrap_or(written))
            .collect();
        let place = (destination.as_ref().unwrap_or(to), &state.workdir.likely);
        key.own = digest(&(
            instruction.keyword.name(),
            shown,
            place,
            &flags,
            self.bodies_expanded(instruction, state),
        ));
        let excludes: Vec<String> = flags
            .iter()
            .filter(|(name, _)| *name == "exclude")
            .filter_map(|(_, value)| value.clone())
            .collect();
        let heredocs: Vec<&str> = instruction
            .heredocs
            .iter()
            .map(|heredoc| heredoc_word(instruction, heredoc.at))
            .collect();
        let sources = sources
            .iter()
            .filter(|(written, _)| !heredocs.contains(&written.as_str()));
        let from = instruction.flag("from").and_then(|flag| flag.value());
        if let (Keyword::Copy, Some(from)) =
            (instruction.keyword, from.filter(|from| !from.is_empty()))
        {
            let mut paths = Paths::None;
            for (_, source) in sources {
                match source {
                    Some(source) => paths.merge(&Paths::of([absolute(fixed(source)).as_str()])),
                    None => paths = Paths::Everything,
                }
            }
            self.from_stage(from, state, &paths, false, &mut key);
            return key;
        }
        for (_, source) in sources {
            match source.as_deref() {
                Some(source) if is_remote(source) && instruction.keyword == Keyword::Add => {
                    self.model.notes.insert(REMOTE);
                }
                Some(source) => {
                    key.context.extend(self.links(fixed(source)));
                    key.context.push(Source::pattern(source, &excludes));
                }
                None => {
                    self.model.notes.insert(VARIABLE);
                    key.context.push(Source::all());
                }
            }
        }
        key
    }

    /// `None` for the root, which is always there.
    fn workdir(&mut self, instruction: &Instruction, state: &State, end: &End) -> Option<Key> {
        let path = instruction.rest()?;
        let path = expand(path, &state.env, self.file.escape)
            .ok()
            .and_then(|expanded| expanded.text);
        let place = path.as_deref().and_then(|path| {
            let below = match path.starts_with('/') {
                true => Some(String::new()),
                false => state.workdir.likely.clone(),
            };
            Some(absolute(&format!("{}/{path}", below?)))
        });
        if place.as_deref() == Some("/") {
            return None;
        }
        let mut key = self.key(instruction, state);
        key.args = end.taint.workdir.union(&end.taint.user).cloned().collect();
        key.own = digest(&("WORKDIR", &place, path, state.user.text.as_deref()));
        Some(key)
    }

    fn key(&self, instruction: &Instruction, state: &State) -> Key {
        let script = script(instruction, state);
        let effects = Effects::of(
            self.file,
            instruction,
            state,
            script.as_ref(),
            self.knowledge,
        );
        Key {
            own: 0,
            args: Names::new(),
            context: Vec::new(),
            stages: Vec::new(),
            unique: false,
            writes: effects.writes,
        }
    }

    fn from_stage(&mut self, from: &str, state: &State, paths: &Paths, whole: bool, key: &mut Key) {
        let name = expand(from, &state.env, self.file.escape)
            .ok()
            .and_then(|expanded| expanded.text);
        let stage = name
            .as_deref()
            .and_then(|name| match name.parse::<usize>() {
                Ok(number) => self.stages.get(number),
                Err(_) => self.stages.find(name),
            });
        let end = stage
            .and_then(|stage| self.ends.get(stage.index))
            .and_then(Option::as_ref);
        let Some(end) = end else {
            if name.is_none() || stage.is_some() || from.contains('$') {
                self.model.notes.insert(UNKNOWN_STAGE);
            }
            key.own = digest(&(key.own, name.unwrap_or_else(|| from.to_owned())));
            return;
        };
        self.model.notes.insert(STAGES);
        let writes = |step: &&usize| {
            let written = self.model.keys.get(**step).map(|key| &key.writes);
            whole || written.is_none_or(|written| written.overlap(paths).is_some())
        };
        key.stages.push(FromStage {
            writers: end.steps.iter().filter(writes).copied().collect(),
            base: end.base,
            args: end.base_args.clone(),
            whole,
        });
    }

    fn links(&self, path: &str) -> Vec<Source> {
        self.context
            .map_or_else(Vec::new, |context| through_links(context, path))
    }

    fn bodies(&self, instruction: &Instruction) -> Vec<(Vec<u8>, bool)> {
        let bodies = instruction.heredocs.iter();
        bodies
            .map(|heredoc| (self.file.bytes(heredoc.body).to_vec(), heredoc.chomp))
            .collect()
    }

    fn bodies_expanded(&self, instruction: &Instruction, state: &State) -> Vec<String> {
        let bodies = instruction.heredocs.iter().map(|heredoc| {
            let text = self.file.text(heredoc.body).into_owned();
            if !heredoc.expand {
                return text;
            }
            let expanded = crate::stage::expand_raw(&text, &state.env).ok();
            expanded.and_then(|expanded| expanded.text).unwrap_or(text)
        });
        bodies.collect()
    }

    fn calls_system_manager(&self, instruction: &Instruction, state: &State) -> bool {
        instruction.keyword == Keyword::Run
            && script(instruction, state)
                .is_some_and(|script| !packages::system_calls(&script, self.knowledge).is_empty())
    }
}

/// The build arguments that the ARGs in front of the first FROM hang on.
fn globals(file: &Dockerfile) -> Taint {
    let mut taint = Taint::default();
    let in_front = file
        .instructions
        .iter()
        .take_while(|instruction| instruction.keyword != Keyword::From);
    for word in in_front
        .filter(|one| one.keyword == Keyword::Arg)
        .flat_map(|one| one.args.words())
    {
        let (name, default) = word.text.split_once('=').unwrap_or((&word.text, ""));
        let mut names = taint.of(default);
        names.insert(name.to_owned());
        taint.variables.insert(name.to_owned(), names);
    }
    taint
}

fn script(instruction: &Instruction, state: &State) -> Option<shell::Script> {
    let text = instruction
        .logical
        .text()
        .get(instruction.shell_at()?.range())?;
    shell::Script::parse(text, state.dialect()?)
}

/// Names behind a `$` in `text`, quoted or not.
fn mentioned(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest
            .find(|one: char| !one.is_alphanumeric() && one != '_')
            .unwrap_or(rest.len());
        names.extend(rest.get(..end));
    }
    names
}

/// From keyword to end, as BuildKit joins it.
fn text_of(instruction: &Instruction) -> String {
    let bytes = instruction.logical.bytes();
    let bytes = bytes
        .get(instruction.keyword_at.start..)
        .unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn heredoc_word(instruction: &Instruction, at: crate::syntax::Span) -> &str {
    instruction
        .logical
        .text()
        .get(at.range())
        .unwrap_or_default()
}

fn shown(value: &Value) -> String {
    value
        .likely()
        .map_or_else(|| "?".to_owned(), |text| format!("={text}"))
}

fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

/// The part of a pattern in front of the first element with a wildcard.
fn fixed(pattern: &str) -> &str {
    let mut end = 0;
    for part in pattern.split_inclusive('/') {
        if has_wildcards(part) {
            break;
        }
        end += part.len();
    }
    pattern.get(..end).unwrap_or(pattern)
}

/// Clean and absolute.
fn absolute(path: &str) -> String {
    crate::context::glob::clean(&format!("/{path}"))
}
