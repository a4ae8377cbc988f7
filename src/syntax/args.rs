//! What follows the flags.
use super::Span;

/// A word with its place in the logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As BuildKit hands it on: for words, as written (quotes kept); for JSON, the string's value.
    pub text: String,
    /// In the logical line, quotes included.
    pub at: Span,
}

/// A pair of ENV or LABEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// As written.
    pub key: Word,
    /// As written, quotes kept.
    pub value: Word,
    /// From key to value.
    pub at: Span,
}

/// What follows the flags, read as the keyword reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    /// Nothing.
    None,
    /// A whole text: shell forms, WORKDIR, USER, STOPSIGNAL, MAINTAINER.
    Text(Span),
    /// Words apart by white space: FROM, EXPOSE, COPY, ADD, VOLUME, ARG.
    Words(Vec<Word>),
    /// `name=value` pairs of ENV and LABEL.
    Pairs(Vec<KeyValue>),
    /// The old `ENV name value`.
    OldPair(KeyValue),
    /// The exec form, or COPY and its like as a JSON array.
    Json(Vec<Word>),
    /// What BuildKit's parser refuses.
    Invalid(String),
}

use super::words::{split_plain, split_quoted, trim_start};
use super::{Keyword, Logical};

/// What the exec form's strings hold; BuildKit's error when an array holds something else.
const NOT_STRINGS: &str = "when using JSON array syntax, arrays must be comprised of strings only";

impl Args {
    /// The words of [`Args::Words`] and [`Args::Json`].
    pub fn words(&self) -> &[Word] {
        match self {
            Self::Words(words) | Self::Json(words) => words,
            _ => &[],
        }
    }

    /// The pairs of ENV and LABEL, in both forms.
    pub fn pairs(&self) -> &[KeyValue] {
        match self {
            Self::Pairs(pairs) => pairs,
            Self::OldPair(pair) => std::slice::from_ref(pair),
            _ => &[],
        }
    }

    /// Reads what follows the flags of `keyword`; `rest` is trimmed.
    pub(super) fn read(keyword: Keyword, logical: &Logical, rest: Span, escape: u8) -> Self {
        let bytes = logical.bytes();
        if rest.is_empty() {
            return Self::None;
        }
        match keyword {
            Keyword::Add | Keyword::Copy | Keyword::Volume => match json(bytes, rest) {
                Some(args) => args,
                None => Self::Words(plain(bytes, rest)),
            },
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Run | Keyword::Shell => {
                json(bytes, rest).unwrap_or(Self::Text(rest))
            }
            Keyword::Healthcheck => health(bytes, rest),
            Keyword::Env | Keyword::Label => pairs(keyword, bytes, rest, escape),
            Keyword::Arg => {
                let words = split_quoted(bytes, rest, escape);
                if words.is_empty() {
                    Self::None
                } else {
                    Self::Words(words.into_iter().map(|at| word(bytes, at)).collect())
                }
            }
            Keyword::Expose | Keyword::From => Self::Words(plain(bytes, rest)),
            Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => {
                Self::Text(rest)
            }
            Keyword::Onbuild | Keyword::Unknown => Self::Text(rest),
        }
    }
}

fn word(bytes: &[u8], at: Span) -> Word {
    Word {
        text: String::from_utf8_lossy(&bytes[at.range()]).into_owned(),
        at,
    }
}

fn plain(bytes: &[u8], rest: Span) -> Vec<Word> {
    split_plain(bytes, rest)
        .into_iter()
        .map(|at| word(bytes, at))
        .collect()
}

/// The first word of HEALTHCHECK is its kind; a command follows in either form.
fn health(bytes: &[u8], rest: Span) -> Args {
    let space = |byte: u8| matches!(byte, b'\t'..=b'\r' | b' ' | 0x85 | 0xA0);
    let kind_end = rest
        .range()
        .find(|at| space(bytes[*at]))
        .unwrap_or(rest.end);
    let command = (kind_end..rest.end)
        .find(|at| !space(bytes[*at]))
        .unwrap_or(rest.end);
    let command = Span::new(command, rest.end);
    if command.is_empty() {
        return Args::Words(vec![word(bytes, Span::new(rest.start, kind_end))]);
    }
    json(bytes, command).unwrap_or(Args::Text(command))
}

