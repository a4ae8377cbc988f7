//! Sets a SHELL with `pipefail`, so that a pipe whose first part fails fails the build.
//!
//! ## Why
//!
//! The status of `curl … | tar xz` is tar's alone. A download that breaks off leaves half a tree in the image, in a layer that is
//! cached as good (DL4006).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update && apt-get install -y curl
//! # the tool
//! RUN curl -fsSL https://example.com/tool.tar.gz | tar xz -C /opt
//! ```
//!
//! ```diff
//! @@ -1,4 +1,5 @@
//!  FROM debian:12
//!  RUN apt-get update && apt-get install -y curl
//! +SHELL ["/bin/bash", "-o", "pipefail", "-c"]
//!  # the tool
//!  RUN curl -fsSL https://example.com/tool.tar.gz | tar xz -C /opt
//! ```
//!
//! Alpine has no bash: its ash knows `pipefail` too.
//!
//! ## When it refuses
//!
//! * SHELL is set, here or by the base image, or nobody has read whether; bash is not known to be there.
//! * A pipe whose left side is expected to fail or to be cut off: `yes |`, `grep … |`, `| head`, `| grep -q`, `| read`.
//! * A later script that means something else in bash (`echo "a\nb"`, `{a,b}`), or is not understood.
//! * A CMD or ENTRYPOINT in shell form that needs no shell: it would run in that shell too. In exec form it does not.
//! * In ash, which stops at each failing command then (`-e`): a script that goes on behind one, by `;` or a new line.
//!
//! A script that sets `pipefail` itself has nothing to gain and is no reason.
//!
//! ## Safety
//!
//! Unsafe: a build that passed by luck fails from now on, and the shell form of CMD and ENTRYPOINT runs in that shell too.
//!
//! ## Known problems
//!
//! Images that are built upon this one inherit SHELL.

use crate::knowledge::Family;
use crate::runtime::{above, keyword};
use crate::shell::{Call, CommandKind, Context, Dialect, Pipeline, Script};
use crate::stage::{Base, Stage};
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct UsePipefail;

/// Programs whose failure is an answer, or that a closed pipe ends.
const FAILS: [&str; 17] = [
    "yes", "grep", "egrep", "fgrep", "zgrep", "diff", "cmp", "ldd", "xargs", "which", "test", "[",
    "false", "pgrep", "ls", "find", "timeout",
];

/// Programs that close the pipe before its end.
const CLOSES: [&str; 3] = ["head", "read", "true"];

impl Transform for UsePipefail {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let stages = scene.stages().stages();
        // A stage that starts from one that gets a SHELL inherits it.
        let mut covered = vec![false; stages.len()];
        let mut proposals = Vec::new();
        for stage in stages {
            if let Base::Stage(parent) = stage.base
                && covered.get(parent) == Some(&true)
            {
                covered[stage.index] = true;
                continue;
            }
            let Some(first) = first_pipe(scene, stage) else {
                continue;
            };
            covered[stage.index] = true;
            proposals.push(match set(scene, stage, first) {
                Ok(change) => change.into(),
                Err(reason) => Proposal::refuse(first.span, reason),
            });
        }
        proposals
    }
}

/// The first RUN of a stage with a pipe that hides a failure.
fn first_pipe<'s>(scene: &'s Scene<'_>, stage: &Stage) -> Option<&'s Instruction> {
    let own = scene.file.instructions.get(stage.instructions.clone())?;
    own.iter()
        .filter(|one| one.keyword == Keyword::Run)
        .find(|run| {
            let state = scene.stages().before(run.index);
            !state.is_some_and(|state| state.shell.pipefail)
                && scene
                    .script(run.index)
                    .is_some_and(|script| !sets_pipefail(script) && !pipes(script).is_empty())
        })
}

