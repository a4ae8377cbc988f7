//! Rust: the program, on Debian's slim image.

use super::project::{Plan, Project};
use crate::context::manifests::cargo::CargoToml;
use crate::knowledge::{Family, LanguageAction};
use crate::packages::words;
use crate::project::text_in_workdir;
use crate::stage::Mount;
use crate::syntax::Keyword;

/// Crates called `-sys` that link to nothing which a small image lacks: they bring their library, or are of another system.
const HARMLESS: [&str; 14] = [
    "windows-sys",
    "js-sys",
    "web-sys",
    "linux-raw-sys",
    "core-foundation-sys",
    "security-framework-sys",
    "zstd-sys",
    "bzip2-sys",
    "tikv-jemalloc-sys",
    "jemalloc-sys",
    "aws-lc-sys",
    "inotify-sys",
    "fsevent-sys",
    "mimalloc-sys",
];

pub fn plan(project: &Project<'_>) -> Result<Option<Plan>, String> {
    let calls = project.calls();
    let builds: Vec<_> = calls
        .iter()
        .filter(|(_, one)| {
            one.language.manager.id == "cargo" && one.language.action == LanguageAction::Build
        })
        .collect();
    let Some((run, build)) = builds.last() else {
        return Ok(None);
    };
    let line = run.lines.0;
    let words = words(build.call.simple);
    if !words.contains(&Some("--release")) && !words.contains(&Some("-r")) {
        return Err(format!("the build of line {line} is for debugging"));
    }
    for flag in [
        "--target",
        "--target-dir",
        "--manifest-path",
        "--profile",
        "-p",
        "--package",
    ] {
        if words
            .iter()
            .flatten()
            .any(|word| *word == flag || word.starts_with(&format!("{flag}=")))
        {
            return Err(format!("where cargo writes with {flag} is not known"));
        }
    }
    let script = project
        .scene
        .script(run.index)
        .ok_or("the build is not understood")?;
    if !build.call.top_level || script.calls().any(|call| call.name == Some("cd")) {
        return Err(format!("the RUN of line {line} changes its directory"));
    }
    let state = project.state(run.index)?;
    if state.env.get("CARGO_TARGET_DIR").is_some() || state.env.get("CARGO_BUILD_TARGET").is_some()
    {
        return Err("a variable moves what cargo writes".to_owned());
    }
    if Mount::all(run).iter().any(|mount| {
        mount
            .field("target")
            .or_else(|| mount.field("dst"))
            .is_some_and(|target| target.ends_with("target"))
    }) {
        return Err(
            "what cargo writes lies in a cache mount, which is no part of a stage".to_owned(),
        );
    }
    let text = text_in_workdir(project.scene, run.index, "Cargo.toml")
        .ok_or("Cargo.toml is not at hand, so nobody knows what is built")?;
    let manifest = CargoToml::parse(&text)?;
    let name = match manifest.bins.as_slice() {
        [] => manifest.name.clone(),
        [one] => one.name.clone(),
        _ => return Err("Cargo.toml names several programs".to_owned()),
    }
    .ok_or("Cargo.toml names no program")?;
    let lock = text_in_workdir(project.scene, run.index, "Cargo.lock").ok_or(
        "Cargo.lock is not at hand, so nobody knows which libraries the program is linked to",
    )?;
    let crates = || {
        lock.lines()
            .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
    };
    if let Some(linked) = crates().find(|name| name.ends_with("-sys") && !HARMLESS.contains(name)) {
        return Err(format!(
            "{linked} may link the program to a library that the second stage lacks"
        ));
    }
    let output = state
        .workdir
        .join(&format!("target/release/{name}"))
        .ok_or("the working directory of the build is not known")?;
    let last = project.last_step().unwrap_or(run.index);
    project.only_builds(last + 1, true)?;
    let (one, command) = project.command()?;
    let program = command.first().map(String::as_str).unwrap_or_default();
    let runs = match program.starts_with('/') {
        true => program.to_owned(),
        false => format!(
            "{}/{}",
            project.workdir()?.trim_end_matches('/'),
            program.trim_start_matches("./")
        ),
    };
    if runs != output {
        return Err(format!(
            "line {} runs {program}, and the build writes {output}",
            one.lines.0
        ));
    }
    if let Some(user) = project.instruction_of(Keyword::User) {
        let text = user.rest().unwrap_or_default().trim();
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':')
            && text != "nobody"
        {
            return Err(format!("the second stage knows no user called {text}"));
        }
    }
    if let Some(health) = project.instruction_of(Keyword::Healthcheck) {
        return Err(format!(
            "the health check of line {} may need what the second stage lacks",
            health.lines.0
        ));
    }
    let tag = project.image.rsplit(':').next().unwrap_or_default();
    let image = match project.base.family() {
        // A newer C library runs what was linked to an older one.
        Family::Debian => {
            let known = ["bullseye", "bookworm", "trixie"]
                .into_iter()
                .find(|name| tag.contains(name));
            format!("debian:{}-slim", known.unwrap_or("trixie"))
        }
        Family::Alpine => match tag
            .rsplit_once("alpine")
            .map(|(_, version)| version)
            .filter(|version| !version.is_empty())
        {
            Some(version) => format!("alpine:{version}"),
            None => "alpine:3".to_owned(),
        },
        _ => return Err("the system of the base image is not known".to_owned()),
    };
    let mut lines = Vec::new();
    if crates().any(|name| matches!(name, "rustls" | "native-tls" | "rustls-native-certs")) {
        lines.push(project.copy("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/"));
    }
    let place = format!("/usr/local/bin/{name}");
    lines.push(project.copy(&output, &place));
    let mut command = command;
    if let Some(first) = command.first_mut() {
        *first = place;
    }
    Ok(Some(Plan {
        split: last + 1,
        edits: Vec::new(),
        added: 0,
        image,
        lines,
        build_variables: &["CARGO_*", "RUST*"],
        command: Some((one.index, command)),
        leaves: "the Rust toolchain, sources and crates".to_owned(),
    }))
}
