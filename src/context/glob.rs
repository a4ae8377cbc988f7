//! Go's `path.Clean` and `filepath.Match`: what BuildKit does to paths and to the wildcards of COPY sources.
//!
//! Source of the rules: the documentation of Go's `path` and `path/filepath` packages.

/// The shortest spelling of a `/`-separated path: no `.`, no `//`, no trailing `/`, `..` resolved where it can be.
/// The empty path is `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(".."),
            },
            other => kept.push(other),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// `path` as a path below the build context's root, as BuildKit reads a COPY source: `/a`, `./a` and `../a` are all `a`.
/// The root itself is the empty string.
pub fn below_root(path: &str) -> String {
    let mut cleaned = clean(&format!("/{path}"));
    cleaned.remove(0);
    cleaned
}

/// Whether BuildKit takes `name` for a pattern: it holds `*`, `?` or `[` without a backslash before it.
pub fn has_wildcards(name: &str) -> bool {
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

/// A pattern that Go's `filepath.Match` refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`: one character but `/`.
    One,
    /// `*`: any characters but `/`.
    Many,
    /// `[…]`; as in Go, it may match `/`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::One => character != '/',
            Self::Many => false,
            Self::Class { negated, ranges } => {
                let within = ranges
                    .iter()
                    .any(|&(low, high)| low <= character && character <= high);
                within != *negated
            }
        }
    }
}

/// A compiled `filepath.Match` pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
}

impl Glob {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// [`BadPattern`] where Go's `filepath.Match` says `ErrBadPattern`: an open `[`, an empty class, a last `\`.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            tokens.push(match character {
                '*' => Token::Many,
                '?' => Token::One,
                '\\' => Token::Literal(rest.next().ok_or(BadPattern)?),
                '[' => {
                    let negated = rest.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    loop {
                        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
                            break;
                        }
                        let low = class_character(&mut rest)?;
                        let high = if rest.next_if_eq(&'-').is_some() {
                            class_character(&mut rest)?
                        } else {
                            low
                        };
                        ranges.push((low, high));
                    }
                    Token::Class { negated, ranges }
                }
                other => Token::Literal(other),
            });
        }
        Ok(Self { tokens })
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut token, mut at) = (0, 0);
        // Where to go on when the tokens after the last `*` do not fit: `*` takes one character more.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match self.tokens.get(token) {
                Some(Token::Many) => {
                    token += 1;
                    retry = Some((token, at));
                    continue;
                }
                Some(wanted) if text.get(at).is_some_and(|&c| wanted.takes(c)) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                None if at == text.len() => return true,
                _ => {}
            }
            match retry {
                Some((after, from)) if text.get(from).is_some_and(|&c| c != '/') => {
                    token = after;
                    at = from + 1;
                    retry = Some((after, at));
                }
                _ => return false,
            }
        }
    }
}

fn class_character(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<char, BadPattern> {
    let character = match rest.next().ok_or(BadPattern)? {
        '-' | ']' => return Err(BadPattern),
        '\\' => rest.next().ok_or(BadPattern)?,
        other => other,
    };
    // Go asks for the closing bracket here.
    rest.peek().map(|_| character).ok_or(BadPattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_is_go_path_clean() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("./", "."),
            ("/", "/"),
            ("//", "/"),
            ("a/", "a"),
            ("a//b", "a/b"),
            ("a/./b", "a/b"),
            ("a/../b", "b"),
            ("a/..", "."),
            ("../a", "../a"),
            ("../../a", "../../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("/a/b/..", "/a"),
            ("!a/", "!a"),
        ] {
            assert_eq!(clean(path), cleaned, "{path:?}");
        }
        for (path, below) in [
            (".", ""),
            ("/", ""),
            ("./a", "a"),
            ("../../a", "a"),
            ("/a/", "a"),
        ] {
            assert_eq!(below_root(path), below, "{path:?}");
        }
    }

    #[test]
    fn match_is_go_filepath_match() {
        let cases: &[(&str, &str, Option<bool>)] = &[
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            ("a\\*b", "a*b", Some(true)),
            ("a\\*b", "ab", Some(false)),
            ("a?b", "a\u{263a}b", Some(true)),
            ("a???b", "a\u{263a}b", Some(false)),
            ("[a-\u{3b6}]*", "\u{3b1}", Some(true)),
            ("*[a-\u{3b6}]", "A", Some(false)),
            ("a?b", "a/b", Some(false)),
            ("a*b", "a/b", Some(false)),
            ("a[^b]c", "a/c", Some(true)),
            ("[\\]a]", "]", Some(true)),
            ("[\\-x]", "-", Some(true)),
            ("[x\\-]", "z", Some(false)),
            ("[!a]", "!", Some(true)),
            ("[!a]", "b", Some(false)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("\\", "a", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "a", None),
            ("*x", "xxx", Some(true)),
            ("[[]id]", "[id]", Some(true)),
            ("**", "a", Some(true)),
            ("", "", Some(true)),
            ("", "a", Some(false)),
        ];
        for (pattern, text, expected) in cases {
            let found = Glob::new(pattern).ok().map(|glob| glob.matches(text));
            assert_eq!(found, *expected, "{pattern:?} on {text:?}");
        }
    }

    #[test]
    fn wildcards_are_seen_as_buildkit_sees_them() {
        assert!(has_wildcards("a*"));
        assert!(has_wildcards("[id]"));
        assert!(!has_wildcards("a\\*"));
        assert!(!has_wildcards("a]b"));
        assert!(!has_wildcards("a\\"));
    }

    #[test]
    fn many_stars_cost_no_more_than_text_times_pattern() {
        let pattern = "a*".repeat(200) + "b";
        let text = "a".repeat(20_000);
        assert_eq!(Glob::new(&pattern).map(|g| g.matches(&text)), Ok(false));
    }
}
