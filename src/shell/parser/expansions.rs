//! Parameter, command and arithmetic expansion.

use crate::shell::Word;
use crate::syntax::Span;

use super::reader::Reader;
use super::words::Draft;

/// Parameters of one sign.
const SPECIAL: &[u8] = b"@*#?-$!";

impl Reader<'_> {
    /// What starts with `$`.
    pub fn dollar(&mut self, draft: &mut Draft, quoted: bool) -> Option<()> {
        let next = self.next();
        match next {
            b'(' if self.byte(self.pos + 2) == b'(' => {
                self.pos += 3;
                self.arithmetic(draft)
            }
            b'(' => {
                self.pos += 2;
                self.substitution(draft)
            }
            b'{' => {
                self.pos += 2;
                draft.expands = true;
                self.deeper(|reader| reader.parameter(draft, quoted))
            }
            b'\'' if !quoted => {
                if !self.bash() {
                    return None;
                }
                self.pos += 2;
                self.ansi_quoted(draft)
            }
            b'"' if !quoted => {
                if !self.bash() {
                    return None;
                }
                self.pos += 2;
                draft.expands = true;
                self.double_quoted(draft)
            }
            // bash's old arithmetic.
            b'[' => None,
            _ if next == b'_' || next.is_ascii_alphabetic() => {
                self.pos += 1;
                draft.expands = true;
                let name = self.name();
                draft.word.variables.push(name);
                Some(())
            }
            _ if next.is_ascii_digit() || SPECIAL.contains(&next) => {
                draft.expands = true;
                draft.word.variables.push(char::from(next).to_string());
                self.pos += 2;
                Some(())
            }
            _ => {
                draft.value.push('$');
                self.pos += 1;
                Some(())
            }
        }
    }

    fn name(&mut self) -> String {
        let start = self.pos;
        while self.here() == b'_' || self.here().is_ascii_alphanumeric() {
            self.pos += 1;
        }
        self.slice(start, self.pos).to_owned()
    }

    /// Commands up to `)`, after the opening parenthesis.
    pub fn substitution(&mut self, draft: &mut Draft) -> Option<()> {
        draft.expands = true;
        let outer = std::mem::take(&mut self.pending);
        let lists = self.lists()?;
        self.eat(b')')?;
        if !self.pending.is_empty() {
            return None;
        }
        self.pending = outer;
        draft.word.substitutions.push(lists);
        Some(())
    }

    /// Commands between backquotes. What would need a level of backslashes taken away is opaque.
    pub fn backquoted(&mut self, draft: &mut Draft, quoted: bool) -> Option<()> {
        draft.expands = true;
        let start = self.pos + 1;
        let mut close = start;
        loop {
            match (self.byte(close), self.byte(close + 1)) {
                (0, _) => return None,
                (b'`', _) => break,
                (b'\\', b'`' | b'\\' | b'$' | b'"') => return None,
                (b'"', _) if quoted => return None,
                _ => close += 1,
            }
        }
        let outer = (self.end, std::mem::take(&mut self.pending));
        (self.pos, self.end) = (start, close);
        let lists = self.lists()?;
        if !self.at_end() || !self.pending.is_empty() {
            return None;
        }
        (self.end, self.pending) = outer;
        self.pos = close + 1;
        draft.word.substitutions.push(lists);
        Some(())
    }

    /// `${…}`, after the opening brace.
    fn parameter(&mut self, draft: &mut Draft, quoted: bool) -> Option<()> {
        let length = self.here() == b'#' && self.next() != b'}';
        if length {
            self.pos += 1;
        }
        let first = self.here();
        let name = if first == b'_' || first.is_ascii_alphabetic() {
            self.name()
        } else if first.is_ascii_digit() {
            let name = self.name();
            if !name.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            name
        } else if SPECIAL.contains(&first) && (first != b'!' || self.next() == b'}') {
            self.pos += 1;
            char::from(first).to_string()
        } else {
            return None;
        };
        draft.word.variables.push(name);
        if self.here() == b'[' {
            self.subscript(draft)?;
        }
        if length || self.here() == b'}' {
            return self.eat(b'}');
        }
        let colon = self.here() == b':';
        let op = if colon { self.next() } else { self.here() };
        match op {
            b'-' | b'?' | b'+' | b'=' => {
                draft.word.assigns |= op == b'=';
                self.pos += 1 + usize::from(colon);
            }
            b'%' | b'#' if !colon => self.pos += 1,
            _ if self.bash() && (colon || matches!(op, b'/' | b'^' | b',' | b'@')) => self.pos += 1,
            _ => return None,
        }
        self.operand(draft, quoted)
    }

    /// bash's `[…]` after an array's name.
    fn subscript(&mut self, draft: &mut Draft) -> Option<()> {
        if !self.bash() {
            return None;
        }
        self.pos += 1;
        loop {
            match self.here() {
                b']' => {
                    self.pos += 1;
                    return Some(());
                }
                b'$' if self.next() != b'(' => self.dollar(draft, true)?,
                byte if byte.is_ascii_alphanumeric() || b"@*_-+".contains(&byte) => self.pos += 1,
                _ => return None,
            }
        }
    }

    /// What follows the operator of `${NAME…}`, up to and with the closing brace.
    fn operand(&mut self, draft: &mut Draft, quoted: bool) -> Option<()> {
        loop {
            match self.here() {
                0 => return None,
                b'}' => {
                    self.pos += 1;
                    return Some(());
                }
                b'\\' => {
                    self.pos += 1;
                    self.pos += self.slice(self.pos, self.end).chars().next()?.len_utf8();
                }
                // Within double quotes shells differ on what a quote means here.
                b'\'' if quoted => return None,
                b'\'' => {
                    let rest = self.slice(self.pos + 1, self.end);
                    self.pos += rest.find('\'')? + 2;
                }
                b'"' => {
                    self.pos += 1;
                    self.double_quoted(draft)?;
                }
                b'$' => self.dollar(draft, quoted)?,
                b'`' => self.backquoted(draft, quoted)?,
                _ => self.pos += 1,
            }
        }
    }

    /// `$((…))`, after the opening parentheses.
    fn arithmetic(&mut self, draft: &mut Draft) -> Option<()> {
        draft.expands = true;
        self.deeper(|reader| {
            let mut open = 0_usize;
            loop {
                let byte = reader.here();
                match byte {
                    b'(' => open += 1,
                    b')' if open > 0 => open -= 1,
                    b')' if reader.next() == b')' => {
                        reader.pos += 2;
                        return Some(());
                    }
                    0 | b')' | b'\\' | b'"' | b'\'' | b'#' | b';' => return None,
                    b'$' => {
                        reader.dollar(draft, true)?;
                        continue;
                    }
                    b'`' => {
                        reader.backquoted(draft, true)?;
                        continue;
                    }
                    b'=' | b'+' | b'-' => draft.word.assigns |= reader.sets_a_variable(),
                    _ if byte == b'_' || byte.is_ascii_alphabetic() => {
                        let name = reader.name();
                        draft.word.variables.push(name);
                        continue;
                    }
                    _ if byte.is_ascii_digit() => {
                        reader.name();
                        continue;
                    }
                    _ => {}
                }
                reader.pos += 1;
            }
        })
    }

    /// Whether the sign here, in an arithmetic expression, assigns: `=`, `+=`, `<<=`, `++`, but not `==`, `<=`.
    fn sets_a_variable(&self) -> bool {
        let (here, next) = (self.here(), self.next());
        if here != b'=' {
            return next == here;
        }
        let before = |back: usize| self.pos.checked_sub(back).map_or(0, |at| self.byte(at));
        match before(1) {
            b'=' | b'!' => false,
            b'<' | b'>' => before(2) == before(1),
            _ => next != b'=',
        }
    }

    /// bash's `((…))` command as one word, after the opening parentheses.
    pub fn arithmetic_word(&mut self) -> Option<Word> {
        let start = self.pos;
        let mut draft = Draft::default();
        self.arithmetic(&mut draft)?;
        Some(draft.finish(Span::new(start, self.pos)))
    }
}