fn set(scene: &Scene<'_>, stage: &Stage, first: &Instruction) -> Result<Change, String> {
    let state = scene
        .stages()
        .before(first.index)
        .ok_or("it stands in no stage")?;
    if state.shell.explicit || state.shell.argv != ["/bin/sh", "-c"] {
        return Err("SHELL says which shell runs it".to_owned());
    }
    if !state.shell.certain {
        return Err("nobody has read which SHELL the base image has".to_owned());
    }
    let image = base(scene, stage);
    let bash = image
        .as_ref()
        .and_then(|image| image.has_shell("/bin/bash"))
        == Some(true);
    let ash = matches!(state.family, Family::Alpine | Family::Wolfi)
        && image.as_ref().and_then(|image| image.has_shell("/bin/ash")) == Some(true);
    let (shell, dialect) = match (bash, ash) {
        (_, true) => (r#"["/bin/ash", "-eo", "pipefail", "-c"]"#, Dialect::Sh),
        (true, false) => (r#"["/bin/bash", "-o", "pipefail", "-c"]"#, Dialect::Bash),
        _ => {
            return Err("no shell that knows pipefail is known to be in the base image".to_owned());
        }
    };
    for one in reached(scene, stage, first) {
        if one.keyword == Keyword::Shell {
            break;
        }
        let line = one.lines.0;
        if !one.heredocs.is_empty() && one.keyword == Keyword::Run {
            return Err(format!("the script on line {line} is a heredoc"));
        }
        let Some(at) = one.shell_at() else { continue };
        let script = scene
            .script(one.index)
            .ok_or_else(|| format!("the script on line {line} is not understood"))?;
        let starts = matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint);
        if starts && is_plain(script) {
            return Err(format!(
                "the command on line {line} would run in that shell too until it is in exec form"
            ));
        }
        if let Some(what) = expected_to_fail(script).filter(|_| !sets_pipefail(script)) {
            return Err(format!("on line {line}, {what}"));
        }
        if dialect == Dialect::Bash {
            let text = one.logical.text().get(at.range()).unwrap_or_default();
            let other = scene
                .parse_script(Dialect::Bash, text)
                .ok_or_else(|| format!("bash does not understand the script on line {line}"))?;
            if let Some(what) = means_more(&other) {
                return Err(format!(
                    "{what} on line {line} means something else in bash"
                ));
            }
        } else if !stops_anyway(script) {
            return Err(format!(
                "the script on line {line} goes on behind a command that fails"
            ));
        }
    }
    let text = format!("{} {shell}", keyword(scene.file, "SHELL"));
    let reason = format!(
        "set pipefail for the pipes from line {} on, which hide what fails in their first part",
        first.lines.0
    );
    Ok(Change::new(
        first.span,
        Safety::Unsafe,
        reason,
        vec![above(scene.file, first, &text)],
    )
    .fewer(-1))
}

/// What is known of the image that a stage starts from, past other stages.
fn base<'s>(scene: &'s Scene<'_>, stage: &Stage) -> Option<crate::knowledge::BaseImage<'s>> {
    let mut stage = stage;
    while let Base::Stage(parent) = stage.base {
        stage = scene.stages().get(parent)?;
    }
    match &stage.base {
        Base::Image { reference } if stage.repository_certain => {
            scene.knowledge.base_image(reference)
        }
        _ => None,
    }
}

/// The instructions that the new SHELL is for: those behind it, and those of stages that start from this one.
fn reached<'s>(scene: &'s Scene<'_>, stage: &Stage, first: &Instruction) -> Vec<&'s Instruction> {
    let stages = scene.stages().stages();
    let mut inherits = vec![false; stages.len()];
    let mut found: Vec<&Instruction> = scene
        .file
        .instructions
        .get(first.index..stage.instructions.end)
        .unwrap_or_default()
        .iter()
        .collect();
    for other in stages.iter().skip(stage.index + 1) {
        if let Base::Stage(parent) = other.base
            && (parent == stage.index || inherits.get(parent) == Some(&true))
        {
            inherits[other.index] = true;
            found.extend(
                scene
                    .file
                    .instructions
                    .get(other.instructions.clone())
                    .unwrap_or_default(),
            );
        }
    }
    found
}

/// Whether a script needs no shell: one command of fixed words.
fn is_plain(script: &Script) -> bool {
    matches!(script.lists.as_slice(), [list] if list.simple().is_some_and(|simple| {
        simple.redirects.is_empty() && simple.all_words().all(|word| word.fixed().is_some())
    }))
}

fn sets_pipefail(script: &Script) -> bool {
    script.calls().any(|call| {
        call.name == Some("set")
            && call
                .args()
                .iter()
                .any(|word| word.fixed() == Some("pipefail"))
    })
}

/// All pipelines of several commands, wherever they stand.
fn pipes(script: &Script) -> Vec<&Pipeline> {
    fn lists<'s>(lists: &'s [crate::shell::AndOr], found: &mut Vec<&'s Pipeline>) {
        for list in lists {
            found.extend(list.pipelines.iter().filter(|one| one.commands.len() > 1));
        }
    }
    let mut found = Vec::new();
    lists(&script.lists, &mut found);
    script.visit_commands(&mut |command| match &command.kind {
        CommandKind::Subshell(inner) | CommandKind::Group(inner) => lists(inner, &mut found),
        CommandKind::If {
            branches,
            otherwise,
        } => {
            for (condition, body) in branches {
                lists(condition, &mut found);
                lists(body, &mut found);
            }
            lists(otherwise.as_deref().unwrap_or_default(), &mut found);
        }
        CommandKind::Loop { body, .. } => lists(body, &mut found),
        CommandKind::Case { arms, .. } => {
            for arm in arms {
                lists(&arm.body, &mut found);
            }
        }
        CommandKind::Simple(simple) => {
            for word in simple.all_words() {
                for inner in &word.substitutions {
                    lists(inner, &mut found);
                }
            }
        }
        _ => {}
    });
    found
}

