//! The words of a command: program, flags with their values, operands.

use std::ops::Range;

/// A word of a command; `None` when it isn't literal.
pub type Word<'a> = Option<&'a str>;

/// The name without the folders before it.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The name without the version at its end: `python3.11` -> `python`, `clang-15` -> `clang`.
pub(super) fn stem(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if stem.len() == name.len() {
        return name;
    }
    stem.strip_suffix('-').unwrap_or(stem)
}

/// The words after a program, told apart. Ranges and numbers are indexes into the words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Flags; a value in a word of its own is in the range.
    pub(super) flags: Vec<Range<usize>>,
    /// Words that are neither flags nor values.
    pub(super) operands: Vec<usize>,
    /// Words that aren't literal, and so may be flags, values, operands, or nothing.
    pub(super) opaque: Vec<usize>,
}

impl Parts {
    /// Tells the words from `from` on apart. `takes_value` is asked with a flag and the number of operands before it.
    pub(super) fn of(
        words: &[Word<'_>],
        from: usize,
        takes_value: impl Fn(&str, usize) -> bool,
    ) -> Self {
        let mut parts = Self::default();
        let mut at = from;
        let mut flags_end = false;
        while let Some(word) = words.get(at) {
            let Some(word) = word else {
                parts.opaque.push(at);
                at += 1;
                continue;
            };
            if flags_end || *word == "-" || !word.starts_with('-') {
                parts.operands.push(at);
                at += 1;
                continue;
            }
            if *word == "--" {
                flags_end = true;
                parts.flags.push(at..at + 1);
                at += 1;
                continue;
            }
            let two = wants_next(word, |flag| takes_value(flag, parts.operands.len()))
                && at + 1 < words.len();
            let end = at + 1 + usize::from(two);
            parts.flags.push(at..end);
            if two && words.get(at + 1).is_some_and(Option::is_none) {
                // `-t $SUITE`: when the variable holds several words, what follows is more than the value.
                parts.opaque.push(at + 1);
            }
            at = end;
        }
        parts
    }
}

/// Whether the value of the flag (or the group of short flags) `word` is the next word.
fn wants_next(word: &str, takes_value: impl Fn(&str) -> bool) -> bool {
    if word.contains('=') {
        return false;
    }
    if takes_value(word) {
        return true;
    }
    if word.starts_with("--") {
        return false;
    }
    // -qqt SUITE: only the last letter of a group can have the next word; a letter with a value before it has the rest of the word.
    let mut letters = word.char_indices().skip(1).peekable();
    while let Some((start, letter)) = letters.next() {
        let mut flag = String::from("-");
        flag.push(letter);
        if takes_value(&flag) {
            return start > 1 && letters.peek().is_none();
        }
    }
    false
}

/// Whether the words `phrase` (operands, and flags anywhere) are what the command starts with. The number of operands, if so.
pub(super) fn starts_with(words: &[Word<'_>], parts: &Parts, phrase: &str) -> Option<usize> {
    let mut count = 0;
    for part in phrase.split(' ').filter(|part| !part.is_empty()) {
        if part.starts_with('-') {
            let here = parts.flags.iter().any(|flag| {
                words
                    .get(flag.start)
                    .copied()
                    .flatten()
                    .is_some_and(|word| {
                        word == part
                            || word
                                .strip_prefix(part)
                                .is_some_and(|rest| rest.starts_with('='))
                    })
            });
            if !here {
                return None;
            }
        } else {
            if text(words, *parts.operands.get(count)?)? != part {
                return None;
            }
            count += 1;
        }
    }
    Some(count)
}

/// The literal word at `at`.
pub(super) fn text<'a>(words: &[Word<'a>], at: usize) -> Option<&'a str> {
    words.get(at).copied().flatten()
}

/// Whether a flag says one of `phrases`: `--production`, `--omit=dev` (also as two words), `--only main`, `-y` (also in a group of
/// short ones, up to one of `value_flags`, when these are given).
pub(super) fn flag_says(
    words: &[Word<'_>],
    flags: &[Range<usize>],
    phrases: &[String],
    grouped: Option<&[String]>,
) -> bool {
    flags.iter().any(|flag| {
        let Some(word) = text(words, flag.start) else {
            return false;
        };
        phrases
            .iter()
            .filter(|phrase| phrase.starts_with('-'))
            .any(|phrase| {
                if word == phrase {
                    return true;
                }
                if let Some((name, value)) = phrase.split_once([' ', '=']) {
                    let attached = word
                        .strip_prefix(name)
                        .and_then(|rest| rest.strip_prefix('='));
                    return attached == Some(value)
                        || (word == name
                            && flag.len() == 2
                            && text(words, flag.start + 1) == Some(value));
                }
                let mut letters = phrase.chars().skip(1);
                match (letters.next(), letters.next(), grouped) {
                    (Some(letter), None, Some(value_flags))
                        if word.starts_with('-') && !word.starts_with("--") =>
                    {
                        // What follows a letter with a value is that value.
                        word.chars().skip(1).find(|other| {
                            *other == letter
                                || value_flags.iter().any(|flag| {
                                    flag.strip_prefix('-') == Some(other.to_string().as_str())
                                })
                        }) == Some(letter)
                    }
                    _ => false,
                }
            })
    })
}

/// The values of the flags called one of `names`, in order; `None` for one that isn't literal.
pub(super) fn flag_values<'a>(
    words: &[Word<'a>],
    flags: &[Range<usize>],
    names: &[String],
) -> Vec<Option<&'a str>> {
    let mut values = Vec::new();
    for flag in flags {
        let Some(word) = text(words, flag.start) else {
            continue;
        };
        for name in names {
            if word == name {
                if flag.len() == 2 {
                    values.push(text(words, flag.start + 1));
                }
            } else if let Some(rest) = word.strip_prefix(name.as_str()) {
                if let Some(value) = rest.strip_prefix('=') {
                    values.push(Some(value));
                } else if name.len() == 2 && !name.starts_with("--") {
                    values.push(Some(rest));
                }
            }
        }
    }
    values
}
