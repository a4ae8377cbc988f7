//! Moves build arguments that change with every build below the steps that don't use them.
//!
//! ## Why
//!
//! A build argument is a variable of every RUN below it. With `--build-arg GIT_SHA=…`, each commit runs them all again,
//! also those that never look at it.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! ARG GIT_SHA
//! RUN apt-get update && apt-get install -y curl
//! LABEL org.opencontainers.image.revision=$GIT_SHA
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//!  FROM debian:12
//! -ARG GIT_SHA
//!  RUN apt-get update && apt-get install -y curl
//! +ARG GIT_SHA
//!  LABEL org.opencontainers.image.revision=$GIT_SHA
//! ```
//!
//! ## When it refuses
//!
//! * The next step runs code that may read any variable: a build, a package manager of a language, a script.
//! * The argument means something to the builder (`HTTP_PROXY`, `SOURCE_DATE_EPOCH`, `BUILDKIT_…`).
//!
//! It never crosses an ENV or ARG of its name, or one that it uses, and stays in its stage. Arguments that are there
//! to defeat the cache stay where they are.
//!
//! ## Safety
//!
//! Safe: no step that it crosses can see it. The first build after it runs those steps again.
//!
//! ## Known problems
//!
//! What is volatile is told by the name: a commit, a date, a version.

use crate::stage::{Effects, Vars, commute};
use crate::style::top;
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct DelayArgs;

impl Transform for DelayArgs {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let stages = scene.stages().stages();
        stages
            .iter()
            .flat_map(|stage| {
                let end = stage.instructions.end;
                let inside = stage.from + 1..end;
                inside.filter_map(move |index| delay(scene, index, end))
            })
            .collect()
    }
}

/// Parts of a name that stand for something that is new in each build.
const VOLATILE: [&str; 16] = [
    "BRANCH",
    "BUILDDATE",
    "BUILDID",
    "BUILDTIME",
    "COMMIT",
    "COMMITHASH",
    "DATE",
    "GITHASH",
    "HASH",
    "REF",
    "REVISION",
    "SHA",
    "SHA1",
    "TIME",
    "TIMESTAMP",
    "VCS",
];

/// Versions of what is built; all others name what is installed.
const OWN_VERSIONS: [&str; 12] = [
    "APP_VERSION",
    "BUILD_ID",
    "BUILD_NUMBER",
    "BUILD_VERSION",
    "GIT_TAG",
    "GIT_VERSION",
    "IMAGE_VERSION",
    "PROJECT_VERSION",
    "RELEASE",
    "RELEASE_VERSION",
    "SERVICE_VERSION",
    "VERSION",
];

/// Parts of a name of what is there to run steps again.
const DEFEATS_CACHE: [&str; 8] = [
    "BUST",
    "CACHE",
    "CACHEBUST",
    "CACHEBUSTER",
    "FORCE",
    "INVALIDATE",
    "NOCACHE",
    "REFRESH",
];

fn is_volatile(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let has = |list: &[&str]| name.split(['_', '-']).any(|part| list.contains(&part));
    !has(&DEFEATS_CACHE) && (has(&VOLATILE) || OWN_VERSIONS.contains(&name.as_str()))
}

fn delay(scene: &Scene<'_>, index: usize, end: usize) -> Option<Proposal> {
    let arg = scene.file.instructions.get(index)?;
    if arg.keyword != Keyword::Arg {
        return None;
    }
    let words = arg.args.words();
    let names: Vec<&str> = words
        .iter()
        .map(|word| word.text.split('=').next().unwrap_or_default())
        .collect();
    if names.is_empty() || !names.iter().all(|name| is_volatile(name)) {
        return None;
    }
    let own = effects(scene, index)?;
    let mut crossed = Vec::new();
    let mut stopped = None;
    for other in index + 1..end {
        let instruction = scene.file.instructions.get(other)?;
        let theirs = effects(scene, other)?;
        if let Err(reason) = commute(&own, &theirs) {
            let blind = instruction.keyword == Keyword::Run && theirs.env_reads == Vars::All;
            stopped = Some((instruction, reason, blind));
            break;
        }
        if instruction.keyword == Keyword::Run {
            crossed.push(instruction.lines.0);
        }
    }
    let shown = names.join(" and ");
    if crossed.is_empty() {
        let (instruction, reason, blind) = stopped?;
        let text = String::from_utf8_lossy(instruction.logical.bytes());
        let named = names.iter().any(|name| text.contains(name));
        let heredoc = !instruction.heredocs.is_empty();
        if let Some(why) = &own.stays {
            return Some(Proposal::refuse(arg.span, why.clone()));
        }
        let line = instruction.lines.0;
        return (blind && !named && !heredoc).then(|| {
            Proposal::refuse(
                arg.span,
                format!("the RUN of line {line} may read every variable: {reason}"),
            )
        });
    }
    let last = crossed.last().copied()?;
    let to = match &stopped {
        Some((instruction, _, _)) => top(scene.file, instruction),
        None => scene.file.instructions.get(end.checked_sub(1)?)?.whole.end,
    };
    let range = Span::new(top(scene.file, arg), arg.whole.end);
    let source = scene.file.source();
    if !source.get(..to)?.ends_with(b"\n") {
        return Some(Proposal::refuse(
            arg.span,
            "the file ends without a line end",
        ));
    }
    let steps = match crossed.as_slice() {
        [one] => format!("the RUN of line {one}"),
        many => format!("the {} RUNs down to line {last}", many.len()),
    };
    let reason = format!(
        "declare {shown} below {steps}, which can't see it: another value no longer runs that again; the next build runs from here"
    );
    let at = Span::new(arg.span.start, arg.span.end);
    Some(Change::new(at, Safety::Safe, reason, vec![Edit::Move { range, to }]).into())
}

fn effects(scene: &Scene<'_>, index: usize) -> Option<Effects> {
    let state = scene.stages().before(index)?;
    let instruction = scene.file.instructions.get(index)?;
    let script = scene.script(index);
    Some(Effects::of(
        scene.file,
        instruction,
        state,
        script,
        scene.knowledge,
    ))
}
