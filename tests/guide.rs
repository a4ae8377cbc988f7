//! The guide to small images as a test: for each of its practices, a naive Dockerfile with a small application goes in, and
//! the practice comes out.
//!
//! A case is a folder `tests/guide/<case>/`:
//!
//! * `Dockerfile`: the naive form
//! * `context/`: the application; the Dockerfile stands in it in spirit
//! * `guide.toml`: what is asked for and what must come of it, see [`Facts`]
//! * `expected`: the Dockerfile that comes out, compared as bytes
//! * `after/`: files beside the Dockerfile that are written
//! * `shown/`: texts that the named transforms show, such as the lines for `compose.yaml`
//!
//! `CAREEN_BLESS=1` writes the last three anew. `cargo test --test guide -- --nocapture` prints the table of practices,
//! transforms, cases and proofs by real builds.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use careen::config::Config;
use careen::context::Context;
use careen::engine::{self, Input, Options, Report};
use careen::knowledge::Knowledge;
use careen::transform::Profile;
use careen::transforms::CHAIN;
use serde::Deserialize;

/// The practices of the guide, in its order. Each has a case.
const SECTIONS: [&str; 20] = [
    "base choice",
    "multi-stage Node",
    "multi-stage Go",
    "multi-stage Python",
    "combined RUN",
    "ordering",
    ".dockerignore",
    "npm caching",
    "pip caching",
    "cache from a registry",
    "build-dependency removal",
    "no-recommends",
    "apk",
    "strip",
    "UPX",
    "non-root",
    "read-only",
    "remove tools",
    "init",
    "optimized Node.js",
];

/// What `guide.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    /// One of [`SECTIONS`].
    section: String,
    /// The level of unsafe changes that is asked for.
    #[serde(default)]
    profile: Profile,
    /// Whether all unsafe changes are asked for.
    #[serde(default, rename = "unsafe")]
    unsafe_changes: bool,
    /// Only these transforms, if any are named.
    #[serde(default)]
    select: Vec<String>,
    /// What `careen.toml` would say.
    #[serde(default)]
    config: Config,
    /// Ids that must have changed something or given advice.
    transforms: Vec<String>,
    /// For a practice that would break this case: part of `id: reason`, of a refusal or of what is held back.
    refused: Option<String>,
    /// Where the result differs from the guide's: why it is better. Empty when it is the same up to names.
    why: String,
}

struct Case {
    name: String,
    folder: PathBuf,
    facts: Facts,
}

#[test]
fn every_practice_of_the_guide_is_reached() {
    let bless = std::env::var_os("CAREEN_BLESS").is_some();
    let cases = cases();
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, check(case, bless).err()?)))
        .collect();
    print_table(&cases);
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_section_has_a_case() {
    let cases = cases();
    let covered: BTreeSet<&str> = cases.iter().map(|case| &*case.facts.section).collect();
    assert_eq!(covered, BTreeSet::from(SECTIONS));
}

fn cases() -> Vec<Case> {
    let folders = common::folders(&common::root().join("tests/guide"));
    folders
        .into_iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            let text = fs::read_to_string(folder.join("guide.toml"))
                .unwrap_or_else(|error| panic!("{name}: guide.toml: {error}"));
            let facts = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            Case {
                name,
                folder,
                facts,
            }
        })
        .collect()
}

fn check(case: &Case, bless: bool) -> Result<(), String> {
    let facts = &case.facts;
    let ids = common::ids();
    let mut named = facts.transforms.iter().chain(&facts.select);
    if let Some(id) = named.find(|id| !ids.contains(&id.as_str())) {
        return Err(format!("no transform is named {id}"));
    }
    if facts.transforms.is_empty() == facts.refused.is_none() {
        return Err("names transforms, or what is refused".to_owned());
    }

    let source = fs::read(case.folder.join("Dockerfile")).map_err(|error| error.to_string())?;
    let report = run(case, &source)?;
    if let Some(skipped) = &report.skipped {
        return Err(format!("skipped: {skipped}"));
    }
    if let Some(id) = facts.transforms.iter().find(|id| !did(&report, id)) {
        return Err(format!("{id} did nothing and gave no advice"));
    }
    if let Some(refused) = &facts.refused {
        let said = said(&report);
        if !said.iter().any(|line| line.contains(refused.as_str())) {
            return Err(format!("says nothing of `{refused}`, only {said:?}"));
        }
    }

    same(&case.folder.join("expected"), &report.rewritten, bless)?;
    let beside = report
        .beside
        .iter()
        .map(|beside| (beside.path.clone(), beside.after.clone()));
    same_files(&case.folder.join("after"), beside.collect(), bless)?;
    same_files(&case.folder.join("shown"), shown(case, &report), bless)?;

    let again = run(case, &report.rewritten)?;
    if again.rewritten != report.rewritten {
        return Err("what came out changes once more".to_owned());
    }
    Ok(())
}

