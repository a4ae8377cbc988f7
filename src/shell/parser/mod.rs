//! Text -> [`Script`], by two readers that must agree.
//!
//! [`grammar`] and [`words`] build the model; [`second`] asks another parser whether the text is a clean script with the same
//! top-level lists. Where they differ, one of them is wrong, and the script is opaque.

mod expansions;
mod grammar;
mod reader;
mod second;
mod words;

use super::{Dialect, Script};

use reader::Reader;

/// Longer scripts are opaque, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// More `;`, `&`, `|` and line ends than this are opaque.
const MAX_SEPARATORS: usize = 2_000;
/// Deeper nesting of lists, expansions and substitutions is opaque.
const MAX_DEPTH: usize = 16;

/// A second opinion on a script that the first reader has understood.
trait SecondReader {
    /// Whether it reads the same top-level lists.
    fn agrees(&self, script: &Script) -> bool;
}

pub(super) fn parse(text: &str, dialect: Dialect) -> Option<Script> {
    if text.len() > MAX_BYTES || separators(text) > MAX_SEPARATORS || is_odd(text) {
        return None;
    }
    let script = Reader::new(text, dialect, MAX_DEPTH).script()?;
    second::Shuck.agrees(&script).then_some(script)
}

fn separators(text: &str) -> usize {
    text.bytes()
        .filter(|byte| matches!(byte, b';' | b'&' | b'|' | b'\n'))
        .count()
}

/// Characters that shells disagree on, a last `\`, and operators that a line continuation cuts in two.
fn is_odd(text: &str) -> bool {
    let bytes = text.as_bytes();
    let operator = |byte: &u8| matches!(byte, b'&' | b'|' | b';' | b'<' | b'>');
    bytes
        .iter()
        .any(|byte| matches!(byte, 0 | 0x0b | 0x0c | b'\r'))
        || bytes.last() == Some(&b'\\')
        || bytes.windows(4).any(|four| {
            let [before, b'\\', b'\n', after] = four else {
                return false;
            };
            (operator(before) && operator(after)) || *before == b'$'
        })
}

#[cfg(test)]
mod tests;
