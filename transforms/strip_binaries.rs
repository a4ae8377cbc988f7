//! Links programs without symbol tables and debugging data.
//!
//! ## Why
//!
//! A third of a Go program and a quarter of a Rust one is there for a debugger that no container has.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM golang:1.22 AS build
//! WORKDIR /src
//! COPY . .
//! RUN go build -o /out/server ./cmd/server
//!
//! FROM scratch
//! COPY --from=build /out/server /server
//! ENTRYPOINT ["/server"]
//! ```
//!
//! ```diff
//! @@ -1,7 +1,7 @@
//!  FROM golang:1.22 AS build
//!  WORKDIR /src
//!  COPY . .
//! -RUN go build -o /out/server ./cmd/server
//! +RUN go build -ldflags="-s -w" -o /out/server ./cmd/server
//!
//!  FROM scratch
//!  COPY --from=build /out/server /server
//! ```
//!
//! Go gets `-ldflags="-s -w"`, cargo the profile's `strip` by `CARGO_PROFILE_RELEASE_STRIP`, and a C compiler that links gets `-s`.
//! `upx = true` under `[transforms.strip-binaries]` packs Go programs with upx too, in builds that install it.
//!
//! ## When it refuses
//!
//! * The build asks for debugging: `-gcflags`, `-g`, a debugger in the file, cargo without `--release`.
//! * Its linker flags come from a variable.
//! * One RUN builds with cargo and another with cargo too, in a stage that ships: the variable would have to stay.
//!
//! ## Safety
//!
//! Unsafe. The program does the same, but is another file: debuggers and profilers see addresses instead of names. Go's own stack traces keep
//! theirs.
//!
//! ## Known problems
//!
//! cargo builds all dependencies anew once, since the profile is part of what it compares.

use crate::context::manifests::cargo::CargoToml;
use crate::packages::{LanguageUse, language_calls, words};
use crate::project::text_in_workdir;
use crate::shell::{Call, Script, Word};
use crate::style::Style;
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct StripBinaries;

impl Transform for StripBinaries {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for stage in scene
            .stages()
            .stages()
            .iter()
            .filter(|stage| scene.stages().needed(stage.index))
        {
            let mut cargo = Vec::new();
            for index in stage.instructions.clone() {
                let (Some(run), Some(script)) =
                    (scene.file.instructions.get(index), scene.script(index))
                else {
                    continue;
                };
                if run.keyword != Keyword::Run {
                    continue;
                }
                for call in language_calls(script, scene.knowledge) {
                    let verb = call.language.verb_text(&words(call.call.simple));
                    match (call.language.manager.id.as_str(), verb.as_str()) {
                        ("go", "build" | "install") => {
                            proposals.extend(answer(run, go(scene, run, script, &call)))
                        }
                        ("cargo", _) => cargo.push((run, call)),
                        _ => {}
                    }
                }
                for call in script.calls() {
                    proposals.extend(answer(run, c(run, &call)));
                }
            }
            if let Some((run, _)) = cargo.first() {
                proposals.extend(answer(run, rust(scene, stage.index, &cargo)));
            }
        }
        proposals
    }
}

fn answer(run: &Instruction, answer: Result<Option<Change>, String>) -> Option<Proposal> {
    match answer {
        Ok(change) => change.map(Proposal::from),
        Err(reason) => Some(Proposal::refuse(run.span, reason)),
    }
}

/// Where `word` of the script stands in the source.
fn place(run: &Instruction, word: &Word) -> Option<Span> {
    Some(run.source(word.span.shift(run.shell_at()?.start)))
}

fn debugger(scene: &Scene<'_>) -> bool {
    let text = String::from_utf8_lossy(scene.file.source()).into_owned();
    ["go-delve", "dlv ", "gdb", "lldb", "valgrind"]
        .iter()
        .any(|name| text.contains(name))
}

