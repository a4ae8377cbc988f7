//! BuildKit's own word rules (`parseWords` in line_parsers.go, `extractBuilderFlags` in split_command.go).

use super::{Flag, Span};

/// The character at `at` and its width; what is not UTF-8 counts as one replacement character a byte.
pub(super) fn char_at(bytes: &[u8], at: usize) -> (char, usize) {
    let first = bytes[at];
    if first < 0x80 {
        return (first as char, 1);
    }
    let end = (at + 4).min(bytes.len());
    let valid = match std::str::from_utf8(&bytes[at..end]) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[at..at + error.valid_up_to()]).unwrap_or(""),
    };
    valid
        .chars()
        .next()
        .map_or((char::REPLACEMENT_CHARACTER, 1), |found| {
            (found, found.len_utf8())
        })
}

/// The range of `bytes[span]` without white space (Unicode's) at both ends: Go's `strings.TrimSpace`.
pub(super) fn trim(bytes: &[u8], span: Span) -> Span {
    let start = trim_start(bytes, span);
    let mut end = span.end;
    while end > start {
        let mut last = end - 1;
        while last > start && bytes[last] & 0xC0 == 0x80 && end - last < 4 {
            last -= 1;
        }
        let (found, width) = char_at(&bytes[..end], last);
        if last + width != end || !found.is_whitespace() {
            break;
        }
        end = last;
    }
    Span::new(start, end)
}

/// Where the first character that is no white space stands.
pub(super) fn trim_start(bytes: &[u8], span: Span) -> usize {
    let mut start = span.start;
    while start < span.end {
        let (found, width) = char_at(&bytes[..span.end], start);
        if !found.is_whitespace() {
            break;
        }
        start += width;
    }
    start
}

/// White space of the regular expression that separates keyword and plain words.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// Ranges between runs of tabs, form feeds, carriage returns and spaces.
pub(super) fn split_plain(bytes: &[u8], span: Span) -> Vec<Span> {
    let mut words = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let end = (at..span.end)
            .find(|index| is_separator(bytes[*index]))
            .unwrap_or(span.end);
        words.push(Span::new(at, end));
        at = (end..span.end)
            .find(|index| !is_separator(bytes[*index]))
            .unwrap_or(span.end);
        if at == span.end && end != span.end {
            words.push(Span::at(span.end));
        }
    }
    words
}

/// Splits `text` at white space outside of quotes, as BuildKit does for ENV, LABEL and ARG: byte ranges as written,
/// quotes in them.
pub fn split_words(text: &str, escape: u8) -> Vec<Span> {
    split_quoted(text.as_bytes(), Span::new(0, text.len()), escape)
}

pub(super) fn split_quoted(bytes: &[u8], span: Span, escape: u8) -> Vec<Span> {
    let mut words = Vec::new();
    let mut at = span.start;
    while at < span.end {
        at = trim_start(bytes, Span::new(at, span.end));
        if at >= span.end {
            break;
        }
        let start = at;
        let mut quote = None;
        while at < span.end {
            let (found, width) = char_at(&bytes[..span.end], at);
            match quote {
                None if found.is_whitespace() => break,
                None if found == '\'' || found == '"' => quote = Some(found),
                None if found == char::from(escape) => {
                    at += escaped_width(bytes, at + width, span.end)
                }
                Some(open) if found == open => quote = None,
                Some('"') if found == char::from(escape) => {
                    at += escaped_width(bytes, at + width, span.end)
                }
                _ => {}
            }
            at += width;
        }
        // An escape character alone at the end makes no word.
        if !(at - start == 1 && bytes[start] == escape) {
            words.push(Span::new(start, at));
        }
    }
    words
}

fn escaped_width(bytes: &[u8], at: usize, end: usize) -> usize {
    if at < end {
        char_at(&bytes[..end], at).1
    } else {
        0
    }
}

/// Takes quotes and escapes away and expands nothing, as BuildKit's word processing does for a word without variables.
/// In double quotes the escape character stays before anything but `"`, `$` and itself.
pub fn unquote(text: &str, escape: u8) -> String {
    let escape = char::from(escape);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(found) = chars.next() {
        match quote {
            None if found == '\'' || found == '"' => quote = Some(found),
            None if found == escape => out.extend(chars.next()),
            Some(open) if found == open => quote = None,
            Some('"') if found == escape => match chars.peek() {
                Some(next) if *next == '"' || *next == '$' || *next == escape => {
                    out.extend(chars.next())
                }
                Some(_) => out.push(found),
                None => {}
            },
            _ => out.push(found),
        }
    }
    out
}

/// Reads flags from `span` on: those flags, and where the rest starts.
pub(super) fn flags(bytes: &[u8], span: Span) -> (Vec<Flag>, usize) {
    // BuildKit reads single bytes here, and takes 0x85 and 0xA0 for white space.
    let space = |byte: u8| matches!(byte, b'\t'..=b'\r' | b' ' | 0x85 | 0xA0);
    let mut flags = Vec::new();
    let mut at = span.start;
    loop {
        while at < span.end && space(bytes[at]) {
            at += 1;
        }
        if !bytes[at..span.end].starts_with(b"--") {
            return (flags, at);
        }
        let start = at;
        let mut text = String::new();
        let mut quoted = false;
        let mut quote = None;
        while at < span.end {
            let mut byte = bytes[at];
            match quote {
                None if space(byte) => break,
                None if byte == b'\'' || byte == b'"' => {
                    quote = Some(byte);
                    quoted = true;
                    at += 1;
                    continue;
                }
                Some(open) if byte == open => {
                    quote = None;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            if byte == b'\\' {
                at += 1;
                if at == span.end {
                    break;
                }
                byte = bytes[at];
            }
            text.push(char::from(byte));
            at += 1;
        }
        if text == "--" {
            return (flags, at);
        }
        if quoted || !text.is_empty() {
            flags.push(Flag {
                text,
                at: Span::new(start, at),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        split_words(text, b'\\')
            .into_iter()
            .map(|span| &text[span.range()])
            .collect()
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            words(r#"a="b c" d='e " f'  g\ h=1"#),
            [r#"a="b c""#, r#"d='e " f'"#, r"g\ h=1"]
        );
        assert_eq!(words(r#"a="x\" y" z"#), [r#"a="x\" y""#, "z"]);
        assert_eq!(words(r"a='x\' y"), [r"a='x\'", "y"]);
        assert_eq!(words("  "), Vec::<&str>::new());
    }

    #[test]
    fn unquoting_follows_buildkit() {
        assert_eq!(unquote(r#""a b"'c'\d"#, b'\\'), "a bcd");
        assert_eq!(unquote(r#""a\n\"\$""#, b'\\'), r#"a\n"$"#);
        assert_eq!(unquote("C:\\x", b'`'), "C:\\x");
    }

    #[test]
    fn flags_end_at_the_first_word() {
        let text = br#"--a=1 --b="x y" -- --c"#;
        let (found, rest) = flags(text, Span::new(0, text.len()));
        assert_eq!(
            found
                .iter()
                .map(|flag| flag.text.as_str())
                .collect::<Vec<_>>(),
            ["--a=1", "--b=x y"]
        );
        assert_eq!(&text[rest..], b" --c");
    }
}
