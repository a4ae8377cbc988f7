//! `$name` and `${name:-word}` in a word (BuildKit's `shell/lex.go`).
use super::patterns::{pattern_of, substitute, trim_end, trim_start};
use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// A longer value counts as unknown: a file that doubles a variable in each line must not eat the memory.
pub(super) const LONGEST: usize = 8 * 1024;
/// Deeper braces than this are refused.
const DEEPEST: usize = 100;

/// What a name stands for.
pub(super) enum Value<'a> {
    Unset,
    /// Set, to a value that is not known.
    Hidden,
    Known(&'a str),
}

/// How a word is read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) escape: char,
    /// Quotes are text: the body of a heredoc.
    pub(super) keep_quotes: bool,
}

/// Why a word can't be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) message: String,
    /// `${A:?}`: another value would do.
    pub(super) by_value: bool,
}

/// A word after expansion.
#[derive(Debug, Default)]
pub(super) struct Expansion<'a> {
    /// The word; not to be relied on when it is hidden.
    pub(super) text: Cow<'a, str>,
    /// Cut at white space that came out of variables or stood there unquoted.
    pub(super) words: Vec<String>,
    /// A hidden value is in it.
    pub(super) hidden: bool,
    /// Names that were set, each once.
    pub(super) matched: Vec<String>,
    /// Names that were not, each once.
    pub(super) unmatched: Vec<String>,
    pub(super) failure: Option<Failure>,
}

/// Expands `word`.
pub(super) fn expand<'a, 'e>(
    word: &'a str,
    reading: Reading,
    lookup: &dyn Fn(&str) -> Value<'e>,
) -> Expansion<'a> {
    let special = |c: char| {
        c == '$' || c == reading.escape || (!reading.keep_quotes && (c == '\'' || c == '"'))
    };
    if !word.contains(special) {
        return Expansion {
            text: Cow::Borrowed(word),
            words: word.split_whitespace().map(str::to_owned).collect(),
            ..Expansion::default()
        };
    }
    let mut lexer = Lexer {
        rest: word.chars().peekable(),
        reading,
        raw_escapes: false,
        lookup,
        hidden: false,
        matched: Vec::new(),
        unmatched: Vec::new(),
        depth: 0,
    };
    let (text, words, failure) = match lexer.until(None) {
        Ok((text, words)) => (text, words, None),
        Err(failure) => (String::new(), Vec::new(), Some(failure)),
    };
    let once = |mut names: Vec<String>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    Expansion {
        hidden: lexer.hidden || text.len() >= LONGEST,
        text: Cow::Owned(text),
        words,
        matched: once(lexer.matched),
        unmatched: once(lexer.unmatched),
        failure,
    }
}

struct Lexer<'a, 'l, 'e> {
    rest: Peekable<Chars<'a>>,
    reading: Reading,
    raw_escapes: bool,
    lookup: &'l dyn Fn(&str) -> Value<'e>,
    hidden: bool,
    matched: Vec<String>,
    unmatched: Vec<String>,
    depth: usize,
}

/// The words of a text that is being put together.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: String,
}

impl Words {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.close();
            } else {
                self.word.push(c);
            }
        }
    }

    fn close(&mut self) {
        if !self.word.is_empty() {
            self.done.push(std::mem::take(&mut self.word));
        }
    }
}

fn failure<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure {
        message: message.into(),
        by_value: false,
    })
}

impl<'e> Lexer<'_, '_, 'e> {
    /// Reads up to `stop`, which is taken, or to the end.
    fn until(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), Failure> {
        let mut text = String::new();
        let mut words = Words::default();
        while let Some(&c) = self.rest.peek() {
            if Some(c) == stop {
                self.rest.next();
                words.close();
                return Ok((text, words.done));
            }
            match c {
                '$' => {
                    let value = self.dollar()?;
                    push(&mut text, &value);
                    if stop.is_none() && words.word.len() < LONGEST {
                        words.text(&value);
                    }
                }
                '\'' | '"' if !self.reading.keep_quotes => {
                    let quoted = if c == '"' {
                        self.double()?
                    } else {
                        self.single()?
                    };
                    push(&mut text, &quoted);
                    push(&mut words.word, &quoted);
                }
                _ => {
                    self.rest.next();
                    if c == self.reading.escape {
                        if self.raw_escapes {
                            text.push(c);
                            words.word.push(c);
                        }
                        let Some(next) = self.rest.next() else {
                            break;
                        };
                        text.push(next);
                        words.word.push(next);
                    } else {
                        text.push(c);
                        if c.is_whitespace() {
                            words.close();
                        } else {
                            words.word.push(c);
                        }
                    }
                }
            }
        }
        match stop {
            Some(stop) => failure(format!("a {stop} is missing")),
            None => {
                words.close();
                Ok((text, words.done))
            }
        }
    }

