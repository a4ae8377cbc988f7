//! `careen check` and its formats.

use serde_json::Value;

use crate::room::{Room, beside};

const SOURCE: &str = "FROM debian\nrun a \\\n  b\nADD x /\nUSER root\n";

fn room() -> Room {
    let room = Room::new();
    room.write("web: a,b/Dockerfile", SOURCE);
    room
}

#[test]
fn text_is_a_line_for_each_finding() {
    let ran = room().run(&["check"]);
    assert_eq!(ran.status, 1);
    assert_eq!(
        ran.text(),
        "web: a,b/Dockerfile:2: loud-run: write `run` as `RUN`, 100% of the time (safe)\n\
         web: a,b/Dockerfile:5: remarks: this runs as root (advice)\n    compose.yaml\n    | read_only: true\n"
    );
}

#[test]
fn advice_and_refusals_alone_are_clean() {
    let room = Room::new();
    room.write("Dockerfile", "FROM debian\nADD x /\nUSER root\n");
    assert_eq!(room.run(&["check"]).status, 0);
}

#[test]
fn github_annotations_are_escaped() {
    let ran = room().run(&["check", "--format", "github"]);
    assert_eq!(
        ran.text(),
        "::notice file=web%3A a%2Cb/Dockerfile,line=2,endLine=3,title=careen loud-run::write `run` as `RUN`, 100%25 of the time\n\
         ::notice file=web%3A a%2Cb/Dockerfile,line=5,endLine=5,title=careen remarks::this runs as root\n"
    );
    let room = Room::new();
    room.write("Dockerfile", "FROM debian\nENV a\n");
    let ran = room.run(&["check", "--format", "github"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.text()
            .starts_with("::error file=Dockerfile,line=2,col=1,title=careen::"),
        "{ran:?}"
    );
}

#[test]
fn json_has_all() {
    let room = room();
    room.write("web: a,b/Dockerfile.bad", "FROM debian\nENV a\n");
    let ran = room.run(&["check", "--format", "json", "-q"]);
    assert_eq!(ran.status, 2);
    let json: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(json["version"], 1);
    let file = &json["files"][0];
    assert_eq!(file["path"], "web: a,b/Dockerfile");
    assert_eq!(file["changed"], true);
    let change = &file["changes"][0];
    assert_eq!(change["id"], "loud-run");
    assert_eq!(
        (&change["line"], &change["end_line"]),
        (&2.into(), &3.into())
    );
    assert_eq!(change["safety"], "safe");
    let start = usize::try_from(change["start"].as_u64().unwrap()).unwrap();
    assert_eq!(SOURCE.get(start..start + 3), Some("run"));
    assert_eq!(file["held_back"][0]["held"], "unsafe");
    assert_eq!(file["held_back"][1]["held"], "advice");
    assert_eq!(file["refusals"][0]["line"], 4);
    assert!(file["diff"].as_str().unwrap().contains("+RUN a \\\n"));
    let bad = &json["files"][1];
    assert_eq!(bad["error"]["line"], 2);
    assert_eq!(bad["changes"], Value::Array(Vec::new()));
    let summary = &json["summary"];
    assert_eq!(
        (&summary["files"], &summary["errors"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn sarif_has_rules_regions_and_fixes() {
    let mut room = Room::new();
    room.engine = beside;
    room.write("é.Dockerfile", "FROM debian\nrun \u{e9} \\\n  b");
    room.write("bad.Dockerfile", "FROM debian\nENV a\n");
    let ran = room.run(&["check", "--format", "sarif"]);
    let log: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules[0]["id"], "loud-run");
    assert_eq!(
        rules[0]["shortDescription"]["text"],
        "Writes `run` as `RUN`"
    );
    let result = &run["results"][0];
    assert_eq!(result["ruleIndex"], 0);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "%C3%A9.Dockerfile");
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 4})
    );
    let changes = &result["fixes"][0]["artifactChanges"];
    assert_eq!(
        changes[0]["replacements"],
        serde_json::json!([{
            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 1},
            "insertedContent": {"text": "RUN \u{e9} \\\n"},
        }])
    );
    assert_eq!(changes[1]["artifactLocation"]["uri"], ".dockerignore");
    assert_eq!(
        changes[1]["replacements"][0]["deletedRegion"],
        serde_json::json!({"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1})
    );
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let error = &invocation["toolExecutionNotifications"][0];
    assert_eq!(
        error["locations"][0]["physicalLocation"]["region"]["startLine"],
        2
    );
}

#[test]
fn sarif_groups_fixes_that_may_need_one_another() {
    let room = Room::new();
    room.write("Dockerfile", "FROM debian\nrun a\nrun b\n");
    room.write("bytes.Dockerfile", b"FROM debian\nrun \xff\n");
    let ran = room.run(&["check", "--format", "sarif"]);
    let log: Value = serde_json::from_slice(&ran.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(
        results[0]["fixes"][0]["description"]["text"],
        "all 2 changes of this file"
    );
    assert!(results[1].get("fixes").is_none());
    assert!(results[2].get("fixes").is_none(), "no text, no fix");
}

#[test]
fn gitlab_issues_have_fingerprints_that_stay() {
    let room = Room::new();
    let issues = |source: &str| -> Vec<Value> {
        room.write("é/Dockerfile", source);
        let ran = room.run(&["check", "--format", "gitlab"]);
        serde_json::from_slice(&ran.out).unwrap()
    };
    let first = issues("FROM debian\nrun a \\\n  b\nrun c\nrun c\nUSER root\n");
    let one = &first[0];
    assert_eq!(one["check_name"], "loud-run");
    assert_eq!(one["description"], "write `run` as `RUN`, 100% of the time");
    assert_eq!(one["severity"], "minor");
    assert_eq!(
        one["location"],
        serde_json::json!({"path": "é/Dockerfile", "lines": {"begin": 2, "end": 3}})
    );
    assert_eq!(first[3]["severity"], "info");
    let prints = |issues: &[Value]| -> Vec<Value> {
        issues
            .iter()
            .map(|one| one["fingerprint"].clone())
            .collect()
    };
    let mut different = prints(&first);
    different.dedup();
    assert_eq!(different.len(), 4, "two equal places are two issues");
    let moved = issues("FROM debian\n# new\n\nrun a \\\n  b\nrun c\nrun c\nUSER root\n");
    assert_eq!(moved[0]["location"]["lines"]["begin"], 4);
    assert_eq!(prints(&moved), prints(&first));

    let errors = issues("FROM debian\nENV a\n");
    assert_eq!(errors[0]["severity"], "major");
    assert_eq!(errors[0]["location"]["lines"]["begin"], 2);
    assert_eq!(issues("FROM debian\n"), Vec::<Value>::new());
}

#[test]
fn rdjson_suggests_whole_lines() {
    let mut room = Room::new();
    let diagnostics = |room: &Room, source: &[u8]| -> Vec<Value> {
        room.write("Dockerfile", source);
        let ran = room.run(&["check", "--format", "rdjson"]);
        let result: Value = serde_json::from_slice(&ran.out).unwrap();
        assert_eq!(result["source"]["name"], "careen");
        result["diagnostics"].as_array().unwrap().clone()
    };
    let found = diagnostics(
        &room,
        b"FROM debian\r\nrun a\r\nENV x=1\r\nrun b\r\nUSER root\r\n",
    );
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[0],
        serde_json::json!({
            "message": "write `run` as `RUN`, 100% of the time",
            "location": {"path": "Dockerfile", "range": {"start": {"line": 2}, "end": {"line": 2}}},
            "severity": "WARNING",
            "code": {"value": "loud-run"},
            "suggestions": [{
                "range": {"start": {"line": 2}, "end": {"line": 4}},
                "text": "RUN a\r\nENV x=1\r\nRUN b",
            }],
        })
    );
    assert!(found[1].get("suggestions").is_none(), "one for the file");
    assert_eq!(found[2]["severity"], "INFO");

    let found = diagnostics(&room, b"FROM debian\nrun \xff\n");
    assert!(found[0].get("suggestions").is_none(), "no text");
    let found = diagnostics(&room, b"FROM debian\nENV a\n");
    assert_eq!(found[0]["severity"], "ERROR");
    assert_eq!(found[0]["location"]["range"]["start"]["line"], 2);
    room.engine = beside;
    let found = diagnostics(&room, b"FROM debian\nrun a\n");
    assert!(
        found[0].get("suggestions").is_none(),
        "another file is written too"
    );
}

#[test]
fn rdjson_suggestions_never_start_from_nothing() {
    // A chain that only adds or takes lines: the suggestion holds a line beside them.
    use careen::report::{Entry, rdjson};
    for (before, after, start, end, text) in [
        ("a\nb\n", "a\nnew\nb\n", 1, 1, "a\nnew"),
        ("a\nb\n", "new\na\nb\n", 1, 1, "new\na"),
        ("a\nb\n", "a\n", 1, 2, "a"),
        ("a\nb\n", "b\n", 1, 2, "b"),
        ("a\nb", "a\nb2", 2, 2, "b2"),
    ] {
        let report = careen::engine::Report {
            original: before.as_bytes().to_vec(),
            rewritten: after.as_bytes().to_vec(),
            applied: vec![careen::engine::Applied {
                id: "x",
                place: careen::syntax::Span::new(0, 1),
                line: 1,
                reason: "why".to_owned(),
                safety: careen::transform::Safety::Safe,
                removes: Vec::new(),
                snippets: Vec::new(),
            }],
            ..Default::default()
        };
        let entry = Entry {
            path: b"Dockerfile".to_vec(),
            context: Vec::new(),
            outcome: Ok(report),
            buys: None,
        };
        let result: Value = serde_json::from_str(&rdjson::render(&[entry]).unwrap()).unwrap();
        assert_eq!(
            result["diagnostics"][0]["suggestions"][0],
            serde_json::json!({"range": {"start": {"line": start}, "end": {"line": end}}, "text": text}),
            "{before:?} -> {after:?}"
        );
    }
}

#[test]
fn markdown_is_a_comment() {
    let room = Room::new();
    room.write("Dockerfile", "FROM debian\nrun echo '```'\n");
    let ran = room.run(&["check", "--format", "markdown"]);
    assert_eq!(
        ran.text(),
        "### careen\n\n1 file, 1 change in 1 file, 0 refusals; 1 more change waits behind --unsafe\n\n\
         #### `Dockerfile`\n\n\
         * line 2, `loud-run`: write `run` as `RUN`, 100% of the time (safe)\n\n\
         ````diff\n\
         # careen: loud-run: line 2: write `run` as `RUN`, 100% of the time (safe)\n\
         --- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n FROM debian\n-run echo '```'\n+RUN echo '```'\n\
         ````\n\n\
         <details><summary>1 change not made on purpose</summary>\n\n\
         * line 1, `pin-base`: say which debian (waits behind --unsafe)\n\n</details>\n"
    );
}

#[test]
fn markdown_stays_short() {
    let room = Room::new();
    let long = format!("FROM debian\nrun {}\n", "x".repeat(40_000));
    for name in ["a", "b", "c"] {
        room.write(format!("{name}.Dockerfile"), &long);
    }
    let text = room.run(&["check", "--format", "markdown"]).text();
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(
        text.contains("3 more files not shown here"),
        "{}",
        text.len()
    );
}

#[test]
fn standard_input_can_be_checked() {
    let args = ["check", "-", "--stdin-filename", "x/Dockerfile"];
    let ran = Room::new().run_in("", &args, b"FROM debian\nrun a\n");
    assert_eq!(ran.status, 1);
    assert!(
        ran.text().starts_with("x/Dockerfile:2: loud-run: "),
        "{ran:?}"
    );
}
