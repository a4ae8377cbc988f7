//! Fixtures: `tests/fixtures/<transform>/<case>/Dockerfile`, run with that transform alone.
//!
//! A case holds, beside its `Dockerfile`: `Dockerfile.after` when something changes (compared as bytes); `context/`
//! when the transform may see a build context (the Dockerfile then stands in it in spirit); `careen.toml`; an empty
//! file `unsafe` when unsafe changes are to be applied; `after/` with files beside the Dockerfile. A case whose name
//! starts with `keeps-` must come back byte for byte and say why, one that starts with `silent-` byte for byte only.
//! Reasons and diff are a snapshot under `snapshots/`. `CAREEN_BLESS=1 cargo test --test fixtures` writes both anew.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use careen::engine::{Options, Report};

#[test]
fn every_case_comes_out_as_written() {
    let bless = std::env::var_os("CAREEN_BLESS").is_some();
    let only = std::env::var("CAREEN_CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    for case in common::fixtures() {
        if !case.name().contains(&only) {
            continue;
        }
        if let Err(what) = check(&case, bless) {
            wrong.push(format!("{}: {what}", case.name()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn check(case: &common::Fixture, bless: bool) -> Result<(), String> {
    let options = Options {
        unsafe_changes: case.folder.join("unsafe").exists(),
        select: vec![case.transform.clone()],
        writes_beside: true,
        ..Options::default()
    };
    let report = case.run(&options)?;
    if let Some(skipped) = &report.skipped {
        return Err(format!("skipped: {skipped}"));
    }
    let changed = report.changes_anything();
    let keeps = case.case.starts_with("keeps-");
    if keeps || case.case.starts_with("silent-") {
        if changed {
            return Err(format!(
                "must come back as it is, but became\n{}",
                String::from_utf8_lossy(&report.rewritten)
            ));
        }
        if keeps && report.refused.is_empty() && report.held_back.is_empty() {
            return Err("says nothing of why it leaves this alone".to_owned());
        }
    } else if !changed && report.held_back.is_empty() {
        let why: Vec<_> = report
            .refused
            .iter()
            .map(|refused| refused.reason.as_str())
            .collect();
        return Err(format!("nothing changed: {}", why.join("; ")));
    }
    let after = case.folder.join("Dockerfile.after");
    if report.original != report.rewritten {
        if bless {
            fs::write(&after, &report.rewritten).map_err(|error| error.to_string())?;
        }
        let expected = fs::read(&after)
            .map_err(|_| "Dockerfile.after is missing; bless it once it is right")?;
        if expected != report.rewritten {
            return Err(format!(
                "became\n{}",
                String::from_utf8_lossy(&report.rewritten)
            ));
        }
    } else if after.exists() {
        return Err("Dockerfile.after is there, but nothing changed".to_owned());
    }
    for beside in &report.beside {
        let path = case.folder.join("after").join(&beside.path);
        if bless {
            fs::create_dir_all(path.parent().unwrap_or(&path))
                .map_err(|error| error.to_string())?;
            fs::write(&path, &beside.after).map_err(|error| error.to_string())?;
        }
        if fs::read(&path).ok().as_deref() != Some(&beside.after) {
            return Err(format!(
                "{} became\n{}",
                beside.path,
                String::from_utf8_lossy(&beside.after)
            ));
        }
    }
    snapshot(case, &report, bless)
}

fn snapshot(case: &common::Fixture, report: &Report, bless: bool) -> Result<(), String> {
    let mut text = String::new();
    for applied in &report.applied {
        let _ = writeln!(
            text,
            "line {}: {:?}: {}",
            applied.line, applied.safety, applied.reason
        );
        for path in &applied.removes {
            let _ = writeln!(text, "    removes {path}");
        }
        for snippet in &applied.snippets {
            let _ = writeln!(text, "    {}:\n{}", snippet.title, indent(&snippet.text));
        }
    }
    for held in &report.held_back {
        let _ = writeln!(
            text,
            "line {}: held back ({:?}): {}",
            held.line, held.held, held.reason
        );
        for snippet in &held.snippets {
            let _ = writeln!(text, "    {}:\n{}", snippet.title, indent(&snippet.text));
        }
    }
    for refused in &report.refused {
        let _ = writeln!(
            text,
            "line {}: left alone: {}",
            refused.line, refused.reason
        );
    }
    let (before, after) = (
        String::from_utf8_lossy(&report.original),
        String::from_utf8_lossy(&report.rewritten),
    );
    let diff = similar::TextDiff::from_lines(before.as_ref(), after.as_ref());
    let _ = write!(text, "{}", diff.unified_diff().context_radius(2));
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(&case.transform)
        .join(format!("{}.snap", case.case));
    if bless {
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| error.to_string())?;
        fs::write(&path, &text).map_err(|error| error.to_string())?;
    }
    let expected = fs::read_to_string(&path)
        .map_err(|_| "its snapshot is missing; bless it once it is right".to_owned())?;
    let normal = |text: &str| text.replace('\r', "");
    if normal(&expected) == normal(&text) {
        Ok(())
    } else {
        Err(format!("says\n{text}\nand not\n{expected}"))
    }
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("        {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
