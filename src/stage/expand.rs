//! Variables in words, by BuildKit's rules (frontend/dockerfile/shell/lex.go).
//!
//! What differs from a shell: `${name?}` and its like take one operator and no nesting of names; a backslash outside
//! of quotes always goes; names that are not set become nothing; `$1` and `$@` are names as any other.
use super::env::{Env, Value};
use super::pattern::Pattern;
use std::collections::BTreeSet;

/// The longest text that is followed, in bytes. Longer ones count as unknown: nobody writes them, and a file that
/// doubles a variable in each line would need more memory than there is.
pub const MAX_TEXT: usize = 32 * 1024;

/// Steps that the patterns of one word may cost.
const FUEL: usize = 1 << 20;

/// What a word becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text of a build without build arguments; `None` when it hangs on something unknown.
    pub text: Option<String>,
    /// Whether no build argument can make another text of it. Meaningless without a text.
    pub certain: bool,
    /// Names that were looked up, sorted.
    pub used: Vec<String>,
    /// Those of them that neither the file nor the tables set, sorted.
    pub unset: Vec<String>,
}

impl Expanded {
    /// The text, when no build argument can change it.
    pub fn known(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| self.certain)
    }

    /// The text as a variable's value.
    pub fn value(&self) -> Value {
        match &self.text {
            Some(text) if self.certain => Value::Known(text.as_str().into()),
            Some(text) => Value::Default(text.as_str().into()),
            None => Value::Unknown,
        }
    }
}

/// What words a text becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpandedWords {
    /// The words of a build without build arguments; `None` when they hang on something unknown.
    pub words: Option<Vec<String>>,
    /// Whether no build argument can make other words of it.
    pub certain: bool,
    /// Names that were looked up, sorted.
    pub used: Vec<String>,
}

/// Why BuildKit refuses a word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// A quote without its partner.
    #[error("no closing {0} quote")]
    Quote(&'static str),
    /// `${` without `}`.
    #[error("no closing brace of a variable")]
    Brace,
    /// `${name/pattern` without a second `/`.
    #[error("no second slash in a substitution")]
    Slash,
    /// `${}`, `${:}` and the like.
    #[error("a variable without a name")]
    Name,
    /// `${name=text}` and all others that BuildKit doesn't know.
    #[error("`{0}` is no operator that a variable can have")]
    Operator(String),
    /// A pattern that ends in an escape, or escapes what needs none.
    #[error("`{0}` is no valid pattern")]
    Pattern(String),
    /// `${name?message}` of a variable that is not set.
    #[error("{0}: {1}")]
    Required(String, String),
}

/// Expands one word. Quotes go, and no splitting takes place.
///
/// # Errors
/// When BuildKit would refuse the word.
pub fn expand(word: &str, env: &Env, escape: u8) -> Result<Expanded, ExpandError> {
    if !word
        .bytes()
        .any(|byte| matches!(byte, b'$' | b'"' | b'\'') || byte == escape)
        && word.len() <= MAX_TEXT
        && !word.starts_with('\u{feff}')
    {
        return Ok(Expanded {
            text: Some(word.to_owned()),
            certain: true,
            ..Expanded::default()
        });
    }
    let mut lexer = Lexer::new(word, env, escape, true);
    let (text, _) = lexer.until(None, false)?;
    Ok(lexer.finish(text))
}

/// Expands variables and escapes, and leaves quotes as they are: the body of a heredoc of COPY or ADD. BuildKit takes
/// `\` as the escape character there, whatever the file's is.
///
/// # Errors
/// When BuildKit would refuse the text.
pub fn expand_raw(text: &str, env: &Env) -> Result<Expanded, ExpandError> {
    let mut lexer = Lexer::new(text, env, b'\\', false);
    let (text, _) = lexer.until(None, false)?;
    Ok(lexer.finish(text))
}

