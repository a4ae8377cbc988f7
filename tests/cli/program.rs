//! The program itself, as a process.

use std::process::{Command, Output, Stdio};

use crate::room::Room;

fn careen(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_careen"))
        .args(args)
        // Help is as wide as the terminal says.
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn version_and_help() {
    let version = careen(&["--version"]);
    assert_eq!(
        version.stdout,
        format!("careen {}\n", env!("CARGO_PKG_VERSION")).as_bytes()
    );
    let help = careen(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert_eq!(help.stderr, b"");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/help.txt");
    snapbox::assert_data_eq!(
        String::from_utf8(help.stdout).unwrap(),
        snapbox::Data::read_from(std::path::Path::new(path), None).raw()
    );
}

#[test]
fn every_command_has_help() {
    for command in [
        "fix",
        "check",
        "verify",
        "replay",
        "explain",
        "list",
        "completions",
        "init",
        "config",
    ] {
        let help = careen(&[command, "--help"]);
        assert_eq!(help.status.code(), Some(0), "{command}");
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.contains(&format!("Usage: careen {command}")), "{text}");
    }
}

#[test]
fn runs_the_real_chain() {
    let room = Room::new();
    room.write("Dockerfile", "FROM debian:13\nRUN a\nrun b\n");
    let path = room.path("Dockerfile");
    let path = path.to_str().unwrap();
    assert_eq!(careen(&["fix", "--check", path]).status.code(), Some(1));
    assert_eq!(careen(&["fix", "--write", path]).status.code(), Some(0));
    assert_eq!(careen(&["check", path]).status.code(), Some(0));
    assert_eq!(room.read("Dockerfile"), b"FROM debian:13\nRUN a\nRUN b\n");
}

#[test]
fn says_what_the_changes_buy() {
    let room = Room::new();
    room.write(
        "Dockerfile",
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n",
    );
    room.write("requirements.txt", "flask==3.1.0\n");
    room.write("app.py", "print()\n");
    let folder = room.path("");
    let folder = folder.to_str().unwrap();
    let buys = "after an edit to a source file (app.py), 1 of 4 steps run instead of 2 of 3";
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let file = |args: &[&str]| {
        let ran = careen(&[args, &["--format", "json", folder]].concat());
        let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        json["files"][0].clone()
    };

    assert_eq!(file(&["check"])["buys"], buys);
    let markdown = text(careen(&["check", "--format", "markdown", folder]).stdout);
    let line = format!("Dockerfile`\n\n{buys}\n\n* line");
    assert!(markdown.contains(&line), "{markdown}");
    let check = careen(&["check", "-v", folder]);
    assert!(text(check.stderr).contains(&format!("Dockerfile: {buys}\n")));
    // Only where it was asked for.
    for command in ["check", "fix"] {
        let plain = careen(&[command, folder]);
        assert!(!text([plain.stdout, plain.stderr].concat()).contains(buys));
    }
    let fix = careen(&["fix", "-v", "--write", folder]);
    assert!(text(fix.stderr).contains(&format!("Dockerfile: {buys}\n")));

    // Nothing left to change, so nothing bought.
    let again = file(&["check"]);
    assert_eq!(
        (&again["changed"], &again["buys"]),
        (&false.into(), &serde_json::Value::Null)
    );
    // A change that runs as many steps as before, and one in a context that is not known.
    for (source, why) in [
        ("from python:3.13\nCOPY app.py /\n", "as many steps"),
        ("from python:3.13\nCOPY gone.py /\n", "no context"),
    ] {
        room.write("Dockerfile", source);
        let file = file(&["check"]);
        assert_eq!(
            (&file["changed"], &file["buys"]),
            (&true.into(), &serde_json::Value::Null),
            "{why}"
        );
    }
}

#[test]
fn color_minds_the_environment() {
    let run = |name: &str, value: &str, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_careen"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let output = command.env(name, value).args(args).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    // The output is a pipe here.
    assert!(!run("TERM", "xterm", &["list"]));
    assert!(run("CLICOLOR_FORCE", "1", &["list"]));
    assert!(!run("NO_COLOR", "1", &["list"]));
    assert!(run("NO_COLOR", "1", &["list", "--color", "always"]));
    assert!(!run("CLICOLOR_FORCE", "1", &["list", "--color", "never"]));
}

#[test]
fn check_takes_what_init_writes_with_every_key() {
    let room = Room::new();
    let folder = room.path("");
    let folder = folder.to_str().unwrap();
    assert_eq!(careen(&["init", folder]).status.code(), Some(0));
    room.write("Dockerfile", "FROM debian:13\n");
    assert_eq!(careen(&["check", folder]).status.code(), Some(0));
    let text = String::from_utf8(room.read("careen.toml")).unwrap();
    // An empty list selects all, so the transform that the example tells something is the one that runs.
    room.write("careen.toml", crate::commands::uncommented(&text));
    let ran = careen(&["check", folder]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
}

/// The script of the last step of `action.yml`, and the hooks' entries.
#[test]
fn the_action_and_the_hooks_call_what_is_there() {
    let room = Room::new();
    room.write("a/Dockerfile", "FROM debian:13\nrun a\nRUN b\n");
    room.write("b/Dockerfile", "FROM debian:13\n");
    let bin = room.write("temp/careen/bin/.keep", "");
    let program = bin.with_file_name("careen");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_careen"), &program).unwrap();
    let text = include_str!("../../action.yml");
    let (_, script) = text.trim_end().rsplit_once("run: ").unwrap();
    let script = script.trim_matches('\'');
    let run = |paths: &str, args: &str| {
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(room.path(""))
            .env("RUNNER_TEMP", room.path("temp"))
            .env("CAREEN_PATHS", paths)
            .env("CAREEN_ARGS", args)
            .output()
            .unwrap()
    };
    let found = run(".", "");
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    assert!(
        found
            .stdout
            .starts_with(b"::notice file=a/Dockerfile,line=2,"),
        "{found:?}"
    );
    assert_eq!(run("b", "--profile recommended").status.code(), Some(0));
    for name in ["paths", "args"] {
        assert!(
            text.contains(&format!("${{{{ inputs.{name} }}}}")),
            "{name}"
        );
    }

    let hooks = include_str!("../../.pre-commit-hooks.yaml");
    let mut entries = Vec::new();
    for entry in hooks
        .lines()
        .filter_map(|line| line.strip_prefix("  entry: careen "))
    {
        let args: Vec<&str> = entry.split(' ').collect();
        let path = room.path("b/Dockerfile");
        let ran = careen(&[&args[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(ran.status.code(), Some(0), "{entry}: {ran:?}");
        entries.push(entry);
    }
    assert_eq!(entries, ["check", "fix --write"]);
}
