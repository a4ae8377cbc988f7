//! One Dockerfile as it is and as it would be, each with its cache model.

use super::args::{Common, Output};
use super::session::Session;
use super::work::{self, Done};
use super::{Program, Stop, Terminal};
use crate::cache::Model;
use crate::context::Context;
use crate::knowledge::Knowledge;
use crate::report::Problem;
use crate::stage::Stages;
use crate::syntax::Dockerfile;

/// One side of a pair.
pub(super) struct Side {
    pub(super) stages: Stages,
    pub(super) model: Model,
}

impl Side {
    pub(super) fn of(source: &[u8], context: &Context, knowledge: &Knowledge) -> Self {
        let file = Dockerfile::parse(source);
        let stages = Stages::of(&file, knowledge);
        let model = Model::of(&file, &stages, Some(context), None);
        Self { stages, model }
    }
}

/// A Dockerfile before and after the chain.
pub(super) struct Pair {
    /// As messages name it.
    pub(super) name: String,
    pub(super) context: Context,
    /// The Dockerfile's path as seen from the context, when it lies in it; else empty.
    pub(super) in_context: String,
    pub(super) before: Side,
    pub(super) after: Side,
    /// Whether the chain changes anything.
    pub(super) changed: bool,
}

impl Pair {
    /// The one Dockerfile that the arguments mean; `what` ends "… can't be …" for one without a place. `None`: it could not
    /// be read, which was said.
    pub(super) fn find(
        program: &Program,
        common: &Common,
        output: &Output,
        what: &str,
        terminal: &mut Terminal<'_>,
    ) -> Result<Option<Self>, Stop> {
        if common.reads_stdin() {
            let problem = Problem::new(format!("a Dockerfile on standard input can't be {what}"));
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
            return Ok(None);
        };
        work::complain(&done.entry, terminal);
        Ok(Self::of(&done)?)
    }

    fn of(done: &Done) -> Result<Option<Self>, Problem> {
        let Ok(report) = &done.entry.outcome else {
            return Ok(None);
        };
        if let Some(doubt) = done.doubt {
            let problem = Problem::new(format!("the build context is not known: {doubt}"));
            return Err(problem.help("`--context` says it"));
        }
        let context = Context::open(&done.root, done.real.as_deref())
            .map_err(|error| Problem::new(error.to_string()))?;
        let in_context = done
            .real
            .as_deref()
            .and_then(|real| real.strip_prefix(context.root()).ok());
        let in_context = in_context.map(|path| {
            path.iter()
                .map(|part| part.to_string_lossy())
                .collect::<Vec<_>>()
        });
        Ok(Some(Self {
            in_context: in_context.unwrap_or_default().join("/"),
            name: done.entry.shown(),
            before: Side::of(&report.original, &context, Knowledge::shipped()),
            after: Side::of(&report.rewritten, &context, Knowledge::shipped()),
            changed: report.original != report.rewritten,
            context,
        }))
    }
}
