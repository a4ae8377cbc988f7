//! Files in parallel, answers in order.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::paths::{self, Found};
use super::session::Session;
use super::{Stop, Terminal};
use crate::report::{Entry, Paint, Problem, text};

/// Files between two prints: enough to keep all cores busy, few enough to stay small in memory.
const CHUNK: usize = 256;
/// Shell parsers recurse; what is not used of this is never touched.
const STACK: usize = 64 << 20;
/// No Dockerfile is near this.
const LARGEST: u64 = 16 << 20;

/// A Dockerfile that was looked at.
pub(super) struct Done {
    /// Its real path; `None` for standard input.
    pub(super) real: Option<PathBuf>,
    /// The real path of its build context's folder.
    pub(super) root: PathBuf,
    /// What came of it.
    pub(super) entry: Entry,
    /// Why the build context is not known.
    pub(super) doubt: Option<&'static str>,
}

impl Done {
    /// What `-v` says: what was not done, and why.
    pub(super) fn undone(&self, paint: Paint) -> String {
        let mut out = text::undone(&self.entry, paint);
        if let Some(doubt) = self.doubt {
            out += &format!(
                "{}: the build context is not known: {doubt}; `--context` says it\n",
                paint.bold(&self.entry.shown())
            );
        }
        out
    }
}

/// Threads with enough stack.
fn pool(files: usize) -> Result<ThreadPool, Stop> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    ThreadPoolBuilder::new()
        .num_threads(threads.min(files.max(1)))
        .stack_size(STACK)
        .build()
        .map_err(|error| Stop::Io(io::Error::other(error)))
}

/// Runs the chain over every file that the arguments mean, and hands each to `each`, in order.
/// What can't be read is an entry with a problem.
pub(super) fn files(
    session: &Session<'_>,
    common: &super::args::Common,
    terminal: &mut Terminal<'_>,
    quiet: bool,
    mut each: impl FnMut(Done, &mut Terminal<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (mut found, lost) = paths::find(&terminal.cwd, common)?;
    found.retain(|file| file.by_name || !session.excludes(&file.real));
    for (path, problem) in lost {
        let entry = Entry {
            path: paths::bytes(&path),
            context: Vec::new(),
            outcome: Err(problem),
            buys: None,
        };
        let done = Done {
            real: None,
            root: PathBuf::new(),
            entry,
            doubt: None,
        };
        each(done, terminal)?;
    }
    if found.is_empty() && !quiet {
        terminal.complain("careen: no Dockerfile found\n");
    }
    let pool = pool(found.len())?;
    for chunk in found.chunks(CHUNK) {
        let done: Vec<Done> =
            pool.install(|| chunk.par_iter().map(|file| one(session, file)).collect());
        for done in done {
            each(done, terminal)?;
        }
    }
    Ok(())
}

/// Runs the chain over one file.
pub(super) fn one(session: &Session<'_>, file: &Found) -> Done {
    let (mut context, mut doubt, mut buys) = (PathBuf::new(), None, None);
    let outcome = read(&file.real).and_then(|source| {
        let ran = session.run(&source, Some(&file.real))?;
        (context, doubt, buys) = (ran.context, ran.doubt, ran.buys);
        Ok(ran.report)
    });
    Done {
        real: Some(file.real.clone()),
        root: session.cwd().join(&context),
        entry: Entry {
            path: paths::bytes(&file.path),
            context: paths::bytes(&context),
            outcome,
            buys,
        },
        doubt,
    }
}

/// Runs the chain over standard input, whose text is given back too.
pub(super) fn stdin(
    session: &Session<'_>,
    filename: Option<&Path>,
    terminal: &mut Terminal<'_>,
) -> Result<(Vec<u8>, Done), Stop> {
    let mut source = Vec::new();
    let mut limited = (&mut *terminal.stdin).take(LARGEST + 1);
    limited.read_to_end(&mut source)?;
    if source.len() as u64 > LARGEST {
        return Err(too_large().into());
    }
    let absolute = filename.map(|path| session.cwd().join(path));
    let shown = filename.unwrap_or(Path::new("<stdin>"));
    let ran = pool(1)?.install(|| session.run(&source, absolute.as_deref()));
    let (outcome, context, doubt, buys) = match ran {
        Ok(ran) => (Ok(ran.report), ran.context, ran.doubt, ran.buys),
        Err(problem) => (Err(problem), PathBuf::new(), None, None),
    };
    let done = Done {
        real: None,
        root: session.cwd().join(&context),
        entry: Entry {
            path: paths::bytes(shown),
            context: paths::bytes(&context),
            outcome,
            buys,
        },
        doubt,
    };
    Ok((source, done))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let wrong = |error: io::Error| Problem::new(format!("can't be read: {error}"));
    let file = File::open(path).map_err(wrong)?;
    if !file.metadata().map_err(wrong)?.is_file() {
        return Err(Problem::new("is no regular file"));
    }
    let mut source = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut source)
        .map_err(wrong)?;
    if source.len() as u64 > LARGEST {
        return Err(too_large());
    }
    Ok(source)
}

fn too_large() -> Problem {
    Problem::new(format!("over {} MiB: no Dockerfile", LARGEST >> 20))
}

/// Prints the problem of an entry, if it has one.
pub(super) fn complain(entry: &Entry, terminal: &mut Terminal<'_>) {
    if let Err(problem) = &entry.outcome {
        let paint: Paint = terminal.paint_err();
        terminal.complain(&problem.render(&entry.shown(), paint));
    }
}
