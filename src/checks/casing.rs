//! Rules that ask for no more than the text: the case of keywords and names, blank lines, descriptions.
use super::accept::words;
use super::lint::Lint;
use crate::syntax::{Dockerfile, Instruction, Keyword, PieceKind};
use std::collections::HashSet;

/// Blank lines inside of instructions. The finding stands on the last line of the instruction proper.
pub(super) fn empty_continuations(file: &Dockerfile, lint: &mut Lint) {
    let mut instructions = file.instructions.iter().peekable();
    for piece in &file.pieces {
        while instructions
            .next_if(|instruction| instruction.whole.end <= piece.span.start)
            .is_some()
        {}
        let Some(instruction) = instructions.peek() else {
            return;
        };
        if piece.kind == PieceKind::Blank && instruction.whole.start <= piece.span.start {
            let line = match instruction.heredocs.first() {
                Some(heredoc) => file.line_of(heredoc.body.start).saturating_sub(1),
                None => instruction.lines.1,
            };
            lint.report_on("NoEmptyContinuation", line, instruction.span);
            instructions.next();
        }
    }
}

/// What an instruction's own words show.
pub(super) fn names(file: &Dockerfile, instruction: &Instruction, lint: &mut Lint) {
    match instruction.keyword {
        Keyword::Maintainer => lint.report("MaintainerDeprecated", instruction),
        Keyword::From => {
            let words = words(instruction);
            if let [_, _, name] = words
                && name.text.chars().any(char::is_uppercase)
            {
                lint.report("StageNameCasing", instruction);
            }
            if let [_, by, _, ..] = words {
                let fits = match case(instruction.keyword_text()) {
                    Case::Lower => by.text == by.text.to_lowercase(),
                    Case::Upper => by.text == by.text.to_uppercase(),
                    Case::Mixed => true,
                };
                if !fits {
                    lint.report("FromAsCasing", instruction);
                }
            }
            if let [_, _, name] = words {
                description(file, instruction, &[&name.text.to_lowercase()], lint);
            }
        }
        Keyword::Arg => {
            let names: Vec<&str> = words(instruction)
                .iter()
                .filter_map(|word| word.text.split('=').next())
                .collect();
            description(file, instruction, &names, lint);
        }
        _ => {}
    }
}

/// The last comment above a definition describes it, and so has to start with its name. Blank lines between don't
/// matter, an empty comment does: it takes back what stands above.
fn description(file: &Dockerfile, instruction: &Instruction, names: &[&str], lint: &mut Lint) {
    const RULE: &str = "InvalidDefinitionDescription";
    if !lint.experiments(RULE) {
        return;
    }
    let before = instruction
        .index
        .checked_sub(1)
        .and_then(|index| file.instructions.get(index))
        .map_or(0, |before| before.lines.1);
    let end = file
        .comments
        .partition_point(|comment| comment.line < instruction.lines.0);
    let comments = file.comments.get(..end).unwrap_or_default();
    let Some(comment) = comments.last().filter(|comment| comment.line > before) else {
        return;
    };
    let text = file.text(comment.span);
    let text = text.strip_prefix('#').unwrap_or(&text).trim();
    let first = text.split(' ').next().unwrap_or("");
    if !text.is_empty() && !names.contains(&first) {
        lint.report(RULE, instruction);
    }
}

/// The case of all keywords from the first FROM on, and names of stages that clash.
pub(super) fn whole_file(file: &Dockerfile, lint: &mut Lint) {
    let start = file
        .instructions
        .iter()
        .position(|instruction| instruction.keyword == Keyword::From);
    let instructions = start
        .and_then(|start| file.instructions.get(start..))
        .unwrap_or_default();
    stage_names(instructions, lint);
    let mut lower = 0_usize;
    let mut upper = 0_usize;
    for instruction in instructions {
        match case(instruction.keyword_text()) {
            Case::Lower => lower += 1,
            Case::Upper => upper += 1,
            Case::Mixed => {}
        }
    }
    let wanted = if lower > upper {
        Case::Lower
    } else {
        Case::Upper
    };
    for instruction in instructions {
        if case(instruction.keyword_text()) != wanted {
            lint.report("ConsistentInstructionCasing", instruction);
        }
    }
}

fn stage_names(instructions: &[Instruction], lint: &mut Lint) {
    let mut seen = HashSet::new();
    for instruction in instructions {
        let (Keyword::From, [_, _, name]) = (instruction.keyword, words(instruction)) else {
            continue;
        };
        let name = name.text.to_ascii_lowercase();
        if name == "scratch" || name == "context" {
            lint.report("ReservedStageName", instruction);
        }
        if !seen.insert(name) {
            lint.report("DuplicateStageName", instruction);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
    Mixed,
}

fn case(keyword: &[u8]) -> Case {
    if keyword.iter().all(u8::is_ascii_lowercase) {
        Case::Lower
    } else if keyword.iter().all(u8::is_ascii_uppercase) {
        Case::Upper
    } else {
        Case::Mixed
    }
}
