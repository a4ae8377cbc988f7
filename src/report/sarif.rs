//! SARIF 2.1.0 (OASIS Standard, "Static Analysis Results Interchange Format").
//!
//! Changes are warnings, advice is a note; what waits behind a switch and refusals are not in it. Rules are those of
//! the chain that have a result. A fix is offered alone only when its change is the only one of the file; else one
//! fix with all changes of the file stands on its first result, since changes may need one another. Fixes replace
//! whole lines, and are left out where a text is not UTF-8, which JSON can't carry.

use serde_json::{Value, json};

use super::{Entry, Problem, advice, diff, newlines, page};
use crate::engine::Report;
use crate::syntax::Span;
use crate::transform::Link;

/// The whole log, with a line end. Rules come from the pages of `chain`.
///
/// # Errors
/// None is known; serde's signature has one.
pub fn render(entries: &[Entry], chain: &[Link]) -> serde_json::Result<String> {
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    let mut rules = Rules {
        chain,
        used: Vec::new(),
    };
    for entry in entries {
        match &entry.outcome {
            Ok(report) => file(entry, report, &mut rules, &mut results),
            Err(problem) => notifications.push(notification(entry, problem)),
        }
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "careen",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.used.iter().map(|id| rules.rule(id)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

struct Rules<'a> {
    chain: &'a [Link],
    used: Vec<&'static str>,
}

impl Rules<'_> {
    fn index(&mut self, id: &'static str) -> usize {
        match self.used.iter().position(|used| *used == id) {
            Some(index) => index,
            None => {
                self.used.push(id);
                self.used.len() - 1
            }
        }
    }

    fn rule(&self, id: &str) -> Value {
        let page = self
            .chain
            .iter()
            .find(|link| link.id == id)
            .map_or("", |link| link.page);
        let summary = match page::summary(page) {
            summary if summary.is_empty() => id.to_owned(),
            summary => summary,
        };
        let page = page::markdown(page);
        json!({
            "id": id,
            "name": id,
            "shortDescription": {"text": summary},
            "fullDescription": {"text": summary},
            "help": {"text": page, "markdown": page},
        })
    }
}

fn file(entry: &Entry, report: &Report, rules: &mut Rules<'_>, results: &mut Vec<Value>) {
    let mut fix = fix(entry, report);
    for one in &report.applied {
        let mut result = result(
            rules.index(one.id),
            (one.id, "warning", &one.reason),
            entry,
            &report.original,
            one.place,
            one.line,
        );
        if let (Some(fix), Some(map)) = (fix.take(), result.as_object_mut()) {
            map.insert("fixes".to_owned(), json!([fix]));
        }
        results.push(result);
    }
    for one in advice(report) {
        results.push(result(
            rules.index(one.id),
            (one.id, "note", &one.reason),
            entry,
            &report.original,
            one.place,
            one.line,
        ));
    }
}

fn result(
    rule: usize,
    (id, level, reason): (&str, &str, &str),
    entry: &Entry,
    source: &[u8],
    place: Span,
    line: usize,
) -> Value {
    json!({
        "ruleId": id,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": reason},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&entry.path)},
            "region": region(source, place, line),
        }}],
    })
}

/// Lines and columns of a place; the last line of a place that ends with its line end is that line.
fn region(source: &[u8], place: Span, line: usize) -> Value {
    let end = place.end.min(source.len());
    let start = place.start.min(end);
    let text = source.get(start..end).unwrap_or_default();
    let end = match text {
        [.., b'\r', b'\n'] => end - 2,
        [.., b'\n'] => end - 1,
        _ => end,
    };
    let column = |at: usize| {
        let before = source.get(..at).unwrap_or_default();
        let from = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = before.get(from..).unwrap_or_default();
        String::from_utf8_lossy(line).chars().count() + 1
    };
    json!({
        "startLine": line,
        "startColumn": column(start),
        "endLine": line + newlines(source, place),
        "endColumn": column(end),
    })
}

/// One fix with all that is changed; `None` when a text is not UTF-8.
fn fix(entry: &Entry, report: &Report) -> Option<Value> {
    let mut changes = Vec::new();
    if report.original != report.rewritten {
        changes.push(artifact(&entry.path, &report.original, &report.rewritten)?);
    }
    for beside in &report.beside {
        let before = beside.before.as_deref().unwrap_or_default();
        changes.push(artifact(
            &entry.beside(&beside.path),
            before,
            &beside.after,
        )?);
    }
    if changes.is_empty() {
        return None;
    }
    let text = match report.applied.as_slice() {
        [one] => one.reason.clone(),
        all => format!("all {} changes of this file", all.len()),
    };
    Some(json!({"description": {"text": text}, "artifactChanges": changes}))
}

fn artifact(path: &[u8], old: &[u8], new: &[u8]) -> Option<Value> {
    // Columns of the last line below count characters: both texts must have some.
    std::str::from_utf8(old).ok()?;
    let (old, new) = (diff::lines(old), diff::lines(new));
    let mut replacements = Vec::new();
    for region in diff::regions(&old, &new) {
        let inserted = new.get(region.new.clone())?.concat();
        let inserted = String::from_utf8(inserted).ok()?;
        replacements.push(json!({
            "deletedRegion": lines_region(&old, &region.old)?,
            "insertedContent": {"text": inserted},
        }));
    }
    Some(json!({"artifactLocation": {"uri": uri(path)}, "replacements": replacements}))
}

/// Lines as a region from column 1 to column 1 of the line after, or to the end of a last line without line end.
fn lines_region(lines: &[&[u8]], range: &std::ops::Range<usize>) -> Option<Value> {
    let position = |index: usize| -> Option<(usize, usize)> {
        match index.checked_sub(1).and_then(|last| lines.get(last)) {
            Some(last) if index == lines.len() && !last.ends_with(b"\n") => {
                Some((index, std::str::from_utf8(last).ok()?.chars().count() + 1))
            }
            _ => Some((index + 1, 1)),
        }
    };
    let (start, end) = (position(range.start)?, position(range.end)?);
    Some(json!({
        "startLine": start.0, "startColumn": start.1,
        "endLine": end.0, "endColumn": end.1,
    }))
}

fn notification(entry: &Entry, problem: &Problem) -> Value {
    let mut location = json!({"artifactLocation": {"uri": uri(&entry.path)}});
    if let (Some(place), Some(map)) = (&problem.place, location.as_object_mut()) {
        map.insert(
            "region".to_owned(),
            json!({"startLine": place.line, "startColumn": place.column}),
        );
    }
    json!({
        "level": "error",
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": location}],
    })
}

/// A relative URI reference of a path: everything but unreserved characters and `/` is percent-encoded (RFC 3986).
fn uri(path: &[u8]) -> String {
    let mut uri = String::new();
    for byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
