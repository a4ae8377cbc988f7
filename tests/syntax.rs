//! The same instructions as BuildKit: its own parser's answers for small files, and for the corpus when it is there.

use std::path::Path;

use careen::checks;
use careen::syntax::{Args, Dockerfile, Instruction, Keyword};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What BuildKit hands to `sh -c`: the script, and each heredoc behind it; a heredoc alone is the script itself.
fn shell_text(file: &Dockerfile, instruction: &Instruction) -> Vec<u8> {
    if let [heredoc] = instruction.heredocs.as_slice()
        && heredoc.at == instruction.rest_at
    {
        let body = file.text(heredoc.body).into_owned();
        let tabs = |line: &str| {
            if heredoc.chomp {
                line.trim_start_matches('\t').to_owned()
            } else {
                line.to_owned()
            }
        };
        return body
            .split_inclusive('\n')
            .map(tabs)
            .collect::<String>()
            .into_bytes();
    }
    let mut text = instruction.logical.bytes()[instruction.rest_at.range()].to_vec();
    for heredoc in &instruction.heredocs {
        text.push(b'\n');
        text.extend_from_slice(file.bytes(heredoc.body));
        text.extend_from_slice(heredoc.name.as_bytes());
    }
    text
}

fn assert_tiles(file: &Dockerfile) {
    let mut end = 0;
    for piece in &file.pieces {
        assert_eq!(piece.span.start, end, "pieces tile the file");
        end = piece.span.end;
    }
    assert_eq!(end, file.source().len(), "pieces reach the end");
}

fn args_of(instruction: &Instruction) -> Vec<String> {
    match (&instruction.args, &instruction.onbuild) {
        (_, Some(child)) => {
            let mut args = vec![String::from_utf8_lossy(child.keyword_text()).into_owned()];
            args.extend(args_of(child));
            args
        }
        (Args::Text(_) | Args::Json(_), _) if instruction.keyword == Keyword::Healthcheck => {
            let rest = instruction.rest().unwrap_or("");
            let kind = rest.split_whitespace().next().unwrap_or("").to_owned();
            let mut args = vec![kind];
            match &instruction.args {
                Args::Text(at) => args.push(
                    String::from_utf8_lossy(&instruction.logical.bytes()[at.range()]).into_owned(),
                ),
                other => args.extend(other.words().iter().map(|word| word.text.clone())),
            }
            args
        }
        (Args::Text(at), _) => {
            vec![String::from_utf8_lossy(&instruction.logical.bytes()[at.range()]).into_owned()]
        }
        (Args::Pairs(pairs), _) => pairs
            .iter()
            .flat_map(|pair| [pair.key.text.clone(), pair.value.text.clone(), "=".into()])
            .collect(),
        (Args::OldPair(pair), _) => vec![
            pair.key.text.clone(),
            pair.value.text.clone(),
            String::new(),
        ],
        (args, _) => args.words().iter().map(|word| word.text.clone()).collect(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .map(|all| {
            all.iter()
                .filter_map(|one| one.as_str().map(String::from))
                .collect()
        })
        .unwrap_or_default()
}

#[test]
fn minimal_cases_agree_with_buildkit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax/minimal");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let source = std::fs::read(case.join("Dockerfile")).unwrap();
        let answer: Value =
            serde_json::from_slice(&std::fs::read(case.join("answer.json")).unwrap()).unwrap();
        let file = Dockerfile::parse(source.clone());
        assert_eq!(file.source(), source, "{name}");
        assert_tiles(&file);
        assert_eq!(
            file.errors.is_empty(),
            answer["parse_ok"].as_bool().unwrap(),
            "{name}: {:?}",
            file.errors
        );
        // The answers were made with `--parents` built in; the frontend of dockerd 28.5, whose rules are careen's, has it
        // only with a `# syntax=` line.
        let parents = source.windows(9).any(|word| word == b"--parents")
            && file.directive("syntax").is_none();
        assert_eq!(
            checks::accepts(&file).is_ok(),
            answer["ok"].as_bool().unwrap() && !parents,
            "{name}"
        );
        cases += 1;
        if !file.errors.is_empty() {
            continue;
        }
        assert_eq!(
            answer["escape"].as_str().unwrap().as_bytes(),
            [file.escape],
            "{name}"
        );
        let Some(expected) = answer["instructions"].as_array() else {
            continue;
        };
        assert_eq!(file.instructions.len(), expected.len(), "{name}");
        for (instruction, expected) in file.instructions.iter().zip(expected) {
            let keyword = String::from_utf8_lossy(instruction.keyword_text()).into_owned();
            assert_eq!(
                keyword.to_lowercase(),
                expected["name"].as_str().unwrap(),
                "{name}"
            );
            assert_eq!(
                instruction.logical.text(),
                expected["original"].as_str().unwrap(),
                "{name}"
            );
            let lines = (
                expected["start"].as_u64().unwrap() as usize,
                expected["end"].as_u64().unwrap() as usize,
            );
            assert_eq!(instruction.lines, lines, "{name}");
            let flags: Vec<_> = instruction
                .flags
                .iter()
                .map(|flag| flag.text.clone())
                .collect();
            assert_eq!(flags, strings(&expected["flags"]), "{name}");
            assert_eq!(
                instruction.is_json(),
                expected["json"].as_bool().unwrap(),
                "{name}"
            );
            assert_eq!(
                args_of(instruction),
                strings(&expected["args"]),
                "{name}: {instruction:?}"
            );
            let heredocs = expected["heredocs"].as_array().cloned().unwrap_or_default();
            assert_eq!(instruction.heredocs.len(), heredocs.len(), "{name}");
            for (heredoc, expected) in instruction.heredocs.iter().zip(&heredocs) {
                assert_eq!(heredoc.name, expected["name"].as_str().unwrap(), "{name}");
                assert_eq!(
                    heredoc.expand,
                    expected["expand"].as_bool().unwrap(),
                    "{name}"
                );
                assert_eq!(
                    heredoc.chomp,
                    expected["chomp"].as_bool().unwrap(),
                    "{name}"
                );
                assert_eq!(
                    u64::from(heredoc.fd),
                    expected["fd"].as_u64().unwrap(),
                    "{name}"
                );
                assert_eq!(
                    file.text(heredoc.body),
                    expected["content"].as_str().unwrap(),
                    "{name}"
                );
            }
            if instruction.keyword == Keyword::Run
                && let Some(shell) = expected["shell"].as_str()
            {
                assert_eq!(
                    String::from_utf8_lossy(&shell_text(&file, instruction)),
                    shell,
                    "{name}"
                );
            }
        }
    }
    assert_eq!(cases, 53);
}

