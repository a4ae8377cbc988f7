//! Which stages there are, and who needs whom.
use super::env::{Env, Origin, Value};
use super::expand::expand;
use super::mount::Mount;
use crate::syntax::{Args, Dockerfile, Instruction, Keyword};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `FROM scratch`: nothing.
    Scratch,
    /// Another stage, by its number.
    Stage(usize),
    /// An image.
    Image {
        /// As FROM names it, variables expanded.
        reference: String,
    },
    /// What hangs on a variable of no known value.
    Unknown,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number.
    pub index: usize,
    /// Its name, in lower case.
    pub name: Option<String>,
    /// Its FROM, an index into [`Dockerfile::instructions`].
    pub from: usize,
    /// Its instructions, FROM included.
    pub instructions: Range<usize>,
    /// What it starts from, in a build without build arguments.
    pub base: Base,
    /// Whether no build argument can change `base`.
    pub certain: bool,
    /// Whether no build argument can change the repository of `base`: at most tag and digest hang on one.
    pub repository_certain: bool,
    /// `--platform`, variables expanded as far as they are known.
    pub platform: Option<String>,
    /// Stages that it needs: by FROM, `COPY --from`, and mounts; sorted.
    pub parents: Vec<usize>,
}

/// How an instruction names a stage or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// FROM.
    From,
    /// `COPY --from`.
    Copy,
    /// `RUN --mount=from=`.
    Mount,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A stage, by its number.
    Stage(usize),
    /// An image.
    Image(String),
    /// Nothing that is known: a variable, or a number of no stage.
    Unknown,
}

/// Where one stage, or image, is named in another stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The instruction that names it, an index into [`Dockerfile::instructions`].
    pub at: usize,
    /// How.
    pub kind: ReferenceKind,
    /// What it leads to.
    pub target: Target,
    /// Whether it stands in an ONBUILD.
    pub onbuild: bool,
}

/// Variables that the builder defines for FROM, without any ARG.
const PLATFORM_ARGS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// The stage graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) stages: Vec<Stage>,
    pub(super) references: Vec<Reference>,
    pub(super) globals: Env,
    pub(super) needed: Vec<bool>,
    pub(super) ships: Vec<bool>,
}

impl Graph {
    pub(super) fn of(file: &Dockerfile) -> Self {
        let first = file
            .instructions
            .iter()
            .position(|instruction| instruction.keyword == Keyword::From)
            .unwrap_or(file.instructions.len());
        let mut graph = Self {
            globals: globals(&file.instructions[..first], file.escape),
            ..Self::default()
        };
        let mut names: HashMap<String, usize> = HashMap::new();
        for instruction in &file.instructions[first..] {
            if instruction.keyword == Keyword::From {
                let stage = graph.stage(instruction, file.escape, &names);
                if let Some(name) = &stage.name {
                    names.insert(name.clone(), stage.index);
                }
                graph.references.push(Reference {
                    at: stage.from,
                    kind: ReferenceKind::From,
                    target: match &stage.base {
                        Base::Stage(parent) => Target::Stage(*parent),
                        Base::Image { reference } => Target::Image(reference.clone()),
                        Base::Scratch => Target::Image("scratch".to_owned()),
                        Base::Unknown => Target::Unknown,
                    },
                    onbuild: false,
                });
                graph.stages.push(stage);
            } else if let Some(stage) = graph.stages.last_mut() {
                stage.instructions.end = instruction.index + 1;
            }
        }
        graph.look_up(file, first, &names);
        graph.reach();
        graph
    }

