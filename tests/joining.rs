//! The laws of exact joining: no pair that some shell runs differently is joined, and doing nothing is no pass.

use careen::shell::join::{Operator, exact};
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
    let mut missed_semicolons = 0;
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
                    (Err(_), true) if row.operator == Operator::Semicolon => missed_semicolons += 1,
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
        "{accepted} of {} questions answered yes; {} wrongly; `&&` pairs exact in all shells and refused in some: {}; `;` questions \
         exact and refused: {missed_semicolons}",
        rows.len() * 6,
        wrong.len(),
        missed.len()
    );
    assert!(
        wrong.is_empty(),
        "joined, and not exact:\n{}",
        wrong.join("\n")
    );
    assert!(missed.len() <= MAY_MISS, "refused:\n{}", missed.join("\n"));
}
