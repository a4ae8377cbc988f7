//! How often what is edited, and what that costs.
use super::{Edit, Model, Source};
use crate::context::glob::Glob;
use crate::context::{Context, Kind as EntryKind};
use crate::knowledge::Knowledge;

/// Files of the context that are looked at.
const MOST_FILES: usize = 5_000;

/// What a file of the context is to an editor's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Edited all the time.
    Source,
    /// A manifest or lock file of a package manager.
    Manifest,
}

impl Kind {
    /// What the file at `path` is, by its name.
    pub fn of(path: &str, knowledge: &Knowledge) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let known = knowledge.language_managers().any(|manager| {
            let mut names = manager.manifests.iter().chain(&manager.locks);
            names.any(|manifest| {
                let manifest = manifest.rsplit('/').next().unwrap_or(manifest);
                manifest == name || Glob::new(manifest).is_ok_and(|glob| glob.matches(name))
            })
        });
        if known { Self::Manifest } else { Self::Source }
    }
}

/// How often what is edited: shares of all edits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Source files.
    pub sources: f64,
    /// Manifests and lock files.
    pub manifests: f64,
    /// The system packages that a RUN names.
    pub system: f64,
}

impl Default for Weights {
    /// Sources often, manifests seldom, system packages hardly ever.
    fn default() -> Self {
        Self {
            sources: 0.90,
            manifests: 0.09,
            system: 0.01,
        }
    }
}

impl Model {
    /// How many steps an edit makes run, on average. Without a context, every source that is named is taken for a file.
    pub fn expected_reruns(
        &self,
        context: Option<&Context>,
        knowledge: &Knowledge,
        weights: Weights,
    ) -> f64 {
        let files = self.files(context);
        let of = |kind| {
            let files = files
                .iter()
                .filter(|path| Kind::of(path, knowledge) == kind);
            mean(files.map(|path| self.count(&Edit::of_file(path.as_str()))))
        };
        let system = self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.system);
        let system = system.map(|(index, _)| {
            let own: Vec<bool> = (0..self.steps.len()).map(|other| other == index).collect();
            self.spread(&own, &[]).iter().filter(|runs| **runs).count()
        });
        weights.sources * of(Kind::Source)
            + weights.manifests * of(Kind::Manifest)
            + weights.system * mean(system)
    }

    /// A source file whose edit shows what a usual day costs: one that some step takes in and that is no manifest, of
    /// those the one that makes most steps run, the first one by name. `None` when no step takes a file in.
    pub fn usual_edit(&self, context: &Context, knowledge: &Knowledge) -> Option<String> {
        let files = self.files(Some(context)).into_iter();
        let sources =
            files.filter(|path| Kind::of(path, knowledge) == Kind::Source && is_program(path));
        sources.min_by_key(|path| {
            let last = self.takes(path).iter().rposition(|takes| *takes);
            (
                std::cmp::Reverse(last),
                path.matches('/').count(),
                path.clone(),
            )
        })
    }

    fn count(&self, edit: &Edit) -> usize {
        self.rerun(edit).iter().filter(|runs| **runs).count()
    }

    /// Files that some step takes in.
    fn files(&self, context: Option<&Context>) -> Vec<String> {
        let Some(context) = context else {
            let sources = self.keys.iter().flat_map(|key| &key.context);
            return sources.filter_map(Source::example).collect();
        };
        if self.keys.iter().all(|key| key.context.is_empty()) {
            return Vec::new();
        }
        let entries = context.walk("").flatten().take(MOST_FILES);
        entries
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| entry.path)
            .filter(|path| self.takes(path).contains(&true))
            .collect()
    }
}

/// Whether a file is edited by hand, as far as its name tells.
fn is_program(path: &str) -> bool {
    const NOT: [&str; 12] = [
        "md", "txt", "rst", "lock", "png", "svg", "ico", "jpg", "gz", "zip", "log", "sum",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    !path.split('/').any(|part| part.starts_with('.'))
        && !ending.is_empty()
        && !NOT.contains(&ending)
}

fn mean(counts: impl Iterator<Item = usize>) -> f64 {
    let (sum, number) = counts.fold((0, 0), |(sum, number), count| (sum + count, number + 1));
    if number == 0 {
        return 0.0;
    }
    sum as f64 / f64::from(number)
}
