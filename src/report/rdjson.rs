//! Reviewdog's diagnostics: one JSON object (reviewdog, `proto/rdf/reviewdog.proto`).
//!
//! Changes are warnings, advice is for information. Changes may need one another, so a file has at most one suggestion:
//! all that is changed in it, as whole lines, at its first diagnostic. It is left out where it could not be applied as
//! it stands: another file is written too, or a text is not UTF-8, which JSON can't carry.

use serde_json::{Map, Value, json};

use super::{Entry, advice, diff, newlines};
use crate::engine::Report;
use crate::syntax::Span;

/// The whole report, with a line end.
///
/// # Errors
/// None is known; serde's signature has one.
pub fn render(entries: &[Entry]) -> serde_json::Result<String> {
    let mut diagnostics = Vec::new();
    for entry in entries {
        match &entry.outcome {
            Ok(report) => file(entry, report, &mut diagnostics),
            Err(problem) => {
                let range = problem.place.as_ref().map(
                    |place| json!({"start": {"line": place.line}, "end": {"line": place.line}}),
                );
                diagnostics.push(diagnostic(
                    entry,
                    ("ERROR", "careen", &problem.message),
                    range,
                ));
            }
        }
    }
    let all = json!({"source": {"name": "careen"}, "diagnostics": diagnostics});
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn file(entry: &Entry, report: &Report, diagnostics: &mut Vec<Value>) {
    let lines = |at: Span, line: usize| {
        let last = line + newlines(&report.original, at);
        Some(json!({"start": {"line": line}, "end": {"line": last}}))
    };
    let mut suggestion = suggestion(report);
    for one in &report.applied {
        let what = ("WARNING", one.id, one.reason.as_str());
        let mut found = diagnostic(entry, what, lines(one.place, one.line));
        if let (Some(suggestion), Some(map)) = (suggestion.take(), found.as_object_mut()) {
            map.insert("suggestions".to_owned(), json!([suggestion]));
        }
        diagnostics.push(found);
    }
    for one in advice(report) {
        let what = ("INFO", one.id, one.reason.as_str());
        diagnostics.push(diagnostic(entry, what, lines(one.place, one.line)));
    }
}

fn diagnostic(
    entry: &Entry,
    (severity, id, reason): (&str, &str, &str),
    range: Option<Value>,
) -> Value {
    let mut location = Map::new();
    location.insert(
        "path".to_owned(),
        String::from_utf8_lossy(&entry.path).into(),
    );
    location.extend(range.map(|range| ("range".to_owned(), range)));
    json!({
        "message": reason,
        "location": location,
        "severity": severity,
        "code": {"value": id},
    })
}

/// Lines from the first to the last that change, and what stands there afterwards. A range without columns is one of
/// whole lines, last one included, and its text has no line end of its own.
fn suggestion(report: &Report) -> Option<Value> {
    if !report.beside.is_empty() {
        return None;
    }
    let (old, new) = (
        diff::lines(&report.original),
        diff::lines(&report.rewritten),
    );
    let regions = diff::regions(&old, &new);
    let (first, last) = (regions.first()?, regions.last()?);
    let mut was = first.old.start..last.old.end;
    let mut is = first.new.start..last.new.end;
    // Whole lines can neither come from nothing nor go to nothing: a neighbour stands for them.
    if was.is_empty() || is.is_empty() {
        if was.start > 0 {
            (was.start, is.start) = (was.start - 1, is.start - 1);
        } else {
            (was.end, is.end) = (was.end + 1, is.end + 1);
        }
    }
    if was.end > old.len() || is.end > new.len() {
        return None;
    }
    let text = String::from_utf8(new.get(is)?.concat()).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Some(json!({
        "range": {"start": {"line": was.start + 1}, "end": {"line": was.end}},
        "text": text,
    }))
}
