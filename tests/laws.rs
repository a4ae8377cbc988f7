//! The laws, over fixtures, minimal cases, the corpus, mutations, and chains in random order.

mod common;

#[path = "common/laws.rs"]
mod laws;

use std::sync::atomic::{AtomicUsize, Ordering};

use careen::config::Config;
use careen::engine::{self, Input, Options};
use careen::knowledge::Knowledge;
use careen::transform::{Link, Profile};
use careen::transforms::CHAIN;
use rayon::prelude::*;

/// Every text at hand, with a name.
fn texts() -> Vec<(String, Vec<u8>)> {
    let mut texts: Vec<_> = common::fixtures()
        .iter()
        .map(|case| (case.name(), case.source()))
        .collect();
    for folder in common::folders(&common::root().join("tests/syntax/minimal")) {
        if let Ok(source) = std::fs::read(folder.join("Dockerfile")) {
            texts.push((folder.display().to_string(), source));
        }
    }
    texts.extend(common::corpus().unwrap_or_default());
    texts
}

fn assert_none(wrong: &[String]) {
    let shown: Vec<_> = wrong.iter().take(30).cloned().collect();
    assert!(
        wrong.is_empty(),
        "{} texts break a law:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

#[test]
fn whole_chain_keeps_every_law() {
    let changed = AtomicUsize::new(0);
    let texts = texts();
    let wrong: Vec<String> = texts
        .par_iter()
        .flat_map_iter(|(name, source)| {
            let changed = &changed;
            laws::modes()
                .into_iter()
                .filter_map(move |(mode, options)| {
                    match laws::rewritten(source, &options, &common::run) {
                        Ok(report) => {
                            changed.fetch_add(
                                usize::from(report.rewritten != *source),
                                Ordering::Relaxed,
                            );
                            None
                        }
                        Err(what) => Some(format!("{name} ({mode}): {what}")),
                    }
                })
        })
        .collect();
    eprintln!(
        "{} texts, {} rewritten in one mode or the other",
        texts.len(),
        changed.load(Ordering::Relaxed)
    );
    assert_none(&wrong);
}

#[test]
fn each_level_keeps_every_law() {
    let texts = texts();
    let wrong: Vec<String> = [Profile::Recommended, Profile::Hardened]
        .into_iter()
        .flat_map(|profile| {
            let options = Options {
                profile,
                writes_beside: true,
                ..Options::default()
            };
            texts
                .par_iter()
                .filter_map(|(name, source)| {
                    laws::rewritten(source, &options, &common::run)
                        .err()
                        .map(|what| format!("{name} ({profile:?}): {what}"))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn fixtures_keep_every_law_in_their_place() {
    let wrong: Vec<String> = common::fixtures()
        .par_iter()
        .flat_map_iter(|case| {
            laws::modes()
                .into_iter()
                .filter_map(move |(mode, options)| {
                    let run = |source: &[u8], options: &Options| case.run_on(source, options);
                    laws::rewritten(&case.source(), &options, &run)
                        .err()
                        .map(|what| format!("{} ({mode}): {what}", case.name()))
                })
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn mutations_keep_every_law() {
    let wrong: Vec<String> = texts()
        .par_iter()
        .enumerate()
        .flat_map_iter(|(index, (name, source))| {
            let mut found = Vec::new();
            for (number, text) in laws::mutations(source, index as u64 * 7 + 3)
                .iter()
                .enumerate()
            {
                // Both modes over every mutation would take minutes: they take turns.
                let (mode, options) = &laws::modes()[(index + number) % 2];
                if let Err(what) = laws::rewritten(text, options, &common::run) {
                    found.push(format!("{name} (mutation {number}, {mode}): {what}"));
                }
            }
            found
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn safe_after_unsafe_changes_nothing_that_breaks() {
    let wrong: Vec<String> = texts()
        .par_iter()
        .filter_map(|(name, source)| {
            let [(_, safe), (_, all)] = laws::modes();
            let report = common::run(source, &all).ok()?;
            laws::rewritten(&report.rewritten, &safe, &common::run)
                .err()
                .map(|what| format!("{name}: {what}"))
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn each_transform_alone_comes_to_rest() {
    let texts = texts();
    let wrong: Vec<String> = CHAIN
        .iter()
        .flat_map(|link| {
            texts
                .par_iter()
                .filter_map(|(name, source)| {
                    let options = Options {
                        select: vec![link.id.to_owned()],
                        ..laws::modes()[1].1.clone()
                    };
                    laws::rewritten(source, &options, &common::run)
                        .err()
                        .map(|what| format!("{name}: {}: {what}", link.id))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn chains_in_random_order_come_to_rest() {
    let wrong: Vec<String> = texts()
        .par_iter()
        .enumerate()
        .filter_map(|(index, (name, source))| {
            let mut chain: Vec<Link> = CHAIN.to_vec();
            let mut random = laws::Random(index as u64 * 31 + 7);
            for at in (1..chain.len()).rev() {
                chain.swap(at, random.below(at + 1));
            }
            let run = |source: &[u8], options: &Options| {
                let config = Config::default();
                let input = Input {
                    source,
                    path: None,
                    context: None,
                    knowledge: Knowledge::shipped(),
                    config: &config,
                };
                engine::run(&chain, &input, options).map_err(|error| error.to_string())
            };
            let mode = &laws::modes()[index % 2].1;
            laws::rewritten(source, mode, &run)
                .err()
                .map(|what| format!("{name}: {what}"))
        })
        .collect();
    assert_none(&wrong);
}
