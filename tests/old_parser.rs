//! The same instructions as `dockerfile-parser` 0.9, on what that crate reads well: which instructions there are, a RUN's
//! script, the pairs of ENV and LABEL.

mod common;

use std::fs;
use std::path::PathBuf;

use careen::syntax::{self, Dockerfile, Keyword};
use dockerfile_parser::{Dockerfile as Old, Instruction};

/// Minimal cases in which the old parser is wrong: it doesn't know `<<-`, keeps a backslash at the file's
/// end, and goes on behind two.
const WRONG_THERE: [&str; 3] = ["40_double_bs", "13_heredoc_quoted_dash", "36_bs_eof"];

/// Every Dockerfile that there is: parser cases, fixtures, and the corpus when it was fetched.
fn files() -> Vec<PathBuf> {
    let minimal = common::folders(&common::root().join("tests/syntax/minimal"));
    let fixtures = common::fixtures().into_iter().map(|case| case.folder);
    let mut all: Vec<_> = minimal
        .into_iter()
        .chain(fixtures)
        .filter(|folder| !WRONG_THERE.iter().any(|wrong| folder.ends_with(wrong)))
        .map(|folder| folder.join("Dockerfile"))
        .collect();
    match fs::read_dir(common::root().join("target/corpus")) {
        Ok(entries) => all.extend(entries.flatten().map(|entry| entry.path())),
        Err(_) => eprintln!("no corpus in target/corpus; tests/corpus/fetch brings it"),
    }
    all.retain(|path| path.is_file());
    all.sort();
    all
}

fn keyword(instruction: &Instruction) -> Keyword {
    match instruction {
        Instruction::From(_) => Keyword::From,
        Instruction::Arg(_) => Keyword::Arg,
        Instruction::Label(_) => Keyword::Label,
        Instruction::Run(_) => Keyword::Run,
        Instruction::Entrypoint(_) => Keyword::Entrypoint,
        Instruction::Cmd(_) => Keyword::Cmd,
        Instruction::Copy(_) => Keyword::Copy,
        Instruction::Env(_) => Keyword::Env,
        Instruction::Misc(other) => Keyword::of(other.instruction.content.as_bytes()),
    }
}

/// Words apart by one space: the old parser keeps other white space than BuildKit does.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A pair without what quotes: the old parser takes some of it away.
fn plain(key: &str, value: &str) -> String {
    spaced(&format!("{key}={value}").replace(['"', '\'', '\\'], ""))
}

/// The texts that the two should agree on, for one instruction.
fn texts(old: &Instruction, ours: &syntax::Instruction) -> Option<(Vec<String>, Vec<String>)> {
    let pairs = || {
        ours.args
            .pairs()
            .iter()
            .map(|pair| plain(&pair.key.text, &pair.value.text))
            .collect()
    };
    match old {
        // It takes flags for words of the script.
        Instruction::Run(run) if ours.flags.is_empty() => {
            let script = run.as_shell()?.to_string();
            let at = ours.shell_at()?;
            Some((
                vec![spaced(&script)],
                vec![spaced(ours.logical.text().get(at.range())?)],
            ))
        }
        Instruction::Env(env) => Some((
            env.vars
                .iter()
                .map(|var| plain(&var.key.content, &var.value.to_string()))
                .collect(),
            pairs(),
        )),
        Instruction::Label(label) => Some((
            label
                .labels
                .iter()
                .map(|label| plain(&label.name.content, &label.value.content))
                .collect(),
            pairs(),
        )),
        _ => None,
    }
}

#[test]
fn instructions_agree_with_the_old_parser() {
    let (mut compared, mut refused, mut wrong) = (0, 0, Vec::new());
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let ours = Dockerfile::parse(text.as_bytes());
        // It knows no `# escape`.
        if !ours.errors.is_empty() || ours.escape != b'\\' {
            continue;
        }
        let Ok(old) = Old::parse(&text) else {
            refused += 1;
            continue;
        };
        compared += 1;
        let (left, right): (Vec<_>, Vec<_>) = (
            old.instructions.iter().map(keyword).collect(),
            ours.instructions.iter().map(|one| one.keyword).collect(),
        );
        let name = path.display();
        if left != right {
            wrong.push(format!("{name}: {left:?}, not {right:?}"));
            continue;
        }
        for (old, ours) in old.instructions.iter().zip(&ours.instructions) {
            if let Some((left, right)) = texts(old, ours)
                && left != right
            {
                wrong.push(format!("{name}:{}: {left:?}, not {right:?}", ours.lines.0));
            }
        }
    }
    eprintln!("{compared} files compared, {refused} that the old parser refuses");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 30);
}