    fn single(&mut self) -> Result<String, Failure> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return failure("a closing single quote is missing"),
                Some('\'') => return Ok(text),
                Some(c) => text.push(c),
            }
        }
    }

    fn double(&mut self) -> Result<String, Failure> {
        self.rest.next();
        let mut text = String::new();
        loop {
            let Some(&c) = self.rest.peek() else {
                return failure("a closing double quote is missing");
            };
            if c == '$' {
                let value = self.dollar()?;
                push(&mut text, &value);
                continue;
            }
            self.rest.next();
            if c == '"' {
                return Ok(text);
            }
            if c != self.reading.escape {
                text.push(c);
                continue;
            }
            if self.raw_escapes {
                text.push(c);
            }
            match self.rest.peek().copied() {
                None => {}
                Some(next) if next == '"' || next == '$' || next == self.reading.escape => {
                    self.rest.next();
                    text.push(next);
                }
                Some(_) => text.push(c),
            }
        }
    }

    fn dollar(&mut self) -> Result<String, Failure> {
        self.rest.next();
        if self.rest.peek() != Some(&'{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".into());
            }
            return Ok(self.value(&name).unwrap_or("").to_owned());
        }
        self.rest.next();
        match self.rest.peek() {
            None => return failure("a } is missing"),
            Some('{' | '}' | ':') => return failure("a name is missing after ${"),
            Some(_) => {}
        }
        let name = self.name();
        self.depth += 1;
        if self.depth > DEEPEST {
            return failure("braces are nested too deep");
        }
        let text = self.braces(&name);
        self.depth -= 1;
        text
    }

    /// What follows the name in `${name…}`.
    fn braces(&mut self, name: &str) -> Result<String, Failure> {
        let mut modifier = self.rest.next();
        if modifier == Some('}') {
            return Ok(self.value(name).unwrap_or("").to_owned());
        }
        if modifier == Some('/') {
            return self.replace(name);
        }
        let null_is_unset = modifier == Some(':');
        if null_is_unset {
            modifier = self.rest.next();
        }
        let Some(modifier) = modifier else {
            return failure("a } is missing");
        };
        if !null_is_unset && !matches!(modifier, '+' | '-' | '?' | '#' | '%') {
            return failure(format!("${{{name}{modifier}…}} is no known form"));
        }
        let word = self.nested('}', matches!(modifier, '#' | '%'))?;
        let value = self.value(name);
        let missing = value.is_none_or(|value| null_is_unset && value.is_empty());
        match modifier {
            '-' if missing => Ok(word),
            '-' => Ok(value.unwrap_or("").to_owned()),
            '+' if missing => Ok(String::new()),
            '+' => Ok(word),
            '?' if missing && !self.hidden => Err(Failure {
                message: format!(
                    "{name}: {}",
                    if word.is_empty() {
                        "has to be set"
                    } else {
                        &word
                    }
                ),
                by_value: true,
            }),
            '?' => Ok(value.unwrap_or("").to_owned()),
            '#' | '%' => {
                let (greedy, pattern) = match word.strip_prefix(modifier) {
                    Some(pattern) => (true, pattern),
                    None => (false, word.as_str()),
                };
                let Some(pattern) = pattern_of(pattern) else {
                    return failure(format!("{word} is no pattern"));
                };
                let value = value.unwrap_or("");
                let trimmed = if modifier == '#' {
                    trim_start(value, &pattern, greedy)
                } else {
                    trim_end(value, &pattern, greedy)
                };
                Ok(self.or_hidden(trimmed))
            }
            _ => failure(format!("${{{name}:{modifier}…}} is no known form")),
        }
    }

    fn replace(&mut self, name: &str) -> Result<String, Failure> {
        let all = self.rest.peek() == Some(&'/');
        if all {
            self.rest.next();
        }
        let pattern = self.nested('/', true)?;
        let replacement = self.nested('}', true)?;
        let value = self.value(name).unwrap_or("");
        let Some(pattern) = pattern_of(&pattern) else {
            return failure(format!("{pattern} is no pattern"));
        };
        let text = substitute(value, &pattern, &replacement, all);
        Ok(self.or_hidden(text))
    }

    /// `None` was too much work to find out.
    fn or_hidden(&mut self, text: Option<String>) -> String {
        self.hidden |= text.is_none();
        text.unwrap_or_default()
    }

    fn nested(&mut self, stop: char, raw_escapes: bool) -> Result<String, Failure> {
        let before = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let text = self.until(Some(stop));
        self.raw_escapes = before;
        text.map(|(text, _)| text)
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.rest.peek().copied() {
            Some(c) if c.is_ascii_digit() => {
                while let Some(c) = self.rest.next_if(char::is_ascii_digit) {
                    name.push(c);
                }
            }
            Some(c @ ('@' | '*' | '#' | '?' | '-' | '$' | '!')) => {
                self.rest.next();
                name.push(c);
            }
            _ => {
                while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
            }
        }
        name
    }

    fn value(&mut self, name: &str) -> Option<&'e str> {
        match (self.lookup)(name) {
            Value::Known(value) => {
                self.matched.push(name.to_owned());
                Some(value)
            }
            Value::Hidden => {
                self.matched.push(name.to_owned());
                self.hidden = true;
                Some("")
            }
            Value::Unset => {
                self.unmatched.push(name.to_owned());
                None
            }
        }
    }
}

