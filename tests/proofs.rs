//! Proofs by real builds: each case is built before and after the rewrite, and the images are compared.
//!
//! A case is a folder, `tests/proofs/<transform>/<case>/`:
//!
//! * `Dockerfile`: the original
//! * `context/`: the build context; none means an empty one
//! * `case.toml`: what is to be seen, see [`Facts`]
//! * `naive.Dockerfile`: for a trap, what a tool that knows less would write; it must be found out
//! * `after.Dockerfile`: stands for the engine's rewrite, in `planted/`, where the comparer itself is on trial
//! * `fill.Dockerfile`: for cases with cache mounts, another project that fills the cache first
//!
//! It needs an engine, and says how to get one when there is none. `CAREEN_PROOFS=1` makes a missing engine a failure,
//! `CAREEN_CASE=merge-runs/` runs only cases whose name holds that text.
#![cfg(feature = "verify")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use careen::config::Config;
use careen::context::Context;
use careen::engine::{self, Input, Options};
use careen::knowledge::Knowledge;
use careen::syntax::{Dockerfile, Keyword};
use careen::transform::{Change, Edit, Link, Proposal, Safety, Scene, Transform};
use careen::transforms::CHAIN;
use careen::verify::builder::{BuildError, Builder, Placed, Program, Source};
use careen::verify::log::Log;
use careen::verify::rebuild::Copied;
use careen::verify::verdict::{Verdict, bytes};
use careen::verify::{Outcome, Request, VerifyError, verify};
use serde::Deserialize;

/// What `case.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    /// What the case shows, in one sentence.
    shows: String,
    /// Whether unsafe changes are applied too.
    #[serde(default)]
    kind: Kind,
    /// What must come of it.
    expect: Expect,
    /// The base images that it builds on, with their tags.
    bases: Vec<String>,
    /// A file below the context; its edit is timed.
    touch: Option<PathBuf>,
    /// So many steps at least must come from the cache when `touch` was edited.
    #[serde(default)]
    min_cached: usize,
    /// Whether it is built from cold, filled and pruned cache mounts.
    #[serde(default)]
    mounts: bool,
    /// In `planted/`: the state of the cache mounts, `cold`, `filled` or `pruned`, in which the rewrite must be found out.
    breaks_when: Option<String>,
    /// What must come of `naive.Dockerfile`.
    naive: Option<Naive>,
    /// Globs of paths, and `config:FIELD`: each must be among the differences that are found.
    #[serde(default)]
    differs: Vec<String>,
    /// Packages that must be named as removed.
    #[serde(default)]
    packages_removed: Vec<String>,
    /// With `after.Dockerfile`: globs that the rewrite declares as removed.
    #[serde(default)]
    removes: Vec<String>,
    /// What `careen.toml` would say.
    #[serde(default)]
    config: Config,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Safe,
    Unsafe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    /// The file is changed, the image is not.
    Equal,
    /// The image is changed, in what `differs` says.
    Different,
    /// The file is changed, and both builds fail alike.
    Fails,
    /// The file comes back byte for byte.
    Untouched,
    /// Whatever is done to the file, the image is equal, or both builds fail alike.
    Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Naive {
    /// The image differs.
    Different,
    /// It doesn't build, though the original does.
    Fails,
    /// It builds, though the original doesn't.
    Passes,
    /// Neither builds, but another command is the one that fails.
    FailsElsewhere,
}

#[derive(Debug)]
struct Case {
    /// `merge-runs/update-and-install`
    name: String,
    folder: PathBuf,
    facts: Facts,
}

