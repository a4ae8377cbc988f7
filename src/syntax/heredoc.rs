//! Heredocs.
use super::Span;

/// A heredoc of RUN, COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes gone.
    pub name: String,
    /// File descriptor before `<<`, 0 when none is written.
    pub fd: u32,
    /// Whether variables are expanded: no part of the name is quoted.
    pub expand: bool,
    /// Whether leading tabs go: `<<-`.
    pub chomp: bool,
    /// `<<NAME` in the logical line.
    pub at: Span,
    /// The body's lines in the source, line ends included; the terminator is not in it.
    pub body: Span,
    /// The terminator's line in the source, line end included.
    pub terminator: Span,
}

use super::words::char_at;

/// `<<NAME` as found in a line, before its body is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) name: String,
    pub(super) fd: u32,
    pub(super) expand: bool,
    pub(super) chomp: bool,
    pub(super) at: Span,
}

/// The heredocs that BuildKit sees in a logical line (`heredocsFromLine`): words that consist of a number, `<<`, an
/// optional `-`, and a name without `<`. None when the line's quotes don't close.
pub(super) fn openings(line: &[u8]) -> Vec<Opening> {
    let words = Lexer {
        bytes: line,
        at: 0,
        quotes: true,
        escapes: true,
    }
    .words();
    words
        .unwrap_or_default()
        .iter()
        .filter_map(|(text, at)| opening(text, *at))
        .collect()
}

fn opening(word: &str, at: Span) -> Option<Opening> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = word[digits..].strip_prefix("<<")?;
    let (chomp, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let lexer = |quotes| Lexer {
        bytes: rest.as_bytes(),
        at: 0,
        quotes,
        escapes: false,
    };
    let [(name, _)] = <[_; 1]>::try_from(lexer(false).words()?).ok()?;
    let [(raw, _)] = <[_; 1]>::try_from(lexer(true).words()?).ok()?;
    let count = |text: &str| text.matches(['\'', '"']).count();
    Some(Opening {
        expand: count(&name) == count(&raw),
        name,
        fd: word[..digits].parse().unwrap_or(0),
        chomp,
        at,
    })
}

/// BuildKit's `shell.Lex` without an environment: variables stay as they are written.
struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    quotes: bool,
    escapes: bool,
}

#[derive(Default)]
struct Words {
    word: String,
    inside: bool,
    start: usize,
    done: Vec<(String, Span)>,
}

impl Words {
    fn raw(&mut self, text: &str, from: usize) {
        if self.word.is_empty() {
            self.start = from;
        }
        self.word.push_str(text);
        self.inside = true;
    }

    fn add(&mut self, found: char, from: usize) {
        if !found.is_whitespace() {
            self.raw(found.encode_utf8(&mut [0; 4]), from);
        } else if self.inside && !self.word.is_empty() {
            self.done
                .push((std::mem::take(&mut self.word), Span::new(self.start, from)));
            self.inside = false;
        }
    }
}