    fn stage(
        &self,
        instruction: &Instruction,
        escape: u8,
        names: &HashMap<String, usize>,
    ) -> Stage {
        let words: &[_] = match &instruction.args {
            Args::Words(words) => words,
            _ => &[],
        };
        let name = match words {
            [_, r#as, name, ..] if r#as.text.eq_ignore_ascii_case("as") => {
                Some(name.text.to_lowercase())
            }
            _ => None,
        };
        let written = words.first().map_or("", |word| word.text.as_str());
        let expanded = expand(written, &self.globals, escape).unwrap_or_default();
        // A name is looked up as it is written, and names are kept in lower case: `FROM Base` is an image.
        let base = match &expanded.text {
            None => Base::Unknown,
            Some(text) if text.is_empty() => Base::Unknown,
            Some(text) => match names.get(text) {
                Some(stage) => Base::Stage(*stage),
                None if text == "scratch" => Base::Scratch,
                None => Base::Image {
                    reference: text.clone(),
                },
            },
        };
        let before_variables = written.split('$').next().unwrap_or_default();
        let in_tag = before_variables
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains([':', '@']));
        let parents = match base {
            Base::Stage(parent) => vec![parent],
            _ => Vec::new(),
        };
        Stage {
            index: self.stages.len(),
            name,
            from: instruction.index,
            instructions: instruction.index..instruction.index + 1,
            certain: expanded.certain && base != Base::Unknown,
            repository_certain: base != Base::Unknown && (expanded.certain || in_tag),
            base,
            platform: instruction
                .flag("platform")
                .and_then(|flag| flag.value())
                .and_then(|value| expand(value, &self.globals, escape).ok()?.text),
            parents,
        }
    }

    /// Follows `COPY --from` and mounts. Unlike FROM, they may name any stage, in any case.
    fn look_up(&mut self, file: &Dockerfile, first: usize, names: &HashMap<String, usize>) {
        let mut stage = 0;
        for instruction in &file.instructions[first..] {
            while self
                .stages
                .get(stage + 1)
                .is_some_and(|next| next.from <= instruction.index)
            {
                stage += 1;
            }
            let (inner, onbuild) = match &instruction.onbuild {
                Some(inner) => (&**inner, true),
                None => (instruction, false),
            };
            for (kind, target) in self.named_in(inner, names) {
                if let Target::Stage(parent) = target
                    && !onbuild
                    && let Some(stage) = self.stages.get_mut(stage)
                {
                    stage.parents.push(parent);
                }
                self.references.push(Reference {
                    at: instruction.index,
                    kind,
                    target,
                    onbuild,
                });
            }
        }
        for stage in &mut self.stages {
            stage.parents.sort_unstable();
            stage.parents.dedup();
        }
        self.onbuild_parents();
        self.references.sort_by_key(|reference| reference.at);
    }

    /// What ONBUILD names is needed by the stages that start from there.
    fn onbuild_parents(&mut self) {
        let mut triggers: HashMap<usize, Vec<usize>> = HashMap::new();
        for reference in &self.references {
            if let (true, Target::Stage(parent)) = (reference.onbuild, &reference.target)
                && let Some(stage) = stage_of(&self.stages, reference.at)
            {
                triggers.entry(stage).or_default().push(*parent);
            }
        }
        for stage in &mut self.stages {
            if let Base::Stage(base) = stage.base
                && let Some(parents) = triggers.get(&base)
            {
                stage.parents.extend(parents);
                stage.parents.sort_unstable();
                stage.parents.dedup();
            }
        }
    }

    fn named_in(
        &self,
        instruction: &Instruction,
        names: &HashMap<String, usize>,
    ) -> Vec<(ReferenceKind, Target)> {
        let by_name = |name: &str| {
            if name.contains('$') {
                return Target::Unknown;
            }
            match names.get(&name.to_lowercase()) {
                Some(stage) => Target::Stage(*stage),
                None => Target::Image(name.to_owned()),
            }
        };
        match instruction.keyword {
            Keyword::Copy => instruction
                .flag("from")
                .and_then(|flag| flag.value())
                .filter(|from| !from.is_empty())
                .map(|from| {
                    let target = match from.parse::<i64>() {
                        Ok(number) => usize::try_from(number)
                            .ok()
                            .filter(|number| *number < self.stages.len())
                            .map_or(Target::Unknown, Target::Stage),
                        Err(_) => by_name(from),
                    };
                    (ReferenceKind::Copy, target)
                })
                .into_iter()
                .collect(),
            // Mounts know no numbers: `from=0` would be an image of that name. Who writes it means a stage.
            Keyword::Run => Mount::all(instruction)
                .iter()
                .filter_map(|mount| mount.from.as_deref())
                .filter(|from| !from.is_empty())
                .map(|from| {
                    let target = match from.parse::<i64>() {
                        Ok(_) => Target::Unknown,
                        Err(_) => by_name(from),
                    };
                    (ReferenceKind::Mount, target)
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn reach(&mut self) {
        let Some(last) = self.stages.len().checked_sub(1) else {
            return;
        };
        self.needed = self.needed_by(last);
        self.ships = self.ships_in(last);
    }

    pub(super) fn needed_by(&self, target: usize) -> Vec<bool> {
        let mut needed = vec![false; self.stages.len()];
        let mut open = vec![target];
        while let Some(stage) = open.pop() {
            if let (Some(seen), Some(stage)) = (needed.get_mut(stage), self.stages.get(stage))
                && !std::mem::replace(seen, true)
            {
                open.extend(&stage.parents);
            }
        }
        needed
    }

    pub(super) fn ships_in(&self, target: usize) -> Vec<bool> {
        let mut ships = vec![false; self.stages.len()];
        let mut next = Some(target);
        while let Some(stage) = next.and_then(|index| self.stages.get(index)) {
            ships[stage.index] = true;
            next = match stage.base {
                Base::Stage(parent) => Some(parent),
                _ => None,
            };
        }
        ships
    }
}

pub(super) fn stage_of(stages: &[Stage], instruction: usize) -> Option<usize> {
    let stage = stages
        .partition_point(|stage| stage.from <= instruction)
        .checked_sub(1)?;
    stages
        .get(stage)
        .filter(|stage| stage.instructions.contains(&instruction))
        .map(|stage| stage.index)
}

/// The global ARGs: each sees the ones before it. One without a default is not set, until a build argument sets it.
fn globals(instructions: &[Instruction], escape: u8) -> Env {
    static BUILDERS: OnceLock<Env> = OnceLock::new();
    let mut env = BUILDERS
        .get_or_init(|| {
            let mut env = Env::closed();
            for name in PLATFORM_ARGS {
                env.set(name, Value::Unknown, Origin::Builder, None);
            }
            env
        })
        .clone();
    for instruction in instructions {
        if instruction.keyword != Keyword::Arg {
            continue;
        }
        for (name, default) in arg_words(instruction) {
            let value = match default {
                Some(default) => match expand(default, &env, escape) {
                    Ok(expanded) => overridable(expanded.value()),
                    Err(_) => Value::Unknown,
                },
                None => match env.get(name) {
                    Some(variable) => overridable(variable.value.clone()),
                    None => Value::Optional,
                },
            };
            env.set(name, value, Origin::Arg, Some(instruction.index));
        }
    }
    env
}

/// Names and defaults of an ARG, as written.
pub(super) fn arg_words(instruction: &Instruction) -> impl Iterator<Item = (&str, Option<&str>)> {
    let words: &[_] = match &instruction.args {
        Args::Words(words) => words,
        _ => &[],
    };
    words.iter().map(|word| match word.text.split_once('=') {
        Some((name, default)) => (name, Some(default)),
        None => (word.text.as_str(), None),
    })
}

/// A value that a build argument may replace.
pub(super) fn overridable(value: Value) -> Value {
    match value {
        Value::Known(text) => Value::Default(text),
        Value::Unset => Value::Optional,
        other => other,
    }
}