impl Case {
    fn transform(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.join(name)).filter(|path| path.is_file())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All cases in order of their names.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transform in folders(&root().join("tests/proofs")) {
        for folder in folders(&transform) {
            let part = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
            let name = format!("{}/{}", part(&transform), part(&folder));
            let path = folder.join("case.toml");
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let facts = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            cases.push(Case {
                name,
                folder,
                facts,
            });
        }
    }
    cases
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(of)
        .unwrap_or_else(|error| panic!("{}: {error}", of.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Past the capture of the test harness: what is skipped is said aloud, and progress of minutes is shown.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn cases_are_well_formed() {
    for case in cases() {
        let (name, facts) = (&case.name, &case.facts);
        let dockerfile = case.file("Dockerfile").expect(name);
        let file = Dockerfile::parse(fs::read(dockerfile).unwrap());
        assert!(file.errors.is_empty(), "{name}: {:?}", file.errors);
        assert!(!facts.shows.is_empty() && !facts.bases.is_empty(), "{name}");
        assert_eq!(
            facts.naive.is_some(),
            case.file("naive.Dockerfile").is_some(),
            "{name}: `naive` and naive.Dockerfile go together"
        );
        assert!(
            facts.expect != Expect::Untouched || facts.naive.is_some(),
            "{name}: a trap needs a naive.Dockerfile that is caught in it"
        );
        assert_eq!(
            case.transform() == "planted",
            case.file("after.Dockerfile").is_some(),
            "{name}: after.Dockerfile belongs into planted/"
        );
        assert!(
            facts.expect != Expect::Different || !facts.differs.is_empty(),
            "{name}: say what differs"
        );
        if let Some(touch) = &facts.touch {
            assert!(case.folder.join("context").join(touch).is_file(), "{name}");
        }
    }
}

#[test]
fn proofs() {
    let started = Instant::now();
    let required = std::env::var_os("CAREEN_PROOFS").is_some_and(|value| value != "0");
    let wanted = std::env::var("CAREEN_CASE").unwrap_or_default();
    if !engine_answers(required) {
        return;
    }
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.name.contains(&wanted))
        .collect();
    bases(cases.iter().flat_map(|case| &case.facts.bases));
    say(&format!(
        "{} cases; bases ready after {:.0} s",
        cases.len(),
        started.elapsed().as_secs_f32()
    ));

    let failures = Mutex::new(Vec::new());
    let run = |case: &Case| {
        let started = Instant::now();
        let mut result = prove(case, CHAIN, required);
        // A registry that does not answer is no verdict on a rewrite.
        if let Err(why) = &result
            && why.contains("the original Dockerfile does not build")
        {
            say(&format!("          {}: once more, {why}", case.name));
            result = prove(case, CHAIN, required);
        }
        let seconds = started.elapsed().as_secs_f32();
        match result {
            Ok(line) => say(&format!("  {seconds:6.1} s  {}: {line}", case.name)),
            Err(why) => {
                say(&format!("  {seconds:6.1} s  {}: FAILED: {why}", case.name));
                failures
                    .lock()
                    .unwrap()
                    .push(format!("{}: {why}", case.name));
            }
        }
    };
    // Cases with cache mounts empty the mounts of the whole builder: they run alone, after the others.
    let (alone, together): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| case.facts.mounts);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(case);
                }
            });
        }
    });
    alone.into_iter().for_each(run);
    say(&format!(
        "proofs took {:.0} s",
        started.elapsed().as_secs_f32()
    ));
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// A transform that is wrong: it takes the last RUN away and calls that safe.
struct DropsTheLastRun;

impl Transform for DropsTheLastRun {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut runs = scene.file.instructions.iter().rev();
        let last = runs.find(|instruction| instruction.keyword == Keyword::Run);
        last.filter(|run| run.index > 1)
            .map(|run| {
                let edits = vec![Edit::delete(run.whole)];
                Change::new(run.span, Safety::Safe, "nobody needs it", edits).fewer(1)
            })
            .map(Proposal::from)
            .into_iter()
            .collect()
    }
}

