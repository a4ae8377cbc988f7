//! Global ARGs, stages, who copies from whom, and the walk over all of it (BuildKit's `dockerfile2llb/convert.go`).
use super::accept::{accept_one, words};
use super::dispatch::Dispatcher;
use super::lint::Lint;
use super::state::{State, Variables};
use super::variables::{self, Expansion, Reading, Value};
use super::{Outside, Rejection, casing, flags, image, mounts, platform};
use crate::syntax::{Dockerfile, Instruction, Keyword};
use std::collections::{HashMap, HashSet};

/// A stage of the file.
pub(super) struct Stage<'f> {
    pub(super) from: &'f Instruction,
    /// In lower case, empty when it has none.
    name: String,
    /// After expansion.
    image: String,
    /// The stage that it is based on.
    base: Option<usize>,
    body: &'f [Instruction],
    /// Stages that it copies or mounts from, with the instruction that does.
    needs: Vec<(usize, &'f Instruction)>,
    /// ONBUILD instructions of the base that run at its start.
    triggers: Vec<&'f Instruction>,
}

/// Where `--from` leads.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Stage(usize),
    Image,
}

/// The global ARGs.
struct Globals {
    /// Those with a value, and the platform's.
    values: Variables,
    /// All names.
    declared: HashSet<String>,
}

/// The stages, found by name and by number.
pub(super) struct Plan<'f> {
    pub(super) stages: Vec<Stage<'f>>,
    by_name: HashMap<String, usize>,
    /// Images that `--from` names; BuildKit numbers them behind the stages.
    images: usize,
}

/// Works through the file; it was accepted before.
pub(super) fn plan(
    file: &Dockerfile,
    outside: &dyn Outside,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let (global, mut stages) = split(&file.instructions);
    if stages.is_empty() {
        return Err(Rejection {
            message: "there is no FROM".into(),
            span: crate::syntax::Span::new(0, file.source().len()),
            line: 1,
        });
    }
    casing::whole_file(file, lint);
    let reading = Reading {
        escape: char::from(file.escape),
        keep_quotes: false,
    };
    let globals = globals(global, &stages, reading);
    if let Ok(globals) = &globals {
        default_images(&stages, globals, reading, lint);
    }
    let globals = globals?;
    let mut by_name = HashMap::new();
    for (index, stage) in stages.iter_mut().enumerate() {
        base(stage, &globals, reading, lint)?;
        stage.base = by_name.get(&stage.image).copied();
        if !stage.name.is_empty() {
            by_name.insert(stage.name.clone(), index);
        }
    }
    let mut plan = Plan {
        stages,
        by_name,
        images: 0,
    };
    plan.connect(reading)?;
    plan.acyclic()?;
    for stage in &plan.stages {
        if stage.base.is_none() && stage.image != "scratch" && !image::valid(&stage.image) {
            return Err(Rejection::at(
                stage.from,
                format!("{:?} is no name of an image", stage.image),
            ));
        }
    }
    plan.triggers(flags::names_frontend(file), reading)?;
    dispatch(file, outside, &plan, &globals.values, reading, lint)
}

/// Each stage's instructions, in the state that its base leaves.
fn dispatch<'f>(
    file: &'f Dockerfile,
    outside: &dyn Outside,
    plan: &Plan<'f>,
    globals: &Variables,
    reading: Reading,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let mut states: Vec<State<'f>> = Vec::with_capacity(plan.stages.len());
    for (index, stage) in plan.stages.iter().enumerate() {
        let state = match stage.base.and_then(|base| states.get(base)) {
            Some(base) => base.child(),
            None if stage.image == "scratch" => State::on_scratch(),
            None => State::on_image(outside.environment(&stage.image)),
        };
        let mut dispatcher = Dispatcher {
            file,
            outside,
            plan,
            globals,
            reading,
            lint,
            index,
            state,
        };
        for trigger in &stage.triggers {
            dispatcher
                .run(trigger, stage.from)
                .map_err(|message| Rejection::at(stage.from, message))?;
        }
        for instruction in stage.body {
            dispatcher
                .run(instruction, instruction)
                .map_err(|message| Rejection::at(instruction, message))?;
        }
        states.push(dispatcher.state);
    }
    Ok(())
}

/// What stands before the first FROM, and the stages.
fn split(instructions: &[Instruction]) -> (&[Instruction], Vec<Stage<'_>>) {
    let starts: Vec<usize> = instructions
        .iter()
        .enumerate()
        .filter(|(_, instruction)| instruction.keyword == Keyword::From)
        .map(|(index, _)| index)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
    let stages = starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            let from = instructions.get(*start)?;
            Some(Stage {
                from,
                name: match words(from) {
                    [_, _, name] => name.text.to_lowercase(),
                    _ => String::new(),
                },
                image: String::new(),
                base: None,
                body: instructions.get(start + 1..end)?,
                needs: Vec::new(),
                triggers: Vec::new(),
            })
        })
        .collect();
    let first = starts.first().copied().unwrap_or(instructions.len());
    (instructions.get(..first).unwrap_or_default(), stages)
}

