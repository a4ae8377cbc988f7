//! What BuildKit accepts, and what `docker build --check` says.
//!
//! Three questions, each asked of a parsed file alone, without a daemon and without base images:
//!
//! * [`accepts`]: would BuildKit read it? (`parser.Parse` and `instructions.Parse`; `docker build --call=targets`)
//! * [`check`]: would the build get past its planning? (mount options, stages, expansions; `--call=check`)
//! * [`findings`]: which lint rules speak, and on which line?
//!
//! All three follow the Dockerfile frontend inside dockerd 28.5 (BuildKit 0.25). A file that names a frontend with
//! `# syntax=` may also use the flags that newer frontends know.
//!
//! | file | holds | BuildKit's source |
//! | --- | --- | --- |
//! | `accept.rs` | arity and flags of each instruction | `instructions/parse.go` |
//! | `flags.rs` | which flags an instruction takes | `instructions/bflag.go` |
//! | `healthcheck.rs` | HEALTHCHECK, durations | `instructions/parse.go` |
//! | `mounts.rs`, `csv.rs` | `RUN --mount` and `--device` | `instructions/commands_runmount.go`, `commands_rundevice.go` |
//! | `plan.rs` | the way through a file | `dockerfile2llb/convert.go` |
//! | `globals.rs` | ARGs before the first FROM, and FROM itself | `dockerfile2llb/convert.go` |
//! | `stages.rs` | who is based on, copies or mounts from whom | `dockerfile2llb/convert.go` |
//! | `dispatch.rs` | each instruction in the state that it sees | `dockerfile2llb/convert.go` |
//! | `state.rs`, `layers.rs` | that state | `dockerfile2llb/convert.go` |
//! | `copy.rs`, `ports.rs`, `signals.rs` | values of COPY and ADD, EXPOSE, STOPSIGNAL | `convert_copy.go`, `convert_expose.go` |
//! | `image.rs`, `platform.rs` | image names and platforms | `distribution/reference`, `containerd/platforms` |
//! | `variables.rs`, `patterns.rs` | `$name`, `${name:-word}`, `${name#pattern}` | `shell/lex.go` |
//! | `lint.rs`, `casing.rs` | `# check=`, and the rules that need no state | `linter/linter.go`, `dockerfile2llb/validations.go` |
//! | `rules.rs` | the list of rules | `linter/ruleset.go` |

mod accept;
mod casing;
mod copy;
mod csv;
mod dispatch;
mod flags;
mod globals;
mod healthcheck;
mod image;
mod layers;
mod lint;
mod mounts;
mod patterns;
mod plan;
mod platform;
mod ports;
mod rules;
mod signals;
mod stages;
mod state;
mod variables;

use crate::syntax::{Dockerfile, Instruction, Span};
use lint::Lint;

pub use dispatch::is_secret;
pub use rules::{RULES, Rule};

/// Why BuildKit refuses a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What is wrong.
    pub message: String,
    /// The instruction.
    pub span: Span,
    /// 1-based.
    pub line: usize,
}

impl Rejection {
    fn at(instruction: &Instruction, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: instruction.span,
            line: instruction.lines.0,
        }
    }
}

/// A finding of `docker build --check`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// BuildKit's name of the rule: `StageNameCasing`.
    pub rule: &'static str,
    /// 1-based.
    pub line: usize,
    /// The instruction.
    pub span: Span,
    /// `false` when a base image of unknown environment may define the variable that seems undefined.
    pub certain: bool,
}

/// What lies outside of the file and still bears on a finding. Everything is unknown by default.
pub trait Outside {
    /// The environment of a base image, `None` when it is not known. `image` is the name after expansion.
    fn environment(&self, image: &str) -> Option<Vec<(String, String)>> {
        let _ = image;
        None
    }

    /// Whether `.dockerignore` keeps a source of COPY or ADD out of the build context.
    fn ignored(&self, source: &str) -> bool {
        let _ = source;
        false
    }
}

/// Nothing is known of the outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unknown;

impl Outside for Unknown {}

/// Whether BuildKit takes the file: `parser.Parse` and `instructions.Parse`.
///
/// # Errors
/// The first thing that it refuses.
pub fn accepts(file: &Dockerfile) -> Result<(), Rejection> {
    accept::accept(file, &mut Lint::silent())
}

/// Whether the build gets past its planning: what `docker build --check` refuses, as far as no base image is needed.
///
/// # Errors
/// The first thing that it refuses, that of [`accepts`] included, and findings under `# check=error=true`.
pub fn check(file: &Dockerfile) -> Result<(), Rejection> {
    inspect(file, &Unknown).0
}

/// What `docker build --check` finds, in order of lines. A file that it refuses has the findings from before the
/// place where it stops.
pub fn findings(file: &Dockerfile) -> Vec<Finding> {
    inspect(file, &Unknown).1
}

/// [`check`] and [`findings`] in one walk, with what is known of the outside.
pub fn inspect(file: &Dockerfile, outside: &dyn Outside) -> (Result<(), Rejection>, Vec<Finding>) {
    let mut lint = match Lint::of(file) {
        Ok(lint) => lint,
        Err(rejection) => return (Err(rejection), Vec::new()),
    };
    let verdict = accept::accept(file, &mut lint)
        .and_then(|()| plan::plan(file, outside, &mut lint))
        .and_then(|()| lint.verdict());
    (verdict, lint.into_findings())
}
