//! The stages, and who copies or mounts from whom (BuildKit's `dockerfile2llb/convert.go`).
use super::accept::{accept_one, words};
use super::variables::{self, Reading, Value};
use super::{Rejection, flags, image, mounts};
use crate::syntax::{Instruction, Keyword};
use std::collections::HashMap;

/// A stage of the file.
pub(super) struct Stage<'f> {
    pub(super) from: &'f Instruction,
    /// In lower case, empty when it has none.
    pub(super) name: String,
    /// After expansion.
    pub(super) image: String,
    /// The stage that it is based on.
    pub(super) base: Option<usize>,
    pub(super) body: &'f [Instruction],
    /// Stages that it copies or mounts from, with the instruction that does.
    needs: Vec<(usize, &'f Instruction)>,
    /// ONBUILD instructions of the base that run at its start.
    pub(super) triggers: Vec<&'f Instruction>,
}

/// Where `--from` leads.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Stage(usize),
    Image,
}

/// The stages, found by name and by number.
pub(super) struct Stages<'f> {
    pub(super) list: Vec<Stage<'f>>,
    by_name: HashMap<String, usize>,
    /// Images that `--from` names; BuildKit numbers them behind the stages.
    images: usize,
}

impl<'f> Stages<'f> {
    /// What stands before the first FROM, and the stages.
    pub(super) fn split(instructions: &'f [Instruction]) -> (&'f [Instruction], Self) {
        let starts: Vec<usize> = instructions
            .iter()
            .enumerate()
            .filter(|(_, instruction)| instruction.keyword == Keyword::From)
            .map(|(index, _)| index)
            .collect();
        let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
        let list = starts
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
        (
            instructions.get(..first).unwrap_or_default(),
            Self {
                list,
                by_name: HashMap::new(),
                images: 0,
            },
        )
    }

    /// Finds the stages that stages are based on: those above, by their very name.
    pub(super) fn link(&mut self) {
        for (index, stage) in self.list.iter_mut().enumerate() {
            stage.base = self.by_name.get(&stage.image).copied();
            if !stage.name.is_empty() {
                self.by_name.insert(stage.name.clone(), index);
            }
        }
    }

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
                Ok(index) if index < self.list.len() => Origin::Stage(index),
                _ => Origin::Image,
            },
        }
    }

    /// Finds the stages that each stage needs.
    pub(super) fn connect(&mut self, reading: Reading) -> Result<(), Rejection> {
        for index in 0..self.list.len() {
            let body = self.list.get(index).map_or(&[][..], |stage| stage.body);
            for instruction in body {
                let needs = self
                    .origins(instruction, reading)
                    .map_err(|message| Rejection::at(instruction, message))?;
                if let Some(stage) = self.list.get_mut(index) {
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
                    let end = self.list.len() + self.images;
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
    pub(super) fn acyclic(&self) -> Result<(), Rejection> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.list.len()];
        for start in 0..self.list.len() {
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
                let needs = self.list.get(stage).map_or(&[][..], |stage| &stage.needs);
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
    pub(super) fn triggers(&mut self, frontend: bool, reading: Reading) -> Result<(), Rejection> {
        let has_onbuild = |stage: &Stage<'_>| {
            stage
                .body
                .iter()
                .any(|instruction| instruction.keyword == Keyword::Onbuild)
        };
        if !self.list.iter().any(has_onbuild) {
            return Ok(());
        }
        // Many triggers times many stages: no honest file comes near, and the rest is left out.
        let mut budget = 100_000_usize;
        let mut waiting: Vec<usize> = self.list.len().checked_sub(1).into_iter().collect();
        let mut seen = vec![false; self.list.len()];
        while let Some(index) = waiting.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let Some(stage) = self.list.get(index) else {
                continue;
            };
            let from = stage.from;
            waiting.extend(stage.base);
            waiting.extend(stage.needs.iter().map(|(need, _)| *need));
            let Some(base) = stage.base.and_then(|base| self.list.get(base)) else {
                continue;
            };
            let held: Vec<&'f Instruction> = base
                .body
                .iter()
                .filter_map(|instruction| instruction.onbuild.as_deref())
                .collect();
            let Some(left) = budget.checked_sub(held.len()) else {
                return Ok(());
            };
            budget = left;
            for instruction in &held {
                accept_one(instruction, frontend)
                    .map_err(|message| Rejection::at(from, message))?;
                let needs = self
                    .origins(instruction, reading)
                    .map_err(|message| Rejection::at(from, message))?;
                waiting.extend(&needs);
            }
            if let Some(stage) = self.list.get_mut(index) {
                stage.triggers = held;
            }
        }
        Ok(())
    }
}
