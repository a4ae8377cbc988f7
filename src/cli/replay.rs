//! `careen replay`.

mod count;
mod history;
mod show;
mod times;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{Common, Output};
use super::pair::Pair;
use super::{Program, Status, Stop, Terminal};
use crate::report::Problem;
use times::Times;

/// Say what the changes would have saved over the last commits of this repository
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is built: for each commit, the files that it touched are held against the Dockerfile as it stands and as it
would be after the changes, on a builder that keeps all that it has built.

Examples:
  careen replay                            the Dockerfile here, over the last 200 commits
  careen replay --times build.log          in seconds too, by a log of `docker build --progress=plain`
  careen replay --unsafe --format markdown the unsafe changes too, for a code review

Exit status: 0 done, 2 error.")]
pub(super) struct Replay {
    #[command(flatten)]
    common: Common,
    /// How many commits, by first parents from HEAD
    #[arg(
        long,
        value_name = "N",
        default_value_t = 200,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..),
        help_heading = "History"
    )]
    commits: usize,
    /// A log of a build that ran all steps, in BuildKit's plain or rawjson progress: says the sums in seconds too
    #[arg(long, value_name = "FILE", help_heading = "History")]
    times: Option<PathBuf>,
    /// How to say it
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object, for programs
    Json,
    /// A comment for a code review
    Markdown,
}

pub(super) fn run(
    program: &Program,
    arguments: &Replay,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let times = match &arguments.times {
        Some(path) => Times::read(&terminal.cwd.join(path))?,
        None => Times::default(),
    };
    let Some(pair) = Pair::find(program, &arguments.common, output, "replayed", terminal)? else {
        return Ok(Status::Failed);
    };
    let history = history::read(pair.context.root(), arguments.commits)?;
    if history.commits.is_empty() && history.cut {
        let problem = Problem::new("the repository is a shallow clone with no commit to replay");
        return Err(problem
            .help("`git fetch --unshallow` brings its history")
            .into());
    }
    let replayed = count::replay(&pair, &history, &times);
    let text = match arguments.format {
        Format::Text => show::text(&replayed, terminal.paint_out()),
        Format::Markdown => show::markdown(&replayed),
        Format::Json => {
            let text = serde_json::to_string_pretty(&replayed);
            text.map_err(|error| Stop::Io(error.into()))? + "\n"
        }
    };
    terminal.out.write_all(text.as_bytes())?;
    Ok(Status::Done)
}
