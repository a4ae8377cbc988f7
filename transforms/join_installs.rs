//! Joins several installs in a RUN into one.
//!
//! ## Why
//!
//! Every call of a package manager reads its lists, resolves dependencies and runs its triggers anew. One list of
//! packages is quicker, and shows at a glance what the image holds.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! RUN apt-get update \
//!     && apt-get install -y \
//!         curl \
//!     && apt-get install -y git
//! ```
//!
//! ```diff
//! @@ -2,4 +2,4 @@
//!  RUN apt-get update \
//!      && apt-get install -y \
//!          curl \
//! -    && apt-get install -y git
//! +        git
//! ```
//!
//! ## When it refuses
//!
//! * Their flags, variables or redirections differ.
//! * They name one package with different versions.
//! * A command stands between them, which may need the first or make the second possible.
//! * A comment stands among the packages of the second, or a word of either is no fixed string.
//!
//! ## Safety
//!
//! Unsafe: the resolver sees all packages at once, and may choose another way to satisfy them.
//!
//! ## Known problems
//!
//! None.

use crate::knowledge::SystemAction;
use crate::packages::{SystemUse, system_calls};
use crate::shell::{AndOrOp, Script};
use crate::style::{Style, comment_lines, comments_in};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct JoinInstalls;

impl Transform for JoinInstalls {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let mut proposals = Vec::new();
        for run in &scene.file.instructions {
            if run.keyword != Keyword::Run {
                continue;
            }
            let (Some(script), Some(at)) = (scene.script(run.index), run.shell_at()) else {
                continue;
            };
            let mut installs: Vec<Placed<'_>> = Vec::new();
            for one in system_calls(script, scene.knowledge) {
                if one.system.action == SystemAction::Install
                    && !one.system.packages.is_empty()
                    && let Some(place) = place(script, &one)
                {
                    installs.push(Placed { one, place });
                }
            }
            for pair in installs.windows(2) {
                let [first, second] = pair else { continue };
                if first.one.system.manager.id != second.one.system.manager.id
                    || first.place.0 != second.place.0
                {
                    continue;
                }
                match join(scene, run, at, script, first, second) {
                    Ok(change) => {
                        proposals.push(change.into());
                        // The joined install meets the next one in the next round.
                        break;
                    }
                    Err(reason) => proposals.push(Proposal::refuse(run.span, reason)),
                }
            }
        }
        proposals
    }
}

/// An install that is one whole pipeline of a list at the top of a script.
struct Placed<'s> {
    one: SystemUse<'s>,
    /// The list, and the pipeline in it.
    place: (usize, usize),
}

fn place(script: &Script, one: &SystemUse<'_>) -> Option<(usize, usize)> {
    script.lists.iter().enumerate().find_map(|(list, and_or)| {
        if and_or.in_background() {
            return None;
        }
        let pipeline = and_or.pipelines.iter().position(|pipeline| {
            !pipeline.negated
                && pipeline.commands.len() == 1
                && pipeline.span == one.call.simple.span
        })?;
        Some((list, pipeline))
    })
}

