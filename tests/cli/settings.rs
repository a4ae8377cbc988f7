//! `careen.toml`, and the build context that is chosen.

use careen::engine::{EngineError, Input, Options, Report};
use careen::transform::Link;

use crate::room::Room;

const SOURCE: &str = "FROM debian\nrun a\n";

/// An engine that only says what it was given.
fn echo(_: &[Link], input: &Input<'_>, options: &Options) -> Result<Report, EngineError> {
    let root = input.context.map(|context| context.root().to_owned());
    let name = root.map(|root| root.file_name().unwrap().to_string_lossy().into_owned());
    let said = format!(
        "context {}, builder {}, unsafe {}, profile {:?}, select {:?}, ignore {:?}, beside {}",
        name.as_deref().unwrap_or("unknown"),
        input.config.builder(),
        options.unsafe_changes,
        options.profile,
        options.select,
        options.ignore,
        options.writes_beside,
    );
    Ok(Report {
        original: input.source.to_vec(),
        rewritten: input.source.to_vec(),
        skipped: Some(said),
        ..Report::default()
    })
}

fn echoing() -> Room {
    let mut room = Room::new();
    room.engine = echo;
    room
}

/// What the engine was given for the only file.
fn given(room: &Room, args: &[&str]) -> String {
    let ran = room.run(&[&["fix", "-v"], args].concat());
    assert_eq!(ran.status, 0, "{ran:?}");
    let line = ran.err.lines().next().unwrap();
    line.split_once(": left alone: ").unwrap().1.to_owned()
}

#[test]
fn the_nearest_config_counts() {
    let room = echoing();
    room.write("a/b/Dockerfile", SOURCE);
    room.write("careen.toml", "unsafe = true\n");
    room.write(
        "a/careen.toml",
        "profile = \"recommended\"\nselect = [\"loud-run\"]\nignore = [\"wrong\"]\nbuilder = \"podman\"\n",
    );
    assert_eq!(
        given(&room, &[]),
        "context b, builder podman, unsafe false, profile Recommended, select [\"loud-run\"], ignore [\"wrong\"], beside true"
    );
    assert_eq!(
        given(&room, &["--config", "careen.toml"]),
        "context b, builder buildkit, unsafe true, profile Safe, select [], ignore [], beside true"
    );
    // A repository is a world of its own.
    room.write("a/b/.git/HEAD", "");
    assert!(given(&room, &[]).contains("builder buildkit, unsafe false"));
}

#[test]
fn flags_come_before_the_config() {
    let room = echoing();
    room.write("x/Dockerfile", SOURCE);
    room.write(
        "careen.toml",
        "unsafe = true\nselect = [\"loud-run\"]\nignore = [\"wrong\"]\nbuilder = \"podman\"\n",
    );
    let args = [
        "--profile",
        "hardened",
        "--select",
        "remarks",
        "--ignore",
        "pin-base",
        "--builder",
        "kaniko",
    ];
    assert_eq!(
        given(&room, &args),
        "context x, builder kaniko, unsafe false, profile Hardened, select [\"remarks\"], ignore [\"wrong\", \"pin-base\"], beside true"
    );
}

#[test]
fn a_wrong_config_is_an_error_for_its_files_alone() {
    let room = Room::new();
    room.write("a/Dockerfile", SOURCE);
    room.write("a/careen.toml", "\nselekt = []\n");
    room.write("b/Dockerfile", SOURCE);
    let ran = room.run(&["fix"]);
    assert_eq!(ran.status, 2);
    assert!(ran.text().contains("+++ b/b/Dockerfile"), "{ran:?}");
    let message =
        "error: a/Dockerfile: a/careen.toml:2:1: unknown key `selekt`, did you mean `select`?";
    assert!(ran.err.contains(message), "{}", ran.err);
    let ran = room.run(&["fix", "--config", "a/careen.toml"]);
    assert!(
        ran.err
            .starts_with("error: a/careen.toml:2:1: unknown key `selekt`"),
        "{}",
        ran.err
    );
}

