//! What each instruction sees.
use crate::knowledge::Knowledge;
use crate::shell::Dialect;
use crate::syntax::Dockerfile;

/// The stages of a file.
#[derive(Clone, Debug, Default)]
pub struct Stages {}

/// What an instruction sees.
#[derive(Clone, Debug, Default)]
pub struct State {}

impl State {
    /// The dialect of the shell form; `None` when the shell is none that is understood.
    pub fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Sh)
    }
}

impl Stages {
    /// Works the stages of `file` out.
    pub fn of(_file: &Dockerfile, _knowledge: &Knowledge) -> Self {
        Self {}
    }

    /// What instruction `index` sees before it runs; `None` outside of any stage.
    pub fn before(&self, _index: usize) -> Option<&State> {
        None
    }
}
