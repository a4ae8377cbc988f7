//! The cache model: which steps BuildKit runs again after an edit of the build context, or with other build arguments.
//!
//! A step is what BuildKit numbers in its log: RUN, COPY, ADD, and a WORKDIR other than `/`. The other instructions are
//! none, but what they set is part of the keys of steps below them. The rules are those of BuildKit's
//! `solver/llbsolver/ops/{exec,file}.go` (what a key is made of) and `frontend/dockerfile/dockerfile2llb/convert.go`
//! (what becomes a step), with the image store of dockerd, for which `COPY --link` is a plain COPY:
//!
//! * COPY and ADD are keyed by the content of what they match, whatever else lies in the context.
//! * RUN is keyed by its text, its shell, the variables, user and working directory that it sees, and its mounts. A
//!   read-only bind mount counts by its content; a writable one of the context is never the same twice.
//! * Each step is keyed by the one before it too. What comes from another stage counts by its content: it is taken for
//!   changed when a step ran again that may have written it, which is the most that can run.
//!
//! What the model leaves out is said by [`Model::left_out`]: base images that moved, caches that were pruned, and content that
//! came out the same although its step ran again.

mod edit;
mod ledger;
mod of;
mod source;
mod weights;

use std::collections::BTreeSet;

use crate::context::ignore::Ignore;
use crate::stage::Paths;
use crate::syntax::Keyword;

pub use edit::{Comparison, Edit, compare};
pub use ledger::{Contents, Ledger};
pub use weights::{Kind, Weights};

use source::Source;

/// A step of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its instruction, an index into [`crate::syntax::Dockerfile::instructions`]. For a trigger: its ONBUILD.
    pub instruction: usize,
    /// The stage that it is run in.
    pub stage: usize,
    /// RUN, COPY, ADD or WORKDIR.
    pub keyword: Keyword,
    /// The instruction as BuildKit joins it, runs of white space as one space, without heredoc bodies.
    pub text: String,
    /// First line of the instruction, 1-based.
    pub line: usize,
    /// The step that it stands on, an index into [`Model::steps`]; `None` for the first one on an image.
    pub parent: Option<usize>,
    /// Whether a RUN calls a package manager of the system.
    pub system: bool,
}

/// What a step's key is made of.
#[derive(Clone, Debug)]
struct Key {
    /// A digest of what stands in the file: text, and the values that it sees.
    own: u64,
    /// The build arguments in it.
    args: BTreeSet<String>,
    /// What it takes from the context.
    context: Vec<Source>,
    /// What it takes from other stages.
    stages: Vec<FromStage>,
    /// Whether no other build has its key.
    unique: bool,
    /// What it writes.
    writes: Paths,
}

/// What a step takes from another stage.
#[derive(Clone, Debug)]
struct FromStage {
    /// The steps that may have written it.
    writers: Vec<usize>,
    /// Digest of the image that the stage starts from.
    base: u64,
    /// Build arguments that choose that image.
    args: BTreeSet<String>,
    /// Whether it counts by the last step's key, not by content: writable mounts.
    whole: bool,
}

/// The steps of a file, and what each of them hangs on.
#[derive(Clone, Debug)]
pub struct Model {
    steps: Vec<Step>,
    keys: Vec<Key>,
    ignore: Ignore,
    notes: BTreeSet<&'static str>,
}

impl Model {
    /// The steps that are built for the target, each after all that it hangs on.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the answers leave out, a phrase each.
    pub fn left_out(&self) -> Vec<&'static str> {
        const ALWAYS: [&str; 2] = ["updates of base images", "pruned build caches"];
        ALWAYS
            .into_iter()
            .chain(self.notes.iter().copied())
            .collect()
    }

    /// Whether the builder sees `path` of the context: the ignore file doesn't leave it out.
    pub fn sees(&self, path: &str) -> bool {
        !self.ignore.judge_on_the_way(path).ignored
    }

    /// The steps that take `path` of the context in, by step. The path is relative to the context's root.
    pub fn takes(&self, path: &str) -> Vec<bool> {
        let seen = self.sees(path);
        let takes = |key: &Key| seen && key.context.iter().any(|source| source.matches(path));
        self.keys.iter().map(takes).collect()
    }

    /// Which steps run again, by step, when the keys of those in `own` are new.
    fn spread(&self, own: &[bool], args: &[String]) -> Vec<bool> {
        let mut content = Vec::with_capacity(self.keys.len());
        let mut runs: Vec<bool> = Vec::with_capacity(self.keys.len());
        let named = |of: &BTreeSet<String>| args.iter().any(|name| of.contains(name));
        let at = |list: &[bool], index: usize| list.get(index).copied().unwrap_or(true);
        for (index, (step, key)) in self.steps.iter().zip(&self.keys).enumerate() {
            let from_stages = key.stages.iter().any(|from| {
                named(&from.args)
                    || from.writers.iter().any(|writer| match from.whole {
                        true => at(&runs, *writer),
                        false => at(&content, *writer),
                    })
            });
            let new = at(own, index) || key.unique || named(&key.args) || from_stages;
            let parent = step.parent.is_some_and(|parent| at(&runs, parent));
            runs.push(new || parent);
            // What a RUN writes may hang on all that was there before.
            content.push(new || (parent && step.keyword == Keyword::Run));
        }
        runs
    }
}

#[cfg(test)]
mod tests;
