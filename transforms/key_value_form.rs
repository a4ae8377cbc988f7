//! Writes `ENV name value` and `LABEL name value` as `name=value`.
//!
//! ## Why
//!
//! The old form takes the whole rest of the line as one value: `ENV A 1 B 2` sets one variable, not two. BuildKit warns
//! about it (`LegacyKeyValueFormat`).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! ENV LANG C.UTF-8
//! ENV GREETING hello  world
//! ENV PATH "/opt/bin":$PATH
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//!  FROM debian:12
//! -ENV LANG C.UTF-8
//! -ENV GREETING hello  world
//! -ENV PATH "/opt/bin":$PATH
//! +ENV LANG=C.UTF-8
//! +ENV GREETING="hello  world"
//! +ENV PATH="/opt/bin":$PATH
//! ```
//!
//! ## When it refuses
//!
//! * A value that runs over a line end with more than a word a line: several variables may be meant, and the old form
//!   sets one.
//! * A comment between name and value.
//! * Quotes that don't close, and quotes inside `${…}` of a value with spaces.
//! * A name of other characters than letters, digits, `_`, `.`, `-` and `/`.
//!
//! ## Safety
//!
//! Safe: the value is the same to the byte. BuildKit takes quotes and escapes away in both forms; spaces outside of quotes are
//! what the new form needs quotes for.
//!
//! ## Known problems
//!
//! None.

use crate::syntax::{Args, Instruction, KeyValue, Keyword, Span, split_words};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct KeyValueForm;

impl Transform for KeyValueForm {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .file
            .instructions
            .iter()
            .filter(|one| matches!(one.keyword, Keyword::Env | Keyword::Label))
            .filter_map(|instruction| match &instruction.args {
                Args::OldPair(pair) => Some(
                    rewrite(scene, instruction, pair)
                        .unwrap_or_else(|reason| Proposal::refuse(instruction.span, reason)),
                ),
                _ => None,
            })
            .collect()
    }
}

fn rewrite(
    scene: &Scene<'_>,
    instruction: &Instruction,
    pair: &KeyValue,
) -> Result<Proposal, &'static str> {
    let logical = &instruction.logical;
    let text = logical.text();
    let (Some(key), Some(value)) = (
        text.get(pair.key.at.range()),
        text.get(pair.value.at.range()),
    ) else {
        return Err("it is not UTF-8");
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if !key.bytes().all(plain) || !logical.in_one_piece(pair.key.at) {
        return Err("its name is not plain");
    }
    if !logical.in_one_piece(pair.value.at) && !is_list(instruction, pair.value.at) {
        return Err(
            "its value runs over a line end; several variables may be meant, and it sets one",
        );
    }
    let gap = instruction.source(Span::new(pair.key.at.end, pair.value.at.start));
    let comments = &scene.file.comments;
    let next = comments.partition_point(|one| one.span.start < gap.start);
    if comments.get(next).is_some_and(|one| gap.contains(one.span)) {
        return Err("a comment stands between name and value");
    }
    let place = instruction.source(pair.value.at);
    let escape = scene.file.escape;
    let one_word = |candidate: &str| match split_words(candidate, escape).as_slice() {
        [only] => only.range() == (0..candidate.len()),
        _ => false,
    };
    let quoting = [char::from(escape), '"', '\''];
    let quoted =
        requote(value, char::from(escape)).ok_or("its quotes do not close, or stand in `${…}`");
    let edits = if one_word(value) && closes(value, char::from(escape)) {
        vec![Edit::replace(gap, "=")]
    } else if !value.contains(quoting) && one_word(&format!("\"{value}\"")) {
        vec![Edit::replace(gap, "=\""), Edit::insert(place.end, "\"")]
    } else if !logical.in_one_piece(pair.value.at) {
        return Err("its value runs over a line end, with quotes in it");
    } else {
        let quoted = quoted?;
        if !one_word(&quoted) {
            return Err("its quotes do not close, or stand in `${…}`");
        }
        vec![Edit::replace(
            Span::new(gap.start, place.end),
            format!("={quoted}"),
        )]
    };
    let reason =
        format!("write `{key}=`, since the old form takes the rest of the line as one value");
    Ok(Change::new(instruction.span, Safety::Safe, reason, edits).into())
}

/// Whether a value that runs over line ends holds one word a line: a list, and not several variables.
fn is_list(instruction: &Instruction, value: Span) -> bool {
    let text = instruction.logical.text();
    let inside = |at: &usize| value.start < *at && *at < value.end;
    let breaks = instruction.logical.breaks().filter(inside);
    let mut start = value.start;
    breaks.chain([value.end]).all(|end| {
        let line = text.get(start..end).unwrap_or_default();
        start = end;
        line.split_whitespace().count() < 2
    })
}

/// Whether all quotes of a value close, by the rules of [`requote`].
fn closes(value: &str, escape: char) -> bool {
    let mut quote = None;
    let mut chars = value.chars();
    while let Some(found) = chars.next() {
        match quote {
            None if found == '\'' || found == '"' => quote = Some(found),
            Some(open) if found == open => quote = None,
            None | Some('"') if found == escape => {
                chars.next();
            }
            _ => {}
        }
    }
    quote.is_none()
}

