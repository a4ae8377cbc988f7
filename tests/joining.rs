//! The laws of exact joining: no pair that some shell runs differently is joined, and doing nothing is no pass.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use careen::shell::join::{Join, Operator, append, exact, tail};
use careen::shell::{Dialect, Script, Shellopts};

/// Pairs that every shell calls exact under `&&` may be refused this often.
const MAY_MISS: usize = 20;

struct Row {
    a: String,
    b: String,
    operator: Operator,
    /// Names of shells, as `dash -e`; `None`: all.
    exact_in: Option<Vec<String>>,
}

fn rows() -> Vec<Row> {
    include_str!("shell/joining.jsonl")
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
            let text = |key: &str| row[key].as_str().expect("a string").to_owned();
            Row {
                a: text("a"),
                b: text("b"),
                operator: match row["join"].as_str() {
                    Some("&&") => Operator::And,
                    Some(";") => Operator::Semicolon,
                    other => panic!("unknown operator {other:?}"),
                },
                exact_in: row["exact_in"].as_array().map(|shells| {
                    shells
                        .iter()
                        .map(|shell| shell.as_str().expect("a name").to_owned())
                        .collect()
                }),
            }
        })
        .collect()
}

#[test]
fn no_inexact_pair_of_the_table_is_joined() {
    let rows = rows();
    assert_eq!(rows.len(), 1_560);
    let mut accepted = 0;
    let mut wrong = Vec::new();
    let mut missed = Vec::new();
    // Pairs in a shell for which either operator is exact, and those of them that we join.
    let mut joinable = BTreeSet::new();
    let mut joined = BTreeSet::new();
    for row in &rows {
        for errexit in [false, true] {
            for (dialect, name) in [
                (Dialect::Sh, "dash"),
                (Dialect::Sh, "busybox"),
                (Dialect::Bash, "bash"),
            ] {
                let a = Script::parse(&row.a, dialect).expect("the table's scripts are plain");
                let b = Script::parse(&row.b, dialect).expect("the table's scripts are plain");
                let shell = Shellopts {
                    errexit,
                    ..Shellopts::default()
                };
                let answer = exact(&a, &b, row.operator, shell);
                let name = if errexit {
                    format!("{name} -e")
                } else {
                    name.to_owned()
                };
                let truth = row
                    .exact_in
                    .as_ref()
                    .is_none_or(|shells| shells.contains(&name));
                let question = (&row.a, &row.b, name.clone());
                if truth {
                    joinable.insert(question.clone());
                }
                if answer.is_ok() {
                    joined.insert(question);
                }
                match (&answer, truth) {
                    (Ok(()), true) => accepted += 1,
                    (Ok(()), false) => {
                        wrong.push(format!(
                            "{name}: {} {} {}",
                            row.a,
                            row.operator.text(),
                            row.b
                        ));
                    }
                    (Err(_), _) => {}
                }
                if answer.is_err() && row.exact_in.is_none() && row.operator == Operator::And {
                    missed.push(format!("{} && {}", row.a, row.b));
                }
            }
        }
    }
    missed.sort();
    missed.dedup();
    println!(
        "{accepted} of {} questions answered yes, {} of them wrongly; `&&` pairs exact in all shells and refused: {}; of {} pairs that can \
         be joined in some way in their shell, {} are",
        rows.len() * 6,
        wrong.len(),
        missed.len(),
        joinable.len(),
        joined.len(),
    );
    assert!(
        wrong.is_empty(),
        "joined, and not exact:\n{}",
        wrong.join("\n")
    );
    assert!(missed.len() <= MAY_MISS, "refused:\n{}", missed.join("\n"));
}

/// A shell of this machine.
struct Shell {
    name: &'static str,
    /// The command before `-c`.
    command: &'static [&'static str],
    dialect: Dialect,
    install: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "dash",
        command: &["dash"],
        dialect: Dialect::Sh,
        install: "apt-get install dash",
    },
    Shell {
        name: "bash",
        command: &["bash"],
        dialect: Dialect::Bash,
        install: "apt-get install bash",
    },
    Shell {
        name: "busybox",
        command: &["busybox", "sh"],
        dialect: Dialect::Sh,
        install: "apt-get install busybox",
    },
];