#[test]
fn corpus_agrees_with_buildkit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(answers) = std::fs::read_to_string(root.join("tests/corpus/answers.jsonl")) else {
        panic!("tests/corpus/answers.jsonl is part of the repository");
    };
    let corpus = root.join("target/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: no corpus in target/corpus; tests/corpus/fetch brings it");
        return;
    }
    let (mut files, mut wrong) = (0, Vec::new());
    for line in answers.lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let digest = answer["sha256"].as_str().unwrap();
        let Ok(source) = std::fs::read(corpus.join(format!("{digest}.Dockerfile"))) else {
            continue;
        };
        files += 1;
        let file = Dockerfile::parse(source);
        assert_tiles(&file);
        if let Some(difference) = difference(&file, &answer) {
            wrong.push(format!("{digest}: {difference}"));
        }
    }
    eprintln!(
        "{files} corpus files compared with BuildKit's answers, {} differ",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(file: &Dockerfile, answer: &Value) -> Option<String> {
    if file.errors.is_empty() != answer["parse_ok"].as_bool()? {
        return Some(format!("accepted by the parser: {:?}", file.errors));
    }
    if checks::accepts(file).is_ok() != answer["ok"].as_bool()? {
        return Some(format!("accepted: {:?}", checks::accepts(file)));
    }
    if !file.errors.is_empty() {
        return None;
    }
    let expected = answer["instructions"].as_array()?;
    if expected.len() != file.instructions.len() {
        return Some(format!(
            "{} instructions, not {}",
            file.instructions.len(),
            expected.len()
        ));
    }
    for (instruction, expected) in file.instructions.iter().zip(expected) {
        let mut found = vec![
            Value::from(String::from_utf8_lossy(instruction.keyword_text()).to_lowercase()),
            Value::from(instruction.lines.0),
            Value::from(instruction.lines.1),
            Value::from(&hex(instruction.logical.bytes())[..16]),
            Value::from(
                instruction
                    .flags
                    .iter()
                    .map(|flag| flag.text.clone())
                    .collect::<Vec<_>>(),
            ),
        ];
        let script = instruction.keyword == Keyword::Run
            && !instruction.is_json()
            && !instruction.rest_at.is_empty();
        found.push(if script {
            Value::from(&hex(&shell_text(file, instruction))[..16])
        } else {
            Value::Null
        });
        found.push(Value::from(
            instruction
                .heredocs
                .iter()
                .map(|heredoc| heredoc.name.clone())
                .collect::<Vec<_>>(),
        ));
        let expected = expected.as_array()?;
        if script || expected[5].is_null() {
            if &found != expected {
                return Some(format!("{found:?} is not {expected:?}"));
            }
        } else if found[..5] != expected[..5] {
            return Some(format!("{found:?} is not {expected:?}"));
        }
    }
    None
}

/// A case's bytes: one character is one byte, and `[text, count]` repeats.
fn source_of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text
            .chars()
            .map(|one| u8::try_from(u32::from(one)).unwrap())
            .collect(),
        Value::Array(parts) => parts
            .iter()
            .flat_map(|part| match part.as_array() {
                Some(pair) => {
                    source_of(&pair[0]).repeat(usize::try_from(pair[1].as_u64().unwrap()).unwrap())
                }
                None => source_of(part),
            })
            .collect(),
        other => panic!("{other} is no source"),
    }
}

