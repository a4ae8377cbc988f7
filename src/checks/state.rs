//! What an instruction sees.
use super::layers::Layers;
use super::variables::{LONGEST, Value};
use crate::syntax::Instruction;
use std::collections::HashMap;

/// Names and their values; `None` is a value that is not known.
pub(super) type Variables = HashMap<String, Option<String>>;

/// What an instruction of a stage sees.
#[derive(Clone, Default)]
pub(super) struct State<'f> {
    /// ENV, and ARG with a value.
    variables: Layers<Option<String>>,
    /// ARGs, with or without a value.
    declared: Layers<()>,
    /// The base image may set more variables than these.
    pub(super) open: bool,
    /// A WORKDIR stands in this stage or in one that it is based on.
    pub(super) has_workdir: bool,
    /// `None` when it is not known.
    pub(super) workdir: Option<String>,
    pub(super) has_shell: bool,
    /// The last CMD, ENTRYPOINT and HEALTHCHECK of this stage alone.
    pub(super) last: [Option<&'f Instruction>; 3],
}

impl<'f> State<'f> {
    /// The state on top of a base image of that environment.
    pub(super) fn on_image(environment: Option<Vec<(String, String)>>) -> Self {
        let open = environment.is_none();
        let mut variables = Layers::default();
        variables.insert("PATH".into(), (!open).then(|| DEFAULT_PATH.into()));
        for (name, value) in environment.unwrap_or_default() {
            variables.insert(name, Some(value));
        }
        Self {
            variables,
            open,
            // A base image may set one.
            workdir: (!open).then(|| "/".into()),
            ..Self::default()
        }
    }

    /// The state on top of nothing.
    pub(super) fn on_scratch() -> Self {
        Self::on_image(Some(Vec::new()))
    }

    /// Its stage is done: from now on, others may be based on it.
    pub(super) fn finish(mut self) -> Self {
        self.variables.freeze();
        self.declared.freeze();
        self
    }

    /// The state on top of a finished one, for `FROM stage`.
    pub(super) fn child(&self) -> Self {
        Self {
            last: [None; 3],
            ..self.clone()
        }
    }

    pub(super) fn get(&self, name: &str) -> Value<'_> {
        match self.variables.get(name) {
            None => Value::Unset,
            Some(None) => Value::Hidden,
            Some(Some(value)) => Value::Known(value),
        }
    }

    pub(super) fn set(&mut self, name: String, value: Option<String>) {
        let value = value.filter(|value| value.len() < LONGEST);
        self.variables.insert(name, value);
    }

    pub(super) fn declare(&mut self, name: &str) {
        self.declared.insert(name.to_owned(), ());
    }

    pub(super) fn declares(&self, name: &str) -> bool {
        self.declared.get(name).is_some()
    }

    /// `path` seen from the working directory; `None` when that is not known.
    pub(super) fn resolve(&self, path: &str) -> Option<String> {
        if path.starts_with('/') {
            return Some(clean(path));
        }
        let workdir = self.workdir.as_deref()?;
        Some(clean(&format!("{workdir}/{path}")))
    }
}

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Go's `path.Clean` of an absolute path.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn paths_are_seen_from_the_working_directory() {
        let mut state = State::on_scratch();
        assert_eq!(state.resolve("a/../b").as_deref(), Some("/b"));
        state.workdir = Some("/app".into());
        assert_eq!(state.resolve(".").as_deref(), Some("/app"));
        assert_eq!(state.resolve("../..").as_deref(), Some("/"));
        assert_eq!(State::on_image(None).resolve("a"), None);
    }
}
