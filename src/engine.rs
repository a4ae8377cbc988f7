//! Rounds of a chain over one text.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::checks;
use crate::config::Config;
use crate::context::Context;
use crate::gate::{self, Findings};
use crate::knowledge::Knowledge;
use crate::pragma::Pragmas;
use crate::splice::{Origin, splice};
use crate::syntax::{Dockerfile, Span};
use crate::transform::{
    Change, Edit, FileRef, Link, Memory, Profile, Proposal, Safety, Scene, Snippet,
};

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

/// Rounds after which a chain that never comes to rest is given up; a settled chain takes two to four.
const MAX_ROUNDS: usize = 64;

/// Splices of one transform in one round.
const MAX_TURNS: usize = 32;

/// Runs `chain` over `input` until a round changes nothing.
///
/// # Errors
/// When the result breaks the gate, when transforms undo one another, or when one proposes impossible edits.
pub fn run(chain: &[Link], input: &Input<'_>, options: &Options) -> Result<Report, EngineError> {
    let file = Arc::new(Dockerfile::parse(input.source));
    let mut report = Report {
        original: input.source.to_vec(),
        ..Report::default()
    };
    report.skipped = why_skip(&file);
    if report.skipped.is_some() {
        report.rewritten = input.source.to_vec();
        return Ok(report);
    }
    let memory = Memory::default();
    let mut run = Run {
        input,
        options,
        memory: &memory,
        findings: None,
        pragmas: Pragmas::of(&file),
        origin: Origin::untouched(input.source.len()),
        lines: Arc::clone(&file),
        file,
        beside: BTreeMap::new(),
        report,
    };
    let active: Vec<&Link> = chain
        .iter()
        .filter(|link| options.runs(link) && !run.pragmas.turns_off(link))
        .collect();
    let mut seen = HashSet::from([run.digest()]);
    loop {
        run.report.rounds += 1;
        run.report.held_back.clear();
        run.report.refused.clear();
        let changed = run.round(&active)?;
        if changed.is_empty() {
            break;
        }
        if !seen.insert(run.digest()) || run.report.rounds >= MAX_ROUNDS {
            return Err(EngineError::Cycle {
                ids: changed.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    Ok(run.finish())
}

impl Options {
    /// Whether `link` takes part.
    fn runs(&self, link: &Link) -> bool {
        let named = self.select.iter().any(|id| id == link.id);
        (named || (self.select.is_empty() && link.on))
            && !self.ignore.iter().any(|id| id == link.id)
    }

    /// Whether a change of `safety` by `link` is applied.
    fn applies(&self, link: &Link, safety: Safety) -> bool {
        match safety {
            Safety::Safe => true,
            Safety::Unsafe => {
                self.unsafe_changes
                    || (link.profile != Profile::Safe && link.profile <= self.profile)
            }
            Safety::Advice => false,
        }
    }
}

/// Why a file is left alone as a whole.
fn why_skip(file: &Dockerfile) -> Option<String> {
    if let Err(rejection) = checks::accepts(file) {
        return Some(format!(
            "line {}: no builder accepts it as it stands: {rejection}",
            rejection.line
        ));
    }
    Pragmas::of(file)
        .ignores_file
        .then(|| "`# careen: ignore-file` says so".to_owned())
}

struct Run<'a> {
    input: &'a Input<'a>,
    options: &'a Options,
    memory: &'a Memory,
    file: Arc<Dockerfile>,
    /// The original, for line numbers.
    lines: Arc<Dockerfile>,
    findings: Option<Findings>,
    pragmas: Pragmas,
    origin: Origin,
    beside: BTreeMap<String, Vec<u8>>,
    report: Report,
}

impl Run<'_> {
    fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.file.source());
        for (path, bytes) in &self.beside {
            hasher.update(path.as_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }

    /// One pass of the chain; the ids of those that changed something.
    fn round(&mut self, active: &[&Link]) -> Result<Vec<&'static str>, EngineError> {
        let mut changed = Vec::new();
        let mut next = 0;
        while next < active.len() {
            // One scene serves all transforms up to the next splice.
            let mut accepted = Vec::new();
            let mut spliced_by = None;
            {
                let file = Arc::clone(&self.file);
                let input = self.input;
                let beside = self.beside.clone();
                let scene = Scene::new(
                    &file,
                    input.path,
                    input.context,
                    input.knowledge,
                    input.config,
                    self.memory,
                )
                .with_beside(&beside);
                while next < active.len() && accepted.is_empty() {
                    let link = active[next];
                    next += 1;
                    accepted = self.sort_out(link, link.transform.propose(&scene));
                    spliced_by = Some(link);
                }
            }
            if let Some(link) = spliced_by
                && !accepted.is_empty()
            {
                self.apply(link, accepted)?;
                // It goes on until it has no more to say: what follows in the chain sees its finished work.
                let turns = changed
                    .iter()
                    .rev()
                    .take_while(|id| **id == link.id)
                    .count();
                changed.push(link.id);
                if turns < MAX_TURNS {
                    next -= 1;
                }
            }
        }
        Ok(changed)
    }

    /// Keeps what may be applied now; the rest goes into the report.
    fn sort_out(&mut self, link: &Link, proposals: Vec<Proposal>) -> Vec<Change> {
        let mut accepted: Vec<Change> = Vec::new();
        let mut taken = Taken::default();
        for proposal in proposals {
            match proposal {
                Proposal::Refusal { at, reason } => {
                    let (place, line) = self.place(at);
                    self.report.refused.push(Refused {
                        id: link.id,
                        place,
                        line,
                        reason,
                    });
                }
                Proposal::Change(change) => match self.held(link, &change) {
                    Some(held) => {
                        let (place, line) = self.place(change.at);
                        let Change {
                            reason,
                            safety,
                            snippets,
                            ..
                        } = change;
                        let held_back = HeldBack {
                            id: link.id,
                            place,
                            line,
                            reason,
                            safety,
                            held,
                            snippets,
                        };
                        self.report.held_back.push(held_back);
                    }
                    // What overlaps waits for the next round.
                    None if !taken.take(&change) => {}
                    None => accepted.push(change),
                },
            }
        }
        accepted
    }

    fn held(&self, link: &Link, change: &Change) -> Option<Held> {
        let touches = gate::edited(change).chain(moved(change)).chain([change.at]);
        if touches
            .into_iter()
            .any(|span| self.pragmas.forbid(link, span))
        {
            return Some(Held::Pragma);
        }
        if change.safety == Safety::Advice || change.edits.is_empty() {
            return Some(Held::Advice);
        }
        if !self.options.applies(link, change.safety) {
            return Some(Held::Unsafe);
        }
        let beside = change.edits.iter().any(|edit| {
            matches!(
                edit,
                Edit::Replace {
                    file: FileRef::Beside(_),
                    ..
                }
            )
        });
        (beside && !self.options.writes_beside).then_some(Held::Beside)
    }

    fn place(&self, at: Span) -> (Span, usize) {
        let place = self.origin.place(at);
        (place, self.lines.line_of(place.start))
    }

    fn apply(&mut self, link: &Link, accepted: Vec<Change>) -> Result<(), EngineError> {
        let impossible = |what: String| EngineError::Edits {
            id: link.id.to_owned(),
            what,
        };
        let edits: Vec<&Edit> = accepted.iter().flat_map(|change| &change.edits).collect();
        let spliced = splice(self.file.source(), &edits).map_err(impossible)?;
        self.apply_beside(&edits).map_err(impossible)?;
        let after = Dockerfile::parse(spliced.text.as_slice());
        let known = self
            .findings
            .take()
            .unwrap_or_else(|| gate::findings(&self.file));
        let changes: Vec<&Change> = accepted.iter().collect();
        let found =
            gate::check(&self.file, &known, &after, &spliced, &changes).map_err(|violation| {
                EngineError::Gate {
                    id: link.id.to_owned(),
                    violation,
                }
            })?;
        for change in accepted {
            let (place, line) = self.place(change.at);
            let Change {
                reason,
                safety,
                removes,
                snippets,
                ..
            } = change;
            self.report.applied.push(Applied {
                id: link.id,
                place,
                line,
                reason,
                safety,
                removes,
                snippets,
            });
        }
        self.origin = self.origin.then(&spliced);
        self.findings = Some(found);
        self.pragmas = Pragmas::of(&after);
        self.file = Arc::new(after);
        Ok(())
    }

    fn apply_beside(&mut self, edits: &[&Edit]) -> Result<(), String> {
        for edit in edits {
            if let Edit::Replace {
                file: FileRef::Beside(path),
                range,
                text,
            } = edit
            {
                let mut bytes = self
                    .beside
                    .get(path)
                    .cloned()
                    .or_else(|| self.read_beside(path))
                    .unwrap_or_default();
                if range.end > bytes.len() || range.start > range.end {
                    return Err(format!(
                        "{path} has no bytes {}..{}",
                        range.start, range.end
                    ));
                }
                bytes.splice(range.range(), text.bytes());
                self.beside.insert(path.clone(), bytes);
            }
        }
        Ok(())
    }

    fn read_beside(&self, path: &str) -> Option<Vec<u8>> {
        self.input
            .context
            .and_then(|context| context.read_beside(path).ok().flatten())
            .map(|bytes| bytes.to_vec())
    }

    fn finish(mut self) -> Report {
        let beside = std::mem::take(&mut self.beside);
        for (path, after) in beside {
            let before = self.read_beside(&path);
            if before.as_ref() != Some(&after) {
                self.report.beside.push(Beside {
                    path,
                    before,
                    after,
                });
            }
        }
        self.report.held_back.sort_by_key(|held| held.place.start);
        self.report
            .refused
            .sort_by_key(|refused| refused.place.start);
        self.report.rewritten = self.file.source().to_vec();
        self.report
    }
}

fn moved(change: &Change) -> impl Iterator<Item = Span> {
    change.edits.iter().filter_map(|edit| match edit {
        Edit::Move { range, .. } => Some(*range),
        Edit::Replace { .. } => None,
    })
}

/// The bytes that accepted changes reach for: start -> end of ranges that don't overlap.
#[derive(Default)]
struct Taken(BTreeMap<usize, usize>);

impl Taken {
    /// Takes what `change` edits and moves; `false`, and nothing taken, when any of it is taken already.
    fn take(&mut self, change: &Change) -> bool {
        let spans: Vec<Span> = gate::edited(change)
            .chain(moved(change))
            .filter(|span| !span.is_empty())
            .collect();
        let free = |span: &Span| {
            self.0
                .range(..span.end)
                .next_back()
                .is_none_or(|(_, end)| *end <= span.start)
        };
        let inside = |at: usize| {
            self.0
                .range(..at)
                .next_back()
                .is_some_and(|(_, end)| *end > at)
        };
        // What is inserted in the middle of a range that goes would go with it.
        let lost = gate::edited(change).any(|span| span.is_empty() && inside(span.start));
        if lost || !spans.iter().all(free) {
            return false;
        }
        self.0
            .extend(spans.into_iter().map(|span| (span.start, span.end)));
        true
    }
}
