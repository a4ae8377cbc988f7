//! What each instruction sees: the stage graph, variables, working directory, user, shell, and the system of the base.
//!
//! The rules are those of BuildKit's `frontend/dockerfile/dockerfile2llb/convert.go` and `shell/lex.go`. What is said
//! of a file holds for every build of it: where a build argument can change something, that is said too
//! ([`Value::Default`], [`Workdir::likely`], [`Stage::certain`]). `--build-context`, which can put anything in the
//! place of any stage or image, is left out of account.

mod effects;
mod env;
mod expand;
mod features;
mod graph;
mod mount;
mod pattern;
mod persistent;
mod shell_form;
mod state;
mod tables;
mod walk;

use crate::knowledge::Knowledge;
use crate::syntax::Dockerfile;

pub use crate::knowledge::Family;
pub use effects::{Effects, Paths, Slot, Vars, commute};
pub use env::{Env, Origin, Value, Variable};
pub use expand::{
    ExpandError, Expanded, ExpandedWords, MAX_TEXT, expand, expand_raw, expand_words,
};
pub use features::Features;
pub use graph::{Base, Reference, ReferenceKind, Stage, Target};
pub use mount::Mount;
pub use persistent::{Iter, Persistent};
pub use shell_form::Shell;
pub use state::{State, User, Workdir};
pub use tables::{ImageFacts, NO_PACKAGES_HERE, image, looks_like_windows};

/// The stages of a file, and what each instruction sees.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    graph: graph::Graph,
    walk: walk::Walk,
}

impl Stages {
    /// Works the stages of `file` out. The cost is linear in the file's size.
    pub fn of(file: &Dockerfile, knowledge: &Knowledge) -> Self {
        let graph = graph::Graph::of(file);
        let walk = walk::Walk::of(file, &graph, knowledge);
        Self { graph, walk }
    }

    /// What instruction `index` sees before it runs; `None` outside of any stage. For FROM: what the first instruction
    /// after it sees.
    pub fn before(&self, index: usize) -> Option<&State> {
        let state = (*self.walk.before.get(index)?)?;
        self.walk.states.get(state as usize)
    }

    /// What is left at the end of a stage: what a stage that starts from it begins with.
    pub fn at_end(&self, stage: usize) -> Option<&State> {
        self.walk.states.get(*self.walk.at_end.get(stage)? as usize)
    }

    /// All stages, in order.
    pub fn stages(&self) -> &[Stage] {
        &self.graph.stages
    }

    /// Stage `index`.
    pub fn get(&self, index: usize) -> Option<&Stage> {
        self.graph.stages.get(index)
    }

    /// The stage that instruction `index` stands in; its FROM is in it. `None` for the ARGs in front.
    pub fn stage_of(&self, index: usize) -> Option<usize> {
        graph::stage_of(&self.graph.stages, index)
    }

    /// The stage that `COPY --from`, a mount or `--target` means by `name`: in any case, and of several the last one.
    /// FROM looks a name up as it is written: see [`Stage::base`].
    pub fn find(&self, name: &str) -> Option<&Stage> {
        let name = name.to_lowercase();
        self.graph
            .stages
            .iter()
            .rfind(|stage| stage.name.as_deref() == Some(&name))
    }

    /// The stage that is built when no other one is asked for.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.graph.stages.last()
    }

    /// Variables that FROM sees: the ARGs before the first one, and those of the builder.
    pub fn globals(&self) -> &Env {
        &self.graph.globals
    }

    /// All places where a stage or image is named, in order of instructions.
    pub fn references(&self) -> &[Reference] {
        &self.graph.references
    }

    /// Where stage `index` is named: by FROM, `COPY --from`, or a mount. What can't be resolved (a variable, a number
    /// in a mount) may mean any stage and is in [`Stages::unresolved`].
    pub fn dependents(&self, index: usize) -> impl Iterator<Item = &Reference> {
        self.graph
            .references
            .iter()
            .filter(move |reference| reference.target == Target::Stage(index))
    }

    /// References that lead to nothing that is known.
    pub fn unresolved(&self) -> impl Iterator<Item = &Reference> {
        self.graph
            .references
            .iter()
            .filter(|reference| reference.target == Target::Unknown)
    }

    /// Whether a stage's layers are in the image of the final stage: that one and those that it starts from.
    pub fn ships(&self, stage: usize) -> bool {
        self.graph.ships.get(stage).copied().unwrap_or(false)
    }

    /// Whether a stage has to be built for the final one.
    pub fn needed(&self, stage: usize) -> bool {
        self.graph.needed.get(stage).copied().unwrap_or(false)
    }

    /// Which stages' layers are in the image of `--target` stage `target`, by stage.
    pub fn ships_in(&self, target: usize) -> Vec<bool> {
        self.graph.ships_in(target)
    }

    /// Which stages have to be built for `--target` stage `target`, by stage.
    pub fn needed_by(&self, target: usize) -> Vec<bool> {
        self.graph.needed_by(target)
    }

    /// Stages that no other one starts from or copies from: what `--target` may ask for, the final one included.
    pub fn leaves(&self) -> Vec<usize> {
        let mut leaf = vec![true; self.graph.stages.len()];
        for parent in self.graph.stages.iter().flat_map(|stage| &stage.parents) {
            if let Some(leaf) = leaf.get_mut(*parent) {
                *leaf = false;
            }
        }
        (0..leaf.len()).filter(|stage| leaf[*stage]).collect()
    }
}

#[cfg(test)]
mod tests;
