//! `careen init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::{Status, Stop, Terminal, args::Output};
use crate::config;
use crate::report::{Problem, shown};

/// Write a careen.toml with every setting explained; an existing one stays
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder that it goes into
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// The file that is written: every setting commented out, at its default.
const TEMPLATE: &str = include_str!("init.toml");

pub(super) fn run(
    init: &Init,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let path = init.folder.join(config::FILE_NAME);
    let name = shown(path.as_os_str().as_encoded_bytes());
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(terminal.cwd.join(&path))
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
    match written {
        Ok(()) => {
            if !output.quiet {
                terminal.complain(&format!("{name} written\n"));
            }
            Ok(Status::Done)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let problem = Problem::new(format!("{name} is there already, and stays as it is"));
            Err(problem.help("remove it first, or edit it").into())
        }
        Err(error) => Err(Problem::new(format!("{name} can't be written: {error}")).into()),
    }
}
