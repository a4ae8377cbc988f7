//! Texts at and over the limits: none panics, none costs more than it should, and what comes out keeps the laws.

mod common;

use std::time::{Duration, Instant};

use careen::checks;
use careen::engine::{Options, Report};
use careen::syntax::Dockerfile;

/// Runs the whole chain, unsafe changes and without, each twice, and holds what every change owes.
fn within_the_laws(source: &str) -> Report {
    let started = Instant::now();
    let before = Dockerfile::parse(source.as_bytes());
    assert_eq!(before.source(), source.as_bytes());
    let mut safe = None;
    for unsafe_changes in [true, false] {
        let options = Options {
            unsafe_changes,
            writes_beside: true,
            ..Options::default()
        };
        let report = common::run(source.as_bytes(), &options).unwrap();
        let after = Dockerfile::parse(report.rewritten.as_slice());
        if checks::accepts(&before).is_ok() {
            assert_eq!(checks::accepts(&after), Ok(()));
        }
        assert_eq!(before.comments.len(), after.comments.len());
        let again = common::run(&report.rewritten, &options).unwrap();
        assert!(
            again.rewritten == report.rewritten,
            "a second run changes more"
        );
        safe = Some(report);
    }
    // Generous for a debug build on a busy machine; what is quadratic here takes minutes.
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
    safe.unwrap()
}

#[test]
fn two_long_runs_stay_apart() {
    let words = "package-name-of-some-length ".repeat(72 * 1024 / 28);
    assert!(words.len() > 71 * 1024);
    // One line may not be longer than 65,535 bytes.
    let list = words.replace("length ", "length \\\n ");
    let source = format!(
        "FROM debian:12\nRUN apt-get update && apt-get install -y {list} curl\nRUN apt-get install -y {list} git\n"
    );
    let report = within_the_laws(&source);
    let runs = Dockerfile::parse(report.rewritten.as_slice())
        .instructions
        .len();
    assert_eq!(runs, 3, "144 KB are more than one argument can be");
}

#[test]
fn two_long_runs_that_a_parser_may_see_stay_apart() {
    let words = "name ".repeat(60 * 1024 / 5).replace("name ", "name \\\n ");
    let source = format!(
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y {words} curl\nRUN apt-get install -y {words} git\n"
    );
    within_the_laws(&source);
}

#[test]
fn a_run_of_32_000_lines() {
    for line in [
        "make thing && \\\n",
        "apt-get install -y curl && \\\n",
        "# why\\\n",
        "\\\n",
        "echo \"$A\"; \\\n",
    ] {
        let source = format!(
            "FROM debian:12\nRUN {}true\nRUN true\n",
            line.repeat(32_000)
        );
        within_the_laws(&source);
    }
}

#[test]
fn a_megabyte_of_nested_substitutions() {
    // Cut into lines, for one may not be longer than 65,535 bytes.
    for open in [
        "$(", "$(echo ", "\"$(", "`", "$((", "((", "{ ", "${a:-", "if ",
    ] {
        let line = open.repeat(1000);
        let nested = format!("{line}\\\n").repeat(1024 * 1024 / line.len());
        within_the_laws(&format!(
            "FROM debian:12\nRUN {nested} x\nRUN apt-get update\n"
        ));
        within_the_laws(&format!(
            "FROM debian:12\nRUN apt-get update\nRUN {line}\nENV A={line}\nARG B={line}\n"
        ));
    }
}

#[test]
fn a_line_too_long_is_left_alone() {
    let source = format!(
        "FROM debian:12\nRUN apt-get update {}\nRUN apt-get install -y curl\n",
        "x".repeat(66_000)
    );
    assert_eq!(within_the_laws(&source).rewritten, source.as_bytes());
}

#[test]
fn many_instructions() {
    for block in [
        "RUN apt-get update\nRUN apt-get install -y curl\n",
        "RUN apk add --no-cache curl\n",
        "ENV A=1\nENV B=$A\n",
        "FROM debian:12 AS a\nCOPY --from=a /x /y\n",
        "# careen: ignore\nRUN a\n",
        "ARG A\nLABEL a=$A\nUSER root\nWORKDIR x\n",
        "COPY <<EOF /x\na\nEOF\n",
    ] {
        let source = format!("FROM debian:12\n{}", block.repeat(2_000));
        within_the_laws(&source);
    }
}
