//! `careen list`.

use clap::Args;

use super::{Program, Status, Stop, Terminal};
use crate::report::page;
use crate::transform::{Link, Profile};

/// List the transforms, in the order in which they run
#[derive(Debug, Args)]
pub(super) struct List {}

pub(super) fn run(program: &Program, terminal: &mut Terminal<'_>) -> Result<Status, Stop> {
    let paint = terminal.paint_out();
    let width = program.chain.iter().map(|link| link.id.len()).max();
    let width = width.unwrap_or(0).max("TRANSFORM".len());
    let head = format!(
        "{:width$}  {:7}  {:14}  WHAT IT DOES",
        "TRANSFORM", "RUNS", "UNSAFE CHANGES"
    );
    writeln!(terminal.out, "{}", paint.bold(&head))?;
    for link in program.chain {
        let id = format!("{:width$}", link.id);
        let runs = if link.on { "always" } else { "by name" };
        writeln!(
            terminal.out,
            "{}  {runs:7}  {:14}  {}",
            paint.cyan(&id),
            level(link),
            page::summary(link.page)
        )?;
    }
    Ok(Status::Done)
}

/// What turns the unsafe changes of a transform on.
fn level(link: &Link) -> &'static str {
    match link.profile {
        Profile::Safe => "safe",
        Profile::Recommended => "recommended",
        Profile::Hardened => "hardened",
        Profile::Never => "--unsafe",
    }
}
