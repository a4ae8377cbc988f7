//! `careen completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Status, Stop, Terminal, args::Cli};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  careen completions bash > ~/.local/share/bash-completion/completions/careen
  careen completions fish > ~/.config/fish/completions/careen.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(completions: &Completions, terminal: &mut Terminal<'_>) -> Result<Status, Stop> {
    // clap_complete panics when a stream fails, so the script goes through memory.
    let mut script = Vec::new();
    clap_complete::generate(
        completions.shell,
        &mut Cli::command(),
        "careen",
        &mut script,
    );
    terminal.out.write_all(&script)?;
    Ok(Status::Done)
}