fn run(case: &Case, source: &[u8]) -> Result<Report, String> {
    let folder = case.folder.join("context");
    let path = folder.join("Dockerfile");
    let context = Context::open(&folder, Some(&path)).map_err(|error| error.to_string())?;
    let input = Input {
        source,
        path: Some(&path),
        context: Some(&context),
        knowledge: Knowledge::shipped(),
        config: &case.facts.config,
    };
    let options = Options {
        unsafe_changes: case.facts.unsafe_changes,
        profile: case.facts.profile,
        select: case.facts.select.clone(),
        writes_beside: true,
        ..Options::default()
    };
    engine::run(CHAIN, &input, &options).map_err(|error| error.to_string())
}

/// Whether `id` changed something, or gave advice.
fn did(report: &Report, id: &str) -> bool {
    let advised = |held: &engine::HeldBack| held.id == id && held.held == engine::Held::Advice;
    report.applied.iter().any(|applied| applied.id == id) || report.held_back.iter().any(advised)
}

/// What was refused or held back, as `id: reason`.
fn said(report: &Report) -> Vec<String> {
    let refused = report.refused.iter().map(|one| (one.id, &one.reason));
    let held = report.held_back.iter().map(|one| (one.id, &one.reason));
    refused
        .chain(held)
        .map(|(id, reason)| format!("{id}: {reason}"))
        .collect()
}

/// The snippets of the case's transforms, by title.
fn shown(case: &Case, report: &Report) -> BTreeMap<String, Vec<u8>> {
    let applied = report.applied.iter().map(|one| (one.id, &one.snippets));
    let held = report.held_back.iter().map(|one| (one.id, &one.snippets));
    applied
        .chain(held)
        .filter(|(id, _)| case.facts.transforms.iter().any(|wanted| wanted == id))
        .flat_map(|(_, snippets)| snippets)
        .map(|snippet| {
            let text = format!("{}\n", snippet.text.trim_end());
            (snippet.title.replace('/', "-"), text.into_bytes())
        })
        .collect()
}

/// Compares `bytes` with the file `path`, or writes it.
fn same(path: &Path, bytes: &[u8], bless: bool) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if bless {
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(|error| error.to_string())?;
        fs::write(path, bytes).map_err(|error| error.to_string())?;
    }
    let expected = fs::read(path)
        .map_err(|_| format!("`{name}` is missing; bless it once what comes out is right"))?;
    if expected == bytes {
        Ok(())
    } else {
        Err(format!("{name} became\n{}", String::from_utf8_lossy(bytes)))
    }
}

/// Compares `files` with all that `folder` holds, or writes them.
fn same_files(folder: &Path, files: BTreeMap<String, Vec<u8>>, bless: bool) -> Result<(), String> {
    for (name, bytes) in &files {
        same(&folder.join(name), bytes, bless)?;
    }
    let there = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in there {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !files.contains_key(&name) {
            return Err(format!("nothing like {name} came out"));
        }
    }
    Ok(())
}

/// Section, transforms, case and the proofs of those transforms, a line each.
fn print_table(cases: &[Case]) {
    println!("| Section | Transforms | Case | Proofs | Differs from the guide |");
    println!("|---|---|---|---|---|");
    for section in SECTIONS {
        for case in cases.iter().filter(|case| case.facts.section == section) {
            let facts = &case.facts;
            let transforms = match &facts.refused {
                Some(refused) => format!("refused: {refused}"),
                None => facts.transforms.join(", "),
            };
            let proofs: Vec<_> = facts.transforms.iter().flat_map(|id| proofs(id)).collect();
            let or_none = |text: &str| match text.trim() {
                "" => "-".to_owned(),
                text => text.replace('\n', " "),
            };
            println!(
                "| {section} | {transforms} | tests/guide/{} | {} | {} |",
                case.name,
                or_none(&proofs.join(", ")),
                or_none(&facts.why)
            );
        }
    }
}

/// The cases below `tests/proofs/<id>/` that are no traps, as `id/case`.
fn proofs(id: &str) -> Vec<String> {
    common::folders(&common::root().join("tests/proofs").join(id))
        .iter()
        .filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| !name.starts_with("trap-"))
        .map(|name| format!("{id}/{name}"))
        .collect()
}
