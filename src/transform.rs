//! What a transform is: it looks at a [`Scene`] and proposes changes, or says why it leaves a place alone.

use serde::Serialize;

use crate::config::Config;
use crate::context::Context;
use crate::knowledge::Knowledge;
use crate::shell;
use crate::stage::Stages;
use crate::syntax::{Dockerfile, Span};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

/// How much a change may alter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Nothing to apply, something to know.
    Advice,
    /// The image's behaviour or package set changes on purpose: needs `--unsafe`.
    Unsafe,
    /// The image stays the same to whoever runs it.
    Safe,
}

/// The Dockerfile, or a file beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum FileRef {
    /// The file that is being rewritten.
    Dockerfile,
    /// A path below the build context, such as `.dockerignore`; absent files are empty.
    Beside(String),
}

/// A replacement of bytes. The edits of one change stand or fall together and never overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Bytes `range` of `file` become `text`.
    Replace {
        /// Which file.
        file: FileRef,
        /// Byte offsets.
        range: Span,
        /// What stands there afterwards.
        text: String,
    },
    /// Whole lines `range` of the Dockerfile go to offset `to` (outside of `range`), unchanged.
    Move {
        /// Byte offsets, whole lines.
        range: Span,
        /// Where they go: the start of a line.
        to: usize,
    },
}

impl Edit {
    /// Replaces `range` of the Dockerfile.
    pub fn replace(range: Span, text: impl Into<String>) -> Self {
        Self::Replace {
            file: FileRef::Dockerfile,
            range,
            text: text.into(),
        }
    }

    /// Removes `range` of the Dockerfile.
    pub fn delete(range: Span) -> Self {
        Self::replace(range, "")
    }

    /// Inserts at `at` of the Dockerfile.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }
}

/// Text to show beside a change: a compose file's lines, a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// Where it would go: `compose.yaml`, `shell`, …
    pub title: String,
    /// The text itself.
    pub text: String,
}

/// One proposal to change something.
#[derive(Clone, Debug)]
pub struct Change {
    /// The place that it is about, in the text that was given to the transform.
    pub at: Span,
    /// One sentence, without a full stop: what and why.
    pub reason: String,
    /// What it may alter.
    pub safety: Safety,
    /// What it does; none for advice.
    pub edits: Vec<Edit>,
    /// Globs of absolute paths that the image no longer holds.
    pub removes: Vec<String>,
    /// Text to show.
    pub snippets: Vec<Snippet>,
    /// How many instructions it removes (positive) or adds (negative) on balance.
    pub fewer_instructions: isize,
    /// Comments that it takes away on purpose, as bytes from `#` on: none for nearly every change.
    pub drops_comments: Vec<Vec<u8>>,
}

impl Change {
    /// A change of one reason and some edits, that keeps the number of instructions.
    pub fn new(at: Span, safety: Safety, reason: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self {
            at,
            reason: reason.into(),
            safety,
            edits,
            removes: Vec::new(),
            snippets: Vec::new(),
            fewer_instructions: 0,
            drops_comments: Vec::new(),
        }
    }

    /// Something to know at `at`.
    pub fn advice(at: Span, reason: impl Into<String>) -> Self {
        Self::new(at, Safety::Advice, reason, Vec::new())
    }

    /// Says which paths go, as globs.
    pub fn removing(mut self, globs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.removes.extend(globs.into_iter().map(Into::into));
        self
    }

    /// Says that the file has `count` instructions fewer afterwards (negative: more).
    pub fn fewer(mut self, count: isize) -> Self {
        self.fewer_instructions = count;
        self
    }

    /// Adds text to show.
    pub fn snippet(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.snippets.push(Snippet {
            title: title.into(),
            text: text.into(),
        });
        self
    }
}

/// What a transform answers for one place.
#[derive(Clone, Debug)]
pub enum Proposal {
    /// It would change this.
    Change(Change),
    /// It looked, and leaves it alone.
    Refusal {
        /// The place.
        at: Span,
        /// One clause, without a full stop, that ends "left alone: …".
        reason: String,
    },
}

impl Proposal {
    /// A refusal at `at`.
    pub fn refuse(at: Span, reason: impl Into<String>) -> Self {
        Self::Refusal {
            at,
            reason: reason.into(),
        }
    }
}

impl From<Change> for Proposal {
    fn from(change: Change) -> Self {
        Self::Change(change)
    }
}

/// A rewrite with a name. Transforms are stateless: the same scene gives the same proposals.
pub trait Transform: Sync {
    /// Looks at the scene. Changes must not overlap one another.
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal>;
}

/// A transform's place in a chain.
#[derive(Clone, Copy)]
pub struct Link {
    /// Its name, as `--select` takes it.
    pub id: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// Itself.
    pub transform: &'static dyn Transform,
    /// Whether it runs without being selected by name.
    pub on: bool,
    /// The lowest level that turns its unsafe changes on.
    pub profile: Profile,
    /// Rules of BuildKit's checks and of hadolint that it mends: a pragma that turns them off turns it off.
    pub answers: &'static [&'static str],
}

