//! Rounds of a chain over one text.

use std::path::Path;

use serde::Serialize;

use crate::config::Config;
use crate::context::Context;
use crate::knowledge::Knowledge;
use crate::syntax::Span;
use crate::transform::{Link, Profile, Safety, Snippet};

/// What is asked of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Apply all unsafe changes too.
    pub unsafe_changes: bool,
    /// Apply the unsafe changes of this level.
    pub profile: Profile,
    /// Only these transforms, if any are named; naming one that is off turns it on.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Whether the caller can write files beside the Dockerfile.
    pub writes_beside: bool,
}

/// A change that was applied.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// The transform's id.
    pub id: &'static str,
    /// Its place in the original text.
    pub place: Span,
    /// First line of the place, 1-based, in the original text.
    pub line: usize,
    /// One sentence.
    pub reason: String,
    /// What it may alter.
    pub safety: Safety,
    /// Globs of absolute paths that the image no longer holds.
    pub removes: Vec<String>,
    /// Text to show.
    pub snippets: Vec<Snippet>,
}

/// Why a change was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// It is unsafe, and unsafe changes were not asked for.
    Unsafe,
    /// It is advice.
    Advice,
    /// A pragma in the file says so.
    Pragma,
    /// It writes a file beside the Dockerfile, and the caller can't.
    Beside,
}

/// A change that was proposed for the final text and not applied.
#[derive(Clone, Debug, Serialize)]
pub struct HeldBack {
    /// The transform's id.
    pub id: &'static str,
    /// Its place in the original text.
    pub place: Span,
    /// First line of the place, 1-based, in the original text.
    pub line: usize,
    /// One sentence.
    pub reason: String,
    /// What it may alter.
    pub safety: Safety,
    /// Why it waits.
    pub held: Held,
    /// Text to show.
    pub snippets: Vec<Snippet>,
}

/// A place that a transform looked at and left alone.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// The transform's id.
    pub id: &'static str,
    /// The place in the original text.
    pub place: Span,
    /// First line of the place, 1-based, in the original text.
    pub line: usize,
    /// One clause.
    pub reason: String,
}

/// A file beside the Dockerfile that a change writes.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Path below the build context.
    pub path: String,
    /// What it holds now; `None` when it does not exist.
    pub before: Option<Vec<u8>>,
    /// What it is to hold.
    pub after: Vec<u8>,
}

/// What a run did and did not do.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The text that went in.
    pub original: Vec<u8>,
    /// The text that came out; equal when nothing was changed.
    pub rewritten: Vec<u8>,
    /// Files beside the Dockerfile.
    pub beside: Vec<Beside>,
    /// Changes, in the order in which they were applied.
    pub applied: Vec<Applied>,
    /// Changes that wait, by line.
    pub held_back: Vec<HeldBack>,
    /// Refusals, by line.
    pub refused: Vec<Refused>,
    /// Rounds until one changed nothing, that one included.
    pub rounds: usize,
    /// Why the file was left alone as a whole, if it was: BuildKit refuses it as it stands, or a pragma.
    pub skipped: Option<String>,
}

impl Report {
    /// Whether the Dockerfile or a file beside it would be written.
    pub fn changes_anything(&self) -> bool {
        self.original != self.rewritten || !self.beside.is_empty()
    }
}

/// Why nothing may be written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// What came out broke a law of the gate.
    #[error(
        "{id}: the rewritten file would break a rule of careen's own: {violation}; nothing is written, please report this"
    )]
    Gate {
        /// The transform whose change broke it, or the whole chain.
        id: String,
        /// What is wrong.
        violation: String,
    },
    /// The chain goes in circles.
    #[error("{}: these transforms undo one another; nothing is written, please report this", ids.join(", "))]
    Cycle {
        /// Their ids.
        ids: Vec<String>,
    },
    /// A transform proposed edits that can't be.
    #[error("{id}: {what}; nothing is written, please report this")]
    Edits {
        /// The transform.
        id: String,
        /// What is wrong.
        what: String,
    },
}

/// One text and all that is known of it.
pub struct Input<'a> {
    /// The bytes.
    pub source: &'a [u8],
    /// Where the Dockerfile is, when it has a place.
    pub path: Option<&'a Path>,
    /// The build context, when it is known.
    pub context: Option<&'a Context>,
    /// The tables.
    pub knowledge: &'a Knowledge,
    /// What the user set.
    pub config: &'a Config,
}

/// Runs `chain` over `input` until a round changes nothing.
///
/// # Errors
/// When the result breaks the gate, when transforms undo one another, or when one proposes impossible edits.
pub fn run(chain: &[Link], input: &Input<'_>, _options: &Options) -> Result<Report, EngineError> {
    let _ = chain;
    Ok(Report {
        original: input.source.to_vec(),
        rewritten: input.source.to_vec(),
        rounds: 1,
        ..Report::default()
    })
}
