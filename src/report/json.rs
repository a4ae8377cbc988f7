//! A report for programs: one JSON object.
//!
//! ```json
//! {
//!   "version": 1,
//!   "careen": "0.1.0",
//!   "files": [{
//!     "path": "Dockerfile",
//!     "changed": true,
//!     "error": null,
//!     "skipped": null,
//!     "buys": "after an edit to a source file (app.py), 1 of 4 steps run instead of 2",
//!     "changes": [{"id": "…", "line": 3, "end_line": 4, "start": 20, "end": 61, "reason": "…", "safety": "safe", "removes": [], "snippets": []}],
//!     "held_back": [{"id": "…", "line": 9, "end_line": 9, "start": 90, "end": 99, "reason": "…", "safety": "unsafe", "held": "unsafe", "snippets": []}],
//!     "refusals": [{"id": "…", "line": 5, "end_line": 5, "start": 62, "end": 80, "reason": "…"}],
//!     "beside": [{"path": ".dockerignore", "new": true}],
//!     "diff": "--- a/Dockerfile\n+++ b/Dockerfile\n…"
//!   }],
//!   "summary": {"files": 1, "changed_files": 1, "changes": 1, "refusals": 1, "waiting_unsafe": 1, "advice": 0, "errors": 0}
//! }
//! ```
//!
//! `version` goes up when a field goes away or changes its meaning; new fields may come without that. `start` and
//! `end` are byte offsets into the file as it was, half-open; lines are 1-based and inclusive. `held` is `unsafe`,
//! `advice`, `pragma` or `beside`. An `error` is `{"message", "line", "column", "help"}`, the last three may be null.
//! `buys` says which steps run again after an edit to a source file; null when the file or that number is unchanged, or
//! the build context is not known.
//! In `path`, `diff` and `reason`, what is not UTF-8 is replaced.

use serde::Serialize;

use super::{Entry, Paint, Problem, Summary, diff, newlines};
use crate::engine::{Held, Report};
use crate::syntax::Span;
use crate::transform::{Safety, Snippet};

/// The version of the schema.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    careen: &'static str,
    files: Vec<File<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct File<'a> {
    path: String,
    changed: bool,
    error: Option<ErrorOf<'a>>,
    skipped: Option<&'a str>,
    buys: Option<&'a str>,
    changes: Vec<Finding<'a>>,
    held_back: Vec<Finding<'a>>,
    refusals: Vec<Finding<'a>>,
    beside: Vec<Beside>,
    diff: String,
}

#[derive(Serialize)]
struct ErrorOf<'a> {
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Beside {
    path: String,
    new: bool,
}

#[derive(Serialize)]
struct Finding<'a> {
    id: &'a str,
    line: usize,
    end_line: usize,
    start: usize,
    end: usize,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety: Option<Safety>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippets: Option<&'a [Snippet]>,
}

impl<'a> Finding<'a> {
    fn new(report: &Report, id: &'a str, place: Span, line: usize, reason: &'a str) -> Self {
        Self {
            id,
            line,
            end_line: line + newlines(&report.original, place),
            start: place.start,
            end: place.end,
            reason,
            safety: None,
            held: None,
            removes: None,
            snippets: None,
        }
    }
}

/// The whole report, with a line end.
///
/// # Errors
/// None is known; serde's signature has one.
pub fn render(entries: &[Entry]) -> serde_json::Result<String> {
    let root = Root {
        version: VERSION,
        careen: env!("CARGO_PKG_VERSION"),
        files: entries.iter().map(file).collect(),
        summary: Summary::of(entries),
    };
    Ok(serde_json::to_string_pretty(&root)? + "\n")
}

fn file(entry: &Entry) -> File<'_> {
    let mut file = File {
        path: String::from_utf8_lossy(&entry.path).into_owned(),
        changed: entry.changes_anything(),
        error: entry.outcome.as_ref().err().map(error),
        skipped: None,
        buys: entry.buys.as_deref(),
        changes: Vec::new(),
        held_back: Vec::new(),
        refusals: Vec::new(),
        beside: Vec::new(),
        diff: String::from_utf8_lossy(&diff::entry(entry, Paint(false))).into_owned(),
    };
    let Some(report) = entry.report() else {
        return file;
    };
    file.skipped = report.skipped.as_deref();
    file.changes = report
        .applied
        .iter()
        .map(|one| Finding {
            safety: Some(one.safety),
            removes: Some(&one.removes),
            snippets: Some(&one.snippets),
            ..Finding::new(report, one.id, one.place, one.line, &one.reason)
        })
        .collect();
    file.held_back = report
        .held_back
        .iter()
        .map(|one| Finding {
            safety: Some(one.safety),
            held: Some(one.held),
            snippets: Some(&one.snippets),
            ..Finding::new(report, one.id, one.place, one.line, &one.reason)
        })
        .collect();
    file.refusals = report
        .refused
        .iter()
        .map(|one| Finding::new(report, one.id, one.place, one.line, &one.reason))
        .collect();
    file.beside = report
        .beside
        .iter()
        .map(|one| Beside {
            path: String::from_utf8_lossy(&entry.beside(&one.path)).into_owned(),
            new: one.before.is_none(),
        })
        .collect();
    file
}

fn error(problem: &Problem) -> ErrorOf<'_> {
    let place = problem.place.as_ref();
    ErrorOf {
        message: &problem.message,
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
        help: problem.help.as_deref(),
    }
}
