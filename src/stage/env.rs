//! The variables that an instruction sees.
use super::persistent::Persistent;
use std::sync::Arc;

/// What is known of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This, whoever builds.
    Known(Arc<str>),
    /// This, unless a build argument says otherwise.
    Default(Arc<str>),
    /// Not set, unless a build argument sets it: `ARG NAME`.
    Optional,
    /// Not set.
    Unset,
    /// Anything, maybe not set: what the base image may define, or what hangs on such a thing.
    Unknown,
}

impl Value {
    /// The value, when no build argument can change it.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a build without build arguments.
    pub fn likely(&self) -> Option<&str> {
        match self {
            Self::Known(text) | Self::Default(text) => Some(text),
            _ => None,
        }
    }
}

/// Who gave a variable its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The base image, as the tables know it.
    Base,
    /// ENV.
    Env,
    /// ARG.
    Arg,
    /// The builder: `TARGETARCH` and its like, in the global scope.
    Builder,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub value: Value,
    /// Who gave it this value.
    pub origin: Origin,
    /// Whether the image's config holds a variable of this name (ENV, or the base image's).
    pub in_config: bool,
    /// Whether an ARG of this name was declared.
    pub is_arg: bool,
    /// The instruction that set it, an index into [`crate::syntax::Dockerfile::instructions`].
    pub at: Option<usize>,
}

/// The variables that an instruction sees. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Env {
    names: Persistent<Variable>,
    open: bool,
}

impl Env {
    /// No variable at all.
    pub fn closed() -> Self {
        Self::default()
    }

    /// No variable that is known, while the base image may define any.
    pub fn open() -> Self {
        Self {
            names: Persistent::default(),
            open: true,
        }
    }

    /// Whether names that are not in it may be set by the base image.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The value of `name`, as far as it is known.
    pub fn value(&self, name: &str) -> Value {
        match self.names.get(name) {
            Some(variable) => variable.value.clone(),
            None if self.open && can_be_set(name) => Value::Unknown,
            None => Value::Unset,
        }
    }

    /// The variable `name`, when the file or the tables say something of it.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.names.get(name)
    }

    /// All that the file and the tables say something of, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.names.iter()
    }

    /// The ARGs that are in scope, sorted by name.
    pub fn args(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.iter().filter(|(_, variable)| variable.is_arg)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: Value, origin: Origin, at: Option<usize>) {
        let before = self.names.get(name);
        let variable = Variable {
            value,
            origin,
            in_config: matches!(origin, Origin::Base | Origin::Env)
                || before.is_some_and(|variable| variable.in_config),
            is_arg: origin == Origin::Arg || before.is_some_and(|variable| variable.is_arg),
            at,
        };
        self.names.insert(name, variable);
    }
}

/// Positional and special parameters (`$1`, `$@`) are looked up like names, but no image defines them.
fn can_be_set(name: &str) -> bool {
    name.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

impl<const N: usize> From<[(&str, &str); N]> for Env {
    /// Known variables and no others.
    fn from(pairs: [(&str, &str); N]) -> Self {
        let mut env = Self::closed();
        for (name, value) in pairs {
            env.set(name, Value::Known(value.into()), Origin::Env, None);
        }
        env
    }
}