#[test]
fn a_wrong_transform_is_caught() {
    if !engine_answers(false) {
        return;
    }
    static WRONG: DropsTheLastRun = DropsTheLastRun;
    let chain = [Link::new("drops-the-last-run", "", &WRONG)];
    let folder = tempfile::tempdir().unwrap();
    let case = Case {
        name: "drops-the-last-run/planted".to_owned(),
        folder: folder.path().to_owned(),
        facts: toml::from_str("shows = 'x'\nexpect = 'equal'\nbases = ['busybox:1']").unwrap(),
    };
    bases(&case.facts.bases);
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM busybox:1\nRUN echo a > /a\nRUN echo b > /b\n",
    )
    .unwrap();
    let why = prove(&case, &chain, true).unwrap_err();
    assert!(why.contains("/b: removed"), "{why}");
}

fn engine_answers(required: bool) -> bool {
    let answers = Program::Buildx.answers();
    if !answers {
        say(
            "SKIPPED: no Docker engine answers, so nothing is proved. To run the proofs:\n  \
             tests/judge/dockerd start && eval \"$(tests/judge/dockerd env)\" && cargo test --test proofs",
        );
        assert!(!required, "CAREEN_PROOFS is set, and no engine answers");
    }
    answers
}

/// Makes the base images that are not there yet.
fn bases<'a>(names: impl IntoIterator<Item = &'a String>) {
    let names: BTreeSet<&String> = names.into_iter().collect();
    let status = Command::new(root().join("tests/judge/bases"))
        .args(names)
        .status()
        .expect("tests/judge/bases runs");
    assert!(status.success(), "the base images can't be made");
}

/// Proves one case: what was seen, or what is wrong.
fn prove(case: &Case, chain: &[Link], required: bool) -> Result<String, String> {
    let empty = tempfile::tempdir().map_err(text)?;
    let context = Some(case.folder.join("context")).filter(|context| context.is_dir());
    let context = context.unwrap_or_else(|| empty.path().to_owned());
    let dockerfile = case.folder.join("Dockerfile");
    let original = fs::read(&dockerfile).map_err(text)?;
    let mut builder = Builder::new(Program::Buildx, root().join("target/proofs"));
    builder.options.push("--network=host".to_owned());
    let trial = Trial {
        case,
        request: Request {
            dockerfile,
            context,
            builder,
            touch: case.facts.touch.iter().cloned().collect(),
            runs: 1,
        },
        original,
    };
    let mut lines = Vec::new();
    if case.file("after.Dockerfile").is_none()
        && !chain.iter().any(|link| link.id == case.transform())
    {
        if required {
            return Err(format!("the chain has no {}", case.transform()));
        }
        lines.push(format!("SKIPPED, the chain has no {}", case.transform()));
    } else {
        let (rewritten, removes) = trial.rewrite(chain)?;
        // What is planted to break in one state of the mounts may break in the state that they happen to be in.
        if case.facts.breaks_when.is_none() {
            lines.push(trial.expected(&rewritten, &removes)?);
        }
        if case.facts.mounts {
            lines.push(trial.mounts(&rewritten, &removes)?);
        }
    }
    if let Some(naive) = case.facts.naive {
        lines.push(trial.naive(naive)?);
    }
    Ok(lines.join("; "))
}

struct Trial<'a> {
    case: &'a Case,
    request: Request,
    original: Vec<u8>,
}

