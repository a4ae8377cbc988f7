//! Bytes -> [`Dockerfile`]: lossless pieces that tile the input, with BuildKit's grammar over them.
//!
//! Three layers: physical lines cut into [`Piece`]s; per [`Instruction`] the [`Logical`] line as BuildKit joins it,
//! with a map back to source bytes; keyword, flags and [`Args`] on top of that. Parsing is total: what BuildKit's
//! parser would refuse is an entry in [`Dockerfile::errors`], and the rest still works.
//!
//! The rules are those of BuildKit's `frontend/dockerfile/parser` (parser.go, split_command.go, line_parsers.go).

mod args;
mod heredoc;
mod logical;
mod parse;
mod words;

use std::sync::Arc;

pub use args::{Args, KeyValue, Word};
pub use heredoc::Heredoc;
pub use logical::Logical;
pub use parse::MAX_LINE;
pub use words::{split_words, unquote};

/// A half-open range of byte offsets into the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at `at`.
    pub const fn at(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// Bytes covered.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// As a range.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// Whether `other` lies inside.
    pub const fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same span, `by` bytes further.
    pub const fn shift(self, by: usize) -> Self {
        Self {
            start: self.start + by,
            end: self.end + by,
        }
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

/// An instruction's keyword, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the Dockerfile reference's own")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// What BuildKit would call an unknown instruction.
    Unknown,
}

impl Keyword {
    /// The keyword of `name`, in any case.
    pub fn of(name: &[u8]) -> Self {
        match name.to_ascii_lowercase().as_slice() {
            b"add" => Self::Add,
            b"arg" => Self::Arg,
            b"cmd" => Self::Cmd,
            b"copy" => Self::Copy,
            b"entrypoint" => Self::Entrypoint,
            b"env" => Self::Env,
            b"expose" => Self::Expose,
            b"from" => Self::From,
            b"healthcheck" => Self::Healthcheck,
            b"label" => Self::Label,
            b"maintainer" => Self::Maintainer,
            b"onbuild" => Self::Onbuild,
            b"run" => Self::Run,
            b"shell" => Self::Shell,
            b"stopsignal" => Self::Stopsignal,
            b"user" => Self::User,
            b"volume" => Self::Volume,
            b"workdir" => Self::Workdir,
            _ => Self::Unknown,
        }
    }

    /// The keyword in upper case; empty for [`Keyword::Unknown`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
            Self::Unknown => "",
        }
    }
}

/// What a stretch of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// The UTF-8 byte order mark that BuildKit skips.
    Bom,
    /// A parser directive line, such as `# syntax=docker/dockerfile:1`.
    Directive,
    /// A comment line; inside a continuation too.
    Comment,
    /// A line of white space alone; inside a continuation too.
    Blank,
    /// A physical line of an instruction; the index into [`Dockerfile::instructions`].
    Instruction(usize),
    /// The lines of a heredoc with its terminator; the index into [`Dockerfile::instructions`].
    Heredoc(usize),
    /// What BuildKit never reaches, or can't read.
    Unknown,
}

/// A stretch of whole physical lines (with their line ends) of one kind. Pieces tile the file: each starts where the
/// one before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it is.
    pub span: Span,
}

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`, in lower case.
    pub name: String,
    /// The value, without white space around it.
    pub value: String,
    /// The line with its line end.
    pub span: Span,
    /// 1-based.
    pub line: usize,
}

/// A comment line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to before the line end.
    pub span: Span,
    /// 1-based.
    pub line: usize,
    /// The instruction whose continuation it interrupts, as an index into [`Dockerfile::instructions`].
    pub inside: Option<usize>,
}

/// A flag, such as `--mount=type=cache,target=/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As BuildKit reads it: quotes and escapes gone.
    pub text: String,
    /// In [`Instruction::logical`], as written.
    pub at: Span,
}

impl Flag {
    /// The name without dashes: `mount`.
    pub fn name(&self) -> &str {
        let text = self.text.strip_prefix("--").unwrap_or(&self.text);
        text.split('=').next().unwrap_or(text)
    }

    /// What follows `=`, if it is there.
    pub fn value(&self) -> Option<&str> {
        self.text.split_once('=').map(|(_, value)| value)
    }
}

/// One instruction. Byte ranges called `at` are in [`Instruction::logical`]; those called `span` in the source.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Its number in [`Dockerfile::instructions`].
    pub index: usize,
    /// What it is.
    pub keyword: Keyword,
    /// The keyword as written, in the logical line.
    pub keyword_at: Span,
    /// From the keyword's first byte to the end of the last line of the instruction proper, without its line end and
    /// without trailing comment or blank lines; heredoc bodies are not in it.
    pub span: Span,
    /// From the start of its first line to the end of its last one, line end and heredoc bodies included.
    pub whole: Span,
    /// First and last line, 1-based and inclusive, as BuildKit counts: heredocs are in it.
    pub lines: (usize, usize),
    /// The line as BuildKit joins it. For the instruction inside ONBUILD: the part of the parent's line.
    pub logical: Logical,
    /// Flags, in order.
    pub flags: Vec<Flag>,
    /// What follows the flags, trimmed, in the logical line.
    pub rest_at: Span,
    /// What follows the flags, read as this keyword reads it.
    pub args: Args,
    /// Heredocs, in order.
    pub heredocs: Vec<Heredoc>,
    /// The instruction inside ONBUILD; its `logical` is the whole line of the parent.
    pub onbuild: Option<Box<Instruction>>,
}

