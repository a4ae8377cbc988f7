//! `careen verify`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Common, Output};
use super::session::Session;
use super::work::{self, Done};
use super::{Program, Status, Stop, Terminal};
use crate::context::Context;
use crate::report::Problem;
use crate::syntax::Dockerfile;
use crate::verify::builder::{self, Builder};
use crate::verify::{Request, Step, VerifyError, touch, verify};

/// Build a Dockerfile before and after, compare the two images, and time the rebuilds
#[derive(Debug, Args)]
#[command(after_help = "\
Runs the commands of the Dockerfile on this machine, with the builder that is found here. The Dockerfile is not
touched: the rewritten one is built from a temporary file, beside the same context.

Examples:
  careen verify                              the Dockerfile here, safe changes
  careen verify --touch src/app.py           time the rebuild after an edit of this file
  careen verify --unsafe --format markdown   what the unsafe changes would alter, for a code review

Exit status: 0 the image is the same, 1 it is not, 2 it could not be built.")]
pub(super) struct Verify {
    #[command(flatten)]
    common: Common,
    /// A build argument, as for docker build
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Build")]
    build_arg: Vec<String>,
    /// The stage to build
    #[arg(long, value_name = "STAGE", help_heading = "Build")]
    target: Option<String>,
    /// A further argument for the builder, such as --builder-option=--network=host
    #[arg(
        long,
        value_name = "ARG",
        allow_hyphen_values = true,
        help_heading = "Build"
    )]
    builder_option: Vec<String>,
    /// Time the rebuild after an edit of this file, seen from the build context; the edit is made in a copy
    /// [default: a source file that the last COPY brings]
    #[arg(long, value_name = "FILE", help_heading = "Build")]
    touch: Vec<PathBuf>,
    /// How often each rebuild is timed; 0 times none
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Build")]
    runs: usize,
    /// Where the builder's logs go
    #[arg(long, value_name = "DIR", help_heading = "Build")]
    logs: Option<PathBuf>,
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
    arguments: &Verify,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let common = &arguments.common;
    if common.reads_stdin() {
        let problem = Problem::new("a Dockerfile on standard input can't be verified");
        return Err(problem.help("give its path").into());
    }
    let session = Session::new(program, common, &terminal.cwd, false)?;
    let mut all = Vec::new();
    work::files(&session, common, terminal, output.quiet, |done, _| {
        all.push(done);
        Ok(())
    })?;
    if all.len() > 1 {
        let problem = Problem::new(format!("{} Dockerfiles are found here", all.len()));
        return Err(problem.help("name one of them").into());
    }
    let Some(done) = all.pop() else {
        return Ok(Status::Failed);
    };
    work::complain(&done.entry, terminal);
    let Ok(report) = &done.entry.outcome else {
        return Ok(Status::Failed);
    };
    if report.original == report.rewritten {
        if !output.quiet {
            terminal.complain("careen: no change applies, so there is nothing to verify\n");
        }
        return Ok(Status::Done);
    }
    let request = request(arguments, &done, &report.original)?;
    let name = done.entry.shown();
    if !output.quiet {
        terminal.complain(&format!(
            "careen: building {name} before and after with {}; its commands run on this machine\n",
            request.builder.program.name()
        ));
    }
    let removes: Vec<String> = report
        .applied
        .iter()
        .flat_map(|applied| applied.removes.iter().cloned())
        .collect();
    let progress = progress(output);
    let verified = verify(&request, &report.rewritten, &removes, &mut |step| {
        progress.set_message(doing(step));
        progress.tick();
    });
    progress.finish_and_clear();
    let outcome = verified.map_err(|error| {
        let help = match &error {
            VerifyError::Original(_) => {
                "the Dockerfile as it stands must build here: `--builder-option` passes what the builder needs"
            }
            VerifyError::Rewritten(_) => {
                "please report this with the Dockerfile; `careen fix` shows the change"
            }
            VerifyError::Rebuild(_) => "`--touch` names another file, `--runs 0` none",
        };
        Problem::new(format!("{name}: {error}")).help(help)
    })?;
    let text = match arguments.format {
        Format::Text => outcome.to_string(),
        Format::Markdown => outcome.markdown(&name),
        Format::Json => {
            let text = serde_json::to_string_pretty(&outcome);
            text.map_err(|error| Stop::Io(error.into()))? + "\n"
        }
    };
    terminal.out.write_all(text.as_bytes())?;
    Ok(if outcome.verdict.is_equal() {
        Status::Done
    } else {
        Status::Found
    })
}

