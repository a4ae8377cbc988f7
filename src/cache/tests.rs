use super::*;
use crate::context::Context;
use crate::knowledge::Knowledge;
use crate::stage::Stages;
use crate::syntax::Dockerfile;

fn model_in(text: &str, context: Option<&Context>) -> Model {
    let file = Dockerfile::parse(text.as_bytes());
    assert!(file.errors.is_empty(), "{:?}", file.errors);
    let stages = Stages::of(&file, Knowledge::shipped());
    Model::of(&file, &stages, context, None)
}

fn model(text: &str) -> Model {
    model_in(text, None)
}

/// The texts of the steps that run again.
fn rerun(model: &Model, edit: &Edit) -> Vec<String> {
    let runs = model.rerun(edit);
    let steps = model.steps().iter().zip(runs).filter(|(_, runs)| *runs);
    steps.map(|(step, _)| step.text.clone()).collect()
}

fn after(model: &Model, path: &str) -> Vec<String> {
    rerun(model, &Edit::of_file(path))
}

#[test]
fn steps_are_what_the_builder_numbers() {
    let model = model(
        "ARG A=1\nFROM busybox AS unused\nRUN a\nFROM busybox\nENV X=1\nWORKDIR /\nWORKDIR /app\nLABEL a=b\nCOPY a .\n\
         ADD b .\nRUN   x \\\n  # c\n  && y\nCMD [\"x\"]\n",
    );
    let steps: Vec<_> = model
        .steps()
        .iter()
        .map(|step| (step.text.as_str(), step.line, step.stage, step.parent))
        .collect();
    assert_eq!(
        steps,
        [
            ("WORKDIR /app", 7, 1, None),
            ("COPY a .", 9, 1, Some(0)),
            ("ADD b .", 10, 1, Some(1)),
            ("RUN x && y", 11, 1, Some(2)),
        ]
    );
}

#[test]
fn sources() {
    for (source, path, takes) in [
        (".", "a/b", true),
        ("./", "a", true),
        ("/", "a", true),
        ("a", "a", true),
        ("a", "a/b/c", true),
        ("a", "ab", false),
        ("./a/", "a/b", true),
        ("../a", "a/b", true),
        ("a/./b", "a/b/c", true),
        ("*.py", "x.py", true),
        ("*.py", "d/x.py", false),
        ("d*", "dd/x/y", true),
        ("a/*/c", "a/b/c/d", true),
        ("a/*/c", "a/b/d", false),
        ("[[]x]", "[x]", true),
    ] {
        let model = model(&format!("FROM busybox\nCOPY {source} /x/\n"));
        assert_eq!(model.takes(path), [takes], "{source} {path}");
    }
}

#[test]
fn excludes() {
    let model = model("FROM busybox\nCOPY --exclude=*.md --exclude=t/d src *.txt /x/\n");
    for (path, takes) in [
        ("src/a.py", true),
        ("src/a.md", false),
        ("src/d/a.md", true),
        ("src/t/d/x", false),
        ("src/t/e", true),
        ("a.txt", true),
    ] {
        assert_eq!(model.takes(path), [takes], "{path}");
    }
}

#[test]
fn a_copy_carries_what_stands_on_it() {
    let model = model(
        "FROM node\nWORKDIR /app\nRUN apt-get update\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN make\n",
    );
    assert_eq!(after(&model, "src/a.js"), ["COPY . .", "RUN make"]);
    assert_eq!(
        after(&model, "package.json"),
        ["COPY package.json .", "RUN npm ci", "COPY . .", "RUN make"]
    );
    assert!(model.steps()[1].system && !model.steps()[3].system);
}

#[test]
fn ignored_files_are_no_input() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(".dockerignore"),
        "docs\n*.log\n!keep.log\n",
    )
    .unwrap();
    let context = Context::open(folder.path(), None).unwrap();
    let model = model_in("FROM busybox\nCOPY . .\n", Some(&context));
    for (path, takes) in [
        ("docs/a", false),
        ("a.log", false),
        ("keep.log", true),
        ("a", true),
    ] {
        assert_eq!(model.takes(path), [takes], "{path}");
    }
}

