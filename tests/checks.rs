//! The same verdicts and findings as dockerd 28.5.2, row by row (see `tests/checks/README.md`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use careen::checks::{self, Finding, Outside, Rejection, Rule, Unknown};
use careen::syntax::{Args, Dockerfile, Keyword, Span};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    text: Option<String>,
    sha256: Option<String>,
    targets: Option<String>,
    check: Option<String>,
    findings: Vec<(String, usize)>,
}

#[derive(Deserialize)]
struct Answer {
    sha256: String,
    ok: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows<T: for<'de> Deserialize<'de>>(path: &str) -> Vec<T> {
    let path = root().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The folder of real files, or `None` with a word on how to get it.
fn corpus() -> Option<PathBuf> {
    let folder = root().join("target/corpus");
    if !folder.is_dir() {
        eprintln!("skipped: no corpus in target/corpus; tests/corpus/fetch brings it");
        return None;
    }
    Some(folder)
}

/// Rules that speak before BuildKit asks for base images.
const EARLY: &[&str] = &[
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidDefaultArgInFrom",
    "MaintainerDeprecated",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "StageNameCasing",
    "UndefinedArgInFrom",
];

/// What we say differently from the row.
fn differences(row: &Row, source: &[u8]) -> Vec<String> {
    let file = Dockerfile::parse(source.to_vec());
    let mut wrong = Vec::new();
    let mut verdict = |name: &str, theirs: &Option<String>, ours: Result<(), Rejection>| {
        let line = theirs.as_deref().and_then(line_of);
        let same = match (theirs, &ours) {
            (None, Ok(())) => true,
            (Some(_), Err(rejection)) => line.is_none_or(|line| line == rejection.line),
            _ => false,
        };
        if !same {
            wrong.push(format!("{name}: {theirs:?}, ours: {ours:?}"));
        }
    };
    verdict("targets", &row.targets, checks::accepts(&file));
    let needs_base = row
        .check
        .as_ref()
        .is_some_and(|check| check.starts_with("needs the base image"));
    if !needs_base {
        verdict("check", &row.check, checks::check(&file));
    }
    let ours = checks::findings(&file)
        .into_iter()
        .filter(|finding| !needs_base || EARLY.contains(&finding.rule));
    let mut ours: Vec<(String, usize)> = ours
        .map(|finding: Finding| (finding.rule.to_owned(), finding.line))
        .collect();
    let mut theirs = row.findings.clone();
    ours.sort();
    theirs.sort();
    if ours != theirs {
        wrong.push(format!("findings: {theirs:?}, ours: {ours:?}"));
    }
    wrong
}

/// The line of `dockerfile parse error on line 2: …`.
fn line_of(error: &str) -> Option<usize> {
    let (_, behind) = error.split_once("on line ")?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[test]
fn small_files_have_the_answers_of_buildkit() {
    let mut rows: Vec<Row> = rows("tests/checks/instructions.jsonl");
    rows.extend(self::rows::<Row>("tests/checks/corners.jsonl"));
    assert!(rows.len() > 1_200);
    let mut wrong = Vec::new();
    for row in &rows {
        let text = row
            .text
            .as_deref()
            .unwrap_or_else(|| panic!("a row without text"));
        let shown: String = text.chars().take(200).collect();
        wrong.extend(
            differences(row, text.as_bytes())
                .into_iter()
                .map(|difference| format!("{shown:?}\n  {difference}")),
        );
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The file as the daemon got it: FROMs from outside are `scratch`, `# syntax` is an empty line.
fn without_outside(source: &[u8]) -> Vec<u8> {
    let file = Dockerfile::parse(source.to_vec());
    let mut edits: Vec<(Span, &[u8])> = Vec::new();
    for directive in &file.directives {
        if directive.name == "syntax" {
            let line = file.bytes(directive.span);
            let end = line.len()
                - line
                    .iter()
                    .rev()
                    .take_while(|byte| b"\r\n".contains(byte))
                    .count();
            edits.push((
                Span::new(directive.span.start, directive.span.start + end),
                b"",
            ));
        }
    }
    let mut names = BTreeSet::new();
    for instruction in &file.instructions {
        let (Keyword::From, Args::Words(words)) = (instruction.keyword, &instruction.args) else {
            continue;
        };
        let Some(image) = words.first() else {
            continue;
        };
        if !names.contains(&image.text) {
            let image = instruction.source(image.at);
            let keyword = instruction.source(instruction.keyword_at);
            // They replaced the first word of the line, also where that was the escape character.
            let line = source[keyword.end..].split(|byte| *byte == b'\n').next();
            let line = Span::new(keyword.end, keyword.end + line.map_or(0, <[u8]>::len));
            let span = match line.contains(image) {
                true => image,
                false => Span::new(line.end - 1, line.end),
            };
            edits.push((span, b"scratch"));
        }
        if let [_, _, name] = words.as_slice() {
            names.insert(name.text.to_lowercase());
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut result = Vec::new();
    let mut at = 0;
    for (span, text) in edits {
        result.extend_from_slice(&source[at..span.start]);
        result.extend_from_slice(text);
        at = span.end;
    }
    result.extend_from_slice(&source[at..]);
    result
}

#[test]
fn real_files_have_the_findings_of_buildkit() {
    let Some(folder) = corpus() else {
        return;
    };
    let rows: Vec<Row> = rows("tests/checks/checks.jsonl");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for row in &rows {
        let digest = row
            .sha256
            .as_deref()
            .unwrap_or_else(|| panic!("a row without sha256"));
        let Ok(source) = std::fs::read(folder.join(format!("{digest}.Dockerfile"))) else {
            continue;
        };
        seen += 1;
        wrong.extend(
            differences(row, &without_outside(&source))
                .into_iter()
                .map(|difference| format!("{digest}\n  {difference}")),
        );
    }
    println!("{seen} of {} files compared", rows.len());
    assert!(seen > 0, "the corpus has none of the files");
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn real_files_are_accepted_as_buildkit_accepts_them() {
    let Some(folder) = corpus() else {
        return;
    };
    let answers: Vec<Answer> = rows("tests/corpus/answers.jsonl");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for answer in &answers {
        let path = folder.join(format!("{}.Dockerfile", answer.sha256));
        let Ok(source) = std::fs::read(path) else {
            continue;
        };
        seen += 1;
        let ours = checks::accepts(&Dockerfile::parse(source));
        if ours.is_ok() != answer.ok {
            wrong.push(format!("{}: {}, ours: {ours:?}", answer.sha256, answer.ok));
        }
    }
    println!("{seen} of {} files compared", answers.len());
    assert!(seen > 0, "the corpus has none of the files");
    assert!(
        wrong.is_empty(),
        "{} files:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_finding_of_the_answers_is_a_rule_of_the_list() {
    let mut names = BTreeSet::new();
    for path in [
        "tests/checks/instructions.jsonl",
        "tests/checks/checks.jsonl",
    ] {
        for row in rows::<Row>(path) {
            names.extend(row.findings.into_iter().map(|(rule, _)| rule));
        }
    }
    assert!(names.len() > 15);
    for name in names {
        let rule = Rule::of(&name).unwrap_or_else(|| panic!("{name} is not in the list"));
        assert!(rule.url().ends_with(&format!("/{}/", rule.page)));
    }
}

/// A base image that sets JAVA_HOME, and a build context without `a`.
struct Known;

impl Outside for Known {
    fn environment(&self, image: &str) -> Option<Vec<(String, String)>> {
        (image == "java:1").then(|| vec![("JAVA_HOME".into(), "/java".into())])
    }

    fn ignored(&self, source: &str) -> bool {
        source == "a"
    }
}

fn seen(text: &str, outside: &dyn Outside) -> Vec<(&'static str, usize, bool)> {
    let (verdict, findings) = checks::inspect(&Dockerfile::parse(text.as_bytes()), outside);
    assert_eq!(verdict, Ok(()), "{text}");
    findings
        .into_iter()
        .map(|finding| (finding.rule, finding.line, finding.certain))
        .collect()
}

#[test]
fn a_base_image_may_define_a_variable() {
    let text = "FROM java:1\nENV PATH=$JAVA_HOME/bin:$PATH\nWORKDIR $JAVA_HOME\nVOLUME $NOSUCH\nEXPOSE $PORT\n";
    let suspects = [
        ("UndefinedVar", 2, false),
        ("UndefinedVar", 3, false),
        ("UndefinedVar", 4, false),
    ];
    assert_eq!(seen(text, &Unknown), suspects);
    let known = "FROM java:1\nENV PATH=$JAVA_HOME/bin:$PATH\nWORKDIR $JAVA_HOME\nUSER $NOSUCH\n";
    assert_eq!(seen(known, &Known), [("UndefinedVar", 4, true)]);
    let empty = "FROM java:1\nVOLUME $NOSUCH\n";
    assert!(
        checks::inspect(&Dockerfile::parse(empty.as_bytes()), &Known)
            .0
            .is_err()
    );
}

#[test]
fn an_ignored_source_is_found_when_asked_for() {
    let text =
        "# check=experimental=CopyIgnoredFile\nFROM scratch\nCOPY a b /c/\nADD http://h/a /c/\n";
    assert_eq!(seen(text, &Known), [("CopyIgnoredFile", 3, true)]);
    assert_eq!(seen("FROM scratch\nCOPY a /c/\n", &Known), []);
}

#[test]
fn newer_frontends_know_more_flags() {
    for text in [
        "FROM scratch\nCOPY --parents a /b\n",
        "FROM scratch\nRUN --security=insecure a\n",
    ] {
        let accepts = |text: &str| checks::accepts(&Dockerfile::parse(text.as_bytes())).is_ok();
        assert!(!accepts(text), "{text}");
        assert!(
            accepts(&format!("# syntax=docker/dockerfile:1\n{text}")),
            "{text}"
        );
    }
}

/// Cut anywhere, a file is still answered, and each place lies inside of it.
#[test]
fn every_prefix_is_answered() {
    for path in [
        "tests/checks/instructions.jsonl",
        "tests/checks/corners.jsonl",
    ] {
        for row in rows::<Row>(path) {
            let text = row.text.unwrap_or_default();
            for end in (0..text.len().min(400)).filter(|end| text.is_char_boundary(*end)) {
                let file = Dockerfile::parse(&text.as_bytes()[..end]);
                let (verdict, findings) = checks::inspect(&file, &Known);
                let spans = findings.iter().map(|finding| finding.span);
                for span in spans.chain(verdict.err().map(|rejection| rejection.span)) {
                    assert!(
                        span.start <= span.end && span.end <= end,
                        "{text:?} to {end}: {span:?}"
                    );
                }
            }
        }
    }
}
