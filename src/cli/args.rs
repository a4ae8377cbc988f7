//! The arguments that more than one command takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    check::Check, completions::Completions, config::Config, explain::Explain, fix::Fix, init::Init,
    list::List, replay::Replay, verify::Verify,
};
use crate::config::BUILDERS;
use crate::transform::Profile;

/// Rewrites Dockerfiles: faster rebuilds, smaller and safer images, and a diff that a reviewer can trust.
#[derive(Debug, Parser)]
#[command(
    name = "careen",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    propagate_version = true,
    after_help = "\
Examples:
  careen fix                     show what would change below this folder, as a diff
  careen fix --write             make the changes
  careen fix | git apply         the same, through git
  careen check --format github   annotate a pull request; exit status 1 when something would change
  careen verify                  build before and after, compare the images, time the rebuilds
  careen replay                  what the changes would have saved over the last commits
  careen explain ID              what a transform does, and when it leaves a place alone

Exit status: 0 done or clean, 1 changes found (`check`, `fix --check`), 2 error."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Fix(Fix),
    Check(Check),
    Verify(Verify),
    Replay(Replay),
    Explain(Explain),
    List(List),
    Completions(Completions),
    Init(Init),
    Config(Config),
}

/// What is said, and how.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say what was not done too: refusals, and changes that wait
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// When to color; `auto` minds NO_COLOR and whether the output is a terminal
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// Which files, and which changes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Common {
    /// Files or folders; `-` is standard input. Folders are searched for Dockerfile, Dockerfile.*, *.Dockerfile,
    /// Containerfile and the like, as .gitignore allows [default: .]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Where the Dockerfile on standard input would be: finds its build context and config
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,

    /// Make unsafe changes too: those that alter the image's behaviour or packages on purpose
    #[arg(long = "unsafe", help_heading = "Changes")]
    pub(super) unsafe_changes: bool,
    /// Make the unsafe changes of a level
    #[arg(
        long,
        value_enum,
        value_name = "LEVEL",
        help_heading = "Changes",
        conflicts_with = "unsafe_changes"
    )]
    pub(super) profile: Option<Level>,
    /// Only these transforms (`careen list` names them); turns on those that are off
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Changes"
    )]
    pub(super) select: Vec<String>,
    /// Not these transforms
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Changes"
    )]
    pub(super) ignore: Vec<String>,

    /// Leave out files and folders that match, as in .gitignore; a path given by name is always taken
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub(super) exclude: Vec<String>,
    /// The build context [default: what a compose or bake file says, else the Dockerfile's folder]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    pub(super) context: Option<PathBuf>,
    /// The config file [default: the nearest careen.toml, from the Dockerfile's folder upwards]
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(super) config: Option<PathBuf>,
    /// The builder that builds the image: what it can't do is not proposed [default: buildkit]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = PossibleValuesParser::new(BUILDERS),
        help_heading = "Files"
    )]
    pub(super) builder: Option<String>,
}

impl Common {
    /// Whether the Dockerfile comes from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.paths.len() == 1 && self.paths.iter().all(|path| path.as_os_str() == "-")
    }
}

/// A level of unsafe changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// None
    Safe,
    /// Those that nearly every team wants
    Recommended,
    /// All that makes the running image smaller and safer
    Hardened,
}

impl From<Level> for Profile {
    fn from(level: Level) -> Self {
        match level {
            Level::Safe => Self::Safe,
            Level::Recommended => Self::Recommended,
            Level::Hardened => Self::Hardened,
        }
    }
}
