//! What a script is made of. Every [`Span`] is a byte range of [`Script::text`].

use crate::syntax::Span;

use super::Dialect;

/// A script that was understood whole.
#[derive(Clone, Debug)]
pub struct Script {
    /// The text that was parsed.
    pub text: String,
    /// Which shell reads it.
    pub dialect: Dialect,
    /// AND-OR lists, in order.
    pub lists: Vec<AndOr>,
    /// Comments, from `#` to before the line end, in order.
    pub comments: Vec<Span>,
    /// Bodies of heredocs that the script itself holds, in order; [`Redirect::heredoc`] is an index into them.
    pub heredocs: Vec<Heredoc>,
}

/// The body of a heredoc inside a script.
#[derive(Clone, Debug)]
pub struct Heredoc {
    /// The body; `literal` is what the command reads when nothing in it expands.
    pub body: Word,
}

/// How two pipelines are tied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AndOrOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// What ends a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Terminator {
    /// `;`
    Semicolon,
    /// A line end.
    Newline,
    /// `&`
    Background,
}

/// Pipelines tied by `&&` and `||`.
#[derive(Clone, Debug)]
pub struct AndOr {
    /// From the first byte of its first pipeline to the end of its last one; the terminator and heredoc bodies are not in it.
    pub span: Span,
    /// At least one.
    pub pipelines: Vec<Pipeline>,
    /// One fewer than there are pipelines: `operators[i]` stands before `pipelines[i + 1]`.
    pub operators: Vec<(AndOrOp, Span)>,
    /// What ends it; `None` at the end of the script or before a closing word.
    pub terminator: Option<(Terminator, Span)>,
}

/// Commands tied by `|`.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// A leading `!` is in it.
    pub span: Span,
    /// Whether `!` stands before it.
    pub negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Clone, Debug)]
pub struct Command {
    /// Redirections are in it.
    pub span: Span,
    /// What it is.
    pub kind: CommandKind,
    /// Redirections of a compound command; those of a simple one are in [`Simple::redirects`].
    pub redirects: Vec<Redirect>,
}

/// What a command is.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// Assignments, words and redirections.
    Simple(Simple),
    /// `( … )`
    Subshell(Vec<AndOr>),
    /// `{ …; }`
    Group(Vec<AndOr>),
    /// `if … fi`
    If {
        /// Condition and body of `if` and each `elif`.
        branches: Vec<(Vec<AndOr>, Vec<AndOr>)>,
        /// The body of `else`.
        otherwise: Option<Vec<AndOr>>,
    },
    /// `while`, `until` and `for`.
    Loop {
        /// What decides on the next turn.
        head: LoopHead,
        /// Between `do` and `done`.
        body: Vec<AndOr>,
    },
    /// `case … esac`
    Case {
        /// What is matched.
        subject: Word,
        /// In order.
        arms: Vec<Arm>,
    },
    /// `name() …`
    Function {
        /// Its name.
        name: String,
        /// A compound command.
        body: Box<Command>,
    },
    /// bash's `[[ … ]]` and `(( … ))`.
    Other {
        /// The words that expand in it.
        words: Vec<Word>,
    },
}

/// The head of a loop.
#[derive(Clone, Debug)]
pub enum LoopHead {
    /// `while` and `until`.
    Condition(Vec<AndOr>),
    /// `for name in words`
    For {
        /// The variable that it sets.
        name: String,
        /// Its values; `None` when `in` is missing.
        words: Option<Vec<Word>>,
    },
}

/// One arm of `case`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Between `|`.
    pub patterns: Vec<Word>,
    /// What runs.
    pub body: Vec<AndOr>,
}

/// A simple command.
#[derive(Clone, Debug)]
pub struct Simple {
    /// From its first assignment, word or redirection to the end of its last.
    pub span: Span,
    /// `NAME=value` before the first word.
    pub assignments: Vec<Assignment>,
    /// The command's name and arguments; empty when there are only assignments or redirections.
    pub words: Vec<Word>,
    /// In order.
    pub redirects: Vec<Redirect>,
}

