//! The laws that hold for every input: one function, called by the tests and by the fuzz target.

use std::collections::HashMap;

use careen::checks;
use careen::engine::{Options, Report};
use careen::syntax::Dockerfile;

/// Safe changes, and all of them.
pub fn modes() -> [(&'static str, Options); 2] {
    let safe = Options {
        writes_beside: true,
        ..Options::default()
    };
    [
        ("safe", safe.clone()),
        (
            "unsafe",
            Options {
                unsafe_changes: true,
                ..safe
            },
        ),
    ]
}

/// Pieces tile the file, lines and spans lie inside, and printing gives the input back.
pub fn lossless(source: &[u8]) -> Result<(), String> {
    let file = Dockerfile::parse(source);
    if file.source() != source {
        return Err("printing does not give the input back".to_owned());
    }
    let mut end = 0;
    for piece in &file.pieces {
        if piece.span.start != end || piece.span.is_empty() {
            return Err(format!(
                "a piece at {:?} does not follow byte {end}",
                piece.span
            ));
        }
        end = piece.span.end;
    }
    if end != source.len() {
        return Err(format!("pieces end at {end} of {}", source.len()));
    }
    for instruction in &file.instructions {
        let all = careen::syntax::Span::new(0, instruction.logical.len());
        let span = instruction.source(all);
        if span.end > source.len() || !instruction.whole.contains(instruction.span) {
            return Err(format!(
                "line {}: its span lies outside of its lines",
                instruction.lines.0
            ));
        }
    }
    Ok(())
}

/// How a text is run.
pub type Run<'a> = dyn Fn(&[u8], &Options) -> Result<Report, String> + 'a;

/// After any change: accepted, no new finding, comments kept, and a second run changes nothing.
pub fn rewritten(source: &[u8], options: &Options, run: &Run<'_>) -> Result<Report, String> {
    lossless(source)?;
    let report = run(source, options)?;
    if report.skipped.is_some() {
        return if report.rewritten == source {
            Ok(report)
        } else {
            Err("skipped, and changed".to_owned())
        };
    }
    let (before, after) = (
        Dockerfile::parse(source),
        Dockerfile::parse(report.rewritten.as_slice()),
    );
    checks::accepts(&after)
        .map_err(|error| format!("no longer accepted: line {}: {error}", error.line))?;
    let mut findings: HashMap<&str, isize> = HashMap::new();
    for finding in checks::findings(&before) {
        *findings.entry(finding.rule).or_default() -= 1;
    }
    for finding in checks::findings(&after) {
        *findings.entry(finding.rule).or_default() += 1;
    }
    if let Some((rule, _)) = findings.iter().find(|(_, count)| **count > 0) {
        return Err(format!("a finding appears: {rule}"));
    }
    comments_kept(&before, &after)?;
    if report.applied.is_empty() != (report.rewritten == source && report.beside.is_empty()) {
        return Err("what was applied and what changed don't agree".to_owned());
    }
    if report.beside.is_empty() {
        let again = run(&report.rewritten, options)?;
        if again.rewritten != report.rewritten {
            return Err(format!("a second run changes it again: {}", ids(&again)));
        }
    }
    Ok(report)
}

/// The ids of what a run applied.
pub fn ids(report: &Report) -> String {
    report
        .applied
        .iter()
        .map(|applied| applied.id)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Every comment line of the Dockerfile is there afterwards, somewhere; inside a RUN it may have become a comment line
/// above it.
fn comments_kept(before: &Dockerfile, after: &Dockerfile) -> Result<(), String> {
    let mut texts: HashMap<Vec<u8>, isize> = HashMap::new();
    let text = |file: &Dockerfile, span| file.bytes(span).trim_ascii().to_vec();
    for comment in &before.comments {
        *texts.entry(text(before, comment.span)).or_default() += 1;
    }
    for comment in &after.comments {
        *texts.entry(text(after, comment.span)).or_default() -= 1;
    }
    match texts.into_iter().find(|(_, count)| *count > 0) {
        Some((text, _)) => Err(format!(
            "a comment is lost: {}",
            String::from_utf8_lossy(&text)
        )),
        None => Ok(()),
    }
}

/// Mutations of a text that real files have, or that tools make of them.
pub fn mutations(source: &[u8], seed: u64) -> Vec<Vec<u8>> {
    let mut random = Random(seed | 1);
    let mut all = vec![
        replace(source, b"\r\n", b"\n"),
        replace(&replace(source, b"\r\n", b"\n"), b"\n", b"\r\n"),
        [b"\xEF\xBB\xBF".as_slice(), source].concat(),
        source.strip_suffix(b"\n").unwrap_or(source).to_vec(),
        replace(source, b"\\\n", b"\\\n\n"),
        replace(source, b"\\\n", b"\\\n# inside\n"),
        replace(source, b"RUN ", b"run  "),
        replace(source, b" && ", b" ; "),
    ];
    if source.is_empty() {
        return all;
    }
    for _ in 0..4 {
        let at = random.below(source.len());
        let mut flipped = source.to_vec();
        flipped[at] ^= 1 << random.below(8);
        all.push(flipped);
        all.push(source[..at].to_vec());
        let to = random.below(source.len());
        let (from, until) = (at.min(to), at.max(to));
        let mut lines: Vec<&[u8]> = source.split_inclusive(|byte| *byte == b'\n').collect();
        let (one, other) = (random.below(lines.len()), random.below(lines.len()));
        lines.swap(one, other);
        all.push(lines.concat());
        all.push([&source[..until], &source[from..]].concat());
    }
    all
}

fn replace(source: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(source.len());
    let mut at = 0;
    while at < source.len() {
        if source[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(source[at]);
            at += 1;
        }
    }
    out
}

/// A small generator of numbers that gives the same ones for the same seed (xorshift).
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap_or(0)
    }
}