fn go(
    scene: &Scene<'_>,
    run: &Instruction,
    script: &Script,
    one: &LanguageUse<'_>,
) -> Result<Option<Change>, String> {
    let line = run.lines.0;
    let simple = one.call.simple;
    let words = words(simple);
    let state = scene
        .stages()
        .before(run.index)
        .ok_or("the RUN stands outside of a stage")?;
    let tool = words.iter().flatten().any(|word| word.contains('@'));
    if tool || state.env.get("GOFLAGS").is_some() || words.contains(&Some("-buildmode=plugin")) {
        return Ok(None);
    }
    if words
        .iter()
        .flatten()
        .any(|word| word.starts_with("-gcflags") || *word == "-race")
        || debugger(scene)
    {
        return Err(format!("the build of line {line} is for a debugger"));
    }
    let flag = simple.words.iter().position(|word| {
        let raw = word.raw(script);
        raw.trim_start_matches('-').starts_with("ldflags") && raw.starts_with('-')
    });
    let reason = "link without symbol table and debugging data: about a third of a Go program";
    let Some(flag) = flag else {
        let verb = one
            .language
            .verb
            .last()
            .and_then(|at| simple.words.get(*at))
            .ok_or("the build has no words")?;
        let at = place(run, verb).ok_or("the RUN has no script")?.end;
        let mut edits = vec![Edit::insert(at, " -ldflags=\"-s -w\"")];
        edits.extend(upx(scene, run, one));
        return Ok(Some(Change::new(run.span, Safety::Unsafe, reason, edits)));
    };
    let word = simple.words.get(flag).ok_or("the build has no words")?;
    let raw = word.raw(script);
    let (value, skip) = match raw.split_once('=') {
        Some((name, value)) => (value.to_owned(), name.len() + 1),
        None => {
            let next = simple
                .words
                .get(flag + 1)
                .ok_or("the linker flags are missing")?;
            return flags(run, next, next.raw(script), 0, reason, line);
        }
    };
    flags(run, word, &value, skip, reason, line)
}

/// `-s -w` put before the linker flags that are there.
fn flags(
    run: &Instruction,
    word: &Word,
    value: &str,
    skip: usize,
    reason: &str,
    line: usize,
) -> Result<Option<Change>, String> {
    let bare = value.trim_matches(['"', '\'']);
    let has = |flag: &str| {
        bare.split_whitespace()
            .any(|one| one == flag || one == format!("-{flag}"))
    };
    if has("-s") {
        return Ok(None);
    }
    if bare.starts_with('$') && !bare.contains(' ') {
        return Err(format!(
            "the linker flags of line {line} come from a variable"
        ));
    }
    let at = place(run, word).ok_or("the RUN has no script")?;
    let ours = if has("-w") { "-s " } else { "-s -w " };
    let start = at.start + skip;
    let edits = if value.starts_with(['"', '\'']) {
        let ours = if bare.is_empty() {
            ours.trim_end()
        } else {
            ours
        };
        vec![Edit::insert(start + 1, ours)]
    } else {
        vec![
            Edit::insert(start, format!("\"{ours}")),
            Edit::insert(at.end, "\""),
        ]
    };
    Ok(Some(Change::new(run.span, Safety::Unsafe, reason, edits)))
}

/// `&& upx …` behind a build, when the user wants it and the file brings it.
fn upx(scene: &Scene<'_>, run: &Instruction, one: &LanguageUse<'_>) -> Option<Edit> {
    let wanted = scene.config.flag("strip-binaries", "upx") == Some(true);
    let installed = String::from_utf8_lossy(scene.file.source()).contains("upx");
    let simple = one.call.simple;
    let output = one.language.values_of(&words(simple), &["-o".to_owned()]);
    let output = output.first().copied().flatten()?;
    let last = simple.words.last()?;
    (wanted && installed && one.call.top_level).then(|| {
        Some(Edit::insert(
            place(run, last)?.end,
            format!(" && upx --best --lzma {output}"),
        ))
    })?
}