#[cfg(unix)]
#[test]
fn links_lead_to_what_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("real/sub")).unwrap();
    std::fs::write(folder.path().join("real/sub/f"), "x").unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("/link/sub", folder.path().join("two")).unwrap();
    std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
    let context = Context::open(folder.path(), None).unwrap();
    let takes = |source: &str, path: &str| {
        model_in(
            &format!("FROM busybox\nCOPY {source} /x/\n"),
            Some(&context),
        )
        .takes(path)
            == [true]
    };
    assert!(takes("link/sub", "real/sub/f") && takes("link/sub", "link"));
    assert!(takes("two", "real/sub/f") && takes("two", "two"));
    assert!(!takes("two", "real/other"));
    assert!(takes("loop", "loop"));
}

#[test]
fn stages_count_by_content() {
    let model = model(
        "FROM golang AS build\nWORKDIR /src\nCOPY go.mod .\nCOPY data /data\nRUN go build -o /out ./...\n\
         FROM busybox AS tools\nCOPY tools /tools\nRUN x > /y\nFROM busybox\nCOPY --from=build /data /data\n\
         COPY --from=BUILD /out /out\nRUN --mount=type=bind,from=tools,source=/tools,target=/t /t/x\n",
    );
    // `go build` may write anywhere, as far as anybody knows.
    assert_eq!(
        after(&model, "data/x"),
        [
            "COPY data /data",
            "RUN go build -o /out ./...",
            "COPY --from=build /data /data",
            "COPY --from=BUILD /out /out",
            "RUN --mount=type=bind,from=tools,source=/tools,target=/t /t/x",
        ]
    );
    let last = after(&model, "tools/x");
    assert_eq!(last.len(), 3, "{last:?}");
}

#[test]
fn what_is_copied_past_an_edit_stays() {
    let model = model(
        "FROM busybox AS a\nCOPY one /one\nCOPY two /two\nFROM busybox\nCOPY --from=a /two /two\nRUN x\n",
    );
    assert_eq!(after(&model, "one"), ["COPY one /one", "COPY two /two"]);
    assert_eq!(after(&model, "two").len(), 3);
}

#[test]
fn mounts() {
    let model = model(
        "FROM busybox\nRUN --mount=type=bind,source=tool,target=/t a\nFROM busybox\n\
         RUN --mount=target=/t,ro b\nFROM busybox\nRUN --mount=type=bind,source=x,target=/t,rw c\n",
    );
    assert_eq!(
        after(&model, "y"),
        ["RUN --mount=type=bind,source=x,target=/t,rw c"]
    );
    let mounted = |mount: &str, path: &str| {
        !after(
            &super::tests::model(&format!("FROM busybox\nRUN --mount={mount} a\n")),
            path,
        )
        .is_empty()
    };
    assert!(mounted("type=bind,source=tool,target=/t", "tool/x"));
    assert!(!mounted("type=bind,source=tool,target=/t", "x"));
    assert!(mounted("target=/t", "x"));
    assert!(mounted("source=tool,target=/t,ro=false", "x"));
    assert!(!mounted("source=tool,target=/t,rw=false", "x"));
    assert!(!mounted("type=cache,target=/t", "x"));
    assert!(!mounted("type=secret,id=x", "x"));
}

#[test]
fn triggers_run_in_the_child() {
    let model = model("FROM busybox AS a\nONBUILD COPY x /x\nRUN one\nFROM a\nRUN two\n");
    let texts: Vec<_> = model
        .steps()
        .iter()
        .map(|step| step.text.as_str())
        .collect();
    assert_eq!(texts, ["RUN one", "COPY x /x", "RUN two"]);
    assert_eq!(after(&model, "x"), ["COPY x /x", "RUN two"]);
}

