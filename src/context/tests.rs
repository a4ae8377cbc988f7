use super::*;

fn context(files: &[(&str, &str)]) -> (tempfile::TempDir, Context) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let context = Context::open(root.path(), Some(&root.path().join("Dockerfile"))).unwrap();
    (root, context)
}

fn walked(context: &Context, dir: &str) -> Vec<String> {
    context.walk(dir).map(|entry| entry.unwrap().path).collect()
}

#[test]
fn what_is_ignored_is_not_there() {
    let (_root, context) = context(&[
        (".dockerignore", "*\n!src\n!docs/keep/*.md\nsrc/*.log\n"),
        ("a", ""),
        ("src/main.rs", "x"),
        ("src/a.log", "x"),
        ("docs/keep/a.md", "x"),
        ("docs/keep/a.txt", "x"),
        ("docs/other/a.md", "x"),
        ("target/big", "x"),
    ]);
    let expected = ["docs", "docs/keep", "docs/keep/a.md", "src", "src/main.rs"];
    assert_eq!(walked(&context, ""), expected);
    assert_eq!(walked(&context, "docs"), expected[1..3]);
    assert_eq!(walked(&context, "target"), [""; 0]);
    let names: Vec<String> = context
        .list("")
        .unwrap()
        .into_iter()
        .map(|e| e.path)
        .collect();
    assert_eq!(names, ["docs", "src"]);
    assert!(context.entry("docs").is_some());
    assert!(context.is_ignored("docs"));
    assert_eq!(context.entry("docs/other"), None);
    assert_eq!(context.read("a"), None);
    assert_eq!(
        context.try_read("a"),
        Err(ContextError::Ignored {
            path: "a".into(),
            line: 1
        })
    );
    assert_eq!(context.read_text("/src/main.rs").as_deref(), Some("x"));
    assert_eq!(
        context.ignored_by("src/a.log").map(|rule| rule.line),
        Some(4)
    );
    assert_eq!(context.ignored_by("src/b").map(|rule| rule.line), None);
    assert!(matches!(
        context.list("target"),
        Err(ContextError::Ignored { line: 1, .. })
    ));
    assert_eq!(context.list_all("target").unwrap().len(), 1);
    assert_eq!(context.read_beside("a").unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(context.read_beside("none"), Ok(None));
}

#[test]
fn the_ignore_file_of_the_dockerfile_comes_first() {
    let (_root, context) = context(&[
        (".dockerignore", "a"),
        ("Dockerfile.dockerignore", "b"),
        ("a", ""),
        ("b", ""),
    ]);
    assert_eq!(
        context.ignore_file().map(IgnoreFile::name),
        Some("Dockerfile.dockerignore")
    );
    assert!(context.entry("a").is_some());
    assert!(context.entry("b").is_none());
}

#[test]
fn an_ignore_file_that_the_builder_refuses_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".dockerignore"), "a\n!\n").unwrap();
    let error = Context::open(root.path(), None).unwrap_err();
    assert!(matches!(
        error,
        ContextError::Ignore {
            rule: ignore::BadRule { line: 2, .. },
            ..
        }
    ));
    assert!(matches!(
        Context::open(&root.path().join("none"), None),
        Err(ContextError::Root { .. })
    ));
}

#[cfg(unix)]
#[test]
fn links_are_entries_and_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let (root, _) = context(&[("real/file", "x")]);
    let link =
        |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
    link(outside.path(), "out");
    link(&outside.path().join("secret"), "secret");
    link(Path::new("real"), "in");
    link(Path::new("."), "loop");
    let context = Context::open(root.path(), None).unwrap();
    assert_eq!(
        context.entry("in").map(|e| e.kind),
        Some(Kind::Symlink("real".into()))
    );
    assert_eq!(context.read("secret"), None);
    assert_eq!(
        context.read_beside("secret"),
        Err(ContextError::NotAFile("secret".into()))
    );
    assert!(matches!(
        context.try_read("out/secret"),
        Err(ContextError::ThroughLink { .. })
    ));
    assert!(matches!(
        context.matches("in/*"),
        Err(ContextError::ThroughLink { .. })
    ));
    assert!(matches!(
        context.list("out"),
        Err(ContextError::NotAFolder(_))
    ));
    assert_eq!(
        walked(&context, ""),
        ["in", "loop", "out", "real", "real/file", "secret"]
    );
}

