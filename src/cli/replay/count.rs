//! Asks the cache model for each commit, and counts.

use serde::Serialize;

use super::history::History;
use super::times::{self, Times};
use crate::cache::{Contents, Ledger, Model};
use crate::cli::pair::Pair;

/// How often one step would have run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Counted {
    /// As BuildKit joins it.
    pub(super) text: String,
    /// 1-based.
    pub(super) line: usize,
    pub(super) runs: usize,
    /// Of one run, where the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<f64>,
}

/// A step before and after; one of them is missing where the changes made or took it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) before: Option<Counted>,
    pub(super) after: Option<Counted>,
}

/// Sums of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Sums {
    pub(super) steps: usize,
    pub(super) runs: usize,
    pub(super) runs_per_commit: f64,
    /// Of all runs whose time the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<f64>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Replayed {
    pub(super) dockerfile: String,
    /// Commits that were replayed.
    pub(super) commits: usize,
    /// Those that touched no file that a step takes in, before or after.
    pub(super) commits_without_effect: usize,
    /// Those that touched the Dockerfile or the ignore file.
    pub(super) commits_of_build_files: usize,
    /// Whether a shallow clone had fewer commits than were asked for.
    pub(super) shallow: bool,
    /// Whether the changes alter the Dockerfile at all.
    pub(super) changed: bool,
    pub(super) before: Sums,
    pub(super) after: Sums,
    pub(super) steps: Vec<Row>,
    pub(super) left_out: Vec<String>,
}

/// One side on its way through the history.
struct Builder<'m> {
    model: &'m Model,
    ledger: Ledger,
    contents: Contents,
    runs: Vec<usize>,
}

impl<'m> Builder<'m> {
    /// The state in front of the first commit is built already.
    fn new(model: &'m Model) -> Self {
        let mut builder = Self {
            model,
            ledger: Ledger::default(),
            contents: Contents::new(model),
            runs: vec![0; model.steps().len()],
        };
        builder.ledger.build(model, &builder.contents);
        builder
    }

    /// Whether any step ran.
    fn build(&mut self) -> bool {
        let ran = self.ledger.build(self.model, &self.contents);
        for (runs, ran) in self.runs.iter_mut().zip(&ran) {
            *runs += usize::from(*ran);
        }
        ran.contains(&true)
    }
}

pub(super) fn replay(pair: &Pair, history: &History, times: &Times) -> Replayed {
    let mut sides = [
        Builder::new(&pair.before.model),
        Builder::new(&pair.after.model),
    ];
    let (mut quiet, mut of_build_files) = (0, 0);
    for commit in &history.commits {
        let is_build_file = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            path == pair.in_context || name.ends_with(".dockerignore")
        };
        of_build_files += usize::from(commit.iter().any(|file| is_build_file(&file.path)));
        let mut any = false;
        for side in &mut sides {
            for file in commit {
                let (before, after) = (file.before.as_deref(), file.after.as_deref());
                side.contents.change(side.model, &file.path, before, after);
            }
            any |= side.build();
        }
        quiet += usize::from(!any);
    }
    let [before, after] = &sides;
    let steps = rows(before, after, times);
    let commits = history.commits.len();
    let side = |of: fn(&Row) -> Option<&Counted>| {
        let steps: Vec<&Counted> = steps.iter().filter_map(of).collect();
        let runs = steps.iter().map(|step| step.runs).sum();
        let seconds: Vec<f64> = steps
            .iter()
            .filter_map(|step| Some(step.seconds? * step.runs as f64))
            .collect();
        Sums {
            steps: steps.len(),
            runs,
            runs_per_commit: runs as f64 / commits.max(1) as f64,
            seconds: (!seconds.is_empty()).then(|| seconds.iter().sum()),
        }
    };
    let mut left_out: Vec<String> = pair
        .before
        .model
        .left_out()
        .into_iter()
        .map(str::to_owned)
        .collect();
    left_out.extend(pair.after.model.left_out().into_iter().map(str::to_owned));
    left_out.push(
        "earlier states of the Dockerfile and its ignore file: both are taken as they are today"
            .to_owned(),
    );
    let untimed = steps
        .iter()
        .flat_map(|row| [&row.before, &row.after])
        .flatten()
        .filter(|step| step.seconds.is_none() && step.runs > 0)
        .count();
    if times.is_known() && untimed > 0 {
        left_out.push(format!(
            "the time of {untimed} of the steps that ran: the log has none"
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    left_out.retain(|sentence| seen.insert(sentence.clone()));
    Replayed {
        dockerfile: pair.name.clone(),
        commits,
        commits_without_effect: quiet,
        commits_of_build_files: of_build_files,
        shallow: history.cut,
        changed: pair.changed,
        before: side(|row| row.before.as_ref()),
        after: side(|row| row.after.as_ref()),
        steps,
        left_out,
    }
}

/// The steps in order, those before beside those after that are the same, or the same command with other flags.
fn rows(before: &Builder<'_>, after: &Builder<'_>, times: &Times) -> Vec<Row> {
    let counted = |side: &Builder<'_>, index: usize| {
        let step = side.model.steps().get(index)?;
        Some(Counted {
            text: step.text.clone(),
            line: step.line,
            runs: side.runs.get(index).copied().unwrap_or(0),
            seconds: times.of_step(&step.text),
        })
    };
    let olds = before.model.steps();
    let mut taken = vec![false; olds.len()];
    let mut partners = vec![None; after.model.steps().len()];
    for same in [|text: &str| text.to_owned(), |text: &str| times::bare(text)] {
        for (partner, new) in partners.iter_mut().zip(after.model.steps()) {
            if partner.is_some() {
                continue;
            }
            let found = olds.iter().enumerate().position(|(index, old)| {
                let free = taken.get(index) == Some(&false);
                free && old.keyword == new.keyword && same(&old.text) == same(&new.text)
            });
            if let Some(found) = found {
                *partner = Some(found);
                if let Some(taken) = taken.get_mut(found) {
                    *taken = true;
                }
            }
        }
    }
    let mut rows: Vec<(usize, Row)> = Vec::new();
    let mut at = 0;
    for (index, partner) in partners.iter().enumerate() {
        at = partner.unwrap_or(at);
        let old = partner.and_then(|partner| counted(before, partner));
        let mut new = counted(after, index);
        // One that was timed under its other flags takes as long.
        if let (Some(new), Some(old)) = (&mut new, &old) {
            new.seconds = new.seconds.or(old.seconds);
        }
        rows.push((
            at,
            Row {
                before: old,
                after: new,
            },
        ));
    }
    for (index, _) in taken.iter().enumerate().filter(|(_, taken)| !**taken) {
        let place = rows
            .iter()
            .position(|(at, _)| *at > index)
            .unwrap_or(rows.len());
        let row = Row {
            before: counted(before, index),
            after: None,
        };
        rows.insert(place, (index, row));
    }
    rows.into_iter().map(|(_, row)| row).collect()
}
