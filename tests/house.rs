//! Rules about the repository itself.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use careen::config::Config;
use careen::context::Context;
use careen::engine::{self, Input, Options};
use careen::knowledge::Knowledge;
use careen::report::{Entry, Paint, diff, page};
use careen::transforms::CHAIN;

const SECTIONS: [&str; 5] = [
    "## Why",
    "## Example",
    "## When it refuses",
    "## Safety",
    "## Known problems",
];

/// All files below `folder` with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_transform_has_a_whole_page() {
    for link in CHAIN {
        let text = page::markdown(link.page);
        assert!(
            !page::summary(link.page).is_empty(),
            "{}: the page opens with one sentence",
            link.id
        );
        let mut last = 0;
        for section in SECTIONS {
            let at = text
                .find(section)
                .unwrap_or_else(|| panic!("{}: the page has no section {section}", link.id));
            assert!(at >= last, "{}: {section} stands too early", link.id);
            last = at;
        }
    }
}

/// The fenced blocks of a page: what follows the three backticks, and the text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_example_is_what_the_tool_does() {
    for link in CHAIN {
        let text = page::markdown(link.page);
        let blocks = blocks(&text);
        let folder = tempfile::tempdir().unwrap();
        let mut has_context = false;
        let mut source = None;
        let mut examples = 0;
        for (info, body) in &blocks {
            if let Some(path) = info.strip_prefix("file:") {
                has_context = true;
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, body).unwrap();
            } else if info == "dockerfile" {
                source = Some(body.clone());
            } else if info == "diff" {
                let Some(source) = source.take() else {
                    panic!("{}: a diff without a dockerfile above it", link.id)
                };
                let path = folder.path().join("Dockerfile");
                let context =
                    has_context.then(|| Context::open(folder.path(), Some(&path)).unwrap());
                let config = Config::default();
                let input = Input {
                    source: source.as_bytes(),
                    path: has_context.then_some(path.as_path()),
                    context: context.as_ref(),
                    knowledge: Knowledge::shipped(),
                    config: &config,
                };
                let options = Options {
                    unsafe_changes: true,
                    select: vec![link.id.to_owned()],
                    writes_beside: true,
                    ..Options::default()
                };
                let report = engine::run(CHAIN, &input, &options).unwrap();
                let mut diff = String::new();
                let mut all = vec![(report.original.clone(), report.rewritten.clone())];
                all.extend(report.beside.iter().map(|beside| {
                    (
                        beside.before.clone().unwrap_or_default(),
                        beside.after.clone(),
                    )
                }));
                for (before, after) in all {
                    let (before, after) = (
                        String::from_utf8(before).unwrap(),
                        String::from_utf8(after).unwrap(),
                    );
                    diff.push_str(
                        &similar::TextDiff::from_lines(&before, &after)
                            .unified_diff()
                            .to_string(),
                    );
                }
                let why: Vec<_> = report
                    .refused
                    .iter()
                    .map(|refused| &refused.reason)
                    .collect();
                assert_eq!(
                    normal(&diff),
                    normal(body),
                    "{}: the example; refused: {why:?}",
                    link.id
                );
                examples += 1;
            }
        }
        let advice = text.contains("```advice");
        assert!(
            examples > 0 || advice,
            "{}: the page has no example",
            link.id
        );
    }
}

/// A blank line of context is a space in a diff, and nothing on a page.
fn normal(diff: &str) -> String {
    diff.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_transform_has_cases_and_every_case_a_transform() {
    let ids: BTreeSet<&str> = CHAIN.iter().map(|link| link.id).collect();
    assert_eq!(ids.len(), CHAIN.len(), "an id stands twice in the chain");
    let cases = common::fixtures();
    for case in &cases {
        assert!(
            ids.contains(case.transform.as_str()),
            "tests/fixtures/{}: no such transform",
            case.transform
        );
    }
    for id in ids {
        let of = |keeps: bool| {
            cases.iter().any(|case| {
                case.transform == id
                    && keeps
                        == (case.case.starts_with("keeps-") || case.case.starts_with("silent-"))
            })
        };
        assert!(of(false), "{id}: no case that changes something");
        assert!(of(true), "{id}: no case that comes back as it is");
    }
    for folder in common::folders(&common::root().join("snapshots")) {
        for snapshot in files(&folder, "snap") {
            let (transform, case) = (folder.file_name().unwrap(), snapshot.file_stem().unwrap());
            let fixture = common::root()
                .join("tests/fixtures")
                .join(transform)
                .join(case);
            assert!(fixture.is_dir(), "{}: no such case", snapshot.display());
        }
    }
}

#[test]
fn no_transform_is_named_in_src() {
    for path in files(&common::root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for link in CHAIN {
            let named = text.lines().find(|line| {
                line.contains(&format!("\"{}\"", link.id))
                    || line.contains(&format!("`{}`", link.id))
            });
            assert_eq!(named, None, "{}: names {}", path.display(), link.id);
        }
    }
}

/// Rooms from the lowest up: what a room may use stands before it.
const ROOMS: &[&str] = &[
    "syntax",
    "shell",
    "knowledge",
    "packages",
    "config",
    "stage",
    "context",
    "checks",
    "cache",
    "transform",
    "project",
    "style",
    "runtime",
    "splice",
    "gate",
    "pragma",
    "engine",
    "report",
    "verify",
    "transforms",
    "cli",
    "main",
    "lib",
];

#[test]
fn data_flows_one_way() {
    let src = common::root().join("src");
    for path in files(&src, "rs") {
        let relative = path.strip_prefix(&src).unwrap();
        let room = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .replace(".rs", "");
        let level = ROOMS
            .iter()
            .position(|known| *known == room)
            .unwrap_or_else(|| panic!("{room}: a room without a level"));
        let text = fs::read_to_string(&path).unwrap();
        // Tests at a file's end may look up.
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let mut rest = line;
            while let Some(at) = rest.find("crate::") {
                rest = &rest[at + 7..];
                let used: String = rest
                    .chars()
                    .take_while(|found| found.is_alphanumeric() || *found == '_')
                    .collect();
                if let Some(other) = ROOMS.iter().position(|known| *known == used) {
                    assert!(
                        other <= level,
                        "{}: {room} may not use {used}: {line}",
                        relative.display()
                    );
                }
            }
        }
    }
}