impl Instruction {
    /// What follows the flags, as text. `None` when it is not UTF-8.
    pub fn rest(&self) -> Option<&str> {
        self.logical.text().get(self.rest_at.range())
    }

    /// The flag called `name` (without dashes), the last one of that name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name() == name)
    }

    /// All flags called `name`.
    pub fn flags_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Flag> {
        self.flags.iter().filter(move |flag| flag.name() == name)
    }

    /// The keyword as written.
    pub fn keyword_text(&self) -> &[u8] {
        &self.logical.bytes()[self.keyword_at.range()]
    }

    /// Where a range of the logical line stands in the source. When it runs over a line end, the span holds the escape
    /// character, line end, and comments between too.
    pub fn source(&self, at: Span) -> Span {
        self.logical.source(at)
    }

    /// Whether this is the exec (JSON) form.
    pub fn is_json(&self) -> bool {
        matches!(self.args, Args::Json(_))
    }

    /// The script of a shell-form RUN, CMD, ENTRYPOINT, or HEALTHCHECK CMD: its range in the logical line.
    /// `None` for the exec form, heredocs, a script that is not UTF-8, and all other instructions.
    pub fn shell_at(&self) -> Option<Span> {
        match (&self.args, self.keyword) {
            (
                Args::Text(at),
                Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck,
            ) if self.heredocs.is_empty() && !at.is_empty() && self.logical.is_utf8() => Some(*at),
            _ => None,
        }
    }
}

/// Where BuildKit's parser would stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The instruction or line.
    pub span: Span,
    /// First line, 1-based.
    pub line: usize,
}

/// A parsed file. Printing [`Dockerfile::source`] gives the input back, byte for byte.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    source: Arc<[u8]>,
    /// The escape character, `\` or `` ` ``.
    pub escape: u8,
    /// Directives, in order.
    pub directives: Vec<Directive>,
    /// Pieces that tile the source.
    pub pieces: Vec<Piece>,
    /// Instructions, in order; also those that BuildKit doesn't know.
    pub instructions: Vec<Instruction>,
    /// Comment lines, in order; those inside continuations too, those inside heredocs not.
    pub comments: Vec<Comment>,
    /// Where BuildKit's parser would stop: empty means that it accepts the file. Arity, flags and options are for
    /// [`crate::checks`].
    pub errors: Vec<SyntaxError>,
    line_starts: Vec<usize>,
}

impl Dockerfile {
    /// Parses any bytes. Never fails: see [`Dockerfile::errors`].
    pub fn parse(source: impl Into<Arc<[u8]>>) -> Self {
        parse::parse(source.into())
    }

    /// The bytes that were parsed.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The bytes of `span`.
    pub fn bytes(&self, span: Span) -> &[u8] {
        &self.source[span.range()]
    }

    /// The bytes of `span` as text; what is not UTF-8 is replaced.
    pub fn text(&self, span: Span) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(span))
    }

    /// The 1-based line that byte `offset` is on.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .max(1)
    }

    /// The 1-based line and column (in characters) of byte `offset`.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let start = self
            .line_starts
            .get(line - 1)
            .copied()
            .unwrap_or(0)
            .min(offset);
        (
            line,
            String::from_utf8_lossy(&self.source[start..offset])
                .chars()
                .count()
                + 1,
        )
    }

    /// The line end that the file uses: that of its first line, `\n` when it has none.
    pub fn line_end(&self) -> &'static str {
        match self.source.iter().position(|byte| *byte == b'\n') {
            Some(at) if at > 0 && self.source[at - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }

    /// The value of directive `name`.
    pub fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives
            .iter()
            .find(|directive| directive.name == name)
    }

    /// The comment lines that stand right above instruction `index`, without a blank line between: the lines that
    /// explain or govern it.
    pub fn comments_above(&self, index: usize) -> Vec<Comment> {
        let Some(instruction) = self.instructions.get(index) else {
            return Vec::new();
        };
        let mut line = instruction.lines.0;
        let mut above = Vec::new();
        let end = self.comments.partition_point(|comment| comment.line < line);
        for comment in self.comments[..end].iter().rev() {
            if comment.line + 1 != line || comment.inside.is_some() {
                break;
            }
            line = comment.line;
            above.push(*comment);
        }
        above.reverse();
        above
    }
}
