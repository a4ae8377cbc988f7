//! The stages of a Dockerfile as a tree, each step marked cached or rerun, before and after side by side.

use super::pair::{Pair, Side};
use crate::cache::{Edit, compare};
use crate::report::Paint;
use crate::stage::Base;

/// Characters of a column.
const WIDTH: usize = 58;

/// A line of one column.
#[derive(Clone, Debug, Default)]
struct Line {
    text: String,
    /// Whether it is a step that runs again.
    runs: Option<bool>,
}

/// The picture of `pair` after `edit`; `shown` names the edit, if there is one.
pub(super) fn picture(pair: &Pair, edit: &Edit, shown: Option<&str>, paint: Paint) -> String {
    let sides = [stages(&pair.before, edit), stages(&pair.after, edit)];
    let mut out = match shown {
        Some(shown) => {
            let comparison = compare(&pair.before.model, &pair.after.model, edit);
            format!("{}: after an edit of {shown}, {comparison}\n", pair.name)
        }
        None => format!("{}: no step takes a file of the context in\n", pair.name),
    };
    if !pair.changed {
        out += "no change applies, so before and after are the same\n";
    }
    out += &format!("\n{:WIDTH$} │ after\n", "before");
    let [before, after] = &sides;
    for stage in 0..before.len().max(after.len()) {
        let empty = Vec::new();
        let left = before.get(stage).unwrap_or(&empty);
        let right = after.get(stage).unwrap_or(&empty);
        for row in 0..left.len().max(right.len()) {
            let cell = |lines: &[Line]| lines.get(row).cloned().unwrap_or_default();
            let (left, right) = (cell(left), cell(right));
            let line = format!(
                "{} │ {}",
                painted(&left, true, paint),
                painted(&right, false, paint)
            );
            out += line.trim_end();
            out.push('\n');
        }
    }
    out
}

/// Cut to a column, and filled up to it where another one follows.
fn painted(line: &Line, fill: bool, paint: Paint) -> String {
    let mut text: String = line.text.chars().take(WIDTH).collect();
    if line.text.chars().nth(WIDTH).is_some() {
        text.pop();
        text.push('…');
    }
    if fill {
        text = format!("{text:WIDTH$}");
    }
    match line.runs {
        Some(true) => paint.yellow(&text),
        Some(false) => paint.dim(&text),
        None => paint.bold(&text),
    }
}

/// The lines of each stage that is built.
fn stages(side: &Side, edit: &Edit) -> Vec<Vec<Line>> {
    let runs = side.model.rerun(edit);
    let steps: Vec<_> = side.model.steps().iter().zip(runs).collect();
    let needed = |index: &usize| side.stages.needed(*index);
    let stages = (0..side.stages.stages().len()).filter(needed);
    let lines = stages.filter_map(|index| {
        let stage = side.stages.get(index)?;
        let base = match &stage.base {
            Base::Scratch => "scratch".to_owned(),
            Base::Image { reference } => reference.clone(),
            Base::Stage(parent) => name(side, *parent),
            Base::Unknown => "an unknown image".to_owned(),
        };
        let mut lines = vec![Line {
            text: format!("{} (from {base})", name(side, index)),
            runs: None,
        }];
        let own: Vec<_> = steps
            .iter()
            .filter(|(step, _)| step.stage == index)
            .collect();
        for (number, (step, runs)) in own.iter().enumerate() {
            let branch = if number + 1 == own.len() {
                "└"
            } else {
                "├"
            };
            let mark = if *runs { "rerun " } else { "cached" };
            lines.push(Line {
                text: format!("{branch} {mark} {}", step.text),
                runs: Some(*runs),
            });
        }
        Some(lines)
    });
    lines.collect()
}

fn name(side: &Side, index: usize) -> String {
    let stage = side.stages.get(index);
    match stage.and_then(|stage| stage.name.clone()) {
        Some(name) => name,
        None if index + 1 == side.stages.stages().len() => "last stage".to_owned(),
        None => format!("stage {index}"),
    }
}