/// A pipe of `script` whose left side may well fail although all is well.
fn expected_to_fail(script: &Script) -> Option<String> {
    pipes(script).into_iter().find_map(|pipe| {
        let (last, firsts) = pipe.commands.split_last()?;
        if let Some(name) = firsts
            .iter()
            .filter_map(|one| one.simple()?.name())
            .map(crate::runtime::name)
            .find(|name| FAILS.contains(name))
        {
            return Some(format!(
                "`{name}` before a pipe may fail although all is well"
            ));
        }
        firsts
            .iter()
            .skip(1)
            .chain([last])
            .filter_map(|one| one.simple())
            .find_map(|simple| {
                let name = crate::runtime::name(simple.name()?);
                let words: Vec<&str> = simple
                    .words
                    .iter()
                    .skip(1)
                    .filter_map(|word| word.literal.as_deref())
                    .collect();
                let closes = CLOSES.contains(&name)
                    || name.ends_with("grep")
                        && words.iter().any(|word| {
                            word.starts_with("--quiet")
                                || word.starts_with("--max-count")
                                || word.starts_with('-')
                                    && !word.starts_with("--")
                                    && word.contains(['q', 'm', 'l'])
                        })
                    || name == "sed" && words.iter().any(|word| quits(word))
                    || name.ends_with("awk") && words.iter().any(|word| word.contains("exit"));
                closes.then(|| {
                    format!("`{name}` closes the pipe early, which ends what writes into it")
                })
            })
    })
}

/// Whether a sed script has the command `q`.
fn quits(script: &str) -> bool {
    script.split([';', '}']).map(str::trim).any(|command| {
        command.ends_with('q') && !command.starts_with('s') && !command.starts_with('-')
    })
}

/// What of `script`, read by bash, means something else than in dash.
fn means_more(script: &Script) -> Option<&'static str> {
    if script.words().iter().any(|word| word.brace) {
        return Some("a brace");
    }
    let echo = |call: &Call<'_>| {
        call.name == Some("echo")
            && call.args().iter().any(|word| {
                word.literal
                    .as_deref()
                    .map_or(word.raw(script).contains('\\'), |text| {
                        text.contains('\\') || text == "-e" || text == "-E"
                    })
            })
    };
    if script.calls().any(|call| echo(&call)) {
        return Some("`echo` with a backslash");
    }
    let mut other = false;
    script.visit_commands(&mut |command| {
        other |= matches!(command.kind, CommandKind::Other { .. });
    });
    other.then_some("`[[` or `((`")
}

/// Whether `script` ends at the first command that fails, with errexit or without.
fn stops_anyway(script: &Script) -> bool {
    let sets = script
        .lists
        .first()
        .and_then(|list| list.commands().next()?.simple())
        .is_some_and(|first| {
            first.name() == Some("set")
                && first.words.iter().skip(1).any(|word| {
                    word.fixed().is_some_and(|word| {
                        word.starts_with('-') && !word.starts_with("--") && word.contains('e')
                    })
                })
        });
    let bodies = [
        Context::Subshell,
        Context::Group,
        Context::IfBranch,
        Context::LoopBody,
        Context::CaseArm,
        Context::Function,
    ];
    sets || script.lists.len() <= 1
        && script
            .calls()
            .all(|call| !bodies.iter().any(|body| call.is_in(*body)))
}