/// A named level of unsafe changes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// No unsafe change.
    #[default]
    Safe,
    /// Unsafe changes that nearly every team wants.
    Recommended,
    /// All that makes the running image smaller and safer.
    Hardened,
    /// Never by a profile: by name, or with `--unsafe`.
    Never,
}

impl Link {
    /// A link that is on, and whose unsafe changes only `--unsafe` turns on.
    pub const fn new(
        id: &'static str,
        page: &'static str,
        transform: &'static dyn Transform,
    ) -> Self {
        Self {
            id,
            page,
            transform,
            on: true,
            profile: Profile::Never,
            answers: &[],
        }
    }

    /// Off until it is named.
    pub const fn off(mut self) -> Self {
        self.on = false;
        self
    }

    /// Names the rules that it mends, such as `DL3009` and `StageNameCasing`.
    pub const fn answers(mut self, rules: &'static [&'static str]) -> Self {
        self.answers = rules;
        self
    }

    /// Its unsafe changes come with `profile` and above.
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }
}

/// A shell view; `None` when the text is opaque.
type View = Option<Arc<shell::Script>>;

/// What outlives one text: shell views by dialect and text, so that a splice parses only what it touched.
#[derive(Default)]
pub struct Memory {
    scripts: Mutex<HashMap<(shell::Dialect, String), View>>,
}

impl Memory {
    /// The shell view of `text`; `None` when it is opaque.
    pub fn script(&self, dialect: shell::Dialect, text: &str) -> Option<Arc<shell::Script>> {
        let key = (dialect, text.to_owned());
        if let Ok(scripts) = self.scripts.lock()
            && let Some(known) = scripts.get(&key)
        {
            return known.clone();
        }
        let parsed = shell::Script::parse(text, dialect).map(Arc::new);
        if let Ok(mut scripts) = self.scripts.lock() {
            scripts.insert(key, parsed.clone());
        }
        parsed
    }
}

/// What a transform may see, each part computed when first asked for, once a text.
pub struct Scene<'a> {
    /// The parsed file.
    pub file: &'a Dockerfile,
    /// Where the Dockerfile is, when it has a place.
    pub path: Option<&'a Path>,
    /// The build context, when it is known.
    pub context: Option<&'a Context>,
    /// The tables, the user's own entries included.
    pub knowledge: &'a Knowledge,
    /// What the user set.
    pub config: &'a Config,
    memory: &'a Memory,
    beside: Option<&'a BTreeMap<String, Vec<u8>>>,
    stages: OnceLock<Stages>,
    scripts: Vec<OnceLock<Option<Arc<shell::Script>>>>,
}

impl<'a> Scene<'a> {
    /// A scene over `file`.
    pub fn new(
        file: &'a Dockerfile,
        path: Option<&'a Path>,
        context: Option<&'a Context>,
        knowledge: &'a Knowledge,
        config: &'a Config,
        memory: &'a Memory,
    ) -> Self {
        let scripts = file.instructions.iter().map(|_| OnceLock::new()).collect();
        Self {
            file,
            path,
            context,
            knowledge,
            config,
            memory,
            beside: None,
            stages: OnceLock::new(),
            scripts,
        }
    }

    /// With files beside the Dockerfile that this run has rewritten so far.
    pub fn with_beside(mut self, beside: &'a BTreeMap<String, Vec<u8>>) -> Self {
        self.beside = Some(beside);
        self
    }

    /// A file beside the Dockerfile, as this run would leave it.
    pub fn beside(&self, path: &str) -> Option<Vec<u8>> {
        let written = self.beside.and_then(|beside| beside.get(path)).cloned();
        let read = || {
            self.context
                .and_then(|context| context.read_beside(path).ok().flatten())
        };
        written.or_else(|| read().map(|bytes| bytes.to_vec()))
    }

    /// The stage graph and what each instruction sees.
    pub fn stages(&self) -> &Stages {
        self.stages
            .get_or_init(|| Stages::of(self.file, self.knowledge))
    }

    /// The shell view of shell-form instruction `index` (RUN, CMD, ENTRYPOINT, HEALTHCHECK CMD), by the dialect of its
    /// stage. Byte ranges in it are relative to [`crate::syntax::Instruction::shell_at`]. `None` when it has no script, or one that is
    /// not understood.
    pub fn script(&self, index: usize) -> Option<&shell::Script> {
        self.scripts
            .get(index)?
            .get_or_init(|| {
                let instruction = &self.file.instructions[index];
                let at = instruction.shell_at()?;
                let text = instruction.logical.text().get(at.range())?;
                let dialect = self.stages().before(index)?.dialect()?;
                self.memory.script(dialect, text)
            })
            .as_deref()
    }

    /// The shell view of a text that is not in the file as it stands, such as a heredoc's body.
    pub fn parse_script(&self, dialect: shell::Dialect, text: &str) -> Option<Arc<shell::Script>> {
        self.memory.script(dialect, text)
    }
}
