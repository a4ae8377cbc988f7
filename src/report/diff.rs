//! Unified diffs of any bytes, as `git apply` and `patch -p1` take them from the working directory.
//!
//! The headers are the traditional two lines. `git apply` takes a `diff --git` header's paths from the top of the
//! repository, those of a traditional one from the working directory, which is where the command was run.
//! Lines that explain stand before the headers, where both programs skip what is no header.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Entry, Paint, one_line};
use crate::engine::Report;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Lines `old` (0-based, half-open) of the old text that lines `new` of the new one replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Lines of the old text.
    pub old: Range<usize>,
    /// Lines of the new text.
    pub new: Range<usize>,
}

/// The lines of a text, line ends included; only `\n` ends a line.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The regions that differ, in order, none touching the next.
pub fn regions(old: &[&[u8]], new: &[&[u8]]) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match regions.last_mut() {
            Some(last) if last.old.end == old.start && last.new.end == new.start => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => regions.push(Region { old, new }),
        }
    }
    regions
}

/// All of an entry: why, then the Dockerfile, then the files beside it. Empty when nothing would be written.
pub fn entry(entry: &Entry, paint: Paint) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(report) = entry.report().filter(|report| report.changes_anything()) else {
        return out;
    };
    explain(report, paint, &mut out);
    unified(
        Some(&entry.path),
        &entry.path,
        &report.original,
        &report.rewritten,
        paint,
        &mut out,
    );
    for beside in &report.beside {
        let path = entry.beside(&beside.path);
        let before = beside.before.as_ref().map(|_| path.as_slice());
        let old = beside.before.as_deref().unwrap_or_default();
        unified(before, &path, old, &beside.after, paint, &mut out);
    }
    out
}

/// A line a change: `# careen: ID: line N: reason (safety)`.
fn explain(report: &Report, paint: Paint, out: &mut Vec<u8>) {
    for applied in &report.applied {
        let line = format!(
            "# careen: {}: line {}: {} ({})",
            applied.id,
            applied.line,
            one_line(&applied.reason),
            super::text::safety(applied.safety)
        );
        out.extend_from_slice(paint.cyan(&line).as_bytes());
        out.push(b'\n');
    }
}

/// The diff from `old` to `new`; nothing when they are equal. `old_path` is `None` for a new file.
pub fn unified(
    old_path: Option<&[u8]>,
    new_path: &[u8],
    old: &[u8],
    new: &[u8],
    paint: Paint,
    out: &mut Vec<u8>,
) {
    let (old, new) = (lines(old), lines(new));
    let regions = regions(&old, &new);
    if regions.is_empty() {
        return;
    }
    let mut writer = Writer { paint, out };
    match old_path {
        Some(path) => writer.header(b"--- ", &name(b"a/", path)),
        None => writer.header(b"--- ", b"/dev/null"),
    }
    writer.header(b"+++ ", &name(b"b/", new_path));
    let mut rest = regions.as_slice();
    while let Some(first) = rest.first() {
        // Regions share a hunk when the lines between them would be context of both.
        let mut length = 1;
        while let (Some(here), Some(next)) = (rest.get(length - 1), rest.get(length)) {
            if next.old.start - here.old.end > 2 * CONTEXT {
                break;
            }
            length += 1;
        }
        let (hunk, later) = rest.split_at(length);
        let last = hunk.last().unwrap_or(first);
        writer.hunk(hunk, first, last, &old, &new);
        rest = later;
    }
}

struct Writer<'a> {
    paint: Paint,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn header(&mut self, mark: &[u8], name: &[u8]) {
        self.painted("\x1b[1m", &[mark, name].concat());
        self.out.push(b'\n');
    }

    fn hunk(
        &mut self,
        regions: &[Region],
        first: &Region,
        last: &Region,
        old: &[&[u8]],
        new: &[&[u8]],
    ) {
        let lead = first.old.start.min(CONTEXT);
        let trail = (old.len() - last.old.end).min(CONTEXT);
        let old_range = first.old.start - lead..last.old.end + trail;
        let new_range = first.new.start - lead..last.new.end + trail;
        let head = format!("@@ -{} +{} @@", numbers(&old_range), numbers(&new_range));
        self.painted("\x1b[36m", head.as_bytes());
        self.out.push(b'\n');
        let mut at = old_range.start;
        for region in regions {
            self.lines(b' ', "", old, at..region.old.start);
            self.lines(b'-', "\x1b[31m", old, region.old.clone());
            self.lines(b'+', "\x1b[32m", new, region.new.clone());
            at = region.old.end;
        }
        self.lines(b' ', "", old, at..old_range.end);
    }

    fn lines(&mut self, mark: u8, code: &'static str, text: &[&[u8]], range: Range<usize>) {
        for line in text.get(range).unwrap_or_default() {
            let bare = line.strip_suffix(b"\n");
            self.painted(code, &[&[mark], bare.unwrap_or(line)].concat());
            self.out.push(b'\n');
            if bare.is_none() {
                self.out
                    .extend_from_slice(b"\\ No newline at end of file\n");
            }
        }
    }

    fn painted(&mut self, code: &'static str, text: &[u8]) {
        if code.is_empty() {
            self.out.extend_from_slice(text);
            return;
        }
        self.out.extend_from_slice(self.paint.code(code).as_bytes());
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(self.paint.reset().as_bytes());
    }
}

/// `first,count` of a hunk's header, 1-based; an empty range names the line before it.
fn numbers(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}

/// A header's path: quoted as git does, and with a tab after it when it holds a space, so that the space is not
/// taken for the start of a date.
fn name(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    let mut name = quote(&[prefix, path].concat());
    if path.contains(&b' ') {
        name.push(b'\t');
    }
    name
}

/// A path as git quotes it: in double quotes with C escapes when it holds control characters, `"`, `\` or bytes
/// beyond ASCII (`core.quotePath`).
pub fn quote(path: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte) && !matches!(byte, b'"' | b'\\');
    if path.iter().all(plain) {
        return path.to_vec();
    }
    let mut quoted = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => quoted.extend_from_slice(&[b'\\', *byte]),
            b'\n' => quoted.extend_from_slice(b"\\n"),
            b'\t' => quoted.extend_from_slice(b"\\t"),
            b'\r' => quoted.extend_from_slice(b"\\r"),
            byte if plain(byte) => quoted.push(*byte),
            byte => quoted.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    quoted.push(b'"');
    quoted
}
