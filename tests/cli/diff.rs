//! Printed diffs, applied by git, by patch and by a small applier of this test.

use std::ffi::OsStr;
use std::fs;

use careen::report::{Paint, diff};
use proptest::prelude::*;

use crate::room::{Room, beside};

/// Applies a diff of one file as its hunks say, checking every line of it.
fn apply(old: &[u8], patch: &[u8]) -> Vec<u8> {
    let old = diff::lines(old);
    let mut new: Vec<u8> = Vec::new();
    let mut at = 0;
    let lines = diff::lines(patch);
    let mut lines = lines.iter().peekable();
    while lines.next_if(|line| !line.starts_with(b"@@ ")).is_some() {}
    while let Some(head) = lines.next() {
        let head = std::str::from_utf8(head).unwrap();
        let words: Vec<&str> = head.split(' ').collect();
        let numbers = |word: &str| {
            let (start, length) = word[1..].split_once(',').unwrap_or((&word[1..], "1"));
            let (start, length): (usize, usize) = (start.parse().unwrap(), length.parse().unwrap());
            (if length == 0 { start } else { start - 1 }, length)
        };
        let (old_range, new_range) = (numbers(words[1]), numbers(words[2]));
        assert!(old_range.0 >= at, "hunks are in order");
        for line in &old[at..old_range.0] {
            new.extend_from_slice(line);
        }
        at = old_range.0;
        assert_eq!(diff::lines(&new).len(), new_range.0, "{head}");
        let (mut taken, mut given) = (0, 0);
        while let Some(line) = lines.next_if(|line| !line.starts_with(b"@@ ")) {
            let (mark, text) = (line[0], &line[1..]);
            let bare = lines.next_if(|line| line.starts_with(b"\\")).is_some();
            let text = if bare { &text[..text.len() - 1] } else { text };
            if mark != b'+' {
                assert_eq!(old[at], text, "{head}");
                at += 1;
                taken += 1;
            }
            if mark != b'-' {
                new.extend_from_slice(text);
                given += 1;
            }
        }
        assert_eq!((taken, given), (old_range.1, new_range.1), "{head}");
    }
    for line in &old[at..] {
        new.extend_from_slice(line);
    }
    new
}

fn unified(name: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    diff::unified(Some(name), name, old, new, Paint(false), &mut patch);
    patch
}

/// Texts of few different lines, so that many are equal, with all kinds of line ends.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"a".to_vec()),
        Just(b"b\r".to_vec()),
        Just(b"".to_vec()),
        Just(b"-- x".to_vec()),
        Just(b"++ x".to_vec()),
        Just(b"\\ x".to_vec()),
        Just(b"@@ -1 +1 @@".to_vec()),
        Just(b"\xff\0\xfe".to_vec()),
    ];
    (prop::collection::vec(line, 0..40), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join(&b"\n"[..]);
        if ended && !text.is_empty() {
            text.push(b'\n');
        }
        text
    })
}

