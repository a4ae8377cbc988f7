//! `transforms/findings.md` against the chain and BuildKit's rules; and what is left of BuildKit's findings in the corpus.
//! `cargo test --test findings -- --nocapture` prints the counts.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use careen::checks::{self, Finding, RULES};
use careen::engine::{Options, Report};
use careen::pragma::Pragmas;
use careen::syntax::{Dockerfile, Span};
use careen::transforms::CHAIN;
use rayon::prelude::*;

/// A row of the page.
struct Row {
    rule: String,
    /// Transforms; none when nothing mends it.
    ids: Vec<String>,
    how: String,
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(common::root().join("transforms/findings.md")).unwrap();
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, rule, answer, how, why, _] = cells[..] else {
            panic!("findings.md: four cells a row: {line}");
        };
        if rule == "rule" || rule.starts_with('-') {
            continue;
        }
        let ids: Vec<String> = answer
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        if ids.is_empty() {
            assert!(
                ["open", "out of scope"].contains(&answer),
                "findings.md: {rule}: no transform, and not `open` or `out of scope`: {answer}"
            );
            assert!(
                !why.is_empty(),
                "findings.md: {rule}: {answer} needs a reason"
            );
        } else {
            assert!(
                ["safe", "unsafe", "safe or unsafe", "advice"].contains(&how),
                "findings.md: {rule}: safe, unsafe, safe or unsafe, or advice, not {how:?}"
            );
        }
        rows.push(Row {
            rule: rule.to_owned(),
            ids,
            how: how.to_owned(),
        });
    }
    rows
}

#[test]
fn every_rule_has_one_row() {
    let rows = rows();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.rule.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "findings.md: a rule stands twice");
    for rule in RULES {
        assert!(
            names.contains(rule.name),
            "findings.md: no row for {}",
            rule.name
        );
    }
    for name in names {
        let hadolint = name.strip_prefix("DL").is_some_and(|number| {
            number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        assert!(
            hadolint || RULES.iter().any(|rule| rule.name == name),
            "findings.md: {name} is no rule of BuildKit or hadolint"
        );
    }
}

#[test]
fn the_page_and_the_chain_say_the_same() {
    let rows = rows();
    let mut wrong = Vec::new();
    for link in CHAIN {
        for rule in link.answers {
            match rows.iter().find(|row| row.rule == *rule) {
                None => wrong.push(format!(
                    "{rule}: `{}` answers it in transforms/mod.rs; add a row to transforms/findings.md",
                    link.id
                )),
                Some(row) if !row.ids.iter().any(|id| id == link.id) => wrong.push(format!(
                    "{rule}: `{}` answers it in transforms/mod.rs; name it in the row of transforms/findings.md",
                    link.id
                )),
                Some(_) => {}
            }
        }
    }
    for row in &rows {
        for id in &row.ids {
            match CHAIN.iter().find(|link| link.id == id) {
                None => wrong.push(format!("{}: findings.md names `{id}`, which is no transform", row.rule)),
                Some(link) if !link.answers.contains(&row.rule.as_str()) => wrong.push(format!(
                    "{}: findings.md says that `{id}` mends it; transforms/mod.rs does not (`.answers`)",
                    row.rule
                )),
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was said of a place that a finding stays at, by a transform that mends its rule.
fn said(report: &Report, finding: &Finding, row: &Row, lines: &Dockerfile) -> bool {
    let meets = |id: &str, place: Span| {
        let (first, last) = (lines.line_of(place.start), lines.line_of(place.end));
        let end = lines.line_of(finding.span.end);
        row.ids.iter().any(|known| known == id) && first <= end && last >= finding.line
    };
    report.refused.iter().any(|one| meets(one.id, one.place))
        || report.held_back.iter().any(|one| meets(one.id, one.place))
}

/// Counts of one rule: before, after safe changes, after all.
#[derive(Default)]
struct Counts([usize; 3]);

#[test]
fn what_stays_of_a_finding_that_can_be_mended_is_explained() {
    let Some(corpus) = common::corpus() else {
        return;
    };
    let rows = rows();
    let mode = |unsafe_changes| Options {
        unsafe_changes,
        writes_beside: true,
        ..Options::default()
    };
    let modes = [mode(false), mode(true)];
    let looked: Vec<(BTreeMap<&str, Counts>, Vec<String>)> = corpus
        .par_iter()
        .map(|(name, source)| {
            let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
            let mut silent = Vec::new();
            let original = Dockerfile::parse(source.as_slice());
            for finding in checks::findings(&original) {
                counts.entry(finding.rule).or_default().0[0] += 1;
            }
            for (index, options) in modes.iter().enumerate() {
                let rewritten = match common::run(source, options) {
                    Ok(report) => report.rewritten,
                    Err(error) => {
                        silent.push(format!("{name}: {error}"));
                        continue;
                    }
                };
                let after = Dockerfile::parse(rewritten.as_slice());
                let findings = checks::findings(&after);
                if findings.is_empty() {
                    continue;
                }
                // Run again, so that places are those of the text that has the findings.
                let report = common::run(&rewritten, options).unwrap_or_default();
                let pragmas = Pragmas::of(&after);
                for finding in findings {
                    counts.entry(finding.rule).or_default().0[index + 1] += 1;
                    let Some(row) = rows
                        .iter()
                        .find(|row| row.rule == finding.rule && !row.ids.is_empty())
                    else {
                        continue;
                    };
                    let off = CHAIN.iter().any(|link| {
                        row.ids.iter().any(|id| id == link.id) && pragmas.turns_off(link)
                    });
                    if !off && report.skipped.is_none() && !said(&report, &finding, row, &after) {
                        let level = ["safe", "unsafe"][index];
                        silent.push(format!(
                            "{name}, {level}: {} stays at line {}, and nothing is said of it (mended by {}, {})",
                            finding.rule,
                            finding.line,
                            row.ids.join(", "),
                            row.how
                        ));
                    }
                }
            }
            (counts, silent)
        })
        .collect();
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut silent = Vec::new();
    for (one, said) in looked {
        for (rule, found) in one {
            let sum = counts.entry(rule).or_default();
            for (sum, found) in sum.0.iter_mut().zip(found.0) {
                *sum += found;
            }
        }
        silent.extend(said);
    }
    println!(
        "{:<34} {:>7} {:>7} {:>7}",
        "findings in the corpus", "before", "safe", "unsafe"
    );
    for (rule, Counts([before, safe, all])) in &counts {
        println!("{rule:<34} {before:>7} {safe:>7} {all:>7}");
        assert!(safe <= before && all <= before, "{rule}: rises");
    }
    assert!(
        silent.is_empty(),
        "{} findings stay unexplained:\n{}",
        silent.len(),
        silent[..silent.len().min(40)].join("\n")
    );
}