/// `NAME=value`
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Name, `=` and value.
    pub span: Span,
    /// The variable.
    pub name: String,
    /// May be empty. An array's value has no literal.
    pub value: Word,
}

/// A redirection.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// From the file descriptor to the end of the target.
    pub span: Span,
    /// The number before the operator.
    pub fd: Option<u32>,
    /// What it does.
    pub op: RedirectOp,
    /// The file, descriptor, heredoc delimiter or here-string.
    pub target: Option<Word>,
    /// Its body in [`Script::heredocs`].
    pub heredoc: Option<usize>,
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RedirectOp {
    /// `<`
    Read,
    /// `>` and `>|`
    Write,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&` and `>&`
    Duplicate,
    /// `<<` and `<<-`
    Heredoc,
    /// `<<<`
    HereString,
    /// bash's `&>`
    WriteBoth,
    /// bash's `&>>`
    AppendBoth,
}

impl RedirectOp {
    /// Whether the target is a file that is created or changed.
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::Write | Self::Append | Self::ReadWrite | Self::WriteBoth | Self::AppendBoth
        )
    }
}

/// A word as written.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// As written, quotes included.
    pub span: Span,
    /// The value when nothing in it expands, with quotes and escapes resolved. An unquoted glob or tilde leaves it there and sets a flag.
    pub literal: Option<String>,
    /// Whether `*`, `?` or `[…]` stands in it unquoted.
    pub glob: bool,
    /// Whether an unquoted `~` may be expanded.
    pub tilde: bool,
    /// Whether bash expands braces in it.
    pub brace: bool,
    /// Whether any part of it is quoted or escaped.
    pub quoted: bool,
    /// Command and process substitutions, in order.
    pub substitutions: Vec<Vec<AndOr>>,
    /// Names of the parameters that it expands, in order, with repeats; special ones by their sign.
    pub variables: Vec<String>,
    /// Whether expanding it sets a variable: `${X:=1}`, `$((x = 1))`.
    pub assigns: bool,
}

impl Word {
    /// The value when it is one fixed string: no expansion, glob or tilde.
    pub fn fixed(&self) -> Option<&str> {
        if self.glob || self.tilde {
            return None;
        }
        self.literal.as_deref()
    }

    /// As written in `script`.
    pub fn raw<'s>(&self, script: &'s Script) -> &'s str {
        script.text.get(self.span.range()).unwrap_or_default()
    }
}

impl AndOr {
    /// Whether only `&&` ties its pipelines.
    pub fn only_and(&self) -> bool {
        self.operators.iter().all(|(op, _)| *op == AndOrOp::And)
    }

    /// Whether it runs in the background.
    pub fn in_background(&self) -> bool {
        matches!(self.terminator, Some((Terminator::Background, _)))
    }

    /// Its commands, of all pipelines.
    pub fn commands(&self) -> impl DoubleEndedIterator<Item = &Command> {
        self.pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.commands)
    }

    /// The simple command that it consists of, if it is just that: no operator, pipe, `!` or `&`.
    pub fn simple(&self) -> Option<&Simple> {
        match self.pipelines.as_slice() {
            [pipeline] if !pipeline.negated && !self.in_background() => {
                match pipeline.commands.as_slice() {
                    [command] => command.simple(),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Command {
    /// As a simple command.
    pub fn simple(&self) -> Option<&Simple> {
        match &self.kind {
            CommandKind::Simple(simple) => Some(simple),
            _ => None,
        }
    }
}

impl Simple {
    /// All words in it that expand: assigned values, words, targets of redirections.
    pub fn all_words(&self) -> impl Iterator<Item = &Word> {
        let values = self.assignments.iter().map(|one| &one.value);
        let targets = self
            .redirects
            .iter()
            .filter_map(|redirect| redirect.target.as_ref());
        values.chain(&self.words).chain(targets)
    }

    /// The first word's value.
    pub fn name(&self) -> Option<&str> {
        self.words.first().and_then(Word::fixed)
    }
}
