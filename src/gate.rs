//! What every write must pass: asked of each splice, on the text parsed anew.

use std::collections::HashMap;

use crate::checks;
use crate::splice::Spliced;
use crate::syntax::{Dockerfile, Instruction, Keyword, Span};
use crate::transform::{Change, Edit, FileRef};

/// The longest script that one argument of `execve` holds, in bytes (Linux's MAX_ARG_STRLEN).
pub const MAX_SCRIPT: usize = 131_072;

/// The findings of a text, counted by rule, so that each text is checked once.
pub type Findings = HashMap<&'static str, usize>;

/// Counts what `docker build --check` finds in `file`.
pub fn findings(file: &Dockerfile) -> Findings {
    let mut counts = Findings::new();
    for finding in checks::findings(file) {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}

/// Whether `after`, which came out of `changes`, keeps the promise. The findings of `after` come back.
///
/// # Errors
/// What is wrong, in one clause.
pub fn check(
    before: &Dockerfile,
    known: &Findings,
    after: &Dockerfile,
    spliced: &Spliced,
    changes: &[&Change],
) -> Result<Findings, String> {
    checks::accepts(after)
        .map_err(|error| format!("line {} is not accepted by BuildKit: {error}", error.line))?;
    let found = findings(after);
    for (rule, count) in &found {
        if *count > known.get(rule).copied().unwrap_or(0) {
            return Err(format!("a finding appears that was not there: {rule}"));
        }
    }
    let directives = |file: &Dockerfile| -> Vec<(String, String)> {
        file.directives
            .iter()
            .map(|one| (one.name.clone(), one.value.clone()))
            .collect()
    };
    if directives(before) != directives(after) {
        return Err("parser directives are not the same".to_owned());
    }
    let fewer: isize = changes.iter().map(|change| change.fewer_instructions).sum();
    if before.instructions.len() as isize - fewer != after.instructions.len() as isize {
        return Err(format!(
            "{} instructions became {}, but the changes announced {fewer} fewer",
            before.instructions.len(),
            after.instructions.len()
        ));
    }
    let touched = untouched_stay(before, after, spliced, changes)?;
    comments_stay(before, after, changes, &touched)?;
    pragmas_stay(before, after)?;
    for instruction in &after.instructions {
        let long = |instruction: &Instruction| instruction.rest_at.len() >= MAX_SCRIPT;
        if instruction.keyword == Keyword::Run
            && long(instruction)
            && !before.instructions.iter().any(long)
        {
            return Err(format!(
                "the RUN on line {} is longer than one argument can be",
                instruction.lines.0
            ));
        }
    }
    Ok(found)
}

/// Ranges of the Dockerfile that a change edits: what is replaced, and both ends of what moves.
pub fn edited(change: &Change) -> impl Iterator<Item = Span> {
    change.edits.iter().filter_map(|edit| match edit {
        Edit::Replace {
            file: FileRef::Dockerfile,
            range,
            ..
        } => Some(*range),
        _ => None,
    })
}

/// Instructions whose bytes no edit touched are there afterwards: each one instruction, with the same bytes, joined
/// text, flags and heredocs. Which ones were touched comes back.
fn untouched_stay(
    before: &Dockerfile,
    after: &Dockerfile,
    spliced: &Spliced,
    changes: &[&Change],
) -> Result<Vec<bool>, String> {
    let mut ranges: Vec<Span> = changes.iter().flat_map(|change| edited(change)).collect();
    ranges.sort_unstable();
    let mut kept: Vec<_> = spliced.kept.clone();
    kept.sort_unstable_by_key(|run| run.old);
    let mut touched = vec![false; before.instructions.len()];
    let mut next = 0;
    let mut last_place = None;
    let moves = changes.iter().any(|change| {
        change
            .edits
            .iter()
            .any(|edit| matches!(edit, Edit::Move { .. }))
    });
    for (index, instruction) in before.instructions.iter().enumerate() {
        let whole = Span::new(instruction.span.start, instruction.whole.end);
        while ranges.get(next).is_some_and(|range| {
            range.end < whole.start || (range.end == whole.start && !range.is_empty())
        }) {
            next += 1;
        }
        // An insertion at the very start of the line stands before the instruction; at its very end, behind it, unless
        // it has no line end: there it is a part of the last line.
        let open = !whole.is_empty() && before.source().get(whole.end - 1) != Some(&b'\n');
        let end = whole.end + usize::from(open);
        let hit = ranges[next..]
            .iter()
            .take_while(|range| range.start < end)
            .any(|range| {
                if range.is_empty() {
                    range.start > whole.start && range.start < end
                } else {
                    range.end > whole.start
                }
            });
        if hit {
            touched[index] = true;
            continue;
        }
        let run = kept
            .partition_point(|run| run.old <= instruction.span.start)
            .checked_sub(1)
            .map(|at| kept[at]);
        let place = run
            .filter(|run| whole.end <= run.old + run.len)
            .map(|run| run.new + (instruction.span.start - run.old));
        let same = place
            .and_then(|place| {
                after
                    .instructions
                    .binary_search_by_key(&place, |other| other.span.start)
                    .ok()
            })
            .map(|found| &after.instructions[found])
            .is_some_and(|other| same(before, instruction, after, other));
        if !same {
            return Err(format!(
                "line {} was not to be touched, but is no longer the same instruction",
                instruction.lines.0
            ));
        }
        if !moves && place < last_place {
            return Err(format!("line {} changed its order", instruction.lines.0));
        }
        last_place = place;
    }
    Ok(touched)
}

fn same(before: &Dockerfile, one: &Instruction, after: &Dockerfile, other: &Instruction) -> bool {
    one.logical.bytes() == other.logical.bytes()
        && one.flags == other.flags
        && one.heredocs.len() == other.heredocs.len()
        && one
            .heredocs
            .iter()
            .zip(&other.heredocs)
            .all(|(one, other)| before.bytes(one.body) == after.bytes(other.body))
        && before.bytes(one.span) == after.bytes(other.span)
}

/// The texts of comments: the Dockerfile's, and those of scripts that may hold some.
fn comments(file: &Dockerfile, touched: impl Fn(usize) -> bool) -> HashMap<&[u8], isize> {
    let mut texts = HashMap::new();
    for comment in &file.comments {
        *texts.entry(trim_end(file.bytes(comment.span))).or_default() += 1;
    }
    for (index, instruction) in file
        .instructions
        .iter()
        .enumerate()
        .filter(|(index, _)| touched(*index))
    {
        let _ = index;
        for heredoc in &instruction.heredocs {
            for line in file.bytes(heredoc.body).split(|byte| *byte == b'\n') {
                let text = line.trim_ascii();
                if text.starts_with(b"#") {
                    *texts.entry(text).or_default() += 1;
                }
            }
        }
        // A comment in a shell-form script runs to the end of the logical line.
        if instruction.keyword == Keyword::Run
            && let Some(at) = instruction.shell_at()
            && let Some(start) = shell_comment(&instruction.logical.bytes()[at.range()])
        {
            let span = instruction.source(Span::new(at.start + start, at.end));
            *texts.entry(trim_end(file.bytes(span))).or_default() += 1;
        }
    }
    texts
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_end()
}

/// Where a comment starts in a script of one line: `#` at a word's start, outside of quotes.
pub fn shell_comment(script: &[u8]) -> Option<usize> {
    let mut quote = None;
    let mut at = 0;
    let mut word_start = true;
    while at < script.len() {
        let byte = script[at];
        match quote {
            Some(b'\'') => {
                if byte == b'\'' {
                    quote = None;
                }
            }
            Some(open) => match byte {
                b'\\' => at += 1,
                _ if byte == open => quote = None,
                _ => {}
            },
            None => match byte {
                b'#' if word_start => return Some(at),
                b'\\' => at += 1,
                b'\'' | b'"' => quote = Some(byte),
                _ => {}
            },
        }
        word_start = quote.is_none()
            && matches!(
                byte,
                b' ' | b'\t' | b';' | b'&' | b'|' | b'(' | b')' | b'\n'
            );
        at += 1;
    }
    None
}

fn comments_stay(
    before: &Dockerfile,
    after: &Dockerfile,
    changes: &[&Change],
    touched: &[bool],
) -> Result<(), String> {
    let mut counts = comments(before, |index| touched[index]);
    // Instructions that were not touched are the same; only what is new or rewritten can hold a comment that moved.
    let same: std::collections::HashSet<&[u8]> = before
        .instructions
        .iter()
        .zip(touched)
        .filter(|(_, touched)| !**touched)
        .map(|(instruction, _)| before.bytes(instruction.span))
        .collect();
    for (text, count) in comments(after, |index| {
        !same.contains(after.bytes(after.instructions[index].span))
    }) {
        *counts.entry(text).or_default() -= count;
    }
    for dropped in changes.iter().flat_map(|change| &change.drops_comments) {
        if let Some(count) = counts.get_mut(trim_end(dropped)) {
            *count -= 1;
        }
    }
    match counts.iter().find(|(_, count)| **count > 0) {
        Some((text, _)) => Err(format!(
            "a comment is lost: {}",
            String::from_utf8_lossy(text)
        )),
        None => Ok(()),
    }
}

/// Whether a comment governs the instruction below it.
pub fn is_pragma(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"#").unwrap_or(text).trim_ascii_start();
    ["careen:", "hadolint ", "check="]
        .iter()
        .any(|word| text.starts_with(word.as_bytes()))
}