/// A word of which BuildKit keeps bytes that are not UTF-8; careen's words are text, and replace them.
fn lossy(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(lossy).collect(),
        Value::String(text) => {
            let bytes: Vec<u8> = text
                .chars()
                .filter_map(|one| u8::try_from(u32::from(one)).ok())
                .collect();
            plain(String::from_utf8_lossy(&bytes).as_bytes())
        }
        other => other.clone(),
    }
}

/// Bytes as the answers write them: one character a byte, a long one by its digest.
fn plain(bytes: &[u8]) -> Value {
    if bytes.len() > 200 {
        return format!("{} bytes, sha256 {}", bytes.len(), &hex(bytes)[..16]).into();
    }
    bytes
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .into()
}

/// Arguments as the answers write them: without the `=` of pairs, and the bytes themselves of a text.
fn plain_args(instruction: &Instruction) -> Vec<Value> {
    // BuildKit ignores what follows a keyword that it doesn't know; its frontend refuses the file later.
    if instruction.keyword == Keyword::Unknown {
        return Vec::new();
    }
    if let Some(child) = &instruction.onbuild {
        if matches!(child.keyword, Keyword::Unknown | Keyword::Onbuild) {
            return Vec::new();
        }
        let mut args = vec![plain(child.keyword_text())];
        args.extend(plain_args(child));
        return args;
    }
    let all = args_of(instruction);
    let listed = all.iter().map(|one| plain(one.as_bytes()));
    match &instruction.args {
        Args::Text(at) if instruction.keyword != Keyword::Healthcheck => {
            vec![plain(&instruction.logical.bytes()[at.range()])]
        }
        Args::Pairs(_) | Args::OldPair(_) => listed
            .enumerate()
            .filter_map(|(at, one)| (at % 3 < 2).then_some(one))
            .collect(),
        _ => listed.collect(),
    }
}

/// An instruction as `tests/syntax/cases.jsonl` writes it.
fn answered(file: &Dockerfile, instruction: &Instruction) -> Value {
    let listed = |all: Vec<String>| {
        all.iter()
            .map(|one| plain(one.as_bytes()))
            .collect::<Vec<_>>()
    };
    let child = instruction.onbuild.as_deref();
    let flags = instruction.flags.iter().map(|flag| flag.text.clone());
    let heredocs = instruction.heredocs.iter().map(|heredoc| {
        serde_json::json!([
            plain(heredoc.name.as_bytes()),
            heredoc.fd,
            plain(file.bytes(heredoc.body))
        ])
    });
    let keyword = match instruction.keyword {
        Keyword::Unknown => "unknown".into(),
        _ => String::from_utf8_lossy(instruction.keyword_text()),
    };
    serde_json::json!([
        keyword,
        plain(instruction.logical.bytes()),
        instruction.lines.0,
        instruction.lines.1,
        child.unwrap_or(instruction).is_json(),
        child.is_none().then(|| listed(flags.collect())),
        plain_args(instruction),
        child.is_none().then(|| heredocs.collect::<Vec<_>>()),
    ])
}

#[test]
fn own_cases_agree_with_buildkit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax/cases.jsonl");
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let source = source_of(&case["source"]);
        let file = Dockerfile::parse(source.clone());
        assert_eq!(file.source(), source, "{name}");
        assert_tiles(&file);
        cases += 1;
        // The verdict of dockerd 28.5; null where it would fetch another frontend.
        let accepted = checks::accepts(&file).is_ok();
        if accepted != case["accepted"].as_bool().unwrap_or(accepted) {
            wrong.push(format!("{name}: accepted: {:?}", checks::accepts(&file)));
        }
        let expected = &case["answer"]["instructions"];
        if expected.is_null() == file.errors.is_empty() {
            wrong.push(format!("{name}: {:?}, not {}", file.errors, case["answer"]));
            continue;
        }
        let Some(mut expected) = expected.as_array().cloned() else {
            continue;
        };
        for (expected, instruction) in expected.iter_mut().zip(&file.instructions) {
            if !matches!(instruction.args, Args::Text(_)) {
                expected[6] = lossy(&expected[6]);
            }
        }
        let found: Vec<_> = file
            .instructions
            .iter()
            .map(|instruction| answered(&file, instruction))
            .collect();
        if found != expected {
            wrong.push(format!(
                "{name}:\n  {}\n  {}",
                Value::from(found),
                Value::from(expected)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cases} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(cases > 200, "{cases} cases");
}