#[test]
fn exclude_is_seen_from_the_config() {
    let room = Room::new();
    room.write("a/vendor/x/Dockerfile", SOURCE);
    room.write("a/Dockerfile.old", SOURCE);
    room.write("vendor/Dockerfile", SOURCE);
    room.write(
        "a/careen.toml",
        "exclude = [\"/vendor/\", \"Dockerfile.old\"]\n",
    );
    let text = room.run(&["fix"]).text();
    let files: Vec<&str> = text.lines().filter(|l| l.starts_with("+++")).collect();
    assert_eq!(files, ["+++ b/vendor/Dockerfile"]);
    let named = room.run(&["fix", "a/Dockerfile.old"]);
    assert!(named.text().contains("+++ b/a/Dockerfile.old"), "{named:?}");
    room.write("a/careen.toml", "exclude = [\"{a\"]\n");
    let ran = room.run(&["fix"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("a/careen.toml: exclude: "), "{}", ran.err);
}

#[test]
fn the_context_is_given_or_found() {
    let room = echoing();
    room.write(
        "docker/Dockerfile",
        "FROM debian\nCOPY package.json src /x/\n",
    );
    room.write("root/package.json", "{}");
    let context = |args: &[&str]| given(&room, args).split(", ").next().unwrap().to_owned();
    assert_eq!(context(&["--context", "root"]), "context root");
    // Nothing of what it copies is there: it is built somewhere else.
    assert_eq!(context(&[]), "context unknown");
    let ran = room.run(&["fix", "-v"]);
    assert!(
        ran.err.contains("docker/Dockerfile: the build context is not known: nothing that it copies lies in its folder; `--context` says it\n"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("beside false"), "{}", ran.err);
    room.write("docker/src/x", "");
    assert_eq!(context(&[]), "context docker");
    room.write("careen.toml", "context = \"root\"\n");
    assert_eq!(context(&[]), "context root");
}

#[test]
fn a_compose_file_names_the_context() {
    let room = echoing();
    room.write("docker/Dockerfile", "FROM debian\nCOPY a /a\n");
    let service = |name: &str, context: &str, dockerfile: &str| {
        format!("  {name}:\n    build:\n      context: {context}\n      dockerfile: {dockerfile}\n")
    };
    let web = service("web", "./sources", "../docker/Dockerfile");
    room.write("compose.yaml", format!("services:\n{web}"));
    room.write("sources/x", "");
    assert!(given(&room, &[]).starts_with("context sources"));
    let job = service("job", "./others", "../docker/Dockerfile");
    room.write("compose.yaml", format!("services:\n{web}{job}"));
    room.write("others/x", "");
    assert!(given(&room, &[]).starts_with("context unknown"));
}

#[test]
fn dockerfiles_of_one_folder_have_contexts_of_their_own() {
    let room = echoing();
    room.write("Dockerfile", "FROM debian\nCOPY a /a\n");
    room.write("Dockerfile.job", "FROM debian\nCOPY a /a\n");
    room.write(
        "compose.yaml",
        "services:\n  web:\n    build:\n      context: sources\n      dockerfile: ../Dockerfile\n  job:\n    build:\n      context: others\n      dockerfile: ../Dockerfile.job\n",
    );
    room.write("sources/a", "");
    room.write("others/a", "");
    let ran = room.run(&["fix", "-v"]);
    for context in ["context sources, ", "context others, "] {
        assert!(ran.err.contains(context), "{context}: {}", ran.err);
    }
}

#[test]
fn standard_input_has_the_settings_of_its_name() {
    let room = echoing();
    room.write("a/careen.toml", "builder = \"podman\"\n");
    let args = ["fix", "-", "-v", "--stdin-filename", "a/Dockerfile"];
    let ran = room.run_in("", &args, SOURCE.as_bytes());
    assert!(ran.err.contains("context a, builder podman"), "{}", ran.err);
    assert!(ran.err.contains("beside false"), "{}", ran.err);
    let ran = room.run_in("", &["fix", "-", "-v"], SOURCE.as_bytes());
    assert!(
        ran.err.contains("context unknown, builder buildkit"),
        "{}",
        ran.err
    );
    let ran = room.run_in(
        "a",
        &["fix", "-", "-v", "--context", "."],
        SOURCE.as_bytes(),
    );
    assert!(ran.err.contains("context a, builder podman"), "{}", ran.err);
}
