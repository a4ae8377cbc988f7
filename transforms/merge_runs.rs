//! Joins neighbouring RUN instructions that belong together into one.
//!
//! ## Why
//!
//! Each RUN is a layer. When `apt-get update` has a layer of its own, an install below it works with a list of packages
//! as old as that layer; when a cleanup has one, the files that it removes stay in the image, in the layer above. What
//! belongs together: a manager's update, install and cleanup; several installs of one manager; and the removal of what
//! the RUN above has made.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update
//! # for the health check
//! RUN apt-get install -y curl
//! RUN rm -rf /var/lib/apt/lists/*
//! COPY . /app
//! ```
//!
//! ```diff
//! @@ -1,6 +1,6 @@
//!  FROM debian:12
//! -RUN apt-get update
//! +RUN apt-get update \
//!  # for the health check
//! -RUN apt-get install -y curl
//! -RUN rm -rf /var/lib/apt/lists/*
//! +    && apt-get install -y curl \
//! +    && rm -rf /var/lib/apt/lists/*
//!  COPY . /app
//! ```
//!
//! ## When it refuses
//!
//! * The joined script would not do the same for every set of failing commands: `a; b` before `&&`, `||` at the top of
//!   the second, errexit that a compound command turns off.
//! * The first leaves something in the shell that the second would meet: `cd`, `export`, `set`, a variable, a process
//!   in the background.
//! * The second changes files in place that the first may have hard-linked, or calls a program that the first may move.
//! * A comment ends the first script, or a pragma stands above the second.
//! * Their flags differ, one is in exec form or holds a heredoc, or anything but comments stands between them.
//! * The joined script would be longer than one argument can be.
//!
//! An author's split of slow steps from volatile ones is respected: what does not belong together stays apart.
//! `level = "all"` under `[transforms.merge-runs]` joins everything that can be joined exactly.
//!
//! ## Safety
//!
//! Safe. The first build after it runs from the joined RUN on again.
//!
//! ## Known problems
//!
//! With a cleanup that stands apart, the files that it removes are no longer in any layer: that is the purpose.

use crate::gate::{MAX_SCRIPT, is_pragma};
use crate::knowledge::SystemAction;
use crate::packages::{SystemUse, Tables, share_lists, system_calls};
use crate::shell::join::Operator;
use crate::shell::{Script, Terminator};
use crate::style::{Style, comment_lines, comments_in, tail};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct MergeRuns;

impl Transform for MergeRuns {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let all = scene.config.string("merge-runs", "level") == Some("all");
        let instructions = &scene.file.instructions;
        let mut proposals = Vec::new();
        let mut index = 0;
        while index + 1 < instructions.len() {
            let pair = [&instructions[index], &instructions[index + 1]];
            index += 1;
            if pair.iter().any(|one| one.keyword != Keyword::Run) {
                continue;
            }
            let Some(why) = related(scene, pair)
                .or(all.then_some("`level = \"all\"` asks for as few layers as can be"))
            else {
                continue;
            };
            match merge(scene, pair, why) {
                Ok(change) => {
                    proposals.push(change.into());
                    // The joined RUN meets the next one in the next round.
                    index += 1;
                }
                Err(reason) => proposals.push(Proposal::refuse(pair[1].span, reason)),
            }
        }
        proposals
    }
}

