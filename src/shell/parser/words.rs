//! Words: quotes, escapes and what stands bare.

use crate::shell::Word;
use crate::syntax::Span;

use super::grammar::is_word_end;
use super::reader::{Pending, Reader};

/// A word under construction.
#[derive(Default)]
pub(super) struct Draft {
    pub word: Word,
    /// The value so far.
    pub value: String,
    /// Whether something expands in it.
    pub expands: bool,
}

/// Unquoted signs of a word that mean something once they are closed.
#[derive(Default)]
struct Marks {
    /// Whether `[` was seen.
    bracket: bool,
    /// Whether `{` was seen, and `,` or `..` after it.
    brace: Option<bool>,
}

impl Draft {
    pub fn finish(self, span: Span) -> Word {
        let mut word = self.word;
        word.span = span;
        word.literal = (!self.expands && !word.brace).then_some(self.value);
        word
    }
}

impl Reader<'_> {
    /// A word; `Some(None)` when none starts here.
    pub fn word(&mut self) -> Option<Option<Word>> {
        let start = self.pos;
        let word = self.word_from(start, false)?;
        Some((self.pos > start).then_some(word))
    }

    /// What is assigned: a word that may be empty, and in which `~` stands after each `:` too.
    pub fn value_word(&mut self) -> Option<Word> {
        let start = self.pos;
        self.word_from(start, true)
    }

    fn word_from(&mut self, start: usize, value: bool) -> Option<Word> {
        let mut draft = Draft::default();
        let mut marks = Marks::default();
        loop {
            let byte = self.here();
            if matches!(byte, b'<' | b'>') && self.next() == b'(' && self.bash() {
                self.pos += 2;
                self.substitution(&mut draft)?;
                continue;
            }
            if is_word_end(byte) {
                break;
            }
            match byte {
                b'\\' if self.next() == b'\n' => {
                    let mut after = self.pos;
                    while self.byte(after) == b'\\' && self.byte(after + 1) == b'\n' {
                        after += 2;
                    }
                    if is_word_end(self.byte(after)) {
                        break;
                    }
                    if draft.value.is_empty() || draft.value.bytes().all(|one| one.is_ascii_digit())
                    {
                        return None;
                    }
                    self.pos = after;
                }
                b'\\' => {
                    self.pos += 1;
                    draft.word.quoted = true;
                    self.character(&mut draft)?;
                }
                b'\'' => {
                    self.pos += 1;
                    self.single_quoted(&mut draft)?;
                }
                b'"' => {
                    self.pos += 1;
                    self.double_quoted(&mut draft)?;
                }
                b'$' => self.dollar(&mut draft, false)?,
                b'`' => self.backquoted(&mut draft, false)?,
                _ => {
                    self.bare(&mut draft, start, value, &mut marks)?;
                }
            }
        }
        if draft.word.brace && !self.bash() {
            return None;
        }
        // `{fd}>file`
        if matches!(self.here(), b'<' | b'>') && self.slice(start, self.pos).starts_with('{') {
            return None;
        }
        Some(draft.finish(Span::new(start, self.pos)))
    }

    /// One unquoted character.
    fn bare(
        &mut self,
        draft: &mut Draft,
        start: usize,
        value: bool,
        marks: &mut Marks,
    ) -> Option<()> {
        let before = self.slice(start, self.pos).as_bytes().last().copied();
        match self.here() {
            b'*' | b'?' => draft.word.glob = true,
            b'[' => marks.bracket = true,
            b']' if marks.bracket => draft.word.glob = true,
            b'~' if before.is_none()
                || matches!(before, Some(b'=' | b':')) && (value || self.bash()) =>
            {
                draft.word.tilde = true;
            }
            b'{' => marks.brace = Some(false),
            b',' if marks.brace.is_some() => marks.brace = Some(true),
            b'.' if marks.brace.is_some() && before == Some(b'.') => marks.brace = Some(true),
            b'}' if marks.brace == Some(true) => draft.word.brace = true,
            _ => {}
        }
        self.character(draft)
    }

    /// Takes one character as it is.
    fn character(&mut self, draft: &mut Draft) -> Option<()> {
        let one = self.slice(self.pos, self.end).chars().next()?;
        draft.value.push(one);
        self.pos += one.len_utf8();
        Some(())
    }

    fn single_quoted(&mut self, draft: &mut Draft) -> Option<()> {
        draft.word.quoted = true;
        let rest = self.slice(self.pos, self.end);
        let length = rest.find('\'')?;
        draft.value.push_str(rest.get(..length)?);
        self.pos += length + 1;
        Some(())
    }

    /// bash's `$'…'`, after its opening quote.
    pub fn ansi_quoted(&mut self, draft: &mut Draft) -> Option<()> {
        draft.word.quoted = true;
        loop {
            match self.here() {
                0 => return None,
                b'\'' => {
                    self.pos += 1;
                    return Some(());
                }
                b'\\' => {
                    draft.expands = true;
                    self.pos += 1;
                    self.character(draft)?;
                }
                _ => self.character(draft)?,
            }
        }
    }

    /// `"…"`, after its opening quote.
    pub fn double_quoted(&mut self, draft: &mut Draft) -> Option<()> {
        draft.word.quoted = true;
        loop {
            match self.here() {
                0 => return None,
                b'"' => {
                    self.pos += 1;
                    return Some(());
                }
                _ => self.expanding(draft, true)?,
            }
        }
    }

    /// One piece of what stands between double quotes or in a heredoc's body.
    fn expanding(&mut self, draft: &mut Draft, quotes: bool) -> Option<()> {
        match self.here() {
            b'\\' => {
                self.pos += 1;
                match self.here() {
                    b'\n' => self.pos += 1,
                    b'$' | b'`' | b'\\' => self.character(draft)?,
                    b'"' if quotes => self.character(draft)?,
                    _ => draft.value.push('\\'),
                }
                Some(())
            }
            b'$' => self.dollar(draft, true),
            b'`' => self.backquoted(draft, true),
            _ => self.character(draft),
        }
    }

    /// The body of a heredoc as a word; the reader stands after the delimiter's line, before and after.
    pub fn heredoc_word(&mut self, body: Span, pending: &Pending) -> Option<Word> {
        let mut draft = Draft::default();
        draft.word.quoted = pending.quoted;
        let lines = self.slice(body.start, body.end);
        if pending.quoted {
            for line in lines.split_inclusive('\n') {
                draft.value.push_str(if pending.tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                });
            }
            return Some(draft.finish(body));
        }
        let place = (self.pos, self.end, std::mem::take(&mut self.pending));
        (self.pos, self.end) = (body.start, body.end);
        let mut line_start = true;
        while !self.at_end() {
            if line_start && pending.tabs {
                while self.here() == b'\t' {
                    self.pos += 1;
                }
                if self.at_end() {
                    break;
                }
            }
            line_start = self.here() == b'\n';
            self.expanding(&mut draft, false)?;
        }
        (self.pos, self.end, self.pending) = place;
        Some(draft.finish(body))
    }
}