impl Lexer<'_> {
    fn words(mut self) -> Option<Vec<(String, Span)>> {
        let (_, mut words) = self.until(None, self.escapes)?;
        if !words.word.is_empty() {
            words.done.push((
                std::mem::take(&mut words.word),
                Span::new(words.start, self.bytes.len()),
            ));
        }
        Some(words.done)
    }

    fn peek(&self) -> Option<char> {
        (self.at < self.bytes.len()).then(|| char_at(self.bytes, self.at).0)
    }

    fn next(&mut self) -> Option<char> {
        let (found, width) = (self.at < self.bytes.len()).then(|| char_at(self.bytes, self.at))?;
        self.at += width;
        Some(found)
    }

    fn until(&mut self, stop: Option<char>, escapes: bool) -> Option<(String, Words)> {
        let mut result = String::new();
        let mut words = Words::default();
        while let Some(found) = self.peek() {
            let from = self.at;
            if stop == Some(found) {
                self.next();
                return Some((result, words));
            }
            match found {
                '\'' => {
                    let text = self.single()?;
                    words.raw(&text, from);
                    result.push_str(&text);
                }
                '"' => {
                    let text = self.double(escapes)?;
                    words.raw(&text, from);
                    result.push_str(&text);
                }
                '$' => {
                    let text = self.dollar()?;
                    for found in text.chars() {
                        words.add(found, from);
                    }
                    result.push_str(&text);
                }
                '<' => {
                    self.next();
                    let mut text = String::from("<");
                    if self.peek() == Some('<') {
                        text.extend(self.next());
                        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
                            text.extend(self.next());
                        }
                    }
                    words.raw(&text, from);
                    result.push_str(&text);
                }
                '\\' => {
                    self.next();
                    if escapes {
                        words.raw("\\", from);
                        result.push('\\');
                    }
                    let Some(escaped) = self.next() else { break };
                    words.raw(escaped.encode_utf8(&mut [0; 4]), from);
                    result.push(escaped);
                }
                _ => {
                    self.next();
                    words.add(found, from);
                    result.push(found);
                }
            }
        }
        stop.is_none().then_some((result, words))
    }

    fn single(&mut self) -> Option<String> {
        let mut result = String::new();
        self.next();
        loop {
            match self.next()? {
                '\'' => break,
                found => result.push(found),
            }
        }
        Some(if self.quotes {
            format!("'{result}'")
        } else {
            result
        })
    }

    fn double(&mut self, escapes: bool) -> Option<String> {
        let mut result = String::new();
        self.next();
        loop {
            match self.peek()? {
                '"' => {
                    self.next();
                    break;
                }
                '$' => result.push_str(&self.dollar()?),
                _ => {
                    let mut found = self.next()?;
                    if found == '\\' {
                        if escapes {
                            result.push('\\');
                        }
                        match self.peek() {
                            None => continue,
                            Some('"' | '$' | '\\') => found = self.next()?,
                            Some(_) => {}
                        }
                    }
                    result.push(found);
                }
            }
        }
        Some(if self.quotes {
            format!("\"{result}\"")
        } else {
            result
        })
    }

    fn dollar(&mut self) -> Option<String> {
        self.next();
        if self.peek() != Some('{') {
            return Some(format!("${}", self.name()));
        }
        self.next();
        if matches!(self.peek()?, '{' | '}' | ':') {
            return None;
        }
        let name = self.name();
        let mut operator = String::new();
        let mut found = self.next()?;
        if found == '}' {
            return Some(format!("${{{name}}}"));
        }
        operator.push(found);
        if found == ':' {
            found = self.next()?;
            operator.push(found);
        }
        match found {
            '/' => {
                if self.peek() == Some('/') {
                    self.next();
                }
                let (pattern, _) = self.until(Some('/'), true)?;
                let (replacement, _) = self.until(Some('}'), true)?;
                Some(format!("${{{name}/{pattern}/{replacement}}}"))
            }
            '+' | '-' | '?' | '#' | '%' => {
                let (word, _) = self.until(Some('}'), matches!(found, '#' | '%'))?;
                Some(format!("${{{name}{operator}{word}}}"))
            }
            _ => None,
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(found) = self.peek() {
            if name.is_empty() && found.is_ascii_digit() {
                while self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
                    name.extend(self.next());
                }
                break;
            }
            if name.is_empty() && matches!(found, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
                name.extend(self.next());
                break;
            }
            if !found.is_alphanumeric() && found != '_' {
                break;
            }
            name.extend(self.next());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<(String, bool, bool, u32)> {
        openings(line.as_bytes())
            .into_iter()
            .map(|found| (found.name, found.expand, found.chomp, found.fd))
            .collect()
    }

    #[test]
    fn buildkit_sees_heredocs_where_shells_do_not() {
        assert_eq!(names("RUN cat <<EOF"), [("EOF".into(), true, false, 0)]);
        assert_eq!(names("RUN cat 3<<-'E F'"), [("E F".into(), false, true, 3)]);
        assert_eq!(
            names("RUN echo $((1 << 2))"),
            [("2))".into(), true, false, 0)]
        );
        assert_eq!(names("RUN cat a <<   3"), [("3".into(), true, false, 0)]);
        assert_eq!(names("COPY <<a <<b /d/").len(), 2);
    }

    #[test]
    fn these_open_nothing() {
        for line in [
            "RUN echo $((1<<2))",
            "RUN echo \"a << b\"",
            "RUN cat <<< x",
            "RUN echo '<<a",
            "RUN a<<b",
            "RUN cat <<",
        ] {
            assert_eq!(names(line), [], "{line}");
        }
    }
}