fn c(run: &Instruction, call: &Call<'_>) -> Result<Option<Change>, String> {
    let compiler = call
        .program()
        .is_some_and(|name| matches!(name, "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++"));
    let Some(words) = call.literals().filter(|_| compiler) else {
        return Ok(None);
    };
    let links = words.contains(&"-o")
        && !words.iter().any(|word| {
            matches!(
                *word,
                "-c" | "-E" | "-S" | "-s" | "-shared" | "-Wl,-s" | "-r" | "-fsyntax-only"
            )
        });
    if !links {
        return Ok(None);
    }
    if words
        .iter()
        .any(|word| word.starts_with("-g") || word.starts_with("-fsanitize") || *word == "-pg")
    {
        return Err(format!(
            "the compiler of line {} is asked for debugging data",
            run.lines.0
        ));
    }
    let program = call
        .simple
        .words
        .first()
        .ok_or("the compiler has no name")?;
    let at = place(run, program).ok_or("the RUN has no script")?.end;
    let reason = "link without symbol table: no debugger runs beside the program";
    Ok(Some(Change::new(
        run.span,
        Safety::Unsafe,
        reason,
        vec![Edit::insert(at, " -s")],
    )))
}

fn rust(
    scene: &Scene<'_>,
    stage: usize,
    calls: &[(&Instruction, LanguageUse<'_>)],
) -> Result<Option<Change>, String> {
    const VARIABLE: &str = "CARGO_PROFILE_RELEASE_STRIP";
    let releases = |one: &LanguageUse<'_>| {
        let words = words(one.call.simple);
        let verb = one.language.verb_text(&words);
        match verb.as_str() {
            "build" | "b" => words.contains(&Some("--release")) || words.contains(&Some("-r")),
            "install" => words.contains(&Some("--path")) && !words.contains(&Some("--debug")),
            _ => false,
        }
    };
    let Some((build, one)) = calls.iter().find(|(_, one)| releases(one)) else {
        return Ok(None);
    };
    let Some((first, _)) = calls.first() else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(scene.file.source()).into_owned();
    if text.contains(VARIABLE)
        || text.contains("strip=")
        || text.contains("\nRUN strip ")
        || text.contains("&& strip ")
    {
        return Ok(None);
    }
    if debugger(scene) {
        return Err(format!(
            "the build of line {} is for a debugger",
            build.lines.0
        ));
    }
    let manifest = text_in_workdir(scene, build.index, "Cargo.toml")
        .and_then(|text| CargoToml::parse(&text).ok());
    if manifest.is_some_and(|manifest| manifest.release_strip.is_some()) {
        return Ok(None);
    }
    let reason = "link without symbols: about a quarter of a Rust program";
    if !scene.stages().ships(stage) {
        // One value for all steps, so that dependencies that were built before are not built again.
        let above = scene.file.comments_above(first.index);
        let start = above
            .first()
            .map_or(first.span.start, |comment| comment.span.start);
        let before = scene.file.source().get(..start).unwrap_or_default();
        let at = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let upper = first.keyword_text().iter().any(u8::is_ascii_uppercase);
        let keyword = if upper { "ENV" } else { "env" };
        let end = Style::of(scene.file, &[first]).line_end;
        let edit = Edit::insert(at, format!("{keyword} {VARIABLE}=true{end}"));
        return Ok(Some(
            Change::new(build.span, Safety::Unsafe, reason, vec![edit]).fewer(-1),
        ));
    }
    if calls.len() > 1 {
        return Err(format!(
            "cargo runs {} times in a stage that ships, and the variable would stay in the image",
            calls.len()
        ));
    }
    let program = one
        .call
        .simple
        .words
        .get(one.language.program)
        .ok_or("the build has no words")?;
    if one.language.program != 0 {
        return Err(format!(
            "the build of line {} is no plain command",
            build.lines.0
        ));
    }
    let at = place(build, program).ok_or("the RUN has no script")?.start;
    let edit = Edit::insert(at, format!("{VARIABLE}=true "));
    Ok(Some(Change::new(
        build.span,
        Safety::Unsafe,
        reason,
        vec![edit],
    )))
}
