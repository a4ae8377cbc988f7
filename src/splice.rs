//! Edits -> a new text, and where each kept byte went.

use crate::syntax::Span;
use crate::transform::{Edit, FileRef};

/// A run of bytes that a splice kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it started before.
    pub old: usize,
    /// Where it starts now.
    pub new: usize,
    /// How many bytes.
    pub len: usize,
}

/// A text after its edits.
#[derive(Clone, Debug)]
pub struct Spliced {
    /// The new bytes.
    pub text: Vec<u8>,
    /// What was kept, ascending by its new place; a moved run keeps its bytes too.
    pub kept: Vec<Kept>,
}

/// One step of the way through the old text.
enum Step<'a> {
    Drop(Span),
    Insert(usize, &'a str),
    Carry(usize, Span),
}

impl Step<'_> {
    /// Where in the old text it happens; at one offset, what is inserted comes before what is dropped.
    fn order(&self) -> (usize, u8) {
        match self {
            Self::Insert(at, _) | Self::Carry(at, _) => (*at, 0),
            Self::Drop(span) => (span.start, 1),
        }
    }
}

/// Applies the edits of the Dockerfile to `source`.
///
/// # Errors
/// When a range lies outside of the text, two overlap, or a move goes into its own range.
pub fn splice(source: &[u8], edits: &[&Edit]) -> Result<Spliced, String> {
    let mut steps = Vec::with_capacity(edits.len() * 2);
    for edit in edits {
        match edit {
            Edit::Replace {
                file: FileRef::Dockerfile,
                range,
                text,
            } => {
                if !range.is_empty() {
                    steps.push(Step::Drop(*range));
                }
                if !text.is_empty() {
                    steps.push(Step::Insert(range.start, text));
                }
            }
            Edit::Replace { .. } => {}
            Edit::Move { range, to } => {
                if (range.start < *to && *to < range.end) || !source[range.range()].ends_with(b"\n")
                {
                    return Err(format!(
                        "can't move bytes {}..{} to {to}",
                        range.start, range.end
                    ));
                }
                steps.push(Step::Drop(*range));
                steps.push(Step::Carry(*to, *range));
            }
        }
    }
    steps.sort_by_key(Step::order);
    let mut out = Spliced {
        text: Vec::with_capacity(source.len() + 256),
        kept: Vec::with_capacity(steps.len() + 1),
    };
    let mut at = 0;
    for step in &steps {
        let (start, _) = step.order();
        if start < at || start > source.len() {
            return Err(format!("edits overlap at byte {start}"));
        }
        out.keep(source, Span::new(at, start));
        at = start;
        match step {
            Step::Drop(span) => at = span.end,
            Step::Insert(_, text) => out.text.extend_from_slice(text.as_bytes()),
            Step::Carry(_, span) => out.keep(source, *span),
        }
        if at > source.len() {
            return Err(format!("an edit ends behind the text, at byte {at}"));
        }
    }
    out.keep(source, Span::new(at, source.len()));
    Ok(out)
}

impl Spliced {
    fn keep(&mut self, source: &[u8], span: Span) {
        if !span.is_empty() {
            self.kept.push(Kept {
                old: span.start,
                new: self.text.len(),
                len: span.len(),
            });
            self.text.extend_from_slice(&source[span.range()]);
        }
    }
}

/// The way from the text as it stands back to the original.
#[derive(Clone, Debug)]
pub struct Origin {
    kept: Vec<Kept>,
    len: usize,
}

impl Origin {
    /// Of a text of `len` bytes that nobody has touched.
    pub fn untouched(len: usize) -> Self {
        Self {
            kept: vec![Kept {
                old: 0,
                new: 0,
                len,
            }],
            len,
        }
    }

    /// After one more splice.
    pub fn then(&self, spliced: &Spliced) -> Self {
        let mut kept = Vec::with_capacity(self.kept.len() + spliced.kept.len());
        for run in &spliced.kept {
            let first = self
                .kept
                .partition_point(|known| known.new + known.len <= run.old);
            for known in &self.kept[first..] {
                if known.new >= run.old + run.len {
                    break;
                }
                let start = known.new.max(run.old);
                let end = (known.new + known.len).min(run.old + run.len);
                kept.push(Kept {
                    old: known.old + (start - known.new),
                    new: run.new + (start - run.old),
                    len: end - start,
                });
            }
        }
        Self {
            kept,
            len: self.len,
        }
    }

    /// Where `span` of the text as it stands comes from; for bytes that careen wrote, the place where they were put.
    pub fn place(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        let end = match span.end.checked_sub(1) {
            Some(last) if !span.is_empty() => (self.offset(last) + 1).min(self.len),
            _ => start,
        };
        Span::new(start.min(end), start.max(end))
    }

    fn offset(&self, at: usize) -> usize {
        let next = self.kept.partition_point(|run| run.new <= at);
        match next.checked_sub(1).map(|index| self.kept[index]) {
            Some(run) if at < run.new + run.len => run.old + (at - run.new),
            Some(run) => (run.old + run.len).min(self.len),
            None => self.kept.first().map_or(0, |run| run.old),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_together() {
        let edits = [
            Edit::replace(Span::new(1, 2), "XY"),
            Edit::insert(0, "<"),
            Edit::delete(Span::new(3, 4)),
        ];
        let spliced = splice(b"abcd", &edits.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(spliced.text, b"<aXYc");
        let origin = Origin::untouched(4).then(&spliced);
        assert_eq!(origin.place(Span::new(1, 2)), Span::new(0, 1));
        assert_eq!(origin.place(Span::new(4, 5)), Span::new(2, 3));
    }

    #[test]
    fn lines_move_with_their_bytes() {
        let edits = [Edit::Move {
            range: Span::new(0, 2),
            to: 4,
        }];
        let spliced = splice(b"a\nb\nc\n", &edits.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(spliced.text, b"b\na\nc\n");
        assert_eq!(
            Origin::untouched(6).then(&spliced).place(Span::new(2, 3)),
            Span::new(0, 1)
        );
    }

    #[test]
    fn overlaps_are_refused() {
        let edits = [Edit::delete(Span::new(0, 3)), Edit::delete(Span::new(2, 4))];
        assert!(splice(b"abcd", &edits.iter().collect::<Vec<_>>()).is_err());
        let edits = [Edit::delete(Span::new(0, 9))];
        assert!(splice(b"abcd", &edits.iter().collect::<Vec<_>>()).is_err());
    }
}