fn request(arguments: &Verify, done: &Done, source: &[u8]) -> Result<Request, Problem> {
    let dockerfile = done.real.clone().unwrap_or_default();
    if let Some(doubt) = done.doubt {
        let problem = Problem::new(format!("the build context is not known: {doubt}"));
        return Err(problem.help("`--context` says it"));
    }
    let context = done.root.clone();
    let logs = arguments.logs.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("careen-verify-{}", std::process::id()))
    });
    let mut builder = Builder::new(found(arguments.common.builder.as_deref())?, logs);
    for pair in &arguments.build_arg {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Problem::new(format!("--build-arg {pair}: has no value")).help("write KEY=VALUE")
        })?;
        builder.build_args.push((key.to_owned(), value.to_owned()));
    }
    builder.target = arguments.target.clone();
    builder.options = arguments.builder_option.clone();
    let touch = match arguments.touch.as_slice() {
        _ if arguments.runs == 0 => Vec::new(),
        [] => default_touch(&dockerfile, &context, source),
        given => given.to_vec(),
    };
    for file in &touch {
        if !context.join(file).is_file() {
            let problem = Problem::new(format!("--touch {}: is no file", file.display()));
            return Err(problem.help("the path is seen from the build context"));
        }
    }
    Ok(Request {
        dockerfile,
        context,
        builder,
        touch,
        runs: arguments.runs,
    })
}

fn default_touch(dockerfile: &Path, context: &Path, source: &[u8]) -> Vec<PathBuf> {
    Context::open(context, Some(dockerfile))
        .ok()
        .and_then(|context| touch::source_file(&Dockerfile::parse(source), &context))
        .into_iter()
        .collect()
}

/// The builder on this machine, of the kind that `--builder` names.
fn found(kind: Option<&str>) -> Result<builder::Program, Problem> {
    use builder::Program::{Buildah, Buildctl, Docker, Podman};
    let fits = |program: &builder::Program| match kind {
        Some("buildkit") => !matches!(program, Podman | Buildah),
        Some("podman") => *program == Podman,
        Some("buildah") => *program == Buildah,
        Some(_) => false,
        None => true,
    };
    if let Some(kind @ ("classic" | "kaniko")) = kind {
        let problem = Problem::new(format!("--builder {kind}: can't be driven from here"));
        return Err(problem.help("verify builds with docker, buildctl, podman or buildah"));
    }
    builder::Program::ALL
        .into_iter()
        .filter(fits)
        .find(|program| program.answers())
        .ok_or_else(|| {
            let names = [Docker, Buildctl, Podman, Buildah].map(builder::Program::name);
            Problem::new("no builder answers on this machine")
                .help(format!("one of {} is needed, running", names.join(", ")))
        })
}

/// A line that says what is being done, on a terminal only.
fn progress(output: &Output) -> ProgressBar {
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        progress.set_style(style);
    }
    progress
}

fn doing(step: &Step) -> String {
    match step {
        Step::Original => "building the original".to_owned(),
        Step::Rewritten => "building the rewritten Dockerfile".to_owned(),
        Step::Compare => "comparing the images".to_owned(),
        Step::Floor => "building the original once more, to know what differs anyway".to_owned(),
        Step::Rebuild(file) => format!("rebuilding after an edit of {}", file.display()),
    }
}
