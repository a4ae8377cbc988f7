//! Annotations of GitHub Actions: `::notice file=…,line=…,title=…::message`
//! (docs.github.com, "Workflow commands for GitHub Actions").

use super::{Entry, advice};

/// The annotations of one entry, a line each.
pub fn annotations(entry: &Entry) -> String {
    let path = String::from_utf8_lossy(&entry.path);
    let mut out = String::new();
    match &entry.outcome {
        Err(problem) => {
            let (line, column) = problem
                .place
                .as_ref()
                .map_or((1, 1), |place| (place.line, place.column));
            let message = match &problem.help {
                Some(help) => format!("{}\n{help}", problem.message),
                None => problem.message.clone(),
            };
            out += &format!(
                "::error file={},line={line},col={column},title=careen::{}\n",
                property(&path),
                data(&message)
            );
        }
        Ok(report) => {
            let lines = |start: usize, span| start + super::newlines(&report.original, span);
            for one in &report.applied {
                let end = lines(one.line, one.place);
                out += &notice(&path, one.line, end, one.id, &one.reason);
            }
            for one in advice(report) {
                let end = lines(one.line, one.place);
                out += &notice(&path, one.line, end, one.id, &one.reason);
            }
        }
    }
    out
}

fn notice(path: &str, line: usize, end: usize, id: &str, reason: &str) -> String {
    format!(
        "::notice file={},line={line},endLine={end},title={}::{}\n",
        property(path),
        property(&format!("careen {id}")),
        data(reason)
    )
}

/// A message: percent signs and line ends escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: `:` and `,` escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