fn pairs(keyword: Keyword, bytes: &[u8], rest: Span, escape: u8) -> Args {
    let words = split_quoted(bytes, rest, escape);
    let Some(first) = words.first() else {
        return Args::None;
    };
    if !bytes[first.range()].contains(&b'=') {
        let parts = split_plain(bytes, rest);
        let [key, value, ..] = parts.as_slice() else {
            return Args::Invalid(format!("{} must have two arguments", keyword.name()));
        };
        let value = Span::new(value.start, rest.end);
        return Args::OldPair(KeyValue {
            key: word(bytes, *key),
            value: word(bytes, value),
            at: rest,
        });
    }
    let mut pairs = Vec::with_capacity(words.len());
    for at in words {
        let Some(equals) = at.range().find(|index| bytes[*index] == b'=') else {
            let text = String::from_utf8_lossy(&bytes[at.range()]);
            return Args::Invalid(format!(
                "Syntax error - can't find = in {text:?}. Must be of the form: name=value"
            ));
        };
        pairs.push(KeyValue {
            key: word(bytes, Span::new(at.start, equals)),
            value: word(bytes, Span::new(equals + 1, at.end)),
            at,
        });
    }
    Args::Pairs(pairs)
}

/// A JSON array of strings; an error when it is an array of something else; `None` when it is no JSON array, which
/// makes it the shell form.
fn json(bytes: &[u8], rest: Span) -> Option<Args> {
    let start = trim_start(bytes, rest);
    if bytes.get(start) != Some(&b'[') || start >= rest.end {
        return None;
    }
    let text = &bytes[start..rest.end];
    if let Some(words) = strings(text, start) {
        return Some(Args::Json(words));
    }
    let lossy = String::from_utf8_lossy(text);
    serde_json::from_str::<Vec<serde_json::Value>>(&lossy)
        .ok()
        .map(|_| Args::Invalid(NOT_STRINGS.to_owned()))
}

/// The strings of a JSON array, by Go's rules: lone surrogates and bytes that are not UTF-8 become U+FFFD.
fn strings(text: &[u8], offset: usize) -> Option<Vec<Word>> {
    let blank = |at: usize| (at..text.len()).find(|index| !b" \t\r\n".contains(&text[*index]));
    let mut words = Vec::new();
    let mut at = blank(1)?;
    if text[at] == b']' {
        return blank(at + 1).is_none().then_some(words);
    }
    loop {
        let (value, end) = string(text, at)?;
        words.push(Word {
            text: value,
            at: Span::new(at + offset, end + offset),
        });
        at = blank(end)?;
        match text[at] {
            b',' => at = blank(at + 1)?,
            b']' => return blank(at + 1).is_none().then_some(words),
            _ => return None,
        }
    }
}

/// The JSON string that starts at `start`, and where it ends.
fn string(text: &[u8], start: usize) -> Option<(String, usize)> {
    if text[start] != b'"' {
        return None;
    }
    let mut value = Vec::new();
    let mut at = start + 1;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((String::from_utf8_lossy(&value).into_owned(), at)),
            0..=0x1f => return None,
            b'\\' => {
                let escaped = *text.get(at)?;
                at += 1;
                match escaped {
                    b'"' | b'\\' | b'/' => value.push(escaped),
                    b'b' => value.push(8),
                    b'f' => value.push(12),
                    b'n' => value.push(b'\n'),
                    b'r' => value.push(b'\r'),
                    b't' => value.push(b'\t'),
                    b'u' => {
                        let high = unit(text, at)?;
                        at += 4;
                        let low = (text.get(at..at + 2) == Some(b"\\u"))
                            .then(|| unit(text, at + 2))
                            .flatten();
                        let decoded = match (high, low) {
                            (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                                at += 6;
                                char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                            }
                            _ => char::from_u32(high),
                        };
                        let found = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
                        value.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    _ => return None,
                }
            }
            _ => value.push(byte),
        }
    }
}

fn unit(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