fn join(
    scene: &Scene<'_>,
    run: &Instruction,
    at: Span,
    script: &Script,
    first: &Placed<'_>,
    second: &Placed<'_>,
) -> Result<Change, String> {
    let name = &first.one.system.manager.id;
    let list = script.lists.get(first.place.0);
    if second.place.1 != first.place.1 + 1 {
        let between = list
            .and_then(|list| list.pipelines.get(first.place.1 + 1))
            .and_then(|pipeline| pipeline.commands.first())
            .and_then(|command| command.simple())
            .and_then(|simple| simple.name())
            .unwrap_or("a command");
        return Err(format!(
            "`{between}` stands between two installs of `{name}`, and may belong to one of them"
        ));
    }
    let operator = list.and_then(|list| list.operators.get(first.place.1));
    if operator.is_none_or(|(operator, _)| *operator != AndOrOp::And) {
        return Err(format!(
            "the second install of `{name}` runs only when the first fails"
        ));
    }
    if !first.one.system.is_literal() || !second.one.system.is_literal() {
        return Err(format!(
            "an install of `{name}` holds a word that is no fixed string"
        ));
    }
    if shape(script, &first.one) != shape(script, &second.one) {
        return Err(format!("two installs of `{name}` differ in their flags"));
    }
    let packages = |one: &SystemUse<'_>| -> Vec<String> {
        let words = &one.call.simple.words;
        let words = one.system.packages.iter().filter_map(|at| words.get(*at));
        words.map(|word| word.raw(script).to_owned()).collect()
    };
    let (have, more) = (packages(&first.one), packages(&second.one));
    let pinned = |package: &String| {
        package
            .split(['=', '<', '>', '~', '@', '/'])
            .next()
            .map(str::to_owned)
    };
    if let Some(package) = more.iter().find(|package| {
        have.iter()
            .any(|other| other != *package && pinned(other) == pinned(package))
    }) {
        return Err(format!("both name `{package}`, in different versions"));
    }
    let words = &first.one.call.simple.words;
    if first.one.system.packages.last() != Some(&(words.len() - 1)) {
        return Err(format!("flags of `{name}` stand behind its packages"));
    }
    let source = |span: Span| run.source(span.shift(at.start));
    let (one, other) = (first.one.call.simple.span, second.one.call.simple.span);
    if comments_in(scene.file, source(other)).next().is_some() {
        return Err(format!(
            "comments stand among the packages of the second install of `{name}`"
        ));
    }
    let gap = Span::new(source(one).end, source(other).end);
    let style = Style::of(scene.file, &[run]);
    let Some(comments) = comment_lines(scene.file, gap, style.line_end) else {
        return Err("a comment between them is not UTF-8".to_owned());
    };
    let new: Vec<&String> = more
        .iter()
        .filter(|package| !have.contains(package))
        .collect();
    let indent = indent(scene, run, at, &first.one)
        .or_else(|| indent(scene, run, at, &second.one))
        .or_else(|| (!comments.is_empty()).then(|| format!("{}    ", style.indent)));
    let mut text = String::new();
    for (number, package) in new.iter().enumerate() {
        match &indent {
            Some(indent) => {
                let comments = if number == 0 { comments.as_str() } else { "" };
                text.push_str(&format!(
                    " {}{}{comments}{indent}{package}",
                    style.escape, style.line_end
                ));
            }
            None => text.push_str(&format!(" {package}")),
        }
    }
    if new.is_empty() && !comments.is_empty() {
        return Err("a comment stands between two installs of the same packages".to_owned());
    }
    let reason = format!("one install of `{name}` instead of two: it resolves and unpacks once");
    Ok(Change::new(
        run.span,
        Safety::Unsafe,
        reason,
        vec![Edit::replace(gap, text)],
    ))
}

/// All that two installs must share: variables, program, verb, flags, redirections.
fn shape<'s>(script: &'s Script, one: &SystemUse<'s>) -> Vec<&'s str> {
    let simple = one.call.simple;
    let text = |span: Span| script.text.get(span.range()).unwrap_or_default();
    let assigned = simple.assignments.iter().map(|one| text(one.span));
    let words = simple.words.iter().enumerate();
    let words = words
        .filter(|(at, _)| !one.system.packages.contains(at))
        .map(|(_, word)| word.raw(script));
    let redirects = simple.redirects.iter().map(|one| text(one.span));
    assigned.chain(words).chain(redirects).collect()
}

/// The white space before a package that starts a line.
fn indent(scene: &Scene<'_>, run: &Instruction, at: Span, one: &SystemUse<'_>) -> Option<String> {
    one.system.packages.iter().rev().find_map(|package| {
        let word = one.call.simple.words.get(*package)?;
        let start = run.source(word.span.shift(at.start)).start;
        let before = scene.file.bytes(Span::new(0, start));
        let line = before.iter().rposition(|byte| *byte == b'\n')? + 1;
        let indent = std::str::from_utf8(before.get(line..)?).ok()?;
        indent
            .chars()
            .all(|c| c == ' ' || c == '\t')
            .then(|| indent.to_owned())
    })
}