#[test]
fn build_arguments() {
    let model = model(
        "ARG TAG=1\nARG DIR=/d\nFROM busybox:$TAG AS base\nRUN one\nARG V\nRUN two\nENV W=${V}x\nFROM base\nCOPY a /a\nRUN three\n\
         FROM busybox\nARG DIR\nWORKDIR $DIR\nCOPY b rel\nCOPY c /c\nCOPY --from=base /z /z\n",
    );
    let arg = |name: &str| rerun(&model, &Edit::of_arg(name));
    assert_eq!(arg("TAG"), ["RUN one", "RUN two", "COPY --from=base /z /z"]);
    assert_eq!(arg("V"), ["RUN two", "COPY --from=base /z /z"]);
    assert_eq!(arg("DIR").len(), 4);
    assert!(arg("OTHER").is_empty());
    let child =
        super::tests::model("FROM busybox AS a\nARG V\nENV W=$V\nFROM a\nCOPY a /a\nRUN three\n");
    assert_eq!(rerun(&child, &Edit::of_arg("V")), ["RUN three"]);
}

#[test]
fn the_file_itself_may_change() {
    let base = "FROM busybox\nARG V=1\nLABEL l=1\nCOPY a /a\nRUN x # c\nCOPY b /b\nRUN y\n";
    for (from, to, expected) in [
        ("LABEL l=1", "LABEL l=2", 0),
        ("V=1", "V=2", 3),
        ("RUN x", "RUN  x", 0),
        ("RUN y", "RUN z", 1),
        ("COPY a", "COPY --link a", 0),
        ("COPY b /b", "COPY --chown=1 b /b", 2),
        ("FROM busybox", "FROM alpine", 4),
        ("LABEL l=1", "ENV A=1", 3),
        ("LABEL l=1", "USER 1", 3),
        ("LABEL l=1", "SHELL [\"/bin/ash\", \"-c\"]", 3),
    ] {
        let (before, after) = (model(base), model(&base.replace(from, to)));
        let mut ledger = Ledger::default();
        let first = ledger.build(&before, &Contents::new(&before));
        assert!(first.iter().all(|runs| *runs));
        let second = ledger.build(&after, &Contents::new(&after));
        assert_eq!(
            second.iter().filter(|runs| **runs).count(),
            expected,
            "{to}"
        );
    }
}

#[test]
fn what_comes_back_is_cached() {
    let model = model("FROM busybox\nCOPY a /a\nRUN x\n");
    let (mut ledger, mut contents) = (Ledger::default(), Contents::new(&model));
    assert_eq!(ledger.build(&model, &contents), [true, true]);
    contents.change(&model, "a/f", None, Some(b"1"));
    assert_eq!(ledger.build(&model, &contents), [true, true]);
    contents.change(&model, "b", Some(b"1"), Some(b"2"));
    assert_eq!(ledger.build(&model, &contents), [false, false]);
    contents.change(&model, "a/f", Some(b"1"), None);
    assert_eq!(ledger.build(&model, &contents), [false, false]);
}

#[test]
fn comparing() {
    let before = model("FROM node\nCOPY . .\nRUN npm ci\nRUN make\n");
    let after = model("FROM node\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN make\n");
    let edit = Edit::of_file("src/a.js");
    assert_eq!(
        compare(&before, &after, &edit).to_string(),
        "2 of 4 steps run instead of 3 of 3"
    );
    assert_eq!(
        compare(&after, &after, &edit).to_string(),
        "2 of 4 steps run instead of 2"
    );
    let expected =
        |model: &Model| model.expected_reruns(None, Knowledge::shipped(), Weights::default());
    assert!(
        expected(&after) < expected(&before),
        "{} {}",
        expected(&after),
        expected(&before)
    );
}

#[test]
fn odd_files_have_a_model() {
    for text in [
        "",
        "RUN x\n",
        "FROM a AS a\nCOPY --from=b /x /\nFROM a AS b\nCOPY --from=a /y /\n",
        "FROM a\nCOPY --from=0 /x /\nCOPY --from=7 /x /\nCOPY\nRUN --mount\nADD x\nWORKDIR\n",
        "FROM $X\nCOPY $Y /\nRUN --mount=from=$Z,target=/x x\nCOPY --from=$Q /x /\n",
    ] {
        let file = Dockerfile::parse(text.as_bytes());
        let model = Model::of(&file, &Stages::of(&file, Knowledge::shipped()), None, None);
        assert_eq!(model.rerun(&Edit::of_file("x")).len(), model.steps().len());
        Ledger::default().build(&model, &Contents::new(&model));
    }
}
