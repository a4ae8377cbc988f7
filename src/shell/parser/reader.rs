//! The reader's place in the text, and what may be skipped.

use crate::shell::{Dialect, Heredoc};
use crate::syntax::Span;

/// A heredoc whose body starts after the next line end.
pub(super) struct Pending {
    pub index: usize,
    pub delimiter: String,
    pub quoted: bool,
    pub tabs: bool,
}

/// Reads a script from left to right. Every method gives `None` when it is unsure, and nothing is read after that.
pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub dialect: Dialect,
    /// The next byte.
    pub pos: usize,
    /// One past the last byte; a substitution in backquotes ends before the text does.
    pub end: usize,
    /// Levels that may still be opened.
    pub depth: usize,
    pub comments: Vec<Span>,
    pub heredocs: Vec<Heredoc>,
    pub pending: Vec<Pending>,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str, dialect: Dialect, depth: usize) -> Self {
        Self {
            text,
            dialect,
            pos: 0,
            end: text.len(),
            depth,
            comments: Vec::new(),
            heredocs: Vec::new(),
            pending: Vec::new(),
        }
    }

    pub fn bash(&self) -> bool {
        self.dialect == Dialect::Bash
    }

    /// The byte at `at`, 0 past the end: no text with a NUL comes here.
    pub fn byte(&self, at: usize) -> u8 {
        if at < self.end {
            self.text.as_bytes().get(at).copied().unwrap_or(0)
        } else {
            0
        }
    }

    pub fn here(&self) -> u8 {
        self.byte(self.pos)
    }

    pub fn next(&self) -> u8 {
        self.byte(self.pos + 1)
    }

    pub fn at_end(&self) -> bool {
        self.pos >= self.end
    }

    pub fn sees(&self, what: &str) -> bool {
        self.slice(self.pos, self.end).starts_with(what)
    }

    /// `start..end` of the text; empty when that is no range of characters.
    pub fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Runs `read` one level deeper.
    pub fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth = self.depth.checked_sub(1)?;
        let result = read(self)?;
        self.depth += 1;
        Some(result)
    }

    /// Passes `what`, if it is there.
    pub fn eat(&mut self, what: u8) -> Option<()> {
        (self.here() == what).then(|| self.pos += 1)
    }

    /// Passes blanks and line continuations.
    pub fn skip_blanks(&mut self) {
        loop {
            match self.here() {
                b' ' | b'\t' => self.pos += 1,
                b'\\' if self.next() == b'\n' => self.pos += 2,
                _ => return,
            }
        }
    }

    /// Passes blanks, comments and line ends, with the heredoc bodies after those.
    pub fn skip_lines(&mut self) -> Option<()> {
        loop {
            self.skip_blanks();
            match self.here() {
                b'#' => self.comment(),
                b'\n' => self.line_end()?,
                _ => return Some(()),
            }
        }
    }

    /// Passes a comment up to its line end.
    pub fn comment(&mut self) {
        let start = self.pos;
        while !self.at_end() && self.here() != b'\n' {
            self.pos += 1;
        }
        self.comments.push(Span::new(start, self.pos));
    }

    /// Passes a line end and the heredoc bodies that wait for it.
    pub fn line_end(&mut self) -> Option<()> {
        self.eat(b'\n')?;
        for pending in std::mem::take(&mut self.pending) {
            self.heredoc_body(&pending)?;
        }
        Some(())
    }

    fn heredoc_body(&mut self, pending: &Pending) -> Option<()> {
        let start = self.pos;
        loop {
            if self.at_end() {
                return None;
            }
            let line_start = self.pos;
            let rest = self.slice(line_start, self.end);
            let length = rest.find('\n').unwrap_or(rest.len());
            let line = rest.get(..length)?;
            let bare = if pending.tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            self.pos = (line_start + length + 1).min(self.end);
            if bare == pending.delimiter {
                let body = self.heredoc_word(Span::new(start, line_start), pending)?;
                self.heredocs.get_mut(pending.index)?.body = body;
                return Some(());
            }
            // A line continuation may hide the delimiter, and shells differ on that.
            if !pending.quoted && line.ends_with('\\') {
                let after = self.slice(self.pos, self.end);
                let next = after.split('\n').next().unwrap_or_default();
                if next.trim_start_matches('\t') == pending.delimiter {
                    return None;
                }
            }
        }
    }
}
