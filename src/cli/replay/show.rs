//! How it is said.

use super::count::{Counted, Replayed, Row};
use super::times::bare;
use crate::report::Paint;

/// Characters of a step's text that are shown.
const WIDTH: usize = 90;
/// Steps that get a sentence.
const SENTENCES: usize = 3;

fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// Over how many commits, and the sums.
fn sums(replayed: &Replayed) -> String {
    let (before, after) = (replayed.before, replayed.after);
    let over = format!("over the last {}", plural(replayed.commits, "commit"));
    let mut text = match replayed.changed {
        true => format!(
            "{over} {} would have run instead of {}: {:.1} a commit instead of {:.1}",
            plural(after.runs, "step"),
            before.runs,
            after.runs_per_commit,
            before.runs_per_commit
        ),
        false => format!(
            "{over} {} would have run, {:.1} a commit; no change applies",
            plural(before.runs, "step"),
            before.runs_per_commit
        ),
    };
    if let (Some(before), Some(after)) = (before.seconds, after.seconds) {
        text += &match replayed.changed {
            true => format!(", {after:.0} seconds instead of {before:.0}"),
            false => format!(", {before:.0} seconds"),
        };
    }
    text
}

/// The commands that gain most: "`npm ci` 9 times instead of 173".
fn gains(replayed: &Replayed) -> Vec<String> {
    let mut gains: Vec<(usize, String)> = replayed
        .steps
        .iter()
        .filter_map(|row| {
            let (before, after) = (row.before.as_ref()?, row.after.as_ref()?);
            let gain = before
                .runs
                .checked_sub(after.runs)
                .filter(|gain| *gain > 0)?;
            let command = cut(bare(&before.text).trim_start_matches("RUN ")).replace('`', "'");
            let times = match after.runs {
                1 => "once".to_owned(),
                runs => format!("{runs} times"),
            };
            Some((
                gain,
                format!("`{command}` {times} instead of {}", before.runs),
            ))
        })
        .collect();
    gains.sort_by_key(|(gain, _)| std::cmp::Reverse(*gain));
    gains
        .into_iter()
        .take(SENTENCES)
        .map(|(_, gain)| gain)
        .collect()
}

/// What is to be known of the commits.
fn remarks(replayed: &Replayed) -> Vec<String> {
    let mut remarks = Vec::new();
    if replayed.shallow {
        remarks.push(format!(
            "this is a shallow clone: it holds {}; `git fetch --unshallow` brings the others",
            plural(replayed.commits, "commit that can be replayed")
                .replace("replayeds", "replayed")
        ));
    }
    if replayed.commits_without_effect > 0 {
        remarks.push(format!(
            "{} made no step run",
            plural(replayed.commits_without_effect, "commit")
        ));
    }
    if replayed.commits_of_build_files > 0 {
        remarks.push(format!(
            "{} touched the Dockerfile or an ignore file",
            plural(replayed.commits_of_build_files, "commit")
        ));
    }
    remarks
}

fn cells(row: &Row) -> [String; 3] {
    let runs = |step: &Option<Counted>| {
        step.as_ref()
            .map_or_else(|| "-".to_owned(), |step| step.runs.to_string())
    };
    let text = row
        .after
        .as_ref()
        .or(row.before.as_ref())
        .map_or("", |step| step.text.as_str());
    [runs(&row.before), runs(&row.after), cut(text)]
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(WIDTH).collect();
    if text.chars().nth(WIDTH).is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// For people.
pub(super) fn text(replayed: &Replayed, paint: Paint) -> String {
    let mut out = format!("{}: {}\n", paint.bold(&replayed.dockerfile), sums(replayed));
    for gain in gains(replayed) {
        out += &format!("  {gain}\n");
    }
    out += "\n  before   after  step\n";
    for row in &replayed.steps {
        let [before, after, step] = cells(row);
        out += &format!("  {before:>6}  {after:>6}  {step}\n");
    }
    out.push('\n');
    for remark in remarks(replayed) {
        out += &format!("{remark}\n");
    }
    for left_out in &replayed.left_out {
        out += &format!("left out: {left_out}\n");
    }
    out
}

/// A comment for a code review.
pub(super) fn markdown(replayed: &Replayed) -> String {
    let mut out = format!("**{}**: {}.\n\n", replayed.dockerfile, sums(replayed));
    for gain in gains(replayed) {
        out += &format!("* {gain}\n");
    }
    out += "\n| before | after | step |\n| ---: | ---: | --- |\n";
    for row in &replayed.steps {
        let [before, after, step] = cells(row);
        let step = step.replace('`', "'").replace('|', "\\|");
        out += &format!("| {before} | {after} | `{step}` |\n");
    }
    out.push('\n');
    for remark in remarks(replayed) {
        out += &format!("* {remark}\n");
    }
    for left_out in &replayed.left_out {
        out += &format!("* left out: {left_out}\n");
    }
    out
}
