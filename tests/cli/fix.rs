//! `careen fix` that writes nothing.

use std::ffi::OsStr;

use crate::room::{Closed, Room};

const SOURCE: &str = "FROM debian\n# why\nrun a\nADD x /\nUSER root\n";

#[test]
fn prints_a_diff_and_says_why() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix"]);
    assert_eq!(
        ran.text(),
        "# careen: loud-run: line 3: write `run` as `RUN`, 100% of the time (safe)\n\
         --- a/Dockerfile\n\
         +++ b/Dockerfile\n\
         @@ -1,5 +1,5 @@\n FROM debian\n # why\n-run a\n+RUN a\n ADD x /\n USER root\n"
    );
    assert_eq!(
        ran.err,
        "careen: 1 file, 1 change in 1 file, 1 piece of advice, 1 refusal; 1 more change waits behind --unsafe\n"
    );
    assert_eq!(ran.status, 0);
    assert_eq!(room.read("Dockerfile"), SOURCE.as_bytes());
}

#[test]
fn unsafe_changes_come_when_asked_for() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--unsafe"]);
    assert!(ran.text().contains("+FROM debian:13\n"), "{}", ran.text());
    assert!(
        ran.text().contains("say which debian (unsafe)"),
        "{}",
        ran.text()
    );
    assert!(!ran.err.contains("--unsafe"), "{}", ran.err);
}

#[test]
fn check_is_an_exit_status() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    room.write("clean/Dockerfile", "FROM debian\n");
    assert_eq!(room.run(&["fix", "--check"]).status, 1);
    assert_eq!(room.run(&["fix", "--check", "clean"]).status, 0);
    assert_eq!(room.run(&["fix", "--check", "--write"]).status, 2);
}

#[test]
fn select_and_ignore() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    assert_eq!(room.run(&["fix", "--ignore", "loud-run"]).text(), "");
    let ran = room.run(&["fix", "--unsafe", "--select", "pin-base,remarks"]);
    assert!(ran.text().contains("+FROM debian:13\n"));
    assert!(!ran.text().contains("+RUN"));
}

#[test]
fn an_unknown_id_is_an_error_with_a_suggestion() {
    let room = Room::new();
    for flag in ["--select", "--ignore"] {
        let ran = room.run(&["fix", flag, "loudrun"]);
        assert_eq!(ran.status, 2);
        assert_eq!(ran.text(), "");
        assert_eq!(
            ran.err,
            format!(
                "error: {flag}: there is no transform `loudrun`\n  = help: did you mean `loud-run`?\n"
            )
        );
    }
}

#[test]
fn quiet_and_verbose() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let quiet = room.run(&["fix", "-q"]);
    assert_eq!(quiet.err, "");
    assert!(quiet.text().starts_with("# careen: loud-run"));
    let verbose = room.run(&["fix", "-v"]);
    for line in [
        "Dockerfile:1: pin-base: say which debian (waits behind --unsafe)\n",
        "Dockerfile:4: remarks: left alone: it may be an archive (refused)\n",
        "Dockerfile:5: remarks: this runs as root (advice)\n    compose.yaml\n    | read_only: true\n",
    ] {
        assert!(verbose.err.contains(line), "{}", verbose.err);
    }
    assert_eq!(room.run(&["fix", "-q", "-v"]).status, 2);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let room = Room::new();
    room.write("a/Dockerfile", "FROM debian\n# drop me\nrun a\n");
    room.write("b/Dockerfile", "FROM debian\nENV a\n");
    room.write("c/Dockerfile", "FROM debian\n# panic\n");
    room.write("d/Dockerfile", "FROM debian\nrun d\n");
    let ran = room.run(&["fix", "nowhere", "."]);
    assert_eq!(ran.status, 2);
    assert!(ran.text().contains("+++ b/d/Dockerfile\n"), "{ran:?}");
    assert_eq!(ran.text().matches("+++").count(), 1, "{ran:?}");
    assert!(
        ran.err.contains("error: nowhere: can't be read"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("error: a/Dockerfile: "), "{}", ran.err);
    assert!(ran.err.contains("b/Dockerfile:2:1"), "{}", ran.err);
    assert!(ran.err.contains("2 | ENV a"), "{}", ran.err);
    assert!(ran.err.contains("docker build"), "{}", ran.err);
    assert!(ran.err.contains("error: c/Dockerfile: "), "{}", ran.err);
    assert!(
        ran.err.ends_with("careen: 5 files, 1 change in 1 file, 0 refusals, 4 errors; 1 more change waits behind --unsafe\n"),
        "{}",
        ran.err
    );
}

