//! What the first script leaves behind in the shell and the container, and whether the second would notice.

use super::Refusal;
use super::exact::exits_with_failure;
use crate::shell::calls::{held_lists, own_words};
use crate::shell::{
    AndOr, BUILTINS, Call, Command, CommandKind, LoopHead, NEUTRAL_BUILTINS, Script, Simple, Word,
};

/// What is known of programs, by name without path. `None` means that the program is not known, and counts as the worst.
pub trait Programs {
    /// Whether `name` may leave a process running that later commands meet: gpg, gradle, bazel, dbus, services.
    fn leaves_process(&self, name: &str) -> Option<bool>;
    /// Whether `name` may change the content, mode or owner of files that are there, without replacing them: chmod, chown, setcap.
    fn changes_in_place(&self, name: &str) -> Option<bool>;
    /// Whether `name` may make hard links: ln, package managers.
    fn makes_hard_links(&self, name: &str) -> Option<bool>;
    /// Whether `installer` may install, move or remove a program called `program`, so that the shell would find it in another place.
    fn may_install(&self, installer: &str, program: &str) -> Option<bool>;
}

/// Fresh in each RUN: what one writes there, the next does not see.
const FRESH: [&str; 3] = ["/etc/hosts", "/etc/resolv.conf", "/dev/shm"];

/// Parameters that depend on what the shell did before.
const SHELL_SETS: [&str; 12] = [
    "!",
    "?",
    "_",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_REMATCH",
    "FUNCNAME",
    "HISTCMD",
    "LINENO",
    "OLDPWD",
    "PIPESTATUS",
    "SECONDS",
];

/// Devices that are no file of the image.
const DEVICES: [&str; 6] = [
    "/dev/null",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/tty",
    "/dev/fd/1",
    "/dev/fd/2",
];

/// Whether `b` runs in `a`'s shell and container as it would in ones of its own.
///
/// # Errors
/// What it may notice.
pub fn independent(a: &Script, b: &Script, programs: &dyn Programs) -> Result<(), Refusal> {
    if let Some(path) = FRESH.into_iter().find(|path| a.text.contains(path)) {
        return Err(Refusal::FreshFile(path));
    }
    leaks_nothing(a, b)?;
    reads_nothing(b)?;
    let in_a = programs_of(a, "first")?;
    let in_b = programs_of(b, "second")?;
    for name in &in_a {
        if programs.leaves_process(name) != Some(false) {
            return Err(Refusal::LeavesProcess((*name).to_owned()));
        }
    }
    for program in in_a.iter().filter(|name| in_b.contains(name)) {
        for installer in &in_a {
            if programs.may_install(installer, program) != Some(false) {
                return Err(Refusal::MovesProgram {
                    installer: (*installer).to_owned(),
                    program: (*program).to_owned(),
                });
            }
        }
        if let Some(path) = named_in(a, program) {
            return Err(Refusal::MovesProgram {
                installer: path.to_owned(),
                program: (*program).to_owned(),
            });
        }
    }
    let links = in_a
        .iter()
        .find(|name| programs.makes_hard_links(name) != Some(false));
    let changes = changes_in_place(b, &in_b, programs);
    if let (Some(links), Some(changes)) = (links, changes) {
        return Err(Refusal::HardLinks {
            links: (*links).to_owned(),
            changes,
        });
    }
    Ok(())
}

/// A path or name in `script`, other than the name of a command, that would put something called `program` on the way:
/// the target of a redirection, of `cp`, `ln` or a download.
fn named_in<'s>(script: &'s Script, program: &str) -> Option<&'s str> {
    let commands: Vec<_> = script
        .calls()
        .filter_map(|call| Some(call.unwrapped().0.first()?.span))
        .collect();
    let words = script.words().into_iter().chain(
        script
            .redirects()
            .into_iter()
            .filter_map(|redirect| redirect.target.as_ref()),
    );
    words
        .filter(|word| !commands.contains(&word.span))
        .filter_map(Word::fixed)
        .find(|text| text.contains('/') && text.rsplit('/').next() == Some(program))
}

