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
