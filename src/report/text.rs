//! Findings, refusals and what waits, a line each.

use super::{Entry, Paint, advice, one_line, waiting};
use crate::engine::{Held, HeldBack};
use crate::transform::{Safety, Snippet};

/// The word for a safety.
pub const fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
        Safety::Advice => "advice",
    }
}

/// Why a change waits, and the way out.
pub const fn held(held: Held) -> &'static str {
    match held {
        Held::Unsafe => "waits behind --unsafe",
        Held::Advice => "advice",
        Held::Pragma => "a pragma in the file says no",
        Held::Beside => "writes a file beside the Dockerfile, which can't be done here",
    }
}

/// One finding.
fn line(out: &mut String, path: &str, line: usize, id: &str, reason: &str, note: &str, p: Paint) {
    *out += &format!(
        "{}{} {} {} {}\n",
        p.bold(path),
        p.dim(&format!(":{line}:")),
        p.yellow(&format!("{id}:")),
        one_line(reason),
        p.dim(&format!("({note})"))
    );
}

/// Text to show below a finding.
fn snippets(out: &mut String, snippets: &[Snippet], paint: Paint) {
    for snippet in snippets {
        *out += &format!("    {}\n", paint.bold(&one_line(&snippet.title)));
        for text in snippet.text.lines() {
            *out += &format!("    | {}\n", one_line(text));
        }
    }
}

fn held_back(out: &mut String, path: &str, one: &HeldBack, paint: Paint) {
    line(
        out,
        path,
        one.line,
        one.id,
        &one.reason,
        held(one.held),
        paint,
    );
    snippets(out, &one.snippets, paint);
}

/// The changes of an entry, a line each: `PATH:LINE: ID: reason (safety)`, with what they take from the image.
pub fn changes(entry: &Entry, paint: Paint) -> String {
    let mut out = String::new();
    let path = entry.shown();
    for one in entry.report().iter().flat_map(|report| &report.applied) {
        line(
            &mut out,
            &path,
            one.line,
            one.id,
            &one.reason,
            safety(one.safety),
            paint,
        );
        if !one.removes.is_empty() {
            out += &format!("    removes {}\n", one_line(&one.removes.join(", ")));
        }
        snippets(&mut out, &one.snippets, paint);
    }
    out
}

/// The advice of an entry, a line each.
pub fn advices(entry: &Entry, paint: Paint) -> String {
    let mut out = String::new();
    for one in entry.report().into_iter().flat_map(advice) {
        held_back(&mut out, &entry.shown(), one, paint);
    }
    out
}

/// What the changes of an entry buy, on a line.
pub fn buys(entry: &Entry, paint: Paint) -> String {
    match &entry.buys {
        Some(buys) => format!("{}: {}\n", paint.bold(&entry.shown()), one_line(buys)),
        None => String::new(),
    }
}

/// What was not done: held back changes, refusals, and a file that was left alone as a whole.
pub fn undone(entry: &Entry, paint: Paint) -> String {
    let mut out = String::new();
    let path = entry.shown();
    let Some(report) = entry.report() else {
        return out;
    };
    if let Some(why) = &report.skipped {
        out += &format!("{}: left alone: {}\n", paint.bold(&path), one_line(why));
    }
    for one in waiting(report) {
        held_back(&mut out, &path, one, paint);
    }
    for one in &report.refused {
        line(
            &mut out,
            &path,
            one.line,
            one.id,
            &one.reason,
            "refused",
            paint,
        );
    }
    out
}
