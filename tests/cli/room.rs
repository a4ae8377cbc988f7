//! A temp folder to run the command line in, and a chain whose transforms do one thing each.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use careen::cli::{self, Engine, Program, Terminal};
use careen::engine::{self, Beside, EngineError, Input, Options, Report};
use careen::syntax::Keyword;
use careen::transform::{Change, Edit, Link, Proposal, Safety, Scene, Transform};
use tempfile::TempDir;

/// Writes `run` as `RUN`: safe.
struct LoudRun;

impl Transform for LoudRun {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for one in &scene.file.instructions {
            let at = one.source(one.keyword_at);
            if scene.file.bytes(at) == b"run" {
                let edits = vec![Edit::replace(at, "RUN")];
                let reason = "write `run` as `RUN`, 100% of the time";
                proposals.push(Change::new(one.span, Safety::Safe, reason, edits).into());
            }
        }
        proposals
    }
}

/// Puts a tag on `FROM debian`: unsafe.
struct PinBase;

impl Transform for PinBase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for one in &scene.file.instructions {
            if one.keyword == Keyword::From && one.rest() == Some("debian") {
                let end = one.source(one.rest_at).end;
                let edits = vec![Edit::insert(end, ":13")];
                proposals
                    .push(Change::new(one.span, Safety::Unsafe, "say which debian", edits).into());
            }
        }
        proposals
    }
}

/// Has something to say about `USER root`, and leaves ADD alone aloud.
struct Remarks;

impl Transform for Remarks {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for one in &scene.file.instructions {
            if one.keyword == Keyword::User {
                let change = Change::advice(one.span, "this runs as root");
                proposals.push(change.snippet("compose.yaml", "read_only: true\n").into());
            }
            if one.keyword == Keyword::Add {
                proposals.push(Proposal::refuse(
                    one.span,
                    "left alone: it may be an archive",
                ));
            }
        }
        proposals
    }
}

/// Breaks the house: drops a comment that says `drop me`, and panics at `panic`.
struct Wrong;

impl Transform for Wrong {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for comment in &scene.file.comments {
            match scene.file.bytes(comment.span) {
                b"# drop me" => {
                    let edits = vec![Edit::delete(comment.span)];
                    proposals.push(Change::new(comment.span, Safety::Safe, "gone", edits).into());
                }
                b"# panic" => panic!("as the test asks"),
                _ => {}
            }
        }
        proposals
    }
}

pub static CHAIN: &[Link] = &[
    Link::new(
        "loud-run",
        "//! Writes `run` as `RUN`.\n//!\n//! ## Why\n//!\n//! It is louder.\n",
        &LoudRun,
    ),
    Link::new("pin-base", "Says which debian.\n", &PinBase),
    Link::new("remarks", "Remarks on things.\n", &Remarks),
    Link::new("wrong", "Breaks the house.\n", &Wrong),
];

/// What a command line did.
#[derive(Debug)]
pub struct Ran {
    pub status: u8,
    pub out: Vec<u8>,
    pub err: String,
}

impl Ran {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// A temp folder.
pub struct Room {
    folder: TempDir,
    pub engine: Engine,
}

impl Room {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            engine: engine::run,
        }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_in("", args, b"")
    }

    /// Runs in a folder of this room, with a standard input.
    pub fn run_in(&self, folder: &str, args: &[&str], stdin: &[u8]) -> Ran {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = self.run_with(folder, &args, stdin, &mut out, &mut err);
        let err = String::from_utf8(err).unwrap();
        Ran { status, out, err }
    }

    /// Runs with streams of the test's own.
    pub fn run_with(
        &self,
        folder: &str,
        args: &[&OsStr],
        mut stdin: &[u8],
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> u8 {
        let program = Program {
            chain: CHAIN,
            engine: self.engine,
        };
        let terminal = Terminal {
            cwd: self.path(folder),
            stdin: &mut stdin,
            out,
            err,
            color_out: false,
            color_err: false,
        };
        let name = [OsString::from("careen")].into_iter();
        let args = name.chain(args.iter().map(|arg| arg.to_os_string()));
        cli::run(&program, args, terminal).code()
    }

    /// Runs another program in a folder of this room; gives back whether it went well, and what it said.
    pub fn call(&self, folder: &str, program: &str, args: &[&str], stdin: &[u8]) -> (bool, String) {
        let mut child = Command::new(program)
            .args(args)
            .current_dir(self.path(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }
}

/// An engine that also creates or extends `.dockerignore`, which needs no build context.
pub fn beside(chain: &[Link], input: &Input<'_>, options: &Options) -> Result<Report, EngineError> {
    let mut report = engine::run(chain, input, options)?;
    if let (Some(path), true) = (input.path, options.writes_beside) {
        let before = fs::read(path.with_file_name(".dockerignore")).ok();
        let mut after = before.clone().unwrap_or_default();
        if !after.windows(5).any(|word| word == b".git\n") {
            after.extend_from_slice(b".git\n");
            let path = ".dockerignore".to_owned();
            report.beside.push(Beside {
                path,
                before,
                after,
            });
        }
    }
    Ok(report)
}

/// A stream whose reader went away.
pub struct Closed;

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
