//! What each transform does to real files: doing nothing is not a pass.
//!
//! Every transform runs alone, with unsafe changes, over the corpus in `target/corpus`. How many files it changes is
//! compared with `tests/yield/corpus.tsv`: fewer fails while the corpus is the one that was counted. `--nocapture` prints
//! the table, with the refusals by reason; `CAREEN_BLESS=1 cargo test --test yield` writes the counts anew.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use careen::engine::Options;
use careen::transforms::CHAIN;
use rayon::prelude::*;

/// What one transform does to a corpus.
#[derive(Clone, Debug, Default)]
struct Yield {
    /// Files that it changes.
    files: usize,
    /// Changes in them.
    changes: usize,
    /// Refusals by reason, names and numbers left out.
    refusals: BTreeMap<String, usize>,
}

impl Yield {
    fn add(mut self, other: Self) -> Self {
        self.files += other.files;
        self.changes += other.changes;
        for (reason, count) in other.refusals {
            *self.refusals.entry(reason).or_default() += count;
        }
        self
    }

    fn refused(&self) -> usize {
        self.refusals.values().sum()
    }
}

/// A reason without what is particular to its place: text in backquotes, and numbers.
fn normal(reason: &str) -> String {
    let mut text = String::new();
    for (index, part) in reason.split('`').enumerate() {
        if index % 2 == 1 {
            text.push('…');
            continue;
        }
        let mut digits = false;
        for c in part.chars() {
            if !c.is_ascii_digit() {
                text.push(c);
            } else if !digits {
                text.push('N');
            }
            digits = c.is_ascii_digit();
        }
    }
    text
}

fn measure(id: &str, files: &[(String, Vec<u8>)]) -> Yield {
    let options = Options {
        unsafe_changes: true,
        select: vec![id.to_owned()],
        ..Options::default()
    };
    files
        .par_iter()
        .map(|(name, source)| {
            let report = match common::run(source, &options) {
                Ok(report) => report,
                Err(error) => {
                    // The laws are about that; here it is a file that is not changed.
                    eprintln!("{name}: {error}");
                    return Yield::default();
                }
            };
            let mut one = Yield {
                files: usize::from(report.changes_anything()),
                changes: report.applied.len(),
                ..Yield::default()
            };
            for refused in &report.refused {
                *one.refusals.entry(normal(&refused.reason)).or_default() += 1;
            }
            one
        })
        .reduce(Yield::default, Yield::add)
}

/// `name<TAB>number` lines; the line of the name `files` says how large the corpus was.
fn counts(text: &str) -> BTreeMap<&str, usize> {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, count)| Some((name, count.trim().parse().ok()?)))
        .collect()
}

#[test]
fn no_transform_does_less_than_it_did() {
    let Some(corpus) = common::corpus() else {
        return;
    };
    let only = std::env::var("CAREEN_CASE").unwrap_or_default();
    let mut now = String::new();
    let _ = writeln!(now, "files\t{}", corpus.len());
    let mut table = String::new();
    for link in CHAIN.iter().filter(|link| link.id.contains(&only)) {
        let found = measure(link.id, &corpus);
        let _ = writeln!(now, "{}\t{}", link.id, found.files);
        let _ = writeln!(
            table,
            "{}: {} files, {} changes, {} refusals",
            link.id,
            found.files,
            found.changes,
            found.refused()
        );
        let mut reasons: Vec<_> = found.refusals.iter().collect();
        reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
        for (reason, count) in reasons {
            let _ = writeln!(table, "  {count:5}  {reason}");
        }
    }
    println!("{table}");
    let file = common::root().join("tests/yield/corpus.tsv");
    if std::env::var_os("CAREEN_BLESS").is_some() && only.is_empty() {
        fs::write(&file, &now).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    let (known, now) = (counts(&known), counts(&now));
    if known.get("files") != now.get("files") {
        eprintln!(
            "skipped: the corpus has {:?} files, and {:?} were counted in {}",
            now.get("files"),
            known.get("files"),
            file.display()
        );
        return;
    }
    let fell: Vec<String> = known
        .iter()
        .filter(|(name, _)| name.contains(&only))
        .filter(|(name, count)| now.get(*name).is_none_or(|now| now < *count))
        .map(|(name, count)| format!("{name}: {count} files before, {:?} now", now.get(name)))
        .collect();
    assert!(fell.is_empty(), "{}", fell.join("\n"));
    let unknown: Vec<_> = now
        .keys()
        .filter(|name| !known.contains_key(*name))
        .collect();
    assert!(
        unknown.is_empty() || !only.is_empty(),
        "not counted yet: {unknown:?}; bless them"
    );
}

#[test]
fn reasons_are_counted_without_their_names() {
    assert_eq!(normal("`a` on line 12 is `b`"), "… on line N is …");
}