/// Expands a text and splits it at white space afterwards; what quotes held stays together.
///
/// # Errors
/// When BuildKit would refuse the text.
pub fn expand_words(text: &str, env: &Env, escape: u8) -> Result<ExpandedWords, ExpandError> {
    let mut lexer = Lexer::new(text, env, escape, true);
    lexer.splits = true;
    let (text, words) = lexer.until(None, false)?;
    let known = text.text.is_some();
    let expanded = lexer.finish(text);
    Ok(ExpandedWords {
        words: known.then(|| words.finish()),
        certain: expanded.certain,
        used: expanded.used,
    })
}

/// A text that may hang on something unknown.
struct Piece {
    text: Option<String>,
}

impl Piece {
    fn known(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
        }
    }

    const fn unknown() -> Self {
        Self { text: None }
    }

    fn push(&mut self, char: char) {
        if let Some(text) = &mut self.text {
            text.push(char);
            if text.len() > MAX_TEXT {
                self.text = None;
            }
        }
    }

    fn append(&mut self, other: &Self) {
        match (&mut self.text, &other.text) {
            (Some(text), Some(more)) if text.len() + more.len() <= MAX_TEXT => text.push_str(more),
            _ => self.text = None,
        }
    }
}

/// Splits at white space while the text comes in.
#[derive(Default)]
struct Words {
    word: String,
    inside: bool,
    words: Vec<String>,
}

impl Words {
    /// A character that splits when it is white space.
    fn plain(&mut self, char: char) {
        if !char.is_whitespace() {
            self.raw(char);
        } else if self.inside && !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
            self.inside = false;
        }
    }

    /// A character that never splits.
    fn raw(&mut self, char: char) {
        self.word.push(char);
        self.inside = true;
    }

    /// A text from quotes.
    fn raw_text(&mut self, text: &str) {
        self.word.push_str(text);
        self.inside = true;
    }

    fn finish(mut self) -> Vec<String> {
        if !self.word.is_empty() {
            self.words.push(self.word);
        }
        self.words
    }
}

struct Lexer<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    env: &'a Env,
    escape: char,
    quotes: bool,
    splits: bool,
    raw_escapes: bool,
    certain: bool,
    fuel: usize,
    depth: usize,
    used: BTreeSet<String>,
    unset: BTreeSet<String>,
}

/// How deep `${a:-${b:-…}}` may go.
const MAX_DEPTH: usize = 128;

impl<'a> Lexer<'a> {
    fn new(word: &'a str, env: &'a Env, escape: u8, quotes: bool) -> Self {
        Self {
            // Go's scanner skips a byte order mark in front.
            chars: word
                .strip_prefix('\u{feff}')
                .unwrap_or(word)
                .chars()
                .peekable(),
            env,
            escape: char::from(escape),
            quotes,
            splits: false,
            raw_escapes: false,
            certain: true,
            fuel: FUEL,
            depth: 0,
            used: BTreeSet::new(),
            unset: BTreeSet::new(),
        }
    }

    fn finish(self, piece: Piece) -> Expanded {
        Expanded {
            text: piece.text,
            certain: self.certain,
            used: self.used.into_iter().collect(),
            unset: self.unset.into_iter().collect(),
        }
    }

    /// Reads up to `stop`, which is consumed, or to the end.
    fn until(
        &mut self,
        stop: Option<char>,
        raw_escapes: bool,
    ) -> Result<(Piece, Words), ExpandError> {
        let before = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let result = self.until_inner(stop);
        self.raw_escapes = before;
        result
    }

