//! A difference in three parts: noise, declared, unexplained.

use std::fmt;

use serde::Serialize;

use super::compare::{Change, ConfigDifference, Difference, PathDifference};
use super::glob;
use super::noise::Floor;
use super::packages::PackageDifference;

/// A difference and why it is no fault.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// What differs.
    #[serde(flatten)]
    pub difference: PathDifference,
    /// The reason, or the glob that declares it.
    pub because: String,
}

/// What two images say of a rewrite.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verdict {
    /// Inside the noise floor.
    pub noise: Vec<Explained>,
    /// Removed, and declared as such.
    pub declared: Vec<Explained>,
    /// Neither: empty for a rewrite that leaves the image the same.
    pub unexplained: Vec<PathDifference>,
    /// Fields of the config; empty for a rewrite that leaves the image the same.
    pub config: Vec<ConfigDifference>,
    /// Packages by name.
    pub packages: PackageDifference,
}

impl Verdict {
    /// Sorts `difference` by `floor` and by the globs of paths that the applied changes say they remove.
    pub fn of(difference: Difference, floor: &Floor, removes: &[String]) -> Self {
        let mut verdict = Self {
            config: difference.config,
            packages: difference.packages,
            ..Self::default()
        };
        for difference in difference.paths {
            let declared = || {
                removes
                    .iter()
                    .find(|pattern| glob::matches(pattern, &difference.path))
                    .filter(|_| difference.change == Change::Removed)
            };
            if let Some(reason) = floor.reason(&difference) {
                verdict.noise.push(Explained {
                    because: reason.to_owned(),
                    difference,
                });
            } else if let Some(pattern) = declared() {
                verdict.declared.push(Explained {
                    because: pattern.clone(),
                    difference,
                });
            } else {
                verdict.unexplained.push(difference);
            }
        }
        verdict
    }

    /// Whether the image is the same to whoever runs it.
    pub fn is_equal(&self) -> bool {
        self.unexplained.is_empty() && self.config.is_empty()
    }
}

/// So many paths are named of each part.
const SHOWN: usize = 12;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}",
            if self.is_equal() {
                "the images are equal"
            } else {
                "the images are NOT equal"
            }
        )?;
        for difference in &self.config {
            writeln!(f, "  config {difference}")?;
        }
        for line in self.packages.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        let all = self.unexplained.iter().map(|path| (path, None));
        part(f, "unexplained", &all.collect::<Vec<_>>())?;
        part(f, "declared", &because(&self.declared))?;
        part(f, "noise", &because(&self.noise))
    }
}

type Line<'a> = (&'a PathDifference, Option<&'a str>);

fn because(explained: &[Explained]) -> Vec<Line<'_>> {
    explained
        .iter()
        .map(|explained| (&explained.difference, Some(explained.because.as_str())))
        .collect()
}

fn part(f: &mut fmt::Formatter<'_>, name: &str, lines: &[Line<'_>]) -> fmt::Result {
    let size: u64 = lines.iter().map(|(difference, _)| difference.size()).sum();
    let count = lines.len();
    let paths = if count == 1 { "path" } else { "paths" };
    if count == 0 {
        return writeln!(f, "  {name}: nothing");
    }
    writeln!(f, "  {name}: {count} {paths}, {}", bytes(size))?;
    for (difference, because) in lines.iter().take(SHOWN) {
        match because {
            Some(because) => writeln!(f, "    {difference} ({because})")?,
            None => writeln!(f, "    {difference}")?,
        }
    }
    if count > SHOWN {
        writeln!(f, "    and {} more", count - SHOWN)?;
    }
    Ok(())
}

/// A size as people read it: `1.9 MB`, in powers of ten.
pub fn bytes(size: u64) -> String {
    #[allow(
        clippy::cast_precision_loss,
        reason = "a size to read, with one decimal"
    )]
    let size_f = size as f64;
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size_f / 1e6),
        _ => format!("{:.2} GB", size_f / 1e9),
    }
}
