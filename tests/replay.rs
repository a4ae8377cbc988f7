//! `careen replay` over a repository that the test makes, and the cache model held against real builds of its commits.
//!
//! The builds need an engine, as `tests/proofs.rs` does; `CAREEN_PROOFS=1` makes a missing one a failure.
#![cfg(all(feature = "cli", feature = "verify"))]

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use careen::cache::{Contents, Ledger, Model};
use careen::cli::{self, Program, Status, Terminal};
use careen::context::Context;
use careen::engine::{self, EngineError, Input, Options, Report};
use careen::knowledge::Knowledge;
use careen::stage::Stages;
use careen::syntax::Dockerfile;
use careen::transform::Link;

const BEFORE: &str = "\
FROM busybox:1 AS tools
WORKDIR /tools-NONCE
COPY tools tools
RUN cat tools/* > /made
FROM busybox:1
ARG VERSION=1
LABEL label=1
WORKDIR /app-NONCE
COPY . .
RUN cat package.json package-lock.json > installed
RUN --mount=type=bind,source=scripts,target=/scripts cat /scripts/* > scripted
COPY --link linked /linked
COPY conf/*.ini /conf/
COPY --from=tools /made /made
RUN echo \"$VERSION\" && \\
    ls -R src > all
";

/// The same, with what is installed in front of the sources.
fn after(before: &str) -> String {
    let (start, rest) = before.split_once("COPY . .\n").unwrap();
    let (middle, end) = rest.split_once("RUN echo").unwrap();
    format!("{start}COPY package.json package-lock.json ./\n{middle}COPY . .\nRUN echo{end}")
}

/// Stands for a chain that does just that.
fn engine(_: &[Link], input: &Input<'_>, options: &Options) -> Result<Report, EngineError> {
    let mut report = engine::run(&[], input, options)?;
    report.rewritten = after(std::str::from_utf8(input.source).unwrap()).into_bytes();
    Ok(report)
}

struct Commit {
    what: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// In the Dockerfile.
    edit: Option<(&'static str, &'static str)>,
    /// Steps that run, before and after, with the Dockerfile as it is at the commit.
    runs: [usize; 2],
}

const START: [(&str, &str); 11] = [
    (
        ".dockerignore",
        "*.log\ndocs\nDockerfile*\n.dockerignore\n.git\n",
    ),
    ("package.json", "{}"),
    ("package-lock.json", "{}"),
    ("build.log", "0"),
    ("docs/guide.md", "0"),
    ("src/a.txt", "a"),
    ("scripts/tool.sh", "0"),
    ("tools/x", "0"),
    ("linked/x", "0"),
    ("conf/a.ini", "0"),
    ("secret.log", "0"),
];

const COMMITS: [Commit; 12] = [
    Commit {
        what: "a source",
        files: &[("src/a.txt", "1")],
        edit: None,
        runs: [7, 2],
    },
    Commit {
        what: "the manifest",
        files: &[("package.json", "{\"a\":1}")],
        edit: None,
        runs: [7, 8],
    },
    Commit {
        what: "documents",
        files: &[("docs/guide.md", "1"), ("docs/new.md", "1")],
        edit: None,
        runs: [0, 0],
    },
    Commit {
        what: "lock file and log",
        files: &[("package-lock.json", "{\"a\":1}"), ("build.log", "1")],
        edit: None,
        runs: [7, 8],
    },
    Commit {
        what: "an excluded file",
        files: &[("secret.log", "1")],
        edit: None,
        runs: [0, 0],
    },
    Commit {
        what: "a mounted tool",
        files: &[("scripts/tool.sh", "1")],
        edit: None,
        runs: [7, 6],
    },
    Commit {
        what: "what is linked in",
        files: &[("linked/x", "1")],
        edit: None,
        runs: [7, 5],
    },
    Commit {
        what: "a label",
        files: &[],
        edit: Some(("label=1", "label=2")),
        runs: [0, 0],
    },
    Commit {
        what: "a new file of a pattern",
        files: &[("conf/b.ini", "1")],
        edit: None,
        runs: [7, 4],
    },
    Commit {
        what: "a deeper file",
        files: &[("src/deep/er/c.txt", "1")],
        edit: None,
        runs: [7, 2],
    },
    Commit {
        what: "the value of an ARG",
        files: &[],
        edit: Some(("VERSION=1", "VERSION=2")),
        runs: [6, 7],
    },
    Commit {
        what: "two at once",
        files: &[("tools/x", "1"), ("src/a.txt", "2")],
        edit: None,
        runs: [9, 5],
    },
];

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.com",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdout(Stdio::null());
    command
}

fn run_git(folder: &Path, args: &[&str]) {
    assert!(
        git(folder, args).status().unwrap().success(),
        "git {args:?}"
    );
}

fn commit(folder: &Path, what: &str) {
    run_git(folder, &["add", "--all", "--force"]);
    run_git(folder, &["commit", "--quiet", "--message", what]);
}

/// A repository at its first commit, the context in `app`.
fn repository(folder: &Path) {
    run_git(folder, &["init", "--quiet"]);
    for (path, text) in START {
        write(&folder.join("app"), path, text);
    }
    write(folder, "outside", "0");
    write(&folder.join("app"), "Dockerfile", BEFORE);
    commit(folder, "start");
}

fn whole_repository(folder: &Path) {
    repository(folder);
    let mut dockerfile = BEFORE.to_owned();
    for one in &COMMITS {
        for (path, text) in one.files {
            write(&folder.join("app"), path, text);
        }
        if let Some((from, to)) = one.edit {
            dockerfile = dockerfile.replace(from, to);
            write(&folder.join("app"), "Dockerfile", &dockerfile);
        }
        commit(folder, one.what);
    }
}

fn careen(folder: &Path, args: &[&str]) -> (Status, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let terminal = Terminal {
        cwd: folder.to_owned(),
        stdin: &mut std::io::empty(),
        out: &mut out,
        err: &mut err,
        color_out: false,
        color_err: false,
    };
    let program = Program { chain: &[], engine };
    let args = ["careen"].iter().chain(args).map(Into::into);
    let status = cli::run(&program, args, terminal);
    (
        status,
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

#[test]
fn twelve_commits() {
    let folder = tempfile::tempdir().unwrap();
    whole_repository(folder.path());
    let (status, out, err) = careen(folder.path(), &["replay", "app", "--commits", "12"]);
    assert_eq!((status, err.as_str()), (Status::Done, ""), "{out}");
    let expected = [
        "app/Dockerfile: over the last 12 commits 40 steps would have run instead of 58: 3.3 a commit instead of 4.8",
        "`cat package.json package-lock.json > installed` 2 times instead of 8",
        "       1       1  COPY tools tools",
        "       -       2  COPY package.json package-lock.json ./",
        "       8       2  RUN cat package.json package-lock.json > installed",
        "       8       3  RUN --mount=type=bind,source=scripts,target=/scripts cat /scripts/* > scripted",
        "       8       8  COPY . .",
        "       8       8  RUN echo \"$VERSION\" && ls -R src > all",
        "4 commits made no step run",
        "2 commits touched the Dockerfile or an ignore file",
        "left out: updates of base images",
    ];
    for line in expected {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("shallow"), "{out}");

    let log = folder.path().join("log");
    fs::write(
        &log,
        "#5 [stage-1 4/8] RUN cat package.json   package-lock.json > installed\n#5 DONE 10.0s\n",
    )
    .unwrap();
    let args = [
        "replay",
        "app",
        "--times",
        "log",
        "--format",
        "json",
        "--commits",
        "500",
    ];
    let (_, out, _) = careen(folder.path(), &args);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    // The first commit is one that makes all files.
    assert_eq!(json["commits"], 13);
    assert_eq!(json["before"]["seconds"], 90.0);
    assert_eq!(json["after"]["seconds"], 30.0);
    assert_eq!(json["shallow"], false);

    let (_, out, _) = careen(
        folder.path(),
        &["replay", "app", "--format", "markdown", "--commits", "1"],
    );
    assert!(out.contains("| 1 | 1 | `COPY . .` |"), "{out}");
    assert!(
        out.starts_with("**app/Dockerfile**: over the last 1 commit 5 steps"),
        "{out}"
    );
}

#[test]
fn a_shallow_clone_is_said_aloud() {
    let folder = tempfile::tempdir().unwrap();
    whole_repository(folder.path());
    let source = format!("file://{}", folder.path().display());
    run_git(
        folder.path(),
        &["clone", "--quiet", "--depth", "3", &source, "clone"],
    );
    let clone = folder.path().join("clone");
    let (status, out, _) = careen(&clone, &["replay", "app"]);
    assert_eq!(status, Status::Done);
    assert!(
        out.contains("over the last 2 commits") && out.contains("this is a shallow clone"),
        "{out}"
    );
    let (_, out, _) = careen(&clone, &["replay", "app", "--commits", "2"]);
    assert!(!out.contains("shallow"), "{out}");
}

#[test]
fn what_cannot_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "Dockerfile", BEFORE);
    write(folder.path(), "package.json", "{}");
    let (status, _, err) = careen(folder.path(), &["replay", "--context", "."]);
    assert_eq!(status, Status::Failed);
    assert!(err.contains("in no git repository"), "{err}");
    run_git(folder.path(), &["init", "--quiet"]);
    let (status, _, err) = careen(folder.path(), &["replay", "--context", "."]);
    assert_eq!(status, Status::Failed);
    assert!(err.contains("no commit yet"), "{err}");
    let (status, _, err) = careen(folder.path(), &["replay", "--times", "Dockerfile"]);
    assert_eq!(status, Status::Failed);
    assert!(err.contains("tells the time of no step"), "{err}");
    assert_eq!(
        careen(folder.path(), &["replay", "--commits", "0"]).0,
        Status::Failed
    );
}

#[test]
fn a_picture() {
    let folder = tempfile::tempdir().unwrap();
    whole_repository(folder.path());
    let (status, out, _) = careen(
        folder.path(),
        &["explain", "--cache", "app", "--edit", "conf/b.ini"],
    );
    assert_eq!(status, Status::Done);
    assert!(
        out.contains("after an edit of conf/b.ini, 4 of 12 steps run instead of 7 of 11"),
        "{out}"
    );
    let row = |text: &str| {
        let line = out
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_else(|| panic!("{text}\n{out}"));
        let (left, right) = line.split_once('│').unwrap();
        (left.trim().to_owned(), right.trim().to_owned())
    };
    let (before, after) = row("COPY . .");
    assert!(before.starts_with("├ rerun  COPY . ."), "{out}");
    assert!(after.starts_with("├ cached COPY package.json"), "{out}");
    let (before, _) = row("last stage (from busybox:1)");
    assert_eq!(before, "last stage (from busybox:1)");
    let (_, out, _) = careen(
        folder.path(),
        &["explain", "--cache", "app", "--edit", "docs/guide.md"],
    );
    assert!(out.contains("left out by the ignore file"), "{out}");
    let (status, _, _) = careen(folder.path(), &["explain", "--edit", "x"]);
    assert_eq!(status, Status::Failed);
}

#[test]
fn two_thousand_commits() {
    let folder = tempfile::tempdir().unwrap();
    run_git(folder.path(), &["init", "--quiet"]);
    let mut stream = String::new();
    for number in 1..=2_001 {
        stream += &format!(
            "commit refs/heads/main\ncommitter A <a@example.com> {number} +0000\ndata 1\nx\n"
        );
        let path = format!("src/{}/{}/f{}", number % 7, number % 31, number % 400);
        stream += &format!(
            "M 100644 inline {path}\ndata {}\n{number}\n",
            number.to_string().len()
        );
        if number % 100 == 1 {
            stream += &format!(
                "M 100644 inline package.json\ndata {}\n{number}\n",
                number.to_string().len()
            );
        }
    }
    let mut import = git(folder.path(), &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success());
    run_git(
        folder.path(),
        &["checkout", "--quiet", "-B", "main", "main"],
    );
    write(folder.path(), "Dockerfile", BEFORE);
    let started = Instant::now();
    let (status, out, err) = careen(
        folder.path(),
        &["replay", "--context", ".", "--commits", "2000"],
    );
    let took = started.elapsed();
    assert_eq!((status, err.as_str()), (Status::Done, ""));
    assert!(out.contains("over the last 2000 commits"), "{out}");
    assert!(out.contains("installed` 20 times instead of 2000"), "{out}");
    say(&format!("2,000 commits took {:.2} s", took.as_secs_f64()));
    // Without optimisation, on a busy machine, it may take longer.
    let limit = if cfg!(debug_assertions) { 30.0 } else { 5.0 };
    assert!(took.as_secs_f64() < limit, "{took:?}");
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn model(text: &str, context: &Path) -> Model {
    let context = Context::open(context, None).unwrap();
    let file = Dockerfile::parse(text.as_bytes());
    let stages = Stages::of(&file, Knowledge::shipped());
    Model::of(&file, &stages, Some(&context), None)
}

/// Builds, and says of each step, by its text, whether it came from the cache.
fn build(text: &str, context: &Path) -> HashMap<String, bool> {
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = folder.path().join("Dockerfile");
    fs::write(&dockerfile, text).unwrap();
    let output = Command::new("docker")
        .args(["build", "--progress=plain", "--network=host", "--file"])
        .arg(&dockerfile)
        .arg(context)
        .env("DOCKER_BUILDKIT", "1")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    let (mut names, mut steps) = (HashMap::new(), HashMap::new());
    for line in log.lines() {
        let Some((number, rest)) = line.split_once(' ') else {
            continue;
        };
        if rest == "CACHED" {
            if let Some(name) = names.get(number) {
                steps.insert(String::clone(name), true);
            }
        } else if rest.starts_with('[')
            && !rest.starts_with("[internal]")
            && !rest.contains("] FROM ")
        {
            let name = rest.split_once("] ").unwrap().1;
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            steps.entry(name.clone()).or_insert(false);
            names.insert(number.to_owned(), name);
        }
    }
    steps
}

/// Steps that ran, by the model and by the builder, on which both must agree.
fn agree(what: &str, model: &Model, runs: &[bool], built: &HashMap<String, bool>) {
    assert_eq!(model.steps().len(), built.len(), "{what}: {built:?}");
    for (step, runs) in model.steps().iter().zip(runs) {
        // BuildKit's names show the values of variables.
        let mut names = ["1", "2"]
            .iter()
            .map(|value| step.text.replace("$VERSION", value));
        let cached = names.find_map(|name| built.get(&name));
        let cached = cached.unwrap_or_else(|| panic!("{what}: no {} in {built:?}", step.text));
        assert_eq!(*runs, !cached, "{what}: {}", step.text);
    }
}

/// Whether builds can be run; says how, if not.
fn engine_answers() -> bool {
    let required = std::env::var_os("CAREEN_PROOFS").is_some_and(|value| value != "0");
    if !careen::verify::builder::Program::Buildx.answers() {
        say(
            "SKIPPED: no Docker engine answers, so the cache model is held against no real build. To do that:\n  \
             tests/judge/dockerd start && eval \"$(tests/judge/dockerd env)\"",
        );
        assert!(!required, "CAREEN_PROOFS is set, and no engine answers");
        return false;
    }
    let bases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge/bases");
    assert!(
        Command::new(bases)
            .arg("busybox:1")
            .status()
            .unwrap()
            .success()
    );
    true
}

/// Writable mounts, and what cache mounts start from.
const MOUNTS: &str = "\
FROM busybox:1 AS two
WORKDIR /two-NONCE
COPY src/a.txt /a
COPY conf/a.ini /b
FROM busybox:1
WORKDIR /mounts-NONCE
RUN --mount=type=bind,source=scripts,target=/x,rw cat /x/* > one
RUN --mount=from=two,source=/a,target=/x,rw cat /x > two
RUN --mount=type=cache,from=two,source=/two-NONCE,target=/x,id=NONCE ls /x > three
";

#[test]
fn mounts_agree() {
    if !engine_answers() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path();
    for (path, text) in START {
        write(context, path, text);
    }
    let text = MOUNTS.replace("NONCE", &format!("{}-mounts", nonce()));
    let model = model(&text, context);
    let (mut ledger, mut contents) = (Ledger::default(), Contents::new(&model));
    ledger.build(&model, &contents);
    build(&text, context);
    for (path, count) in [
        ("linked/x", 0),
        ("conf/a.ini", 1),
        ("scripts/tool.sh", 3),
        ("src/a.txt", 4),
    ] {
        contents.change(&model, path, Some(b"old"), Some(b"new"));
        write(context, path, "new");
        let runs = ledger.build(&model, &contents);
        assert_eq!(runs.iter().filter(|runs| **runs).count(), count, "{path}");
        agree(path, &model, &runs, &build(&text, context));
    }
}

fn nonce() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_nanos()
}

#[test]
fn real_builds_agree() {
    if !engine_answers() {
        return;
    }
    // Steps of an earlier run of this test are in the cache too.
    let nonce = nonce();
    for side in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let context = folder.path();
        for (path, text) in START {
            write(context, path, text);
        }
        let mut dockerfile = BEFORE.replace("NONCE", &format!("{nonce}-{side}"));
        let text = |dockerfile: &str| match side {
            0 => dockerfile.to_owned(),
            _ => after(dockerfile),
        };
        let first = model(&text(&dockerfile), context);
        let (mut ledger, mut contents) = (Ledger::default(), Contents::new(&first));
        let runs = ledger.build(&first, &contents);
        agree(
            "the first build",
            &first,
            &runs,
            &build(&text(&dockerfile), context),
        );
        for commit in &COMMITS {
            if let Some((from, to)) = commit.edit {
                dockerfile = dockerfile.replace(from, to);
            }
            let now = model(&text(&dockerfile), context);
            for (path, text) in commit.files {
                let before = fs::read(context.join(path)).ok();
                contents.change(&now, path, before.as_deref(), Some(text.as_bytes()));
                write(context, path, text);
            }
            let runs = ledger.build(&now, &contents);
            agree(
                commit.what,
                &now,
                &runs,
                &build(&text(&dockerfile), context),
            );
            let count = runs.iter().filter(|runs| **runs).count();
            assert_eq!(count, commit.runs[side], "{}", commit.what);
        }
        // What was there before comes from the cache again.
        let now = model(&text(&dockerfile), context);
        contents.change(&now, "src/a.txt", Some(b"2"), Some(b"9"));
        write(context, "src/a.txt", "9");
        ledger.build(&now, &contents);
        build(&text(&dockerfile), context);
        contents.change(&now, "src/a.txt", Some(b"9"), Some(b"2"));
        write(context, "src/a.txt", "2");
        let runs = ledger.build(&now, &contents);
        assert!(runs.iter().all(|runs| !runs));
        agree(
            "back again",
            &now,
            &runs,
            &build(&text(&dockerfile), context),
        );
    }
}