    fn until_inner(&mut self, stop: Option<char>) -> Result<(Piece, Words), ExpandError> {
        let mut piece = Piece::known("");
        let mut words = Words::default();
        while let Some(&char) = self.chars.peek() {
            if stop == Some(char) {
                self.chars.next();
                return Ok((piece, words));
            }
            match char {
                '$' => {
                    let value = self.dollar()?;
                    piece.append(&value);
                    if self.splits && piece.text.is_some() {
                        for char in value.text.iter().flat_map(|text| text.chars()) {
                            words.plain(char);
                        }
                    }
                }
                '\'' | '"' if self.quotes => {
                    let value = if char == '"' {
                        self.double_quote()?
                    } else {
                        Piece::known(self.single_quote()?)
                    };
                    piece.append(&value);
                    if self.splits && piece.text.is_some() {
                        words.raw_text(value.text.as_deref().unwrap_or_default());
                    }
                }
                _ => {
                    self.chars.next();
                    if char != self.escape {
                        words.plain(char);
                        piece.push(char);
                        continue;
                    }
                    if self.raw_escapes {
                        words.raw(char);
                        piece.push(char);
                    }
                    let Some(escaped) = self.chars.next() else {
                        break;
                    };
                    words.raw(escaped);
                    piece.push(escaped);
                }
            }
        }
        match stop {
            None => Ok((piece, words)),
            Some('/') => Err(ExpandError::Slash),
            Some(_) => Err(ExpandError::Brace),
        }
    }

    fn single_quote(&mut self) -> Result<String, ExpandError> {
        self.chars.next();
        let mut text = String::new();
        loop {
            match self.chars.next() {
                Some('\'') => return Ok(text),
                Some(char) => text.push(char),
                None => return Err(ExpandError::Quote("single")),
            }
        }
    }

    fn double_quote(&mut self) -> Result<Piece, ExpandError> {
        self.chars.next();
        let mut piece = Piece::known("");
        loop {
            match self.chars.peek() {
                None => return Err(ExpandError::Quote("double")),
                Some('"') => {
                    self.chars.next();
                    return Ok(piece);
                }
                Some('$') => {
                    let value = self.dollar()?;
                    piece.append(&value);
                }
                Some(&char) => {
                    self.chars.next();
                    if char != self.escape {
                        piece.push(char);
                        continue;
                    }
                    if self.raw_escapes {
                        piece.push(char);
                    }
                    match self.chars.peek() {
                        None => {}
                        Some(&next) if next == '"' || next == '$' || next == self.escape => {
                            self.chars.next();
                            piece.push(next);
                        }
                        // Before any other character the escape stays.
                        Some(_) => piece.push(char),
                    }
                }
            }
        }
    }

