//! The line as BuildKit joins it, and the way back to the source.
use super::Span;
use std::sync::Arc;

/// A logical line: source pieces put together, with the places where they came from.
#[derive(Clone, Debug, Default)]
pub struct Logical {
    bytes: Arc<[u8]>,
    utf8: bool,
    /// (start in the logical line, start in the source), ascending; a segment runs up to the next one.
    segments: Arc<[(usize, usize)]>,
}

impl Logical {
    /// Puts source ranges together.
    pub fn of(source: &[u8], parts: &[Span]) -> Self {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        let mut segments: Vec<(usize, usize)> = Vec::with_capacity(parts.len());
        for part in parts {
            if part.is_empty() && !segments.is_empty() {
                continue;
            }
            segments.push((bytes.len(), part.start));
            bytes.extend_from_slice(&source[part.range()]);
        }
        let utf8 = std::str::from_utf8(&bytes).is_ok();
        Self {
            bytes: bytes.into(),
            utf8,
            segments: segments.into(),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As text; empty when it is not UTF-8 (see [`Logical::is_utf8`]).
    pub fn text(&self) -> &str {
        if self.utf8 {
            std::str::from_utf8(&self.bytes).unwrap_or("")
        } else {
            ""
        }
    }

    /// Whether it is UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Where the byte at `at` stands in the source.
    pub fn offset(&self, at: usize) -> usize {
        let segment = self.segments.partition_point(|(logical, _)| *logical <= at);
        match segment
            .checked_sub(1)
            .and_then(|index| self.segments.get(index))
        {
            Some((logical, source)) => source + (at - logical),
            None => 0,
        }
    }

    /// Where a range stands in the source, from its first byte to its last one. An empty range stays empty and sits
    /// before the byte at its start; at a segment's border, behind the byte before it.
    pub fn source(&self, at: Span) -> Span {
        if at.is_empty() {
            let offset = match at.start.checked_sub(1) {
                Some(before) => self.offset(before) + 1,
                None => self.offset(at.start),
            };
            return Span::at(offset);
        }
        Span::new(self.offset(at.start), self.offset(at.end - 1) + 1)
    }

    /// Whether a range lies in one piece of the source: no line end, no comment inside.
    pub fn in_one_piece(&self, at: Span) -> bool {
        self.source(at).len() == at.len()
    }

    /// Offsets in the logical line at which a new physical line starts (the first one's 0 is not in it).
    pub fn breaks(&self) -> impl Iterator<Item = usize> {
        self.segments.iter().skip(1).map(|(logical, _)| *logical)
    }
}