/// First scripts: what the table does not have.
const FIRST: [&str; 46] = [
    "a",
    "set -e; a; b",
    "a;",
    "a | b",
    "a | b && c",
    "a && b | c",
    "set -e; a | b",
    "a <<E\nx\nE\nb",
    "f() { a; b; }; f",
    "set -e; f() { a; b; }; f",
    "set -e; f() { a; b; }; f || true",
    "set -e; f() { a; b; }; f; c",
    "a $(b)",
    "a $(b; c)",
    "set -e; a $(b)",
    "set -e; a $(b; c)",
    "set -e; a \"`b; c`\"",
    "set -e; a $(b && c)",
    "X=$(a; b)",
    "set -e; X=$(a)",
    "set -e; X=$(a; b)",
    "set -e; X=$(set -e; a; b)",
    "(set -e; a; b)",
    "X=$(set -e; a; b)",
    "set -e; (a && b)",
    "set -e; { a && b; }",
    "set -e; { a || b; }",
    "set -e; if a; then b && c; fi",
    "set -e; case x in x) a; b;; esac",
    "set -e; case x in x) a && b;; esac",
    "set -e; while a; do b; break; done",
    "eval 'a; b'",
    "set -e; eval 'a; b'",
    "set -e; command eval 'a; b'",
    "a || exit 0",
    "a || exit 1",
    "set -e; a || exit 1; b",
    "exec a",
    "a; exit",
    "set -e; ! a | b",
    "trap b EXIT; a",
    "set -e; [ -n \"$(a)\" ] || b",
    "set -e; a && b || c",
    "set -e; a || b | c",
    "set -e; a | { b; c; }",
    "set -e; C=a; $C",
];

/// How many of [`FIRST`] are tried with all of [`SECOND`].
const PLAIN_FIRST: usize = 4;
/// What all of [`FIRST`] are tried with.
const TELLING_SECOND: [&str; 3] = ["x", "{ x; y; } && z", "x $(y; z)"];

/// Second scripts.
const SECOND: [&str; 24] = [
    "x",
    "x;",
    "x && y;",
    "x $(y)",
    "x $(y; z)",
    "x \"`y; z`\" && w",
    "x | y",
    "x | { y; z; }",
    "! x | y",
    "{ x; y; }",
    "{ x; y; } && z",
    "{ x $(y; z); } && w",
    "(x; y)",
    "(x; y) && z",
    "(x && y) && z",
    "f() { x; y; }; f",
    "f() { x; y; } && f",
    "eval 'x; y'",
    "x <<E\n$(y; z)\nE",
    "if x; then y; z; fi",
    "case x in x) x && y;; esac",
    "set -e; x $(y; z)",
    "set -e && x && y",
    "set -e; x | y",
];

/// Status, and the commands that ran.
type Outcome = (i32, Vec<String>);

/// One folder of stub commands and the shell that calls them.
struct Bench<'a> {
    shell: &'a Shell,
    program: &'a Path,
    stubs: &'a Path,
    errexit: bool,
    runs: AtomicUsize,
    /// Answers for scripts that stand in many pairs.
    known: Mutex<HashMap<(String, String), Outcome>>,
}

impl Bench<'_> {
    fn run(&self, script: &str, failing: &BTreeSet<char>) -> Outcome {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let trace = self
            .stubs
            .join(format!("{}{}.{number}", self.shell.name, self.errexit));
        let failing: String = failing.iter().collect();
        let status = Command::new(self.program)
            .args(&self.shell.command[1..])
            .arg(if self.errexit { "-ec" } else { "-c" })
            .arg(script)
            .env_clear()
            .env("PATH", self.stubs)
            .env("TRACE", &trace)
            .env("FAILING", failing)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the shell starts");
        let noted = std::fs::read_to_string(&trace).unwrap_or_default();
        let _ = std::fs::remove_file(&trace);
        let mut ran: Vec<String> = noted.lines().map(str::to_owned).collect();
        // Parts of a pipe run side by side.
        if script.contains(" | ") {
            ran.sort();
        }
        (status.code().unwrap_or(-1), ran)
    }

    fn run_once(&self, script: &str, failing: &BTreeSet<char>) -> Outcome {
        let mine: BTreeSet<char> = failing
            .iter()
            .copied()
            .filter(|name| calls(script, *name))
            .collect();
        let key = (script.to_owned(), mine.iter().collect());
        if let Some(known) = self.known.lock().expect("no panic").get(&key) {
            return known.clone();
        }
        let outcome = self.run(script, &mine);
        let mut known = self.known.lock().expect("no panic");
        known.entry(key).or_insert(outcome).clone()
    }

    /// Two shells, the second only after the first succeeded.
    fn apart(&self, a: &str, b: &str, failing: &BTreeSet<char>, sorted: bool) -> Outcome {
        let (status, mut ran) = self.run_once(a, failing);
        if status == 0 {
            let (second, more) = self.run_once(b, failing);
            ran.extend(more);
            if sorted {
                ran.sort();
            }
            return (second, ran);
        }
        if sorted {
            ran.sort();
        }
        (status, ran)
    }

    /// The first set of failing commands for which joined differs from apart.
    fn counterexample(&self, a: &str, b: &str, joined: &str) -> Option<String> {
        let names: Vec<char> = "abcwxyz"
            .chars()
            .filter(|name| calls(joined, *name))
            .collect();
        // None, one, all of them fail, or two of a few.
        let most = if names.len() > 4 { 1 } else { 2 };
        let few =
            |set: &usize| set.count_ones() <= most || set.count_ones() as usize == names.len();
        (0..1_usize << names.len()).filter(few).find_map(|set| {
            let failing = names
                .iter()
                .enumerate()
                .filter(|(index, _)| set >> index & 1 == 1)
                .map(|(_, name)| *name)
                .collect();
            let apart = self.apart(a, b, &failing, joined.contains(" | "));
            let together = self.run(joined, &failing);
            (apart != together).then(|| {
                format!(
                    "{}{}: {joined:?}, failing {failing:?}: apart {apart:?}, joined {together:?}",
                    self.shell.name,
                    if self.errexit { " -e" } else { "" }
                )
            })
        })
    }
}