#[test]
fn patterns_stand_for_what_copy_takes() {
    let (_root, context) = context(&[
        (".dockerignore", "b.txt"),
        ("a.txt", ""),
        ("b.txt", ""),
        ("[id].ts", ""),
        ("x/package.json", ""),
        ("y/package.json", ""),
        ("y/deep/package.json", ""),
        ("y/z/f", ""),
    ]);
    let matches = |pattern: &str| context.matches(pattern).unwrap();
    assert_eq!(matches("*.txt"), ["a.txt"]);
    assert_eq!(matches("/*.txt"), ["a.txt"]);
    assert_eq!(matches("../*.txt"), ["a.txt"]);
    assert_eq!(matches("b.txt"), [""; 0]);
    assert_eq!(matches("none"), [""; 0]);
    assert_eq!(
        matches("*/package.json"),
        ["x/package.json", "y/package.json"]
    );
    assert_eq!(matches("y/*"), ["y/deep", "y/package.json", "y/z"]);
    assert_eq!(matches("[id].ts"), [""; 0]);
    assert_eq!(matches("[[]id].ts"), ["[id].ts"]);
    assert_eq!(matches("[xy]"), ["x", "y"]);
    assert_eq!(matches("y[^a]package.json"), ["y/package.json"]);
    assert_eq!(matches("none/*"), [""; 0]);
    assert_eq!(matches("x"), ["x"]);
    assert_eq!(matches("."), [""]);
    assert_eq!(
        context.matches("a["),
        Err(ContextError::BadPattern("a[".into()))
    );
}

#[test]
fn large_files_are_not_read() {
    let large = "x".repeat(LARGEST_FILE as usize + 1);
    let (_root, context) = context(&[("large", &large), ("full", &large[1..])]);
    assert!(matches!(
        context.try_read("large"),
        Err(ContextError::TooLarge { .. })
    ));
    assert!(context.read("full").is_some());
    assert!(context.read_beside("large").is_err());
}

#[test]
fn what_was_read_is_remembered() {
    let (root, context) = context(&[("a", "one")]);
    assert_eq!(context.read_text("a").as_deref(), Some("one"));
    fs::write(root.path().join("a"), "two").unwrap();
    assert_eq!(context.read_text("a").as_deref(), Some("one"));
}

#[test]
fn has_many_counts_below() {
    let (_root, context) = context(&[("d/a", ""), ("d/e/b", ""), ("d/e/c", "")]);
    assert!(context.has_more_than("d", 3));
    assert!(!context.has_more_than("d", 4));
    assert!(!context.has_many("d"));
    assert!(!context.has_more_than("none", 0));
}

#[test]
fn a_walk_can_leave_a_folder_out() {
    let (_root, context) = context(&[("a/b/c", ""), ("d", "")]);
    let mut walk = context.walk("");
    assert_eq!(walk.next().unwrap().unwrap().path, "a");
    walk.skip_folder();
    assert_eq!(walk.next().unwrap().unwrap().path, "d");
    assert!(walk.next().is_none());
}

#[test]
fn a_context_can_be_shared() {
    fn is_sync<T: Sync + Send>() {}
    is_sync::<Context>();
}

#[test]
fn folders_are_read_only_when_they_are_walked() {
    let (_root, context) = context(&[
        (".dockerignore", "ignored"),
        ("big/one", ""),
        ("ignored/one", ""),
        ("d/one", ""),
    ]);
    let read = || {
        let folders = context.folders.lock().unwrap();
        let mut names: Vec<String> = folders.keys().cloned().collect();
        names.sort();
        names
    };
    assert!(context.entry("big").is_some() && context.entry("big/one").is_some());
    assert!(context.is_ignored("ignored/one") && context.entry("ignored").is_none());
    assert_eq!(read(), [""; 0]);
    assert_eq!(context.list("").unwrap().len(), 3);
    assert_eq!(context.matches("d/*").unwrap(), ["d/one"]);
    assert_eq!(read(), ["", "d"]);
    assert_eq!(walked(&context, "").len(), 5);
    assert_eq!(read(), ["", "big", "d"]);
}
