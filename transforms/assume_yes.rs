//! Tells package managers to install without asking.
//!
//! ## Why
//!
//! Nobody is there to answer when an image is built: a manager that asks, gives up. Whether it asks depends on what else it has to
//! install, so a build that went well yesterday fails today (DL3014, DL3030, DL3034, DL3038).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update && apt-get install --no-install-recommends curl
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -RUN apt-get update && apt-get install --no-install-recommends curl
//! +RUN apt-get update && apt-get install -y --no-install-recommends curl
//! ```
//!
//! ## When it refuses
//!
//! * A variable among its words that may say it already.
//! * Its input comes from a pipe or a file, which may answer: `yes | apt-get install curl`.
//! * A line end that cuts `install` in two.
//! * The file configures a manager to assume yes.
//!
//! ## Safety
//!
//! Unsafe: a build that fails starts to pass, on purpose, and installs what it asked about.
//!
//! ## Known problems
//!
//! pacman, and managers of languages, are not looked at.

use std::cell::OnceCell;

use crate::knowledge::{SystemAction, SystemCall};
use crate::shell::{Call, Context, RedirectOp, Script, Word};
use crate::syntax::{Dockerfile, Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct AssumeYes;

impl Transform for AssumeYes {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let configured = OnceCell::new();
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Run)
            .flat_map(|run| {
                in_run(scene, run, &|| {
                    *configured.get_or_init(|| configures(scene.file))
                })
            })
            .collect()
    }
}

fn in_run(scene: &Scene<'_>, run: &Instruction, configured: &dyn Fn() -> bool) -> Vec<Proposal> {
    let (Some(at), Some(script)) = (run.shell_at(), scene.script(run.index)) else {
        return Vec::new();
    };
    let mut proposals = Vec::new();
    for call in script.calls() {
        let words: Vec<_> = call.simple.words.iter().map(Word::fixed).collect();
        let Some(asked) = scene.knowledge.system_call(&words) else {
            continue;
        };
        let asks = asked.action == SystemAction::Install
            && !asked.says(&words, &asked.manager.assume_yes)
            && !asked.says(&words, &asked.manager.idle);
        // `-y` stands behind the verb everywhere; zypper's `-n` is another flag there.
        let flags = &asked.manager.assume_yes;
        let flag = flags.iter().find(|flag| *flag == "-y");
        let (true, Some(flag)) = (asks, flag) else {
            continue;
        };
        let Some(verb) = asked.verb.last().and_then(|at| call.simple.words.get(*at)) else {
            continue;
        };
        let span = verb.span.shift(at.start);
        let place = run.source(span);
        if !run.logical.in_one_piece(span) {
            proposals.push(Proposal::refuse(place, "a line end cuts its verb in two"));
            continue;
        }
        if let Some(reason) = doubt(script, &call, &asked, configured) {
            proposals.push(Proposal::refuse(place, reason));
            continue;
        }
        let reason = format!(
            "nobody is there to answer `{}` when the image is built",
            asked.manager.id
        );
        let edit = Edit::replace(place, format!("{} {flag}", scene.file.text(place)));
        proposals.push(Change::new(place, Safety::Unsafe, reason, vec![edit]).into());
    }
    proposals
}

/// Why it may not need the flag.
fn doubt(
    script: &Script,
    call: &Call<'_>,
    asked: &SystemCall<'_>,
    configured: &dyn Fn() -> bool,
) -> Option<&'static str> {
    let package = |at: &usize| is_package(script, call, *at);
    if asked.open || !asked.opaque.iter().all(package) {
        return Some("a word of unknown value may say yes already");
    }
    let reads = |op: RedirectOp| {
        matches!(
            op,
            RedirectOp::Read | RedirectOp::Heredoc | RedirectOp::HereString | RedirectOp::ReadWrite
        )
    };
    if call.is_in(Context::Pipe) || call.simple.redirects.iter().any(|one| reads(one.op)) {
        return Some("its input may answer");
    }
    configured().then_some("the file says elsewhere that yes is assumed")
}

/// Whether something in the file configures a manager to assume yes.
fn configures(file: &Dockerfile) -> bool {
    let says = |one: &Instruction| {
        let text = file.text(one.whole).to_ascii_lowercase();
        ["assume-yes \"", "assume-yes=", "assume-yes::", "assumeyes="]
            .iter()
            .any(|word| text.contains(word))
    };
    file.instructions.iter().any(says)
}

/// Whether a word of unknown value starts like a package's name (`curl=$VERSION`), and so is no flag.
fn is_package(script: &Script, call: &Call<'_>, at: usize) -> bool {
    let word = call.simple.words.get(at);
    word.is_some_and(|word| {
        word.raw(script)
            .starts_with(|first: char| first.is_ascii_alphanumeric())
    })
}
