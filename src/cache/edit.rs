//! Edits, and what they make run.
use super::Model;
use serde::Serialize;

/// What changes between two builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Files that are edited, made or gone, relative to the context's root, apart by `/`.
    pub files: Vec<String>,
    /// Build arguments that get another value.
    pub args: Vec<String>,
}

impl Edit {
    /// An edit of one file.
    pub fn of_file(path: impl Into<String>) -> Self {
        Self {
            files: vec![path.into()],
            args: Vec::new(),
        }
    }

    /// Another value of one build argument.
    pub fn of_arg(name: impl Into<String>) -> Self {
        Self {
            files: Vec::new(),
            args: vec![name.into()],
        }
    }
}

/// How many steps run after an edit, before and after a change of the Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Steps of the file as it was.
    pub steps_before: usize,
    /// Those that run again.
    pub rerun_before: usize,
    /// Steps of the file as it is now.
    pub steps_after: usize,
    /// Those that run again.
    pub rerun_after: usize,
}

impl std::fmt::Display for Comparison {
    /// `2 of 9 steps run instead of 7`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = match self.steps_after {
            1 => "step",
            _ => "steps",
        };
        write!(
            f,
            "{} of {} {steps} run instead of {}",
            self.rerun_after, self.steps_after, self.rerun_before
        )?;
        if self.steps_before != self.steps_after {
            write!(f, " of {}", self.steps_before)?;
        }
        Ok(())
    }
}

/// What `edit` makes run under two Dockerfiles of one context.
pub fn compare(before: &Model, after: &Model, edit: &Edit) -> Comparison {
    let count = |model: &Model| model.rerun(edit).iter().filter(|runs| **runs).count();
    Comparison {
        steps_before: before.steps().len(),
        rerun_before: count(before),
        steps_after: after.steps().len(),
        rerun_after: count(after),
    }
}

impl Model {
    /// Which steps run again after `edit`, by step, on a builder that has built the file before.
    pub fn rerun(&self, edit: &Edit) -> Vec<bool> {
        let mut own = vec![false; self.keys.len()];
        for path in &edit.files {
            for (own, takes) in own.iter_mut().zip(self.takes(path)) {
                *own |= takes;
            }
        }
        self.spread(&own, &edit.args)
    }
}