/// Why two RUNs belong together, as the start of a reason.
fn related(scene: &Scene<'_>, [a, b]: [&Instruction; 2]) -> Option<&'static str> {
    let (first, second) = (scene.script(a.index)?, scene.script(b.index)?);
    let before = system_calls(first, scene.knowledge);
    let after = system_calls(second, scene.knowledge);
    let installs = |calls: &[SystemUse<'_>]| {
        calls
            .iter()
            .any(|call| call.system.action == SystemAction::Install)
    };
    for one in &before {
        for other in after
            .iter()
            .filter(|other| share_lists(other.system.manager, one.system.manager))
        {
            let why = match (one.system.action, other.system.action) {
                (SystemAction::Update, _) if installs(&before) && installs(&after) => continue,
                (SystemAction::Update, SystemAction::Install | SystemAction::Upgrade) => {
                    "the install needs the lists that the update just fetched"
                }
                (SystemAction::Install | SystemAction::Upgrade, SystemAction::Install) => {
                    "installs of one manager"
                }
                (
                    SystemAction::Install | SystemAction::Update | SystemAction::Upgrade,
                    SystemAction::Clean,
                ) => "a cleanup shrinks only its own layer",
                _ => continue,
            };
            return Some(why);
        }
    }
    removes_only(second, first, &before).then_some("a removal shrinks only its own layer")
}

/// Whether all that `second` does is to remove what `first` made: files that it names, or its managers' lists.
fn removes_only(second: &Script, first: &Script, managers: &[SystemUse<'_>]) -> bool {
    let mut paths = Vec::new();
    // `set -e` of the author's own removes nothing either.
    for call in second.calls().filter(|call| call.name != Some("set")) {
        if call.name != Some("rm") {
            return false;
        }
        let Some(words) = call
            .args()
            .iter()
            .map(|word| word.literal.as_deref())
            .collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        paths.extend(words.into_iter().filter(|word| !word.starts_with('-')));
    }
    let made = |path: &str| {
        let listed = managers.iter().any(|one| one.system.manager.keeps_in(path));
        // A download is known by its last name, also when only the address names it.
        let name = path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(path);
        let named = first.words().iter().any(|word| {
            word.literal
                .as_deref()
                .is_some_and(|word| word == path || word.rsplit('/').next() == Some(name))
        });
        listed || (!name.is_empty() && !name.contains(['*', '?', '[']) && named)
    };
    !paths.is_empty() && paths.into_iter().all(made)
}

fn merge(scene: &Scene<'_>, [a, b]: [&Instruction; 2], why: &str) -> Result<Change, String> {
    let (Some(first_at), Some(second_at)) = (a.shell_at(), b.shell_at()) else {
        let form = if a.is_json() || b.is_json() {
            "one of them is in exec form"
        } else if a.heredocs.is_empty() && b.heredocs.is_empty() {
            "one of them is no text that a shell reads"
        } else {
            "one of them holds a heredoc"
        };
        return Err(form.to_owned());
    };
    let (Some(first), Some(second)) = (scene.script(a.index), scene.script(b.index)) else {
        return Err("one of the scripts is not understood".to_owned());
    };
    let flags = |one: &Instruction| {
        one.flags
            .iter()
            .map(|flag| flag.text.clone())
            .collect::<Vec<_>>()
    };
    if flags(a) != flags(b) {
        return Err("their flags differ".to_owned());
    }
    let between = Span::new(a.span.end, b.span.start);
    if comments_in(scene.file, between).any(|comment| is_pragma(scene.file.bytes(comment.span))) {
        return Err(
            "a comment above the second RUN speaks to a tool about that instruction".to_owned(),
        );
    }
    let Some(state) = scene.stages().before(a.index) else {
        return Err("they stand outside of a stage".to_owned());
    };
    let joined = state
        .shell
        .join(first, second, &Tables(scene.knowledge))
        .map_err(|refusal| refusal.to_string())?;
    if first_at.len() + second_at.len() + 8 >= MAX_SCRIPT {
        return Err("the joined script would be longer than one argument can be".to_owned());
    }
    let style = Style::of(scene.file, &[a, b]);
    let skipped = match joined.operator {
        Operator::Semicolon => repeated_set(first, second),
        Operator::And => None,
    };
    let rest = Span::new(second_at.start + skipped.unwrap_or(0), second_at.end);
    let gap = Span::new(tail(a, first_at, &joined).start, b.source(rest).start);
    let Some(comments) = comment_lines(scene.file, gap, style.line_end) else {
        return Err("a comment between them is not UTF-8".to_owned());
    };
    let text = style.joint(joined.operator, &comments);
    let reason = format!("join with the RUN above: {why}");
    Ok(Change::new(b.span, Safety::Safe, reason, vec![Edit::replace(gap, text)]).fewer(1))
}

/// Where the second script goes on behind a `set -eux;` that repeats the first one's: it says nothing new there, for
/// what the first script has set still holds.
fn repeated_set(first: &Script, second: &Script) -> Option<usize> {
    let set = |script: &Script| {
        let list = script.lists.first()?;
        let ([pipeline], Some((Terminator::Semicolon, _))) =
            (list.pipelines.as_slice(), list.terminator)
        else {
            return None;
        };
        let [command] = pipeline.commands.as_slice() else {
            return None;
        };
        let simple = command.simple()?;
        let bare =
            !pipeline.negated && simple.assignments.is_empty() && simple.redirects.is_empty();
        let words = simple
            .words
            .iter()
            .map(|word| word.literal.clone())
            .collect::<Option<Vec<_>>>()?;
        let options = words.iter().skip(1).all(|word| word.starts_with('-'));
        (bare && words.first()? == "set" && options).then_some(words)
    };
    let once = first
        .calls()
        .into_iter()
        .filter(|call| call.name == Some("set"))
        .count()
        == 1;
    (once && set(first)? == set(second)?)
        .then(|| second.lists.get(1))
        .flatten()
        .map(|next| next.span.start)
}
