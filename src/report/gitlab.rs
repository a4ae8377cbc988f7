//! GitLab's code quality report: one JSON array (docs.gitlab.com, "Code Quality", "Code Quality report format").
//!
//! Changes are minor, advice is info, and a file that nothing could be done with is major. A fingerprint is made of the
//! file, the transform and the text of the place, so that it stays when lines above come and go; the second of two
//! equal ones counts on.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Entry, advice, newlines};
use crate::engine::Report;
use crate::syntax::Span;

/// The whole report, with a line end.
///
/// # Errors
/// None is known; serde's signature has one.
pub fn render(entries: &[Entry]) -> serde_json::Result<String> {
    let mut issues = Issues::default();
    for entry in entries {
        match &entry.outcome {
            Ok(report) => {
                for one in &report.applied {
                    issues.add(
                        entry,
                        report,
                        ("minor", one.id, &one.reason),
                        one.place,
                        one.line,
                    );
                }
                for one in advice(report) {
                    issues.add(
                        entry,
                        report,
                        ("info", one.id, &one.reason),
                        one.place,
                        one.line,
                    );
                }
            }
            Err(problem) => {
                let line = problem.place.as_ref().map_or(1, |place| place.line);
                issues.push(
                    entry,
                    ("major", "careen", &problem.message),
                    problem.message.as_bytes(),
                    (line, line),
                );
            }
        }
    }
    Ok(serde_json::to_string_pretty(&issues.all)? + "\n")
}

#[derive(Default)]
struct Issues {
    all: Vec<Value>,
    /// How often a fingerprint's parts were seen.
    seen: HashMap<[u8; 32], usize>,
}

impl Issues {
    fn add(
        &mut self,
        entry: &Entry,
        report: &Report,
        what: (&str, &str, &str),
        at: Span,
        line: usize,
    ) {
        let end = at.end.min(report.original.len());
        let text = report
            .original
            .get(at.start.min(end)..end)
            .unwrap_or_default();
        let last = line + newlines(&report.original, at);
        self.push(entry, what, text, (line, last));
    }

    fn push(
        &mut self,
        entry: &Entry,
        (severity, id, reason): (&str, &str, &str),
        text: &[u8],
        (first, last): (usize, usize),
    ) {
        let parts: [u8; 32] = digest(&[&entry.path, id.as_bytes(), text]);
        let count = self.seen.entry(parts).or_default();
        *count += 1;
        let fingerprint: String = digest(&[&parts, count.to_string().as_bytes()])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.all.push(json!({
            "description": reason,
            "check_name": id,
            "fingerprint": fingerprint,
            "severity": severity,
            "location": {
                "path": String::from_utf8_lossy(&entry.path),
                "lines": {"begin": first, "end": last},
            },
        }));
    }
}

/// Of parts, each with its length before it.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
