//! Writes a CMD or ENTRYPOINT that is one plain command in exec form.
//!
//! ## Why
//!
//! In shell form `/bin/sh -c` is process 1 and the program its child: `docker stop` sends SIGTERM to a shell that does not
//! pass it on, and ten seconds later the program is killed (`JSONArgsRecommended`, DL3025).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.13
//! COPY app.py .
//! CMD python app.py --name 'careen it'
//! ```
//!
//! ```diff
//! @@ -1,3 +1,3 @@
//!  FROM python:3.13
//!  COPY app.py .
//! -CMD python app.py --name 'careen it'
//! +CMD ["python", "app.py", "--name", "careen it"]
//! ```
//!
//! ## When it refuses
//!
//! * The script needs a shell: variables, globs, `~`, pipes, redirections, `&&`, assignments, builtins such as `cd`.
//! * SHELL is set, here or in the base image: whoever wrote it wants that shell, and BuildKit does not warn.
//! * An ENTRYPOINT where a CMD would be added to it: in shell form it ignores CMD, in exec form CMD becomes its arguments.
//! * A CMD below an ENTRYPOINT in exec form that ends in `-c`: it takes one text.
//! * A text that starts like a JSON array and is none: a typing mistake that a person has to look at.
//!
//! ## Safety
//!
//! Unsafe: the program is process 1 and gets the signals itself, without a shell that reaps its children, and what follows the
//! image's name in `docker run` becomes arguments of an ENTRYPOINT.
//!
//! ## Known problems
//!
//! A script without `#!` runs by a shell alone. `echo` and `printf` are the programs of these names then, not the shell's.

use std::cell::OnceCell;

use crate::shell::{Script, Simple};
use crate::stage::{Base, Stage, State};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct ExecForm;

/// Builtins that are programs too.
const PROGRAMS_TOO: [&str; 9] = [
    "[", "echo", "false", "kill", "printf", "pwd", "test", "time", "true",
];

impl Transform for ExecForm {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let neighbours = OnceCell::new();
        scene
            .file
            .instructions
            .iter()
            .filter(|one| matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint))
            .filter_map(|one| Some((one, one.shell_at()?)))
            .map(|(one, at)| {
                rewrite(scene, one, at, &neighbours)
                    .unwrap_or_else(|reason| Proposal::refuse(one.span, reason))
            })
            .collect()
    }
}

fn rewrite(
    scene: &Scene<'_>,
    instruction: &Instruction,
    at: Span,
    neighbours: &OnceCell<Neighbours>,
) -> Result<Proposal, &'static str> {
    let state = scene.stages().before(instruction.index);
    // What has no state, or no shell that is understood, has no script below.
    let own_shell = |state: &State| state.shell.explicit || state.shell.argv != ["/bin/sh", "-c"];
    if state.is_some_and(own_shell) {
        return Err("SHELL says which shell runs it");
    }
    if instruction.rest().is_some_and(|text| text.starts_with('[')) {
        return Err("it starts like a JSON array and is none");
    }
    let neighbours = neighbours.get_or_init(|| Neighbours::of(scene));
    if let Some(reason) = neighbours.forbid(scene, instruction) {
        return Err(reason);
    }
    let script = scene
        .script(instruction.index)
        .ok_or("its script is not understood")?;
    let simple = plain(script)?;
    let mut words = simple.words.as_slice();
    let mut edits = Vec::new();
    if let [exec, rest @ ..] = words
        && exec.fixed() == Some("exec")
        && let Some(first) = rest.first()
    {
        let gone = Span::new(exec.span.start, first.span.start).shift(at.start);
        if !instruction.logical.in_one_piece(gone) {
            return Err("a line end stands behind `exec`");
        }
        edits.push(Edit::delete(instruction.source(gone)));
        words = rest;
    }
    let program = words
        .first()
        .and_then(|word| word.fixed())
        .filter(|name| !name.is_empty() && !name.starts_with('-'))
        .ok_or("its program is not one fixed word")?;
    if crate::shell::BUILTINS.contains(&program) && !PROGRAMS_TOO.contains(&program) {
        return Err("the shell itself does what it says");
    }
    for (index, word) in words.iter().enumerate() {
        let value = word
            .fixed()
            .filter(|_| !word.brace)
            .ok_or("the shell expands something in it")?;
        let place = word.span.shift(at.start);
        if !instruction.logical.in_one_piece(place) {
            return Err("a line end stands inside one of its words");
        }
        let open = if index == 0 { "[" } else { "" };
        let close = if index + 1 == words.len() { "]" } else { "," };
        let json = serde_json::to_string(value).map_err(|_| "it is no text")?;
        edits.push(Edit::replace(
            instruction.source(place),
            format!("{open}{json}{close}"),
        ));
    }
    let reason = format!("run `{program}` as process 1, so that signals reach it and not a shell");
    Ok(Change::new(instruction.span, Safety::Unsafe, reason, edits).into())
}

/// The command, when the script is nothing but that.
fn plain(script: &Script) -> Result<&Simple, &'static str> {
    let needs_shell = "it is more than one plain command";
    let [list] = script.lists.as_slice() else {
        return Err(needs_shell);
    };
    let simple = list.simple().ok_or(needs_shell)?;
    let bare = simple.assignments.is_empty()
        && simple.redirects.is_empty()
        && script.comments.is_empty()
        && list.terminator.is_none();
    bare.then_some(simple).ok_or(needs_shell)
}

/// What stands beside a CMD or ENTRYPOINT, by stage.
struct Neighbours {
    /// Whether the stage, or one that starts from it, has a CMD.
    cmd: Vec<bool>,
    /// Whether its ENTRYPOINT takes one text: `["sh", "-c"]`.
    takes_text: Vec<bool>,
}

impl Neighbours {
    fn of(scene: &Scene<'_>) -> Self {
        let stages = scene.stages().stages();
        let has = |stage: &Stage, wanted: &dyn Fn(&Instruction) -> bool| {
            let own = scene.file.instructions.get(stage.instructions.clone());
            own.unwrap_or_default().iter().any(wanted)
        };
        let takes_text = |one: &Instruction| {
            one.keyword == Keyword::Entrypoint
                && one.is_json()
                && one
                    .args
                    .words()
                    .last()
                    .is_some_and(|word| word.text == "-c")
        };
        let is_cmd = |one: &Instruction| one.keyword == Keyword::Cmd;
        let mut cmd: Vec<bool> = stages.iter().map(|one| has(one, &is_cmd)).collect();
        // Stages come after those that they start from.
        for stage in stages.iter().rev() {
            if let Base::Stage(base) = stage.base
                && cmd.get(stage.index) == Some(&true)
                && let Some(parent) = cmd.get_mut(base)
            {
                *parent = true;
            }
        }
        Self {
            cmd,
            takes_text: stages.iter().map(|one| has(one, &takes_text)).collect(),
        }
    }

    /// Why the exec form would do something else beside them.
    fn forbid(&self, scene: &Scene<'_>, one: &Instruction) -> Option<&'static str> {
        let Some(stage) = scene.stages().stage_of(one.index) else {
            return Some("it stands in no stage");
        };
        let (flags, reason) = match one.keyword {
            Keyword::Cmd => (&self.takes_text, "the ENTRYPOINT takes it as one text"),
            _ => (
                &self.cmd,
                "a CMD that it ignores in shell form would become its arguments",
            ),
        };
        (flags.get(stage) == Some(&true)).then_some(reason)
    }
}
