//! `careen config`.

use clap::Args;

use super::{Program, Status, Stop, Terminal};
use crate::config::schema::schema;

/// Print what careen.toml may hold
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  careen config --schema > careen.schema.json    for editors that know JSON schemas")]
pub(super) struct Config {
    /// As a JSON schema
    #[arg(long, required = true)]
    schema: bool,
}

pub(super) fn run(program: &Program, terminal: &mut Terminal<'_>) -> Result<Status, Stop> {
    let ids: Vec<&str> = program.chain.iter().map(|link| link.id).collect();
    let text =
        serde_json::to_string_pretty(&schema(&ids)).map_err(|error| Stop::Io(error.into()))?;
    terminal.out.write_all(text.as_bytes())?;
    terminal.out.write_all(b"\n")?;
    Ok(Status::Done)
}