/// The same value in one pair of double quotes: what BuildKit's word processing makes of both is equal, whatever the
/// variables hold. `None` when quotes don't close, or stand inside an expansion.
fn requote(value: &str, escape: char) -> Option<String> {
    let mut out = String::from("\"");
    let push = |found: char, out: &mut String| {
        if found == '"' || found == '$' || found == escape {
            out.push(escape);
        }
        out.push(found);
    };
    let mut quote = None;
    let mut rest = value;
    while let Some(found) = rest.chars().next() {
        let after = rest.get(found.len_utf8()..)?;
        let mut next = after;
        match quote {
            Some('\'') if found == '\'' => quote = None,
            Some('\'') => push(found, &mut out),
            _ if found == '$' => {
                let end = expansion(rest, escape)?;
                let (name, behind) = (rest.get(1..end)?, rest.get(end..)?);
                // What follows behind a quote or an escape must not become part of the name.
                let text = behind.trim_start_matches([escape, '"', '\'']);
                let joins = text.len() < behind.len()
                    && text.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
                if joins && !name.starts_with('{') {
                    out.push_str(&format!("${{{name}}}"));
                } else {
                    out.push('$');
                    out.push_str(name);
                }
                next = behind;
            }
            Some('"') if found == '"' => quote = None,
            None if found == '"' || found == '\'' => quote = Some(found),
            _ if found == escape => {
                let escaped = after.chars().next()?;
                let kept = quote.is_none() || escaped == '"' || escaped == '$' || escaped == escape;
                if kept {
                    push(escaped, &mut out);
                    next = after.get(escaped.len_utf8()..)?;
                } else {
                    push(found, &mut out);
                }
            }
            _ => push(found, &mut out),
        }
        rest = next;
    }
    out.push('"');
    quote.is_none().then_some(out)
}

/// How many bytes the expansion at the start of `text` takes. `None` for one that is left to a person.
fn expansion(text: &str, escape: char) -> Option<usize> {
    let after = text.get(1..)?;
    if after.starts_with('{') {
        let end = after.find('}')? + 2;
        let inside = text.get(2..end - 1)?;
        return (!inside.contains(['"', '\'', '$', '{', escape])).then_some(end);
    }
    let first = after.chars().next();
    match first {
        Some(first) if first.is_ascii_alphabetic() || first == '_' => {
            let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            Some(1 + after.bytes().take_while(|byte| name(byte)).count())
        }
        // A digit or special parameter; `$` before anything else is kept, but that is rare enough to leave alone.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::requote;
    use crate::stage::{Env, Origin, Value, expand};
    use crate::syntax::split_words;

    /// Every text of up to five of these, in both escapes: what BuildKit's word processing makes of it stays.
    #[test]
    fn the_value_stays_whatever_it_is_made_of() {
        const PARTS: [&str; 12] = [
            "a",
            " ",
            "  ",
            "\"",
            "'",
            "\\",
            "`",
            "$A",
            "${A:-b c}",
            "$",
            "{",
            "=",
        ];
        let mut env = Env::closed();
        env.set("A", Value::Known("x \"y'".into()), Origin::Env, None);
        let mut written = 0;
        for number in 0..PARTS.len().pow(5) {
            let mut left = number;
            let mut value = String::new();
            while left > 0 {
                value.push_str(PARTS[left % PARTS.len()]);
                left /= PARTS.len();
            }
            for escape in [b'\\', b'`'] {
                let Some(quoted) = requote(&value, char::from(escape)) else {
                    continue;
                };
                let was = expand(&value, &env, escape).map(|one| one.text);
                let is = expand(&quoted, &env, escape).map(|one| one.text);
                assert_eq!(was.ok(), is.ok(), "{value} became {quoted}");
                assert_eq!(
                    split_words(&quoted, escape).len(),
                    1,
                    "{value} became {quoted}"
                );
                written += 1;
            }
        }
        assert!(written > 100_000, "{written}");
    }

    #[test]
    fn one_pair_of_quotes_says_the_same() {
        for (value, wanted) in [
            (r#"a "b  c" d"#, r#""a b  c d""#),
            (r"it\'s fine", r#""it's fine""#),
            (r#"'$A' $A "$A""#, r#""\$A $A $A""#),
            (r#""a\n\"\$" b"#, r#""a\\n\"\$ b""#),
            (r"a\ b c", r#""a b c""#),
            (r#"${A:-x} 'y'"#, r#""${A:-x} y""#),
            (r#"$A'b c'"#, r#""${A}b c""#),
        ] {
            assert_eq!(requote(value, '\\').as_deref(), Some(wanted), "{value}");
        }
        for value in ["it's", r#"a "b"#, r#"${A:-"x"} y"#, "a $"] {
            assert_eq!(requote(value, '\\'), None, "{value}");
        }
    }
}
