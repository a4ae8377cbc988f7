//! A comment for a code review, in GitHub's Markdown.

use super::{Entry, Paint, Summary, advice, diff, one_line, text, waiting};
use crate::engine::HeldBack;

/// GitHub and GitLab refuse or cut longer comments; diffs that would pass it are left out, and that is said.
const ROOM: usize = 60_000;

/// The whole comment.
pub fn render(entries: &[Entry]) -> String {
    let mut out = format!(
        "### careen\n\n{}\n",
        escape(&Summary::of(entries).line(false))
    );
    let mut left_out = 0;
    for entry in entries {
        let section = section(entry);
        if section.is_empty() {
            continue;
        }
        if out.len() + section.len() > ROOM {
            left_out += 1;
            continue;
        }
        out += &section;
    }
    if left_out > 0 {
        out += &format!(
            "\n{} not shown here, for lack of room: run `careen fix` to see them.\n",
            super::summary::count(left_out, "more file")
        );
    }
    out
}

fn section(entry: &Entry) -> String {
    let mut body = String::new();
    match &entry.outcome {
        Err(problem) => {
            let at = problem
                .place
                .as_ref()
                .map(|place| format!("line {}: ", place.line))
                .unwrap_or_default();
            body += &format!("* **error**: {at}{}\n", escape(&problem.message));
            if let Some(help) = &problem.help {
                body += &format!("  {}\n", escape(help));
            }
        }
        Ok(report) => {
            for one in &report.applied {
                let safety = text::safety(one.safety);
                body += &item(one.id, one.line, &one.reason, safety);
            }
            for one in advice(report) {
                body += &item(one.id, one.line, &one.reason, "advice");
            }
            let diff = diff::entry(entry, Paint(false));
            if !diff.is_empty() {
                body += &fenced(&String::from_utf8_lossy(&diff));
            }
            let held: Vec<&HeldBack> = waiting(report).collect();
            if !held.is_empty() {
                let count = super::summary::count(held.len(), "change");
                body += &format!("\n<details><summary>{count} not made on purpose</summary>\n\n");
                for one in held {
                    body += &item(one.id, one.line, &one.reason, text::held(one.held));
                }
                body += "\n</details>\n";
            }
        }
    }
    if body.is_empty() {
        return body;
    }
    let buys = match &entry.buys {
        Some(buys) => escape(buys) + "\n\n",
        None => String::new(),
    };
    format!("\n#### {}\n\n{buys}{body}", code(&entry.shown()))
}

fn item(id: &str, line: usize, reason: &str, note: &str) -> String {
    format!(
        "* line {line}, {}: {} ({})\n",
        code(id),
        escape(reason),
        escape(note)
    )
}

/// A code block with a fence longer than any in the text.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("\n{fence}diff\n{text}{fence}\n")
}

/// A code span.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text with Markdown's marks escaped, but for code spans.
fn escape(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1;
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out += if paired { "`" } else { "\\`" };
        }
        if paired && index % 2 == 1 {
            out += part;
            continue;
        }
        for c in part.chars() {
            if matches!(
                c,
                '<' | '>' | '*' | '_' | '[' | ']' | '\\' | '|' | '@' | '#'
            ) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}