/// A text, and the same one with some lines replaced, removed or put in.
fn edited() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (text(), prop::collection::vec((0..60_usize, text()), 0..4)).prop_map(|(old, edits)| {
        let mut new: Vec<Vec<u8>> = diff::lines(&old).iter().map(|line| line.to_vec()).collect();
        for (at, put) in edits {
            let at = at.min(new.len());
            let end = (at + put.len() % 3).min(new.len());
            new.splice(at..end, [put]);
        }
        (old, new.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn applying_the_diff_gives_the_new_text((old, new) in prop_oneof![(text(), text()), edited()]) {
        let patch = unified(b"f", &old, &new);
        prop_assert_eq!(patch.is_empty(), old == new);
        prop_assert_eq!(apply(&old, &patch), new);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn git_and_patch_say_the_same((old, new) in edited()) {
        // An empty file is none to these two, and BuildKit takes no empty Dockerfile.
        prop_assume!(old != new && !old.is_empty() && !new.is_empty());
        let room = Room::new();
        let patch = unified(b"f", &old, &new);
        for (program, args) in [("git", &["apply"][..]), ("patch", &["-p1", "-s", "--no-backup-if-mismatch"])] {
            room.write("f", &old);
            let (done, said) = room.call("", program, args, &patch);
            prop_assert!(done, "{}: {}", program, said);
            prop_assert_eq!(room.read("f"), new.clone(), "{}", program);
        }
    }
}

/// Runs `fix`, applies what it prints, and compares with what `fix --write` writes.
fn applies(room: &Room, folder: &str, args: &[&str], files: &[&OsStr]) {
    let printed = room.run_in(folder, &[&["fix"], args].concat(), b"");
    assert_eq!(printed.status, 0, "{printed:?}");
    let before: Vec<Option<Vec<u8>>> = files
        .iter()
        .map(|file| fs::read(room.path(file)).ok())
        .collect();
    let (done, said) = room.call(folder, "git", &["apply"], &printed.out);
    assert!(done, "{said}\n{printed:?}");
    let applied: Vec<Vec<u8>> = files.iter().map(|file| room.read(file)).collect();
    for ((file, before), applied) in files.iter().zip(&before).zip(&applied) {
        assert_ne!(before.as_ref(), Some(applied), "{file:?}");
        match before {
            Some(bytes) => fs::write(room.path(file), bytes).unwrap(),
            None => fs::remove_file(room.path(file)).unwrap(),
        }
    }
    let (done, said) = room.call(folder, "patch", &["-p1", "-s"], &printed.out);
    assert!(done, "{said}\n{printed:?}");
    for (file, applied) in files.iter().zip(&applied) {
        assert_eq!(&room.read(file), applied, "{file:?}");
    }
    for (file, before) in files.iter().zip(&before) {
        match before {
            Some(bytes) => fs::write(room.path(file), bytes).unwrap(),
            None => fs::remove_file(room.path(file)).unwrap(),
        }
    }
    let written = room.run_in(folder, &[&["fix", "--write"], args].concat(), b"");
    assert_eq!(written.status, 0, "{written:?}");
    for (file, applied) in files.iter().zip(&applied) {
        assert_eq!(&room.read(file), applied, "{file:?}");
    }
}

#[test]
fn what_is_printed_is_what_is_written() {
    let mut room = Room::new();
    room.engine = beside;
    room.call("", "git", &["init", "-q"], b"");
    room.write("crlf.Dockerfile", "FROM debian\r\nrun a\r\n\r\nrun b\r\n");
    room.write("no end.Dockerfile", "FROM debian\nrun a");
    room.write("bytes.Dockerfile", b"FROM debian\nrun \xff\xfe\n");
    room.write("na\u{ef}ve \"q\" \\.Dockerfile", "FROM debian\nrun a\n");
    room.write("tab\t.Dockerfile", "FROM debian\nrun a\n");
    room.write("b/c/Dockerfile", "FROM debian\nrun a\n");
    room.write("d/.dockerignore", "x");
    room.write("d/Dockerfile", "FROM debian\nrun a\n");
    let files = [
        "crlf.Dockerfile",
        "no end.Dockerfile",
        "bytes.Dockerfile",
        "na\u{ef}ve \"q\" \\.Dockerfile",
        "tab\t.Dockerfile",
        "b/c/Dockerfile",
        "b/c/.dockerignore",
        "d/Dockerfile",
        "d/.dockerignore",
        ".dockerignore",
    ];
    applies(&room, "", &[], &files.map(OsStr::new));
}

#[test]
fn below_the_top_of_a_repository_too() {
    let mut room = Room::new();
    room.engine = beside;
    room.call("", "git", &["init", "-q"], b"");
    room.write("sub/x/Dockerfile", "FROM debian\nrun a\n");
    let files = ["sub/x/Dockerfile", "sub/x/.dockerignore"];
    applies(&room, "sub", &["--unsafe"], &files.map(OsStr::new));
}

#[cfg(unix)]
#[test]
fn names_of_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let room = Room::new();
    let name = OsStr::from_bytes(b"\xff\x01\n.Dockerfile");
    room.write(name, "FROM debian\nrun a\n");
    applies(&room, "", &[], &[name]);
}

#[test]
fn names_that_git_quotes() {
    for (name, quoted) in [
        (&b"a b/c"[..], &b"a b/c"[..]),
        (b"a\"b", b"\"a\\\"b\""),
        (b"a\\b", b"\"a\\\\b\""),
        (b"\xc3\xa9", b"\"\\303\\251\""),
        (b"\t\n\r\x01", b"\"\\t\\n\\r\\001\""),
    ] {
        assert_eq!(diff::quote(name), quoted);
    }
}

#[test]
fn what_does_not_apply_from_here_is_named() {
    let room = Room::new();
    room.call("", "git", &["init", "-q"], b"");
    room.write("Dockerfile", "FROM debian\nrun a\n");
    room.write("sub/sub/Dockerfile", "FROM debian\nrun a\n");
    room.write("sub/Dockerfile", "FROM debian\nrun other\n");
    let above = room.run_in("sub", &["fix", "../Dockerfile"], b"");
    assert!(
        above
            .err
            .contains("../Dockerfile: above the working directory"),
        "{}",
        above.err
    );
    // git would take `a/sub/Dockerfile` for the one in this folder.
    let same = room.run_in("sub", &["fix", "sub/Dockerfile"], b"");
    assert!(same.err.contains("git apply -p1"), "{}", same.err);
    let (done, said) = room.call("sub", "git", &["apply", "-p1"], &same.out);
    assert!(done, "{said}");
    assert_eq!(room.read("sub/sub/Dockerfile"), b"FROM debian\nRUN a\n");
}

#[test]
fn a_file_beside_two_dockerfiles_is_in_the_diff_once() {
    let mut room = Room::new();
    room.engine = beside;
    room.write("a.Dockerfile", "FROM debian\n");
    room.write("b.Dockerfile", "FROM debian\n");
    let ran = room.run(&["fix"]);
    assert_eq!(
        ran.text(),
        "--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1 @@\n+.git\n"
    );
}
