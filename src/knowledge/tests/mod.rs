//! The tables as they are shipped, and with a user's entries.

mod images_table;
mod language_table;
mod programs_table;
mod system_table;

use super::*;
use SystemAction as S;

/// Splits at spaces; `$x` stands for a word that isn't literal.
fn words(text: &str) -> Vec<Word<'_>> {
    text.split_whitespace()
        .map(|word| (!word.starts_with('$')).then_some(word))
        .collect()
}

fn knowledge() -> &'static Knowledge {
    Knowledge::shipped()
}

#[test]
fn shipped_tables_are_read_strictly() {
    let system: BTreeMap<String, SystemManager> = toml::from_str(PACKAGE_MANAGERS).unwrap();
    let language: BTreeMap<String, LanguageManager> = toml::from_str(LANGUAGE_MANAGERS).unwrap();
    let programs: BTreeMap<String, Program> = toml::from_str(PROGRAMS).unwrap();
    let _: crate::knowledge::images::File = toml::from_str(BASE_IMAGES).unwrap();
    assert!(system.len() >= 10 && language.len() >= 28 && programs.len() >= 200);
    for (id, manager) in &system {
        assert!(!manager.lists.is_empty(), "{id} has no lists");
        let cleanup = manager
            .cleanup
            .as_ref()
            .unwrap_or_else(|| panic!("{id} has no cleanup"));
        let covered = cleanup
            .removes
            .iter()
            .any(|glob| manager.cleaned_by_removing(&glob.replace("**", "*")));
        assert!(covered, "what {id} declares isn't what it cleans");
        for mount in &manager.mounts {
            for place in &mount.places {
                assert!(
                    !manager.mount_hides_state(place),
                    "{id} mounts its state: {place}"
                );
            }
        }
    }
    for (id, manager) in &language {
        for mount in &manager.mounts {
            assert!(
                !mount.why.is_empty() && !mount.places.is_empty(),
                "{id}/{} says no why or where",
                mount.name
            );
            if mount.mount == MountSafety::Safe {
                assert_ne!(
                    mount.holds,
                    Holds::BuiltUnkeyed,
                    "{id}/{}: built and not keyed is never safe",
                    mount.name
                );
                for place in &mount.places {
                    assert!(
                        !manager.stores.contains(place),
                        "{id}/{}: {place} is a store",
                        mount.name
                    );
                }
            }
        }
    }
}

#[test]
fn each_source_stands_above_its_entry() {
    for (file, text) in [
        ("package_managers", PACKAGE_MANAGERS),
        ("language_managers", LANGUAGE_MANAGERS),
        ("base_images", BASE_IMAGES),
    ] {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.starts_with('[') && !line.starts_with("[os."))
        {
            let above = at
                .checked_sub(1)
                .and_then(|above| lines.get(above))
                .copied()
                .unwrap_or_default();
            assert!(above.starts_with('#'), "{file}: {line} names no source");
        }
    }
}

#[test]
fn the_user_adds_to_the_tables() {
    let user: toml::Table = r#"
        [package_managers.opkg]
        programs = ["opkg"]
        update = ["update"]
        install = ["install"]
        lists = ["/var/opkg-lists"]

        [language_managers.hatch]
        ecosystem = "python"
        programs = ["hatch"]
        build = ["build"]

        [programs.mytool]
        paths = "read"

        [base_images.image."corp.example/base"]
        tags = [{ tag = "*", os = "alpine" }]
    "#
    .parse()
    .unwrap();
    let knowledge = Knowledge::with(&user).unwrap();
    assert_eq!(
        knowledge
            .system_call(&words("opkg install x"))
            .unwrap()
            .action,
        S::Install
    );
    assert_eq!(
        knowledge
            .system_call(&words("apt-get update"))
            .unwrap()
            .action,
        S::Update
    );
    assert_eq!(
        knowledge
            .language_call(&words("hatch build"))
            .unwrap()
            .action,
        LanguageAction::Build
    );
    assert!(knowledge.program("mytool").is_some() && knowledge.program("cat").is_some());
    assert_eq!(
        knowledge
            .base_image("corp.example/base:1")
            .unwrap()
            .family(),
        Family::Alpine
    );
    assert_eq!(
        knowledge.base_image("alpine").unwrap().family(),
        Family::Alpine
    );
}

#[test]
fn keys_that_nobody_knows_are_errors() {
    for (text, table, says) in [
        (
            "[package_managers.x]\nprograms = []\ninstal = []",
            "package_managers",
            "instal",
        ),
        (
            "[language_managers.x]\necosystem = \"y\"\nprograms = [\"x\"]\ncache = 1",
            "language_managers",
            "cache",
        ),
        ("[programs.x]\nbuiltins = true", "programs", "builtins"),
        (
            "[base_images.image.x]\ntags = [{ tag = \"*\", os = \"alpine\", sh = \"x\" }]",
            "base_images",
            "sh",
        ),
        ("[managers.x]\nprograms = []", "managers", "no such table"),
        ("package_managers = 3", "package_managers", "not a table"),
    ] {
        let error = Knowledge::with(&text.parse().unwrap()).unwrap_err();
        assert_eq!(error.table, table);
        assert!(error.message.contains(says), "{error}");
    }
}
