//! The patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/word}`: `*`, `?` and text.
use super::variables::LONGEST;

/// A piece of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Char(char),
    One,
    Many,
}

/// `None` for an escape that no pattern has.
pub(super) fn pattern_of(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        pieces.push(match c {
            '*' => Piece::Many,
            '?' => Piece::One,
            '\\' => match rest.next()? {
                c @ ('*' | '?' | '\\' | '}' | '/') => Piece::Char(c),
                _ => return None,
            },
            c => Piece::Char(c),
        });
    }
    Some(pieces)
}

/// The numbers of characters at the start of `text` that the pattern matches: the shortest, the longest.
fn prefix(text: &[char], pattern: &[Piece]) -> Option<(usize, usize)> {
    let mut found: Option<(usize, usize)> = None;
    // Whether the pieces before each place can match what was read.
    let mut states = vec![false; pattern.len() + 1];
    if let Some(first) = states.first_mut() {
        *first = true;
    }
    for at in 0..=text.len() {
        for (index, piece) in pattern.iter().enumerate() {
            if *piece == Piece::Many
                && states.get(index) == Some(&true)
                && let Some(next) = states.get_mut(index + 1)
            {
                *next = true;
            }
        }
        if states.last() == Some(&true) {
            found = Some((found.map_or(at, |(shortest, _)| shortest), at));
        }
        let Some(c) = text.get(at) else {
            break;
        };
        let mut next = vec![false; pattern.len() + 1];
        for (index, piece) in pattern.iter().enumerate() {
            if states.get(index) != Some(&true) {
                continue;
            }
            let to = match piece {
                Piece::Many => index,
                Piece::One => index + 1,
                Piece::Char(wanted) if wanted == c => index + 1,
                Piece::Char(_) => continue,
            };
            if let Some(slot) = next.get_mut(to) {
                *slot = true;
            }
        }
        if !next.contains(&true) {
            break;
        }
        states = next;
    }
    found
}

/// No honest file asks for more steps than this.
const STEPS: usize = 10_000;

/// `None` when that is too much work.
pub(super) fn trim_start(value: &str, pattern: &[Piece], greedy: bool) -> Option<String> {
    let text: Vec<char> = value.chars().collect();
    if text.len() * pattern.len() > STEPS {
        return None;
    }
    Some(match prefix(&text, pattern) {
        Some((shortest, longest)) => value
            .chars()
            .skip(if greedy { longest } else { shortest })
            .collect(),
        None => value.to_owned(),
    })
}

/// `None` when that is too much work.
pub(super) fn trim_end(value: &str, pattern: &[Piece], greedy: bool) -> Option<String> {
    let backwards: String = value.chars().rev().collect();
    let pattern: Vec<Piece> = pattern.iter().rev().copied().collect();
    let trimmed = trim_start(&backwards, &pattern, greedy)?;
    Some(trimmed.chars().rev().collect())
}

/// `None` when that is too much work.
pub(super) fn substitute(
    value: &str,
    pattern: &[Piece],
    replacement: &str,
    all: bool,
) -> Option<String> {
    let text: Vec<char> = value.chars().collect();
    if text.len() * text.len() * pattern.len() > 4 * STEPS {
        return None;
    }
    if pattern.is_empty() {
        return Some(value.to_owned());
    }
    let mut result = String::new();
    let mut at = 0;
    let mut done = false;
    while let Some(c) = text.get(at) {
        let matched = match prefix(text.get(at..).unwrap_or(&[]), pattern) {
            Some((_, longest)) if !done => longest,
            _ => 0,
        };
        if matched == 0 {
            result.push(*c);
            at += 1;
        } else {
            result.push_str(replacement);
            if result.len() > LONGEST {
                return None;
            }
            at += matched;
            done = !all;
        }
    }
    Some(result)
}