/// External programs that a script calls, wrappers and what they wrap, sorted, each once.
fn programs_of<'s>(script: &'s Script, which: &'static str) -> Result<Vec<&'s str>, Refusal> {
    let mut names = Vec::new();
    for call in script.calls() {
        if call.simple.words.is_empty() {
            continue;
        }
        let (words, wrappers) = call.unwrapped();
        let inner = words.first().and_then(Word::fixed);
        let inner = inner.ok_or(Refusal::HiddenName(which))?;
        let inner = inner.rsplit('/').next().unwrap_or(inner);
        for name in wrappers.into_iter().chain([inner]) {
            if !BUILTINS.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn changes_in_place(b: &Script, programs_of_b: &[&str], programs: &dyn Programs) -> Option<String> {
    let redirect = b.redirects().into_iter().find(|redirect| {
        let target = redirect.target.as_ref().and_then(Word::fixed);
        redirect.op.writes() && !target.is_some_and(|path| DEVICES.contains(&path))
    });
    if let Some(redirect) = redirect {
        let text = b.text.get(redirect.span.range()).unwrap_or_default();
        return Some(text.to_owned());
    }
    programs_of_b
        .iter()
        .find(|name| programs.changes_in_place(name) != Some(false))
        .map(|name| (*name).to_owned())
}

fn reads_nothing(b: &Script) -> Result<(), Refusal> {
    let read = b
        .variables_read()
        .into_iter()
        .find(|name| SHELL_SETS.contains(name));
    match read {
        Some(name) => Err(Refusal::ReadsShell(name.to_owned())),
        None => Ok(()),
    }
}

/// Whether nothing stays in `a`'s main shell that a fresh one does not have.
fn leaks_nothing(a: &Script, b: &Script) -> Result<(), Refusal> {
    let set_at_start = a
        .lists
        .first()
        .and_then(|list| list.commands().next())
        .and_then(Command::simple);
    for call in a.calls() {
        if call.is_in(crate::shell::Context::Background) {
            return Err(Refusal::Background);
        }
        if !call.in_main_shell() {
            continue;
        }
        if call.name == Some("set")
            && set_at_start.is_some_and(|first| std::ptr::eq(first, call.simple))
        {
            repeated(a, b)?;
            continue;
        }
        simple_leaks_nothing(&call)?;
    }
    for list in &a.lists {
        list_leaks_nothing(list)?;
    }
    for heredoc in &a.heredocs {
        word_leaks_nothing(&heredoc.body)?;
    }
    Ok(())
}

/// errexit alone may stay on, since the rules of exactness count with it; all else must be what `b` starts with itself.
fn repeated(a: &Script, b: &Script) -> Result<(), Refusal> {
    let set = a.set_at_start().ok_or(Refusal::LeaksOptions)?;
    let again = b.set_at_start().unwrap_or_default();
    let kept = set
        .options
        .iter()
        .filter(|(name, _)| name != "errexit")
        .all(|(name, _)| set.switches(name) == again.switches(name));
    if set.positional || !kept {
        return Err(Refusal::LeaksOptions);
    }
    Ok(())
}

fn simple_leaks_nothing(call: &Call<'_>) -> Result<(), Refusal> {
    let simple: &Simple = call.simple;
    let Some(first) = simple.words.first() else {
        return match simple.assignments.first() {
            Some(assignment) => Err(Refusal::LeaksVariable(assignment.name.clone())),
            None => Ok(()),
        };
    };
    let name = first.fixed().ok_or(Refusal::HiddenName("first"))?;
    let (words, wrappers) = call.unwrapped();
    // `command X` runs X in this shell; other wrappers are programs, which can change only themselves.
    let in_shell = wrappers
        .iter()
        .all(|name| matches!(*name, "command" | "time" | "exec"));
    let inner = words.first().and_then(Word::fixed);
    let judged = if in_shell {
        inner.ok_or(Refusal::HiddenName("first"))?
    } else {
        name
    };
    if wrappers.contains(&"exec") {
        return Err(Refusal::Leaks("exec".to_owned()));
    }
    if exits_with_failure(call) {
        return Ok(());
    }
    if judged == "command"
        && call
            .arg(0)
            .and_then(Word::fixed)
            .is_some_and(|flag| matches!(flag, "-v" | "-V"))
    {
        return Ok(());
    }
    let assigns = judged == "printf" && call.has_flag(&["-v"])
        || judged == ":" && !simple.assignments.is_empty();
    if assigns || BUILTINS.contains(&judged) && !NEUTRAL_BUILTINS.contains(&judged) {
        return Err(Refusal::Leaks(judged.to_owned()));
    }
    Ok(())
}

fn list_leaks_nothing(list: &AndOr) -> Result<(), Refusal> {
    if list.in_background() {
        return Err(Refusal::Background);
    }
    for pipeline in &list.pipelines {
        if let [command] = pipeline.commands.as_slice() {
            command_leaks_nothing(command)?;
        }
    }
    Ok(())
}

/// Compound commands, and what expanding words sets. Parts of a pipe and subshells run in shells of their own.
fn command_leaks_nothing(command: &Command) -> Result<(), Refusal> {
    for word in own_words(command) {
        word_leaks_nothing(word)?;
    }
    match &command.kind {
        CommandKind::Subshell(_) => return Ok(()),
        CommandKind::Function { name, .. } => {
            return Err(Refusal::Leaks(format!("{name}()")));
        }
        CommandKind::Loop {
            head: LoopHead::For { name, .. },
            ..
        } => return Err(Refusal::LeaksVariable(name.clone())),
        CommandKind::Other { .. } => return Err(Refusal::Leaks("[[".to_owned())),
        _ => {}
    }
    for list in held_lists(command).into_iter().flatten() {
        list_leaks_nothing(list)?;
    }
    Ok(())
}

fn word_leaks_nothing(word: &Word) -> Result<(), Refusal> {
    if word.assigns {
        let name = word.variables.first().cloned().unwrap_or_default();
        return Err(Refusal::LeaksVariable(name));
    }
    Ok(())
}