    fn dollar(&mut self) -> Result<Piece, ExpandError> {
        self.chars.next();
        if self.chars.peek() != Some(&'{') {
            let name = self.name();
            if name.is_empty() {
                return Ok(Piece::known("$"));
            }
            return Ok(self.plain_value(&name));
        }
        self.chars.next();
        match self.chars.peek() {
            None => return Err(ExpandError::Brace),
            Some('{' | '}' | ':') => return Err(ExpandError::Name),
            Some(_) => {}
        }
        let name = self.name();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ExpandError::Brace);
        }
        let result = self.braces(&name);
        self.depth -= 1;
        result
    }

    /// What follows the name in `${name`.
    fn braces(&mut self, name: &str) -> Result<Piece, ExpandError> {
        let Some(mut operator) = self.chars.next() else {
            return Err(ExpandError::Brace);
        };
        let mut colon = false;
        if operator == ':' {
            colon = true;
            operator = self.chars.next().ok_or(ExpandError::Brace)?;
        }
        match operator {
            '}' if !colon => Ok(self.plain_value(name)),
            '/' if !colon => self.replace(name),
            '+' | '-' | '?' | '#' | '%' => self.modify(name, operator, colon),
            _ if colon => {
                self.until(Some('}'), false)?;
                Err(ExpandError::Operator(format!(":{operator}")))
            }
            _ => Err(ExpandError::Operator(operator.to_string())),
        }
    }

    fn modify(&mut self, name: &str, operator: char, colon: bool) -> Result<Piece, ExpandError> {
        let (word, _) = self.until(Some('}'), matches!(operator, '#' | '%'))?;
        let value = self.value(name);
        let text = value.likely().map(str::to_owned);
        // Whether the variable counts as set; `None` when that is not known.
        let set = match &value {
            Value::Known(text) | Value::Default(text) => Some(!(colon && text.is_empty())),
            Value::Optional | Value::Unset => Some(false),
            Value::Unknown => None,
        };
        // `${x-y}` of a variable that has a default stays set whatever a build argument says.
        match (operator, set) {
            (_, None) => Ok(Piece::unknown()),
            ('-', Some(false)) => Ok(word),
            ('+', Some(true)) => Ok(word),
            ('+', Some(false)) => Ok(Piece::known("")),
            ('-' | '?', Some(true)) => Ok(Piece { text }),
            ('?', Some(false)) => match value {
                Value::Unset | Value::Known(_) => {
                    let message = match word.text {
                        Some(word) if !word.is_empty() => word,
                        _ if value == Value::Unset => "is not allowed to be unset".to_owned(),
                        _ => "is not allowed to be empty".to_owned(),
                    };
                    Err(ExpandError::Required(name.to_owned(), message))
                }
                // Only a build argument makes this build at all.
                _ => Ok(Piece::unknown()),
            },
            _ => self.trim(&text.unwrap_or_default(), operator, word),
        }
    }

    fn trim(&mut self, value: &str, operator: char, word: Piece) -> Result<Piece, ExpandError> {
        let Some(word) = word.text else {
            return Ok(Piece::unknown());
        };
        let (greedy, pattern) = match word.strip_prefix(operator) {
            Some(pattern) => (true, pattern),
            None => (false, word.as_str()),
        };
        let pattern = Pattern::parse(pattern)?;
        if !self.pay(pattern.cost(value.len())) {
            return Ok(Piece::unknown());
        }
        Ok(Piece::known(if operator == '#' {
            pattern.trim_start(value, greedy)
        } else {
            pattern.trim_end(value, greedy)
        }))
    }

    fn replace(&mut self, name: &str) -> Result<Piece, ExpandError> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let (pattern, _) = self.until(Some('/'), true)?;
        let (with, _) = self.until(Some('}'), true)?;
        let value = self.value(name);
        let (Some(pattern), Some(with)) = (pattern.text, with.text) else {
            return Ok(Piece::unknown());
        };
        let pattern = Pattern::parse(&pattern)?;
        let value = match &value {
            Value::Unknown => return Ok(Piece::unknown()),
            value => value.likely().unwrap_or_default(),
        };
        // `$` in the replacement of `//` means something to Go's regular expressions: not followed.
        let affordable = self.pay(pattern.cost(value.len()).saturating_mul(value.len() + 1))
            && value.len().saturating_mul(with.len() + 1) <= 16 * MAX_TEXT;
        if !affordable || (all && with.contains('$')) {
            return Ok(Piece::unknown());
        }
        Ok(Piece::known(pattern.replace(value, &with, all)))
    }

    fn pay(&mut self, cost: usize) -> bool {
        match self.fuel.checked_sub(cost) {
            Some(left) => {
                self.fuel = left;
                true
            }
            None => false,
        }
    }

    fn plain_value(&mut self, name: &str) -> Piece {
        match self.value(name) {
            Value::Known(text) | Value::Default(text) => Piece::known(&*text),
            Value::Optional | Value::Unset => Piece::known(""),
            Value::Unknown => Piece::unknown(),
        }
    }

    fn value(&mut self, name: &str) -> Value {
        let value = self.env.value(name);
        if !self.used.contains(name) {
            self.used.insert(name.to_owned());
            if value == Value::Unset || self.env.get(name).is_none() {
                self.unset.insert(name.to_owned());
            }
        }
        if matches!(value, Value::Default(_) | Value::Optional) {
            self.certain = false;
        }
        value
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.chars.peek() {
            Some(first) if first.is_numeric() => {
                while let Some(digit) = self.chars.next_if(|char| char.is_numeric()) {
                    name.push(digit);
                }
                return name;
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                name.extend(self.chars.next());
                return name;
            }
            _ => {}
        }
        while let Some(char) = self
            .chars
            .next_if(|char| *char == '_' || char.is_alphanumeric())
        {
            name.push(char);
        }
        name
    }
}

#[cfg(test)]
mod tests;
