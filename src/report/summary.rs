//! The last line of a run.

use serde::Serialize;

use super::{Entry, advice, waiting};
use crate::engine::Held;

/// Counts over all files of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Files that were looked at, those with errors included.
    pub files: usize,
    /// Dockerfiles that would be written, themselves or a file beside them.
    pub changed_files: usize,
    /// Changes in them.
    pub changes: usize,
    /// Places that a transform left alone and said why.
    pub refusals: usize,
    /// Changes that wait behind `--unsafe`.
    pub waiting_unsafe: usize,
    /// Things to know.
    pub advice: usize,
    /// Files with errors.
    pub errors: usize,
}

impl Summary {
    /// Counts one more file.
    pub fn add(&mut self, entry: &Entry) {
        self.files += 1;
        match &entry.outcome {
            Err(_) => self.errors += 1,
            Ok(report) => {
                self.changed_files += usize::from(report.changes_anything());
                self.changes += report.applied.len();
                self.refusals += report.refused.len();
                self.waiting_unsafe += waiting(report)
                    .filter(|held| held.held == Held::Unsafe)
                    .count();
                self.advice += advice(report).count();
            }
        }
    }

    /// Counts `entries`.
    pub fn of(entries: &[Entry]) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            summary.add(entry);
        }
        summary
    }

    /// One line without a line end. `written` says whether the changes were made.
    pub fn line(&self, written: bool) -> String {
        let mut line = if self.changed_files == 0 {
            format!("{}, nothing to change", count(self.files, "file"))
        } else {
            format!(
                "{}, {} in {}{}",
                count(self.files, "file"),
                count(self.changes, "change"),
                count(self.changed_files, "file"),
                if written { ", written" } else { "" }
            )
        };
        match self.advice {
            0 => {}
            1 => line += ", 1 piece of advice",
            more => line += &format!(", {more} pieces of advice"),
        }
        line += &format!(", {}", count(self.refusals, "refusal"));
        if self.errors > 0 {
            line += &format!(", {}", count(self.errors, "error"));
        }
        match self.waiting_unsafe {
            0 => line,
            1 => line + "; 1 more change waits behind --unsafe",
            more => line + &format!("; {more} more changes wait behind --unsafe"),
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}
