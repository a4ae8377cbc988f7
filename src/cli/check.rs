//! `careen check`.

use clap::{Args, ValueEnum};

use super::args::{Common, Output};
use super::session::Session;
use super::work::{self, Done};
use super::{Program, Status, Stop, Terminal};
use crate::report::{Entry, Paint, Summary, github, gitlab, json, markdown, rdjson, sarif, text};

/// Say what would change and what there is to know; exit with 1 when something would change
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  careen check                                      a line for each change
  careen check --format sarif > careen.sarif        for code scanning
  careen check --format github                      annotations in GitHub Actions
  careen check --format rdjson | reviewdog -f=rdjson   suggestions in a code review
  careen check --format json | jq '.summary'        for programs

Exit status: 0 clean, 1 changes found, 2 error.")]
pub(super) struct Check {
    #[command(flatten)]
    common: Common,
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
    /// A line each, for people
    Text,
    /// One object, for programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// Diagnostics for reviewdog, with suggestions
    Rdjson,
    /// A comment for a code review
    Markdown,
}

pub(super) fn run(
    program: &Program,
    check: &Check,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let common = &check.common;
    let told = matches!(check.format, Format::Json | Format::Markdown);
    let session =
        Session::new(program, common, &terminal.cwd, true)?.with_buys(told || output.verbose);
    let mut summary = Summary::default();
    // Formats that are one document wait for the last file.
    let mut entries: Vec<Entry> = Vec::new();
    let mut each = |done: Done, terminal: &mut Terminal<'_>| -> Result<(), Stop> {
        let entry = &done.entry;
        summary.add(entry);
        work::complain(entry, terminal);
        match check.format {
            Format::Text => {
                let paint = terminal.paint_out();
                let lines = text::changes(entry, paint) + &text::advices(entry, paint);
                terminal.out.write_all(lines.as_bytes())?;
            }
            Format::Github => {
                let lines = github::annotations(entry);
                terminal.out.write_all(lines.as_bytes())?;
            }
            Format::Json | Format::Sarif | Format::Gitlab | Format::Rdjson | Format::Markdown => {}
        }
        if output.verbose {
            let paint: Paint = terminal.paint_err();
            terminal.complain(&(text::buys(entry, paint) + &done.undone(paint)));
        }
        if !matches!(check.format, Format::Text | Format::Github) {
            entries.push(done.entry);
        }
        Ok(())
    };
    if common.reads_stdin() {
        let (_, done) = work::stdin(&session, common.stdin_filename.as_deref(), terminal)?;
        each(done, terminal)?;
    } else {
        work::files(
            &session,
            common,
            terminal,
            output.quiet,
            |done, terminal| each(done, terminal),
        )?;
    }
    let wrong = |error: serde_json::Error| Stop::Io(error.into());
    let document = match check.format {
        Format::Text | Format::Github => String::new(),
        Format::Json => json::render(&entries).map_err(wrong)?,
        Format::Sarif => sarif::render(&entries, program.chain).map_err(wrong)?,
        Format::Gitlab => gitlab::render(&entries).map_err(wrong)?,
        Format::Rdjson => rdjson::render(&entries).map_err(wrong)?,
        Format::Markdown => markdown::render(&entries),
    };
    terminal.out.write_all(document.as_bytes())?;
    if !output.quiet && summary.files > 0 {
        terminal.complain(&format!("careen: {}\n", summary.line(false)));
    }
    Ok(match summary {
        Summary { errors: 1.., .. } => Status::Failed,
        Summary {
            changed_files: 1.., ..
        } => Status::Found,
        _ => Status::Done,
    })
}
