//! The command line: one file a subcommand.
//!
//! [`run`] takes all that a process has (arguments, working directory, streams) as arguments, so that tests can give
//! it others, and a chain and an engine, so that they can give it wrong ones.

mod args;
mod build_context;
mod buys;
mod check;
mod completions;
mod config;
mod explain;
mod fix;
mod ids;
mod init;
mod list;
mod pair;
mod paths;
mod picture;
mod replay;
mod session;
mod verify;
mod work;
mod write;

use std::ffi::OsString;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::engine::{self, EngineError, Input, Options, Report};
use crate::report::{Paint, Problem};
use crate::transform::Link;
use args::{Cli, Color, Command};

/// What runs a chain over a text: [`engine::run`], but for tests.
pub type Engine = fn(&[Link], &Input<'_>, &Options) -> Result<Report, EngineError>;

/// What the command line stands before.
#[derive(Clone, Copy)]
pub struct Program {
    /// The transforms.
    pub chain: &'static [Link],
    /// What runs them.
    pub engine: Engine,
}

/// What a process has.
pub struct Terminal<'a> {
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Whether standard output takes color, when the user doesn't say.
    pub color_out: bool,
    /// Whether standard error takes color, when the user doesn't say.
    pub color_err: bool,
}

impl Terminal<'_> {
    /// Writes to standard error. Nobody can be told when that fails.
    fn complain(&mut self, text: &str) {
        // What was printed before comes first when both are one terminal.
        let _ = self.out.flush();
        let _ = self.err.write_all(text.as_bytes());
    }

    fn paint_out(&self) -> Paint {
        Paint(self.color_out)
    }

    fn paint_err(&self) -> Paint {
        Paint(self.color_err)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done, or clean.
    Done,
    /// Changes were found.
    Found,
    /// Something could not be done.
    Failed,
}

impl Status {
    /// The process's exit status: 0, 1 or 2.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Failed => 2,
        }
    }
}

/// Why a command stopped before it looked at a file.
#[derive(Debug)]
enum Stop {
    /// What is wrong, with the way out.
    Problem(Problem),
    /// A stream failed.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd,
        Err(error) => {
            let _ = writeln!(err, "error: the working directory can't be found: {error}");
            return ExitCode::from(Status::Failed.code());
        }
    };
    let program = Program {
        chain: crate::transforms::CHAIN,
        engine: engine::run,
    };
    let colored = |choice| choice != anstream::ColorChoice::Never;
    let terminal = Terminal {
        cwd,
        stdin: &mut io::stdin().lock(),
        color_out: colored(anstream::AutoStream::choice(&io::stdout())),
        color_err: colored(anstream::AutoStream::choice(&io::stderr())),
        out: &mut out,
        err: &mut err,
    };
    ExitCode::from(run(&program, std::env::args_os(), terminal).code())
}

/// Runs one command line; the first of `args` is the program's name. Everything that it has to say goes to the
/// streams of `terminal`.
pub fn run(
    program: &Program,
    args: impl IntoIterator<Item = OsString>,
    mut terminal: Terminal<'_>,
) -> Status {
    let status = dispatch(program, args, &mut terminal);
    let status = status.and_then(|status| Ok(terminal.out.flush().map(|()| status)?));
    match status {
        Ok(status) => status,
        // Whoever reads has seen enough: `careen fix | head`.
        Err(Stop::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
        Err(Stop::Io(error)) => {
            let text = format!("{}: {error}\n", terminal.paint_err().red("error"));
            terminal.complain(&text);
            Status::Failed
        }
        Err(Stop::Problem(problem)) => {
            let paint = terminal.paint_err();
            let help = problem
                .help
                .map(|help| format!("\n  = help: {help}"))
                .unwrap_or_default();
            let text = format!("{}: {}{help}\n", paint.red("error"), problem.message);
            terminal.complain(&text);
            Status::Failed
        }
    }
}

fn dispatch(
    program: &Program,
    args: impl IntoIterator<Item = OsString>,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let parsed = Cli::command()
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error, terminal),
    };
    match cli.output.color {
        Color::Auto => {}
        Color::Always => (terminal.color_out, terminal.color_err) = (true, true),
        Color::Never => (terminal.color_out, terminal.color_err) = (false, false),
    }
    match cli.command {
        Command::Fix(fix) => fix::run(program, &fix, &cli.output, terminal),
        Command::Check(check) => check::run(program, &check, &cli.output, terminal),
        Command::Verify(verify) => verify::run(program, &verify, &cli.output, terminal),
        Command::Replay(replay) => replay::run(program, &replay, &cli.output, terminal),
        Command::Explain(explain) => explain::run(program, &explain, &cli.output, terminal),
        Command::List(_) => list::run(program, terminal),
        Command::Completions(completions) => completions::run(&completions, terminal),
        Command::Config(_) => config::run(program, terminal),
        Command::Init(init) => init::run(&init, &cli.output, terminal),
    }
}

/// Help, version, or a wrong argument.
fn usage(error: &clap::Error, terminal: &mut Terminal<'_>) -> Result<Status, Stop> {
    let styled = error.render();
    let text = |color: bool| match color {
        true => styled.ansi().to_string(),
        false => styled.to_string(),
    };
    if error.use_stderr() {
        terminal.complain(&text(terminal.color_err));
        return Ok(Status::Failed);
    }
    terminal
        .out
        .write_all(text(terminal.color_out).as_bytes())?;
    Ok(Status::Done)
}