/// A pragma stays right above an instruction of the same keyword and, while that one stands unchanged, the same one.
fn pragmas_stay(before: &Dockerfile, after: &Dockerfile) -> Result<(), String> {
    let governed = |file: &Dockerfile| -> Vec<(Vec<u8>, Option<Keyword>)> {
        let mut pragmas = Vec::new();
        for comment in file
            .comments
            .iter()
            .filter(|comment| is_pragma(file.bytes(comment.span)))
        {
            let next = file
                .instructions
                .partition_point(|instruction| instruction.span.start < comment.span.start);
            let target = file.instructions.get(next).filter(|instruction| {
                comment.inside.is_none()
                    && file
                        .comments_above(instruction.index)
                        .iter()
                        .any(|above| above.line == comment.line)
            });
            pragmas.push((
                file.bytes(comment.span).to_vec(),
                target.map(|instruction| instruction.keyword),
            ));
        }
        pragmas.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.cmp(&other.1)));
        pragmas
    };
    if before
        .comments
        .iter()
        .all(|comment| !is_pragma(before.bytes(comment.span)))
    {
        return Ok(());
    }
    if governed(before) == governed(after) {
        Ok(())
    } else {
        Err("a pragma no longer stands above its instruction".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::splice;
    use crate::transform::Safety;

    fn verdict(source: &str, edits: Vec<Edit>, fewer: isize) -> Result<(), String> {
        let before = Dockerfile::parse(source.as_bytes());
        let change = Change::new(Span::at(0), Safety::Safe, "test", edits).fewer(fewer);
        let spliced = splice(source.as_bytes(), &change.edits.iter().collect::<Vec<_>>()).unwrap();
        let after = Dockerfile::parse(spliced.text.as_slice());
        check(&before, &findings(&before), &after, &spliced, &[&change]).map(|_| ())
    }

    #[test]
    fn an_edit_that_swallows_the_next_run_is_caught() {
        let source = "FROM a\nRUN b\nRUN c\n";
        let at = source.find("b\n").unwrap() + 1;
        assert!(verdict(source, vec![Edit::insert(at, " \\")], 0).is_err());
        assert!(verdict(source, vec![Edit::insert(at, " \\")], 1).is_err());
        assert!(verdict(source, vec![Edit::insert(at, " d")], 0).is_ok());
        assert!(verdict("FROM a\nRUN b", vec![Edit::insert(12, " c")], 0).is_ok());
    }

    #[test]
    fn a_lost_comment_is_caught() {
        let source = "FROM a\n# why\nRUN b\nRUN c # note\n";
        assert!(verdict(source, vec![Edit::delete(Span::new(7, 13))], 0).is_err());
        let note = source.find(" # note").unwrap();
        assert!(verdict(source, vec![Edit::delete(Span::new(note, note + 7))], 0).is_err());
    }

    #[test]
    fn a_pragma_stays_above_its_instruction() {
        let source = "FROM a\n# hadolint ignore=DL3008\nRUN b\nCOPY c d\n";
        let pragma = Span::new(7, source.find("RUN").unwrap());
        let to = source.find("COPY").unwrap();
        assert!(verdict(source, vec![Edit::Move { range: pragma, to }], 0).is_err());
    }

    #[test]
    fn a_split_instruction_is_caught() {
        let source = "FROM a\nRUN b c\n";
        assert!(verdict(source, vec![Edit::insert(12, "\nRUN ")], 0).is_err());
    }

    #[test]
    fn shell_comments_start_at_a_word() {
        assert_eq!(shell_comment(b"a # b"), Some(2));
        assert_eq!(shell_comment(b"a#b"), None);
        assert_eq!(shell_comment(b"echo '# a' \"# b\" \\# $#"), None);
    }
}