/// Whether a script names the stub called `name`.
fn calls(script: &str, name: char) -> bool {
    script
        .split(|one: char| !one.is_ascii_alphanumeric())
        .any(|word| word.chars().eq([name]))
}

/// Commands `a` to `z` that note their name and fail when asked to. Their `#!` line names the shell by its path, and they call nothing else.
fn write_stubs(folder: &Path) {
    for name in "abcwxyz".chars() {
        let path = folder.join(name.to_string());
        let text = format!(
            "#!/bin/sh\necho {name} >>\"$TRACE\"\ncase $FAILING in *{name}*) exit 3;; esac\n"
        );
        std::fs::write(&path, text).expect("a stub is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("a stub may run");
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

#[test]
fn the_shells_of_this_machine_agree() {
    let folder = tempfile::tempdir().expect("a temp folder");
    write_stubs(folder.path());
    let mut accepted_by_shell = HashMap::new();
    for shell in &SHELLS {
        let Some(program) = on_path(shell.command[0]) else {
            println!(
                "SKIPPED: {} is not installed; to try it: {}",
                shell.name, shell.install
            );
            continue;
        };
        let [without, with_errexit] = [false, true].map(|errexit| Bench {
            shell,
            program: &program,
            stubs: folder.path(),
            errexit,
            runs: AtomicUsize::new(0),
            known: Mutex::default(),
        });
        let mut pairs = Vec::new();
        for errexit in [false, true] {
            for (index, a) in FIRST.into_iter().enumerate() {
                for b in SECOND {
                    if index < PLAIN_FIRST || TELLING_SECOND.contains(&b) {
                        pairs.push((errexit, a, b));
                    }
                }
            }
        }
        let accepted = AtomicUsize::new(0);
        let wrong: Vec<String> = pairs
            .par_iter()
            .filter_map(|(errexit, a, b)| {
                let options = Shellopts {
                    errexit: *errexit,
                    ..Shellopts::default()
                };
                let first = Script::parse(a, shell.dialect)?;
                let second = Script::parse(b, shell.dialect)?;
                let tail = tail(&first).ok()?;
                let bench = if *errexit { &with_errexit } else { &without };
                let mut found = Vec::new();
                for operator in [Operator::And, Operator::Semicolon] {
                    if exact(&first, &second, operator, options).is_ok() {
                        let joined = Join { operator, tail }.text(&first, b);
                        accepted.fetch_add(1, Ordering::Relaxed);
                        found.extend(bench.counterexample(a, b, &joined));
                    }
                }
                if *b == "x"
                    && let Ok(join) = append(&first, options)
                {
                    let joined = join.text(&first, b);
                    found.extend(bench.counterexample(a, b, &joined));
                }
                (!found.is_empty()).then(|| found.join("\n"))
            })
            .collect();
        assert!(wrong.is_empty(), "not exact:\n{}", wrong.join("\n"));
        let accepted = accepted.into_inner();
        println!("{}: {accepted} joins tried, all exact", shell.name);
        accepted_by_shell.insert(shell.name, accepted);
    }
    for (shell, accepted) in accepted_by_shell {
        assert!(
            accepted >= 150,
            "{shell}: only {accepted} joins were accepted"
        );
    }
}
