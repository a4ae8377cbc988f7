//! `careen fix`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{Common, Output};
use super::paths::{self, Found};
use super::session::Session;
use super::work::{self, Done};
use super::write::{self, Failure};
use super::{Program, Status, Stop, Terminal};
use crate::report::{Problem, Summary, diff, shown, text};

/// Show what would change, as a diff that git and patch apply, or write it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  careen fix                          the diff for every Dockerfile below this folder
  careen fix --write build/           make the changes in a folder
  careen fix --select ID Dockerfile   one transform, one file
  careen fix | git apply              make the changes through git
  careen fix - < Dockerfile           print the rewritten file

Exit status: 0 done, 1 there are changes (with --check), 2 error.")]
pub(super) struct Fix {
    #[command(flatten)]
    common: Common,
    /// Write the files; without it, nothing is written
    #[arg(long, help_heading = "Changes")]
    write: bool,
    /// Exit with 1 when there are changes
    #[arg(long, help_heading = "Changes", conflicts_with = "write")]
    check: bool,
}

pub(super) fn run(
    program: &Program,
    fix: &Fix,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let stdin = fix.common.reads_stdin();
    if stdin && fix.write {
        let problem = Problem::new("--write: standard input can't be written to");
        return Err(problem
            .help("`careen fix -` prints the rewritten file")
            .into());
    }
    let session =
        Session::new(program, &fix.common, &terminal.cwd, !stdin)?.with_buys(output.verbose);
    let mut tally = Tally {
        session: &session,
        fix,
        output,
        summary: Summary::default(),
        beside: HashMap::new(),
        closed: false,
    };
    if stdin {
        let filename = fix.common.stdin_filename.as_deref();
        let (source, done) = work::stdin(&session, filename, terminal)?;
        tally.filter(&source, &done, terminal)?;
    } else {
        let quiet = output.quiet;
        work::files(&session, &fix.common, terminal, quiet, |done, terminal| {
            tally.file(done, terminal)
        })?;
    }
    if !output.quiet && tally.summary.files > 0 {
        let line = tally.summary.line(fix.write);
        terminal.complain(&format!("careen: {line}\n"));
    }
    Ok(match tally.summary {
        Summary { errors: 1.., .. } => Status::Failed,
        Summary {
            changed_files: 1.., ..
        } if fix.check => Status::Found,
        _ => Status::Done,
    })
}

struct Tally<'a> {
    session: &'a Session<'a>,
    fix: &'a Fix,
    output: &'a Output,
    summary: Summary,
    /// Files beside Dockerfiles that a diff was printed for, with what they are to hold.
    beside: HashMap<PathBuf, Vec<u8>>,
    /// Whether nobody reads standard output any more.
    closed: bool,
}

impl Tally<'_> {
    fn file(&mut self, mut done: Done, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
        if self.fix.write {
            done = self.write(done);
        } else {
            self.show_beside_once(&mut done, terminal);
        }
        self.summary.add(&done.entry);
        work::complain(&done.entry, terminal);
        let print = if self.fix.write && self.output.quiet {
            Vec::new()
        } else if self.fix.write {
            text::changes(&done.entry, terminal.paint_out()).into_bytes()
        } else {
            diff::entry(&done.entry, terminal.paint_out())
        };
        if !self.fix.write {
            above(&done, terminal);
        }
        self.print(&print, terminal)?;
        self.rest(&done, terminal);
        Ok(())
    }

    /// What `-v` says more.
    fn rest(&self, done: &Done, terminal: &mut Terminal<'_>) {
        if self.output.verbose {
            let paint = terminal.paint_err();
            let rest = text::buys(&done.entry, paint)
                + &text::advices(&done.entry, paint)
                + &done.undone(paint);
            terminal.complain(&rest);
        }
    }

    /// Standard input: prints the rewritten text; the same text when it can't be worked on, so that a pipe loses
    /// nothing. With `--check`, a diff.
    fn filter(
        &mut self,
        source: &[u8],
        done: &Done,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Stop> {
        self.summary.add(&done.entry);
        work::complain(&done.entry, terminal);
        let print = match done.entry.report() {
            _ if self.fix.check => diff::entry(&done.entry, terminal.paint_out()),
            Some(report) => report.rewritten.clone(),
            None => source.to_vec(),
        };
        self.print(&print, terminal)?;
        self.rest(done, terminal);
        Ok(())
    }

    /// Writes on when the reader went away: what was asked for is the files, not the list of them.
    fn print(&mut self, text: &[u8], terminal: &mut Terminal<'_>) -> Result<(), Stop> {
        if self.closed || text.is_empty() {
            return Ok(());
        }
        match terminal.out.write_all(text) {
            Err(error) if self.fix.write && error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Writes what was found. Another Dockerfile of this run may have written a file beside both: then this one is
    /// looked at again.
    fn write(&self, done: Done) -> Done {
        let mut done = done;
        for again in [true, false] {
            let (Some(real), Some(report)) = (&done.real, done.entry.report()) else {
                return done;
            };
            if !report.changes_anything() {
                return done;
            }
            let problem = match write::write(real, &done.root, report) {
                Ok(()) => return done,
                Err(Failure::Stale(_)) if again => {
                    let file = Found {
                        real: real.clone(),
                        path: paths::relative(real, self.session.cwd()),
                        by_name: true,
                    };
                    done = work::one(self.session, &file);
                    continue;
                }
                Err(Failure::Stale(problem) | Failure::Failed(problem)) => problem,
            };
            done.entry.outcome = Err(problem);
            done.entry.buys = None;
        }
        done
    }

    /// A file beside several Dockerfiles is in the diff once. A diff that changes it in two ways would not apply.
    fn show_beside_once(&mut self, done: &mut Done, terminal: &mut Terminal<'_>) {
        let root = done.root.clone();
        let path = done.entry.shown();
        let Ok(report) = &mut done.entry.outcome else {
            return;
        };
        report.beside.retain(|beside| {
            let target = root.join(&beside.path);
            let Some(before) = self.beside.get(&target) else {
                self.beside.insert(target, beside.after.clone());
                return true;
            };
            if *before != beside.after {
                terminal.complain(&format!(
                    "careen: {path}: would change {} too, in another way than a file before it: apply this diff, then run careen again\n",
                    shown(beside.path.as_bytes())
                ));
            }
            false
        });
    }
}

/// Names what `git apply` would not find, or take for another file.
fn above(done: &Done, terminal: &mut Terminal<'_>) {
    if !done.entry.changes_anything() {
        return;
    }
    let path = done.entry.shown();
    if done.entry.path.starts_with(b"../") || Path::new(&path).is_absolute() {
        terminal.complain(&format!(
            "careen: {path}: above the working directory, where the diff does not apply: run careen in a folder above it\n"
        ));
    } else if let Some(prefix) = prefix_in_repository(&terminal.cwd)
        && done.entry.path.starts_with(&prefix)
    {
        // git guesses how many parts of the path to drop, and here it guesses wrong.
        terminal.complain(&format!(
            "careen: {path}: apply this diff with `git apply -p1`\n"
        ));
    }
}

/// The working directory seen from the top of its repository, with `/` at its end; `None` at the top or outside.
fn prefix_in_repository(cwd: &Path) -> Option<Vec<u8>> {
    let cwd = cwd.canonicalize().ok()?;
    let top = cwd
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let mut prefix = paths::bytes(cwd.strip_prefix(top).ok()?);
    if prefix.is_empty() {
        return None;
    }
    prefix.push(b'/');
    Some(prefix)
}