#[test]
fn reasons_read_alike() {
    for case in common::fixtures() {
        let options = Options {
            unsafe_changes: true,
            writes_beside: true,
            select: vec![case.transform.clone()],
            ..Options::default()
        };
        let report = case
            .run(&options)
            .unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        let applied = report.applied.iter().map(|one| &one.reason);
        let held = report.held_back.iter().map(|one| &one.reason);
        for reason in applied
            .chain(held)
            .chain(report.refused.iter().map(|one| &one.reason))
        {
            assert!(
                !reason.ends_with('.') && !reason.is_empty(),
                "{}: {reason}",
                case.name()
            );
            assert!(!reason.contains('\n'), "{}: {reason}", case.name());
            let first = reason.chars().next().unwrap_or(' ');
            let word: String = reason
                .chars()
                .take_while(|found| found.is_alphanumeric())
                .collect();
            let name = word.chars().any(char::is_uppercase) && word.len() > 1;
            assert!(
                !first.is_uppercase() || name,
                "{}: starts in lower case: {reason}",
                case.name()
            );
        }
    }
}

/// One row a transform: its name, how safe it is by its page, and what it does.
fn table() -> String {
    let mut table = String::from("| transform | safety | what it does |\n| --- | --- | --- |\n");
    for link in CHAIN {
        let text = page::markdown(link.page);
        let safety = text.split("## Safety").nth(1).unwrap_or("").trim();
        let word: String = safety
            .chars()
            .take_while(|found| found.is_alphabetic())
            .collect();
        assert!(
            ["Safe", "Unsafe", "Advice"].contains(&word.as_str()),
            "{}: Safety opens with Safe, Unsafe or Advice",
            link.id
        );
        let off = if link.on { "" } else { ", off by default" };
        table.push_str(&format!(
            "| `{}` | {}{off} | {} |\n",
            link.id,
            word.to_lowercase(),
            page::summary(link.page)
        ));
    }
    table
}

/// What stands between `<!-- name: start -->` and `<!-- name: end -->` of the README is `wanted`, or becomes it.
fn holds(name: &str, wanted: &str) {
    let path = common::root().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (start, end) = (
        format!("<!-- {name}: start -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let from = text.find(&start).expect("the README has this part") + start.len();
    let to = text.find(&end).expect("the README's part ends");
    if std::env::var_os("CAREEN_BLESS").is_some() {
        fs::write(&path, format!("{}{wanted}{}", &text[..from], &text[to..])).unwrap();
        return;
    }
    assert_eq!(
        &text[from..to],
        wanted,
        "CAREEN_BLESS=1 cargo test --test house writes it anew"
    );
}

#[test]
fn the_readme_is_current() {
    holds("transforms", &table());
    holds("example", &example());
}

/// The diff for `tests/example/Dockerfile`, as `careen fix` prints it.
fn example() -> String {
    let folder = common::root().join("tests/example");
    let path = folder.join("Dockerfile");
    let context = Context::open(&folder, Some(&path)).unwrap();
    let config = Config::default();
    let input = Input {
        source: &fs::read(&path).unwrap(),
        path: Some(&path),
        context: Some(&context),
        knowledge: Knowledge::shipped(),
        config: &config,
    };
    let options = Options {
        writes_beside: true,
        ..Options::default()
    };
    let entry = Entry {
        path: b"Dockerfile".to_vec(),
        context: Vec::new(),
        outcome: Ok(engine::run(CHAIN, &input, &options).unwrap()),
        buys: None,
    };
    let diff = String::from_utf8(diff::entry(&entry, Paint(false))).unwrap();
    assert!(diff.contains("\n+"), "the example changes nothing");
    format!("```diff\n{diff}```\n")
}