impl Trial<'_> {
    /// The engine's rewrite, or the one that was planted, and what it declares as removed.
    fn rewrite(&self, chain: &[Link]) -> Result<(Vec<u8>, Vec<String>), String> {
        if let Some(after) = self.case.file("after.Dockerfile") {
            let after = fs::read(after).map_err(text)?;
            return Ok((after, self.case.facts.removes.clone()));
        }
        let dockerfile = &self.request.dockerfile;
        let context = Context::open(&self.request.context, Some(dockerfile)).map_err(text)?;
        let options = Options {
            unsafe_changes: self.case.facts.kind == Kind::Unsafe,
            select: vec![self.case.transform().to_owned()],
            ..Options::default()
        };
        let input = Input {
            source: &self.original,
            path: Some(dockerfile),
            context: Some(&context),
            knowledge: Knowledge::shipped(),
            config: &self.case.facts.config,
        };
        let report = engine::run(chain, &input, &options).map_err(text)?;
        let removes = report
            .applied
            .iter()
            .flat_map(|applied| applied.removes.iter().cloned())
            .collect();
        Ok((report.rewritten, removes))
    }

    fn expected(&self, rewritten: &[u8], removes: &[String]) -> Result<String, String> {
        let facts = &self.case.facts;
        let touched = rewritten != self.original;
        let shown = || String::from_utf8_lossy(rewritten).into_owned();
        match facts.expect {
            Expect::Untouched if touched => {
                return Err(format!("was to be left alone, became\n{}", shown()));
            }
            Expect::Untouched => return Ok("untouched".to_owned()),
            Expect::Holds if !touched => return Ok("holds, untouched".to_owned()),
            Expect::Equal | Expect::Different | Expect::Fails if !touched => {
                return Err("nothing was changed".to_owned());
            }
            _ => {}
        }
        match self.verify(&self.request, rewritten, removes) {
            Ok(outcome) => {
                if facts.expect == Expect::Fails {
                    return Err("was to fail, and builds".to_owned());
                }
                let verdict = &outcome.verdict;
                if facts.expect == Expect::Different {
                    different(verdict, facts)?;
                } else if !verdict.is_equal() {
                    return Err(format!("{verdict}\nthe rewritten file:\n{}", shown()));
                }
                rebuilt(&outcome, facts)?;
                Ok(line(&outcome))
            }
            Err(VerifyError::Original(BuildError::Failed { .. }))
                if matches!(facts.expect, Expect::Fails | Expect::Holds) =>
            {
                let after = self.fresh("after", rewritten)?;
                match after {
                    None => Err(format!(
                        "fails before, and builds after the rewrite:\n{}",
                        shown()
                    )),
                    Some(after) => self.alike(&after).map(|()| "fails alike".to_owned()),
                }
            }
            Err(error) => Err(format!("{error}\nthe rewritten file:\n{}", shown())),
        }
    }

    /// The trap closes on `naive.Dockerfile`, or it is none.
    fn naive(&self, expected: Naive) -> Result<String, String> {
        let naive = self.case.file("naive.Dockerfile").ok_or("no naive file")?;
        let naive = fs::read(naive).map_err(text)?;
        let seen = match self.verify(&self.request, &naive, &self.case.facts.removes) {
            Ok(outcome) if outcome.verdict.is_equal() => {
                return Err("the naive rewrite is as good: this is no trap".to_owned());
            }
            Ok(_) => Naive::Different,
            Err(VerifyError::Rewritten(BuildError::Failed { .. })) => Naive::Fails,
            Err(VerifyError::Original(BuildError::Failed { .. })) => {
                match self.fresh("naive", &naive)? {
                    None => Naive::Passes,
                    Some(after) if self.alike(&after).is_err() => Naive::FailsElsewhere,
                    Some(_) => {
                        return Err("the naive rewrite fails alike: this is no trap".to_owned());
                    }
                }
            }
            Err(error) => return Err(error.to_string()),
        };
        if seen == expected {
            Ok(format!("naive: {seen:?}"))
        } else {
            Err(format!("naive was to be {expected:?}, and is {seen:?}"))
        }
    }

    /// From an empty cache, from one that another project filled, and after a prune with the first steps cached.
    fn mounts(&self, rewritten: &[u8], removes: &[String]) -> Result<String, String> {
        let fill = self.case.file("fill.Dockerfile").ok_or("no fill file")?;
        let fill = fs::read(fill).map_err(text)?;
        for state in ["cold", "filled", "pruned"] {
            let mut request = self.request.clone();
            let copied = Copied::of(&request.context).map_err(text)?;
            request.touch.clear();
            // `filled` leaves its steps in the cache for `pruned`.
            let bust = match state {
                "pruned" => "filled",
                state => state,
            };
            let bust = &format!("{}-{bust}", self.case.name);
            prune()?;
            if state == "filled" {
                let fill = Placed::new(
                    &busted(&fill, &format!("{}-fill", self.case.name)),
                    &request.dockerfile,
                )
                .map_err(text)?;
                self.build("fill", &fill.path())?;
            }
            if state == "pruned" {
                request.context = copied.path().to_owned();
                if let Some(touch) = &self.case.facts.touch {
                    copied.touch(touch).map_err(text)?;
                }
            }
            let before = Placed::new(&busted(&self.original, bust), &request.dockerfile);
            let before = before.map_err(text)?;
            request.dockerfile = before.path();
            let wrong = match self.verify(&request, &busted(rewritten, bust), removes) {
                Ok(outcome) if outcome.verdict.is_equal() => None,
                Ok(outcome) => Some(outcome.verdict.to_string()),
                Err(error @ VerifyError::Original(_)) => return Err(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            let planted = self.case.facts.breaks_when.as_deref() == Some(state);
            match wrong {
                Some(wrong) if !planted => return Err(format!("{state} mounts: {wrong}")),
                Some(_) => return Ok(format!("found out with {state} mounts")),
                None if planted => return Err(format!("not found out with {state} mounts")),
                None => {}
            }
        }
        Ok("cold, filled and pruned".to_owned())
    }

    fn verify(
        &self,
        request: &Request,
        rewritten: &[u8],
        removes: &[String],
    ) -> Result<Outcome, VerifyError> {
        let mut tries = 0;
        loop {
            let outcome = verify(request, rewritten, removes, &mut |_| {});
            tries += 1;
            let lost = match &outcome {
                Err(
                    VerifyError::Original(BuildError::Failed { log, .. })
                    | VerifyError::Rewritten(BuildError::Failed { log, .. })
                    | VerifyError::Rebuild(BuildError::Failed { log, .. }),
                ) => was_lost(log),
                _ => false,
            };
            if !lost || tries == 3 {
                return outcome;
            }
        }
    }

    /// Builds `dockerfile` as it is.
    fn build(&self, name: &str, dockerfile: &Path) -> Result<(), String> {
        let context = &self.request.context;
        let source = Source {
            dockerfile,
            context,
        };
        let built = self.request.builder.build(name, source, false);
        built.map(drop).map_err(text)
    }

    /// What the log of a failing build from nothing says; `None` when it builds.
    fn fresh(&self, name: &str, dockerfile: &[u8]) -> Result<Option<Log>, String> {
        let placed = Placed::new(dockerfile, &self.request.dockerfile).map_err(text)?;
        for _ in 0..3 {
            let source = Source {
                dockerfile: &placed.path(),
                context: &self.request.context,
            };
            match self.request.builder.build(name, source, true) {
                Ok(_) => return Ok(None),
                Err(BuildError::Failed { log, .. }) if was_lost(&log) => {}
                Err(BuildError::Failed { log, .. }) => return Ok(Some(*log)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("the connection to the engine is lost again and again".to_owned())
    }

    /// Whether `after` failed at the same command as the original: the same exit status, and all that the commands
    /// printed until then. Lines of two streams come in any order, and apt tells times and speeds.
    fn alike(&self, after: &Log) -> Result<(), String> {
        let before = self.fresh("before", &self.original)?;
        let before = before.ok_or("the original fails, and then builds from nothing")?;
        let told = |log: &Log| {
            let mut lines: Vec<String> = log
                .output
                .iter()
                // What apt says of its downloads depends on the mirror's mood.
                .filter(|line| {
                    !["Get:", "Hit:", "Ign:", "Fetched "]
                        .iter()
                        .any(|start| line.starts_with(start))
                })
                .map(|line| line.replace(|byte: char| byte.is_ascii_digit(), ""))
                .collect();
            lines.sort();
            (log.exit_code, lines)
        };
        if told(&before) == told(after) {
            Ok(())
        } else {
            Err(format!(
                "fails with {:?} after {:?} before, and with {:?} after {:?} once it is rewritten",
                before.exit_code, before.output, after.exit_code, after.output
            ))
        }
    }
}

/// The builder's own trouble, not the Dockerfile's: parallel builds now and then lose their connection.
fn was_lost(log: &Log) -> bool {
    let error = log.error.as_deref().unwrap_or_default();
    log.exit_code.is_none()
        && [
            "failed to read dockerfile",
            "transport",
            "no active session",
        ]
        .iter()
        .any(|words| error.contains(words))
}

fn different(verdict: &Verdict, facts: &Facts) -> Result<(), String> {
    for wanted in &facts.differs {
        let found = match wanted.strip_prefix("config:") {
            Some(field) => verdict.config.iter().any(|config| config.field == field),
            None => verdict
                .unexplained
                .iter()
                .any(|path| careen::verify::glob::matches(wanted, &path.path)),
        };
        if !found {
            return Err(format!("{wanted} was to differ: {verdict}"));
        }
    }
    for package in &facts.packages_removed {
        if !verdict.packages.removed.contains(package) {
            return Err(format!("{package} is not named as removed: {verdict}"));
        }
    }
    Ok(())
}

fn rebuilt(outcome: &Outcome, facts: &Facts) -> Result<(), String> {
    for rebuild in &outcome.rebuilds {
        if rebuild.after.cached < facts.min_cached {
            return Err(format!(
                "after an edit of {} only {} of {} steps are cached, not {}",
                rebuild.file.display(),
                rebuild.after.cached,
                rebuild.after.steps,
                facts.min_cached
            ));
        }
    }
    Ok(())
}

fn line(outcome: &Outcome) -> String {
    let (before, after, verdict) = (&outcome.before, &outcome.after, &outcome.verdict);
    let mut line = format!(
        "{}, {} -> {}, {} -> {} layers, {} noise, {} declared{}",
        if verdict.is_equal() {
            "equal"
        } else {
            "different, as expected"
        },
        bytes(before.size),
        bytes(after.size),
        before.layers,
        after.layers,
        verdict.noise.len(),
        verdict.declared.len(),
        if outcome.measured_floor {
            ", floor measured"
        } else {
            ""
        },
    );
    for rebuild in &outcome.rebuilds {
        line.push_str(&format!(
            ", rebuild {:.2} s -> {:.2} s ({} -> {} of {} steps cached)",
            rebuild.before.median.as_secs_f32(),
            rebuild.after.median.as_secs_f32(),
            rebuild.before.cached,
            rebuild.after.cached,
            rebuild.after.steps
        ));
    }
    line
}

/// Empties all cache mounts.
fn prune() -> Result<(), String> {
    let status = Command::new("docker")
        .args([
            "builder",
            "prune",
            "--force",
            "--filter",
            "type=exec.cachemount",
        ])
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(text)?;
    if status.success() {
        Ok(())
    } else {
        Err("docker builder prune fails".to_owned())
    }
}

/// The same Dockerfile, built anew: an argument below each FROM is in every cache key, but not in the image.
/// (`--no-cache` would give a fresh cache mount.)
/// The state and the case are in it, since the id of a cache mount is in no key.
fn busted(source: &[u8], state: &str) -> Vec<u8> {
    let file = Dockerfile::parse(source);
    let mut out = Vec::new();
    let mut at = 0;
    for from in &file.instructions {
        if from.keyword == Keyword::From {
            out.extend_from_slice(&source[at..from.whole.end]);
            if !out.ends_with(b"\n") {
                out.push(b'\n');
            }
            out.extend_from_slice(
                format!("ARG CAREEN_PROOF={state}-{}\n", std::process::id()).as_bytes(),
            );
            at = from.whole.end;
        }
    }
    out.extend_from_slice(&source[at..]);
    out
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