fn push(text: &mut String, more: &str) {
    if text.len() < LONGEST {
        text.push_str(more);
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, Value, expand};

    const PLAIN: Reading = Reading {
        escape: '\\',
        keep_quotes: false,
    };

    fn lookup(name: &str) -> Value<'static> {
        match name {
            "a" => Value::Known("x.y.z"),
            "e" => Value::Known(""),
            "w" => Value::Known("1 2"),
            "h" => Value::Hidden,
            _ => Value::Unset,
        }
    }

    #[test]
    fn forms_expand_as_in_buildkit() {
        for (word, text) in [
            ("a", "a"),
            ("$a-$", "x.y.z-$"),
            ("${a}b", "x.y.zb"),
            ("'$a'\"$a\"", "$ax.y.z"),
            (r"\$a", "$a"),
            (r#""\$\a""#, r"$\a"),
            ("${n:-b}${e:-c}${e-d}", "bc"),
            ("${n:+b}${a:+c}${e:+d}${e+f}", "cf"),
            ("${a#*.}|${a##*.}|${a%.*}|${a%%.*}", "y.z|z|x.y|x"),
            ("${a/./_}|${a//./_}", "x_y.z|x_y_z"),
            ("${n:-${a}}", "x.y.z"),
            ("${n:-'}'}", "}"),
            ("$1$@", ""),
        ] {
            let expansion = expand(word, PLAIN, &lookup);
            assert_eq!(expansion.text, text, "{word}");
            assert_eq!(expansion.failure, None, "{word}");
        }
    }

    #[test]
    fn broken_words_fail() {
        for word in [
            "${a", "${", "${}", "${:a}", "'a", "\"a", "${a:", "${a!b}", "${a:=b}", "${n:?}",
            "${n?why}", "${a/b}", r"${a#\b}",
        ] {
            assert!(expand(word, PLAIN, &lookup).failure.is_some(), "{word}");
        }
        let deep = "${a:-".repeat(30_000);
        assert!(expand(&deep, PLAIN, &lookup).failure.is_some());
    }

    #[test]
    fn names_are_reported_once_also_from_defaults() {
        let expansion = expand("$n ${a:-$m} $n", PLAIN, &lookup);
        assert_eq!(expansion.unmatched, ["m", "n"]);
        assert_eq!(expansion.matched, ["a"]);
    }

    #[test]
    fn words_are_cut_after_expansion() {
        assert_eq!(
            expand("$w \"$w\" 3", PLAIN, &lookup).words,
            ["1", "2", "1 2", "3"]
        );
        assert!(expand("$n", PLAIN, &lookup).words.is_empty());
    }

    #[test]
    fn hidden_values_hide_the_word() {
        let expansion = expand("$h", PLAIN, &lookup);
        assert!(expansion.hidden && expansion.unmatched.is_empty());
        assert!(expand("${h:?}", PLAIN, &lookup).failure.is_none());
    }

    #[test]
    fn heredocs_keep_their_quotes() {
        let reading = Reading {
            keep_quotes: true,
            ..PLAIN
        };
        assert_eq!(expand("it's '$a'", reading, &lookup).text, "it's 'x.y.z'");
    }
}
