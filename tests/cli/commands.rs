//! explain, list, init, completions and wrong arguments.

use std::collections::BTreeSet;
use std::path::Path;

use careen::config::Config;
use careen::config::schema::schema;
use serde_json::Value;

use crate::room::Room;

#[test]
fn list_is_a_table() {
    assert_eq!(
        Room::new().run(&["list"]).text(),
        "TRANSFORM  RUNS     UNSAFE CHANGES  WHAT IT DOES\n\
         loud-run   always   --unsafe        Writes `run` as `RUN`\n\
         pin-base   always   --unsafe        Says which debian\n\
         remarks    always   --unsafe        Remarks on things\n\
         wrong      always   --unsafe        Breaks the house\n"
    );
}

#[test]
fn explain_prints_the_page() {
    let room = Room::new();
    let page = "# loud-run\n\nWrites `run` as `RUN`.\n\n## Why\n\nIt is louder.\n";
    assert_eq!(room.run(&["explain", "loud-run"]).text(), page);
    let colored = room.run(&["explain", "loud-run", "--color=always"]).text();
    assert!(colored.contains("\x1b[1mWhy\x1b[0m\n"), "{colored:?}");
    let ran = room.run(&["explain", "loud-rum"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("did you mean `loud-run`?"), "{}", ran.err);
}

#[test]
fn init_writes_once() {
    let room = Room::new();
    assert_eq!(room.run(&["init"]).status, 0);
    let text = String::from_utf8(room.read("careen.toml")).unwrap();
    for line in text.lines() {
        assert!(line.is_empty() || line.starts_with('#'), "{line}");
    }
    room.write("careen.toml", "# mine\n");
    let ran = room.run(&["init"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.err.starts_with("error: ./careen.toml is there already"),
        "{}",
        ran.err
    );
    assert_eq!(room.read("careen.toml"), b"# mine\n");
}

/// What `init` writes, with each setting and each table uncommented.
pub fn uncommented(text: &str) -> String {
    // Settings are `# name = …` and tables `# [name]`; prose is neither.
    text.lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains(" = ") || line.starts_with('['))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_init_writes_is_a_config_with_every_key_when_uncommented() {
    let room = Room::new();
    room.run(&["init"]);
    let text = String::from_utf8(room.read("careen.toml")).unwrap();
    let settings = uncommented(&text);
    let config = Config::parse(&settings, Path::new("careen.toml"), &[]).unwrap();
    assert_eq!(config.builder(), "kaniko");
    let table: toml::Table = settings.parse().unwrap();
    let schema = schema(&[]);
    let known: BTreeSet<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        table.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        known
    );
}

#[test]
fn the_schema_names_the_transforms() {
    let ran = Room::new().run(&["config", "--schema"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let schema: Value = serde_json::from_slice(&ran.out).unwrap();
    let properties = &schema["properties"];
    assert_eq!(properties["select"]["items"]["enum"][0], "loud-run");
    assert!(properties["transforms"]["properties"]["loud-run"].is_object());
    assert_eq!(properties["transforms"]["additionalProperties"], false);
}

#[test]
fn completions_for_each_shell() {
    let room = Room::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = room.run(&["completions", shell]);
        assert_eq!(ran.status, 0);
        assert!(ran.text().contains("stdin-filename"), "{shell}");
    }
}

#[test]
fn wrong_arguments_are_errors() {
    let room = Room::new();
    for args in [
        &[][..],
        &["nosuch"],
        &["config"],
        &["fix", "--nosuch"],
        &["fix", "--profile", "nosuch"],
        &["check", "--format", "nosuch"],
        &["fix", "--context", "nosuch"],
        &["fix", "--config", "nosuch.toml"],
        &["fix", "--builder", "nosuch"],
        &["fix", "--stdin-filename", "Dockerfile"],
    ] {
        let ran = room.run(args);
        assert_eq!(ran.status, 2, "{args:?}");
        assert_eq!(ran.text(), "", "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}