#[test]
fn stdin_to_stdout() {
    let room = Room::new();
    let source = b"FROM debian\r\nrun \xff a\r\n# end";
    let ran = room.run_in("", &["fix", "-"], source);
    assert_eq!(ran.out, b"FROM debian\r\nRUN \xff a\r\n# end");
    assert_eq!(ran.status, 0);
    let ran = room.run_in("", &["fix", "-", "--check"], source);
    assert_eq!(ran.status, 1);
    assert!(ran.text().contains("--- a/<stdin>\n"), "{ran:?}");
}

#[test]
fn what_stdin_brings_is_never_lost() {
    let room = Room::new();
    for source in [&b"FROM debian\nENV a\n"[..], b"FROM debian\n# drop me\n"] {
        let ran = room.run_in(
            "",
            &["fix", "-", "--stdin-filename", "x/Dockerfile"],
            source,
        );
        assert_eq!(ran.out, source);
        assert_eq!(ran.status, 2);
        assert!(ran.err.contains("x/Dockerfile"), "{}", ran.err);
    }
}

#[test]
fn stdin_goes_with_nothing_else() {
    let room = Room::new();
    assert_eq!(room.run(&["fix", "-", "--write"]).status, 2);
    assert_eq!(room.run(&["fix", "-", "Dockerfile"]).status, 2);
}

#[test]
fn stdin_writes_nothing_beside() {
    let mut room = Room::new();
    room.engine = crate::room::beside;
    let args = ["fix", "-", "--stdin-filename", "Dockerfile"];
    let ran = room.run_in("", &args, b"FROM debian\n");
    assert_eq!(ran.text(), "FROM debian\n");
}

#[test]
fn files_of_a_folder() {
    let room = Room::new();
    let source = "FROM debian\nrun a\n";
    for name in [
        "Dockerfile",
        "web.Dockerfile",
        "Dockerfile.prod",
        "sub/Containerfile",
        "Dockerfile.dockerignore",
        "ignored/Dockerfile",
        ".hidden/Dockerfile",
        "vendor/Dockerfile",
        "notes.txt",
    ] {
        room.write(name, source);
    }
    room.write(".gitignore", "ignored/\n");
    room.call("", "git", &["init", "-q"], b"");
    let files = |args: &[&str]| {
        let text = room.run(args).text();
        let lines = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        files(&["fix", "--exclude", "vendor"]),
        [
            "Dockerfile",
            "Dockerfile.prod",
            "sub/Containerfile",
            "web.Dockerfile"
        ]
    );
    // What is named is taken, and once.
    assert_eq!(
        files(&[
            "fix",
            "ignored/Dockerfile",
            "notes.txt",
            "./notes.txt",
            "--exclude=*"
        ]),
        ["ignored/Dockerfile", "notes.txt"]
    );
    assert_eq!(room.run(&["fix", "--exclude", "a[", "."]).status, 2);
}

#[test]
fn a_folder_without_dockerfiles_is_no_error() {
    let room = Room::new();
    let ran = room.run(&["fix"]);
    assert_eq!(ran.status, 0);
    assert_eq!(ran.err, "careen: no Dockerfile found\n");
}

#[test]
fn many_files_keep_their_order() {
    let room = Room::new();
    for number in 0..600 {
        room.write(format!("{number:03}/Dockerfile"), "FROM debian\nrun a\n");
    }
    let text = room.run(&["fix"]).text();
    let files: Vec<&str> = text.lines().filter(|l| l.starts_with("+++")).collect();
    assert_eq!(files.len(), 600);
    assert!(files.is_sorted());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let mut err = Vec::new();
    let status = room.run_with("", &[OsStr::new("fix")], b"", &mut Closed, &mut err);
    assert_eq!((status, err.as_slice()), (0, &b""[..]));
    let args = ["fix", "--write"].map(OsStr::new);
    let status = room.run_with("", &args, b"", &mut Closed, &mut err);
    assert_eq!(status, 0);
    assert_ne!(room.read("Dockerfile"), SOURCE.as_bytes());
}

#[test]
fn color_only_when_wanted() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let plain = room.run(&["fix", "-v"]);
    assert!(!plain.text().contains('\x1b') && !plain.err.contains('\x1b'));
    let colored = room.run(&["fix", "-v", "--color", "always"]);
    assert!(
        colored.text().contains("\x1b[32m+RUN a\x1b[0m\n"),
        "{colored:?}"
    );
    assert!(colored.err.contains('\x1b'));
    let mut stripped = colored.text();
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain.text());
}