fn value<'v>(variables: &'v Variables, name: &str) -> Value<'v> {
    match variables.get(name) {
        None => Value::Unset,
        Some(None) => Value::Hidden,
        Some(Some(value)) => Value::Known(value),
    }
}

/// The variables of the platform, then the ARGs before the first FROM.
fn globals(
    instructions: &[Instruction],
    stages: &[Stage<'_>],
    reading: Reading,
) -> Result<Globals, Rejection> {
    let target = stages
        .last()
        .map(|stage| stage.name.as_str())
        .filter(|name| !name.is_empty())
        .unwrap_or("default");
    let machine = format!("{}/{}", platform::SYSTEM, platform::ARCHITECTURE);
    let mut values: Variables = HashMap::new();
    for side in ["BUILD", "TARGET"] {
        for (name, value) in [
            ("PLATFORM", machine.as_str()),
            ("OS", platform::SYSTEM),
            ("OSVERSION", ""),
            ("ARCH", platform::ARCHITECTURE),
            ("VARIANT", ""),
        ] {
            values.insert(format!("{side}{name}"), Some(value.to_owned()));
        }
    }
    values.insert("TARGETSTAGE".into(), Some(target.to_owned()));
    let mut declared = HashSet::new();
    for instruction in instructions {
        for word in words(instruction) {
            let Some((name, default)) = word.text.split_once('=') else {
                declared.insert(word.text.clone());
                continue;
            };
            let expansion = variables::expand(default, reading, &|name| value(&values, name));
            if let Some(failure) = expansion.failure {
                return Err(Rejection::at(instruction, failure.message));
            }
            let known = (!expansion.hidden).then(|| expansion.text.into_owned());
            values.insert(name.to_owned(), known);
            declared.insert(name.to_owned());
        }
    }
    Ok(Globals { values, declared })
}

/// Names of images that the defaults make.
fn default_images(stages: &[Stage<'_>], globals: &Globals, reading: Reading, lint: &mut Lint) {
    for stage in stages {
        let Some(written) = words(stage.from).first() else {
            continue;
        };
        let expansion =
            variables::expand(&written.text, reading, &|name| value(&globals.values, name));
        if expansion.failure.is_some() {
            return;
        }
        if !expansion.hidden && !image::valid(&expansion.text) {
            lint.report("InvalidDefaultArgInFrom", stage.from);
        }
    }
}

/// Expands the image and the platform of a stage.
fn base(
    stage: &mut Stage<'_>,
    globals: &Globals,
    reading: Reading,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let from = stage.from;
    let lookup = |name: &str| value(&globals.values, name);
    let undeclared = |expansion: &Expansion<'_>, lint: &mut Lint| {
        for name in &expansion.unmatched {
            if !globals.declared.contains(name) {
                lint.report("UndefinedArgInFrom", from);
            }
        }
    };
    let written = words(from).first().map_or("", |word| word.text.as_str());
    let expansion = variables::expand(written, reading, &lookup);
    undeclared(&expansion, lint);
    if let Some(failure) = expansion.failure {
        return Err(Rejection::at(from, failure.message));
    }
    if expansion.text.is_empty() && !expansion.hidden {
        return Err(Rejection::at(from, format!("the image {written} is empty")));
    }
    stage.image = expansion.text.into_owned();

    let written = flags::value(&from.flags, "platform");
    if written.is_empty() {
        return Ok(());
    }
    let expansion = variables::expand(written, reading, &lookup);
    undeclared(&expansion, lint);
    if expansion.unmatched.is_empty() {
        match expansion.matched.as_slice() {
            [] => {
                let constant = platform::parse(&expansion.text).is_some_and(|(system, machine)| {
                    !stage.name.contains(&system) && !stage.name.contains(&machine)
                });
                if constant {
                    lint.report("FromPlatformFlagConstDisallowed", from);
                }
            }
            [name] if name == "TARGETPLATFORM" => {
                if let Value::Known(target) = lookup(name)
                    && target == expansion.text
                {
                    lint.report("RedundantTargetPlatform", from);
                }
            }
            _ => {}
        }
    }
    if let Some(failure) = expansion.failure {
        return Err(Rejection::at(from, failure.message));
    }
    if !expansion.hidden && platform::parse(&expansion.text).is_none() {
        return Err(Rejection::at(
            from,
            format!("--platform={written} is no platform"),
        ));
    }
    Ok(())
}

impl<'f> Plan<'f> {
    /// The stage called `name`, in any case.
    fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_lowercase()).copied()
    }

    /// Where a mount's `from` leads: a name, never a number.
    pub(super) fn mounted(&self, from: &str) -> Origin {
        self.named(from).map_or(Origin::Image, Origin::Stage)
    }

    /// Where COPY's `--from` leads.
    pub(super) fn copied(&self, from: &str) -> Origin {
        match from.parse::<i64>() {
            Err(_) => self.mounted(from),
            Ok(number) => match usize::try_from(number) {
                Ok(index) if index < self.stages.len() => Origin::Stage(index),
                _ => Origin::Image,
            },
        }
    }

    /// Finds the stages that each stage needs.
    fn connect(&mut self, reading: Reading) -> Result<(), Rejection> {
        for index in 0..self.stages.len() {
            let body = self.stages.get(index).map_or(&[][..], |stage| stage.body);
            for instruction in body {
                let needs = self
                    .origins(instruction, reading)
                    .map_err(|message| Rejection::at(instruction, message))?;
                if let Some(stage) = self.stages.get_mut(index) {
                    stage
                        .needs
                        .extend(needs.into_iter().map(|need| (need, instruction)));
                }
            }
        }
        Ok(())
    }

    /// The stages that an instruction copies or mounts from; counts the images.
    fn origins(
        &mut self,
        instruction: &Instruction,
        reading: Reading,
    ) -> Result<Vec<usize>, String> {
        let mut found = Vec::new();
        match instruction.keyword {
            Keyword::Copy => {
                let from = flags::value(&instruction.flags, "from");
                if from.is_empty() {
                    return Ok(found);
                }
                let expansion = variables::expand(from, reading, &|_| Value::Unset);
                if let Some(failure) = expansion.failure {
                    return Err(failure.message);
                }
                if expansion.text != from {
                    return Err("--from takes no variable: name a stage instead".into());
                }
                if let Ok(number) = from.parse::<i64>() {
                    let end = self.stages.len() + self.images;
                    if !usize::try_from(number).is_ok_and(|number| number < end) {
                        return Err(format!("there is no stage {number}"));
                    }
                }
                match self.copied(from) {
                    Origin::Stage(stage) => found.push(stage),
                    Origin::Image => self.image(from)?,
                }
            }
            Keyword::Run => {
                for mount in flags::values(&instruction.flags, "mount") {
                    let from = mounts::from(mount)?;
                    if from.is_empty() {
                        continue;
                    }
                    match self.mounted(&from) {
                        Origin::Stage(stage) => found.push(stage),
                        Origin::Image => self.image(&from)?,
                    }
                }
            }
            _ => {}
        }
        Ok(found)
    }

    fn image(&mut self, name: &str) -> Result<(), String> {
        self.images += 1;
        let numbered = name.parse::<i64>().is_ok();
        if numbered || name == "scratch" || image::valid(name) {
            Ok(())
        } else {
            Err(format!("{name:?} is no stage and no name of an image"))
        }
    }

    /// No stage copies from itself, in a round-about way neither.
    fn acyclic(&self) -> Result<(), Rejection> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.stages.len()];
        for start in 0..self.stages.len() {
            let mut path: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((stage, next)) = path.last_mut() {
                let stage = *stage;
                let mark = marks.get(stage).copied().unwrap_or(Mark::Done);
                if *next == 0 && mark != Mark::New {
                    path.pop();
                    continue;
                }
                if let Some(mark) = marks.get_mut(stage) {
                    *mark = Mark::Open;
                }
                let needs = self.stages.get(stage).map_or(&[][..], |stage| &stage.needs);
                let need = needs.get(*next);
                *next += 1;
                match need {
                    None => {
                        if let Some(mark) = marks.get_mut(stage) {
                            *mark = Mark::Done;
                        }
                        path.pop();
                    }
                    Some((need, instruction)) => match marks.get(*need) {
                        Some(Mark::Open) => {
                            return Err(Rejection::at(
                                instruction,
                                "the stage would need itself: a circle of --from",
                            ));
                        }
                        Some(Mark::New) => path.push((*need, 0)),
                        _ => {}
                    },
                }
            }
        }
        Ok(())
    }

    /// ONBUILD of a stage runs at the start of the stages that are based on it, as far as the last one needs them.
    fn triggers(&mut self, frontend: bool, reading: Reading) -> Result<(), Rejection> {
        let has_onbuild = |stage: &Stage<'_>| {
            stage
                .body
                .iter()
                .any(|instruction| instruction.keyword == Keyword::Onbuild)
        };
        if !self.stages.iter().any(has_onbuild) {
            return Ok(());
        }
        let mut waiting: Vec<usize> = self.stages.len().checked_sub(1).into_iter().collect();
        let mut seen = vec![false; self.stages.len()];
        while let Some(index) = waiting.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let Some(stage) = self.stages.get(index) else {
                continue;
            };
            let from = stage.from;
            waiting.extend(stage.base);
            waiting.extend(stage.needs.iter().map(|(need, _)| *need));
            let Some(base) = stage.base.and_then(|base| self.stages.get(base)) else {
                continue;
            };
            let held: Vec<&'f Instruction> = base
                .body
                .iter()
                .filter_map(|instruction| instruction.onbuild.as_deref())
                .collect();
            for instruction in &held {
                accept_one(instruction, frontend)
                    .map_err(|message| Rejection::at(from, message))?;
                let needs = self
                    .origins(instruction, reading)
                    .map_err(|message| Rejection::at(from, message))?;
                waiting.extend(&needs);
            }
            if let Some(stage) = self.stages.get_mut(index) {
                stage.triggers = held;
            }
        }
        Ok(())
    }
}
