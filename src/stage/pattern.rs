//! The patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/text}`.
//!
//! `*` and `?` only, no brackets; neither crosses a line end. BuildKit turns them into regular expressions
//! (shell/lex.go, `convertShellPatternToRegex`); of several ways to match, that takes the shortest or longest one.
use super::expand::ExpandError;

/// What a pattern is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Star,
    Any,
    One(char),
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern. The escape here is always `\`, whatever the file's escape character is.
    pub(super) fn parse(text: &str) -> Result<Self, ExpandError> {
        let invalid = || ExpandError::Pattern(text.to_owned());
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '*' => Part::Star,
                '?' => Part::Any,
                '\\' => match chars.next() {
                    // `}` and `/` had to be escaped to get here at all.
                    Some(char @ ('}' | '/' | '*' | '?' | '\\')) => Part::One(char),
                    _ => return Err(invalid()),
                },
                char => Part::One(char),
            });
        }
        Ok(Self(parts))
    }

    /// The same pattern for a text that is read backwards.
    fn reversed(&self) -> Self {
        Self(self.0.iter().rev().copied().collect())
    }

    /// What a match against `length` characters may cost.
    pub(super) fn cost(&self, length: usize) -> usize {
        self.0.len().saturating_add(1).saturating_mul(length + 1)
    }

    /// The end of the shortest or longest match that starts at `text[0]`, in characters.
    fn end(&self, text: &[char], greedy: bool) -> Option<usize> {
        let mut ends = vec![false; text.len() + 1];
        ends[0] = true;
        for part in &self.0 {
            let mut next = vec![false; text.len() + 1];
            for (at, char) in text.iter().enumerate() {
                match part {
                    Part::Star => {
                        next[at] |= ends[at];
                        next[at + 1] |= next[at] && *char != '\n';
                    }
                    Part::Any => next[at + 1] = ends[at] && *char != '\n',
                    Part::One(wanted) => next[at + 1] = ends[at] && char == wanted,
                }
            }
            if *part == Part::Star {
                next[text.len()] |= ends[text.len()];
            }
            ends = next;
        }
        if greedy {
            ends.iter().rposition(|end| *end)
        } else {
            ends.iter().position(|end| *end)
        }
    }

    /// `value` without what matches at its start.
    pub(super) fn trim_start(&self, value: &str, greedy: bool) -> String {
        let chars: Vec<char> = value.chars().collect();
        let end = self.end(&chars, greedy).unwrap_or(0);
        chars[end..].iter().collect()
    }

    /// `value` without what matches at its end.
    pub(super) fn trim_end(&self, value: &str, greedy: bool) -> String {
        let chars: Vec<char> = value.chars().rev().collect();
        let end = self.reversed().end(&chars, greedy).unwrap_or(0);
        chars[end..].iter().rev().collect()
    }

    /// `value` with the first match, or every one, replaced.
    pub(super) fn replace(&self, value: &str, with: &str, all: bool) -> String {
        let chars: Vec<char> = value.chars().collect();
        let mut out = String::with_capacity(value.len());
        let mut at = 0;
        let mut last_end = None;
        while at <= chars.len() {
            let found = self.end(&chars[at..], true).map(|length| at + length);
            match found {
                // An empty match right behind another one does not count.
                Some(end) if end > at || last_end != Some(at) => {
                    out.push_str(with);
                    last_end = Some(end);
                    if end == at {
                        out.extend(chars.get(at));
                        at += 1;
                    } else {
                        at = end;
                    }
                    if !all {
                        break;
                    }
                }
                _ => {
                    out.extend(chars.get(at));
                    at += 1;
                }
            }
        }
        out.extend(chars.get(at..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_longest() {
        for (pattern, value, short, long) in [
            ("*", "xxyy", "xxyy", ""),
            ("*x*y", "xxyy", "y", ""),
            ("*x", "xxyy", "xyy", "yy"),
            ("?", "é", "", ""),
            ("", "ab", "ab", "ab"),
            ("b", "ab", "ab", "ab"),
            ("a*", "a\nb", "\nb", "\nb"),
            ("a?b", "a\nb", "a\nb", "a\nb"),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.trim_start(value, false), short);
            assert_eq!(pattern.trim_start(value, true), long);
        }
    }

    #[test]
    fn from_the_end() {
        let pattern = Pattern::parse(".*").unwrap();
        assert_eq!(pattern.trim_end("a.tar.gz", false), "a.tar");
        assert_eq!(pattern.trim_end("a.tar.gz", true), "a");
    }

    #[test]
    fn replacing() {
        let replace = |pattern: &str, value: &str, all| {
            Pattern::parse(pattern).unwrap().replace(value, ".", all)
        };
        assert_eq!(replace("b", "abab", false), "a.ab");
        assert_eq!(replace("b", "abab", true), "a.a.");
        assert_eq!(replace("", "ab", false), ".ab");
        assert_eq!(replace("", "ab", true), ".a.b.");
        assert_eq!(replace("a*", "bab", true), "b.");
        assert_eq!(replace("x", "ab", true), "ab");
    }

    #[test]
    fn escapes() {
        for wrong in [r"\", r"\x", r"\\\"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
        let literal = Pattern::parse(r"()[]{\}^$.\*\?|\\").unwrap();
        assert_eq!(literal.trim_start(r"()[]{}^$.*?|\x", false), "x");
    }
}
