//! How much merge-runs does on the corpus: of neighbouring RUNs that one manager's update, install and cleanup are spread
//! over, at least four in five are joined; what stays apart has a reason.

mod common;

use std::collections::BTreeMap;

use careen::checks;
use careen::engine::Options;
use careen::syntax::{Dockerfile, Instruction, Keyword};

/// Managers that share lists, and words that stand for their work; looked for in the text, not through the tables that
/// the transform itself asks.
const FAMILIES: [(&[&str], &[&str]); 5] = [
    (
        &["apt-get", "apt"],
        &["/var/lib/apt/lists", "/var/cache/apt"],
    ),
    (&["apk"], &["/var/cache/apk"]),
    (
        &["yum", "dnf", "microdnf"],
        &["/var/cache/yum", "/var/cache/dnf"],
    ),
    (&["zypper"], &["/var/cache/zypp"]),
    (&["pacman"], &["/var/cache/pacman"]),
];
const WORK: [&str; 12] = [
    "update",
    "install",
    "add",
    "upgrade",
    "dist-upgrade",
    "makecache",
    "clean",
    "autoclean",
    "-S",
    "-Sy",
    "-Syu",
    "-Syy",
];

/// What a RUN does with each family: works with it, or removes its lists.
fn touches(instruction: &Instruction) -> [bool; 5] {
    let text = instruction.logical.text();
    let words: Vec<&str> = text
        .split(|one: char| one.is_whitespace() || ";&|()".contains(one))
        .filter(|word| !word.is_empty())
        .collect();
    FAMILIES.map(|(names, places)| {
        let works = words.iter().enumerate().any(|(at, word)| {
            let rest = words[at + 1..]
                .iter()
                .take_while(|word| !names.contains(word));
            names.contains(word) && rest.take(6).any(|word| WORK.contains(word))
        });
        let cleans = words.contains(&"rm") && places.iter().any(|place| text.contains(place));
        works || cleans
    })
}

/// Neighbouring RUNs of one form that the same family's work is spread over; the line of the second.
fn spread(file: &Dockerfile) -> Vec<usize> {
    let shell = |one: &Instruction| one.keyword == Keyword::Run && one.shell_at().is_some();
    let flags = |one: &Instruction| {
        one.flags
            .iter()
            .map(|flag| flag.text.clone())
            .collect::<Vec<_>>()
    };
    file.instructions
        .windows(2)
        .filter(|pair| pair.iter().all(shell) && flags(&pair[0]) == flags(&pair[1]))
        .filter(|pair| {
            let (a, b) = (touches(&pair[0]), touches(&pair[1]));
            a.iter().zip(b).any(|(a, b)| *a && b)
        })
        .map(|pair| pair[1].lines.0)
        .collect()
}

#[test]
fn what_belongs_together_is_joined() {
    let Some(corpus) = common::corpus() else {
        return;
    };
    let options = Options {
        select: vec!["merge-runs".to_owned()],
        ..Options::default()
    };
    let (mut files, mut changed, mut before, mut after) = (0, 0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (name, source) in &corpus {
        // What a builder refuses is left alone.
        if checks::accepts(&Dockerfile::parse(source.as_slice())).is_err() {
            continue;
        }
        let report = common::run(source, &options).unwrap();
        files += 1;
        let left = spread(&Dockerfile::parse(report.rewritten.as_slice()));
        changed += usize::from(report.changes_anything());
        before += spread(&Dockerfile::parse(source.as_slice())).len();
        after += left.len();
        for refused in &report.refused {
            *reasons.entry(refused.reason.clone()).or_default() += 1;
        }
        if report.refused.is_empty() && !left.is_empty() {
            eprintln!("{name}: nothing said of the RUN of line {left:?} of the result");
        }
    }
    let refused: usize = reasons.values().sum();
    let opaque: usize = reasons
        .iter()
        .filter(|(reason, _)| reason.contains("not understood"))
        .map(|(_, count)| count)
        .sum();
    eprintln!(
        "{files} files, {changed} changed; {before} spread pairs, {after} left; {refused} refusals"
    );
    let mut sorted: Vec<_> = reasons.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in sorted {
        eprintln!("{count:>5} {reason}");
    }
    // A smaller corpus has its own figures; the shares hold for any.
    assert!(
        after * 5 <= before,
        "{after} of {before} spread pairs stay apart"
    );
    assert!(
        opaque * 20 <= refused,
        "{opaque} of {refused} refusals are `not understood`"
    );
    if files > 800 {
        assert!(changed >= 100, "{changed} files changed");
    }
}
