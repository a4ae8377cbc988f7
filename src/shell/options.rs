//! Shell options: what `set` turns on and off, and the state of errexit.

use super::{AndOr, Call, Context, Script, Simple};

/// Options that a script starts with: from SHELL (`-e`, `-o pipefail`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shellopts {
    /// `-e`: a failing command ends the shell.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline fails when any of its commands does.
    pub pipefail: bool,
}

/// What is known of an option at some point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Surely off.
    Off,
    /// Surely on.
    On,
    /// One or the other.
    Maybe,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// A `set` command that was understood: option names and whether each is turned on, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetCommand {
    /// Long names: `errexit`, `nounset`, `xtrace`, `pipefail`.
    pub options: Vec<(String, bool)>,
    /// Whether it sets positional parameters too.
    pub positional: bool,
}

impl SetCommand {
    /// Reads `simple` when it is a `set` of fixed words and known options.
    pub fn of(simple: &Simple) -> Option<Self> {
        let [name, arguments @ ..] = simple.words.as_slice() else {
            return None;
        };
        if name.fixed() != Some("set") || !simple.assignments.is_empty() {
            return None;
        }
        let mut command = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let text = argument.fixed()?;
            let on = text.starts_with('-');
            let letters = match text.strip_prefix(['-', '+']) {
                Some("-" | "") | None => {
                    command.positional = true;
                    return Some(command);
                }
                Some(letters) => letters,
            };
            for letter in letters.chars() {
                let name = match letter {
                    'o' => arguments.next()?.fixed()?.to_owned(),
                    _ => long_name(letter)?.to_owned(),
                };
                command.options.push((name, on));
            }
        }
        Some(command)
    }

    /// What it does to the option called `name`; `None`: it leaves it.
    pub fn switches(&self, name: &str) -> Option<bool> {
        let of_that_name = |(option, _): &&(String, bool)| option == name;
        self.options
            .iter()
            .rev()
            .find(of_that_name)
            .map(|(_, on)| *on)
    }
}

fn long_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        'a' => "allexport",
        'b' => "notify",
        'C' => "noclobber",
        'e' => "errexit",
        'E' => "errtrace",
        'f' => "noglob",
        'h' => "hashall",
        'm' => "monitor",
        'T' => "functrace",
        'u' => "nounset",
        'v' => "verbose",
        'x' => "xtrace",
        _ => return None,
    })
}

/// Commands whose text, or effect on options, can't be seen here.
const HIDES_OPTIONS: [&str; 5] = ["eval", ".", "source", "shopt", "builtin"];

impl Script {
    /// The option called `name` at the script's end, when it starts as `start`.
    pub fn option_at_end(&self, name: &str, start: bool) -> Switch {
        let top: Vec<Option<&Simple>> = self.lists.iter().map(AndOr::simple).collect();
        let mut state = Switch::from(start);
        for call in self.calls() {
            let simple = call.simple;
            let top_level = top
                .iter()
                .any(|one| one.is_some_and(|one| std::ptr::eq(one, simple)));
            match call.effect_on(name) {
                Effect::None => {}
                Effect::Turns(on) if top_level => state = on.into(),
                Effect::Turns(on) if state == Switch::from(on) => {}
                Effect::Turns(_) | Effect::Unknown if !call.in_main_shell() => {}
                Effect::Turns(_) | Effect::Unknown => state = Switch::Maybe,
            }
        }
        state
    }

    /// errexit at the script's end.
    pub fn errexit(&self, start: Shellopts) -> Switch {
        self.option_at_end("errexit", start.errexit)
    }

    /// Whether errexit may be on anywhere in the script, its subshells and substitutions included.
    pub fn may_errexit(&self, start: Shellopts) -> bool {
        start.errexit
            || self.calls().any(|call| {
                matches!(
                    call.effect_on("errexit"),
                    Effect::Turns(true) | Effect::Unknown
                )
            })
    }

    /// Whether a command in the script may turn errexit on or off in its main shell.
    pub fn changes_errexit(&self) -> bool {
        self.calls()
            .any(|call| call.in_main_shell() && call.effect_on("errexit") != Effect::None)
    }

    /// The `set` that is the script's first command, when nothing but its own success ties the rest to it.
    pub fn set_at_start(&self) -> Option<SetCommand> {
        let list = self.lists.first()?;
        let pipeline = list.pipelines.first()?;
        if pipeline.negated || !list.only_and() || list.in_background() {
            return None;
        }
        let [command] = pipeline.commands.as_slice() else {
            return None;
        };
        SetCommand::of(command.simple()?)
    }
}

/// What a call does to an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Turns(bool),
    Unknown,
}

impl Call<'_> {
    fn effect_on(&self, option: &str) -> Effect {
        let (words, _) = self.unwrapped();
        let Some(first) = words.first() else {
            return Effect::None;
        };
        let Some(name) = first.fixed() else {
            // `$CMD -e`: hardly ever a `set`, but nothing says that it is none.
            return Effect::Unknown;
        };
        if name == "set" {
            return match SetCommand::of(self.simple) {
                Some(set) => set.switches(option).map_or(Effect::None, Effect::Turns),
                None => Effect::Unknown,
            };
        }
        if HIDES_OPTIONS.contains(&name) {
            return Effect::Unknown;
        }
        Effect::None
    }

    /// Whether it runs in the script's own shell, not in one of its children.
    pub fn in_main_shell(&self) -> bool {
        !self.contexts.iter().any(|context| {
            matches!(
                context,
                Context::Pipe | Context::Subshell | Context::Substitution | Context::Background
            )
        })
    }
}
