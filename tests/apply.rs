//! What `careen fix` prints, `git apply` makes of it what `careen fix --write` does: byte for byte, over the whole corpus
//! and over odd names, line ends and file ends.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Files by their path below the folder.
type Files = BTreeMap<String, Vec<u8>>;

/// Names that a diff has to quote, or could get wrong.
const ODD: [&str; 12] = [
    "Dockerfile",
    "with space.Dockerfile",
    "two  spaces/and a folder/Dockerfile",
    " leading/Dockerfile",
    "trailing /Dockerfile",
    "ünï cödé/Dockerfile.größe",
    "quote\"s/it's.Dockerfile",
    "back\\slash/Dockerfile",
    "tab\there/Dockerfile",
    "a -> b/Dockerfile",
    "-dash/Dockerfile.-w",
    "b/a/Dockerfile",
];

fn variants(source: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = String::from_utf8_lossy(source).replace("\r\n", "\n");
    let trimmed = text.trim_end_matches('\n');
    let crlf = text.replace('\n', "\r\n");
    vec![
        ("lf", text.clone().into_bytes()),
        ("no-end", trimmed.as_bytes().to_vec()),
        ("crlf", crlf.clone().into_bytes()),
        ("crlf-no-end", crlf.trim_end().as_bytes().to_vec()),
        ("bom", [b"\xef\xbb\xbf".as_slice(), source].concat()),
        ("blank-end", format!("{text}\n\n").into_bytes()),
        ("invalid", [source, b"# \xff\xfe\n"].concat()),
    ]
}

fn lay(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn gather(folder: &Path, below: &str, found: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

fn careen(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_careen"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Both ways over the same files; gives back how many files changed.
fn both_ways(files: &Files) -> usize {
    let (printed, written) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lay(printed.path(), files);
    lay(written.path(), files);
    let fix = careen(printed.path(), &["fix", "--unsafe", "."]);
    let write = careen(written.path(), &["fix", "--write", "--unsafe", "."]);
    assert_eq!(
        fix.status.code(),
        write.status.code(),
        "{}",
        String::from_utf8_lossy(&fix.stderr)
    );
    let mut git = Command::new("git")
        .arg("apply")
        .current_dir(printed.path())
        .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A patch that git can't read to its end breaks the pipe; what git says then is the better message.
    let _ = git.stdin.take().unwrap().write_all(&fix.stdout);
    let git = git.wait_with_output().unwrap();
    assert!(
        git.status.success(),
        "git apply: {}",
        String::from_utf8_lossy(&git.stderr)
    );
    let (mut left, mut right) = (Files::new(), Files::new());
    gather(printed.path(), "", &mut left);
    gather(written.path(), "", &mut right);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for (name, bytes) in &left {
        assert!(
            bytes == &right[name],
            "{name}:\n{}\nis not\n{}",
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&right[name])
        );
    }
    right
        .iter()
        .filter(|(name, bytes)| files.get(*name) != Some(*bytes))
        .count()
}

#[test]
fn the_corpus_applies() {
    let Some(corpus) = common::corpus() else {
        return;
    };
    let files: Files = corpus
        .into_iter()
        .map(|(name, source)| (format!("{name}.Dockerfile"), source))
        .collect();
    let changed = both_ways(&files);
    eprintln!("{} files, {changed} of them changed", files.len());
    assert!(changed * 10 > files.len(), "{changed} files changed");
}

#[test]
fn the_fixtures_apply_in_every_variant() {
    let mut files = Files::new();
    for case in common::fixtures() {
        for (variant, bytes) in variants(&case.source()) {
            files.insert(format!("{variant}/{}/Dockerfile", case.name()), bytes);
        }
    }
    assert!(both_ways(&files) > 300);
}

#[test]
fn odd_names_apply() {
    let source = b"from debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n";
    let mut files = Files::new();
    for (at, name) in ODD.iter().enumerate() {
        let all = variants(source);
        let (_, bytes) = &all[at % all.len()];
        files.insert((*name).to_owned(), bytes.clone());
    }
    assert_eq!(both_ways(&files), ODD.len());
}
