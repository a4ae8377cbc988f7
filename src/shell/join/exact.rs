//! Status and trace: what fails apart fails joined, at the same command, and nothing else runs.

use super::{Operator, Refusal, last_list};
use crate::shell::calls::{held_lists, own_words};
use crate::shell::{
    AndOr, AndOrOp, Call, Command, CommandKind, Pipeline, Script, Shellopts, Switch, Word,
};

/// Builtins that run commands which the grammar does not show.
const RUNS_HIDDEN: [&str; 6] = [".", "builtin", "command", "eval", "exec", "source"];

/// Whether `a` and `b`, tied by `operator`, end with the status and run the commands of two shells, whichever commands fail.
///
/// The rules were held against 1,560 pairs in dash, bash and busybox, with and without `-e`, and every set of failing commands.
///
/// # Errors
/// What would differ.
pub fn exact(a: &Script, b: &Script, operator: Operator, shell: Shellopts) -> Result<(), Refusal> {
    let chain = b.is_and_list();
    let indifferent = chain && neutral_chain(b);
    reaches_its_end(a)?;
    match operator {
        Operator::And => {
            if !chain {
                return Err(Refusal::NotOneChain);
            }
            before_and(a, shell)?;
            let changed = a.errexit(shell) != Switch::from(shell.errexit);
            if changed && !indifferent {
                return Err(Refusal::ErrexitChanged);
            }
        }
        Operator::Semicolon => {
            before_semicolon(a, shell)?;
            let starts_with_errexit = shell.errexit
                || b.set_at_start()
                    .is_some_and(|set| set.switches("errexit") == Some(true));
            if !starts_with_errexit && !indifferent {
                return Err(Refusal::ErrexitChanged);
            }
        }
    }
    Ok(())
}

/// The operator by which one simple command follows `script` exactly.
pub(super) fn before_simple(script: &Script, shell: Shellopts) -> Result<Operator, Refusal> {
    reaches_its_end(script)?;
    // A script that is written with `;` goes on with `;`, where that is exact too.
    if script.lists.len() > 1 && before_semicolon(script, shell).is_ok() {
        return Ok(Operator::Semicolon);
    }
    match before_and(script, shell) {
        Ok(()) => Ok(Operator::And),
        Err(refusal) => before_semicolon(script, shell)
            .map(|()| Operator::Semicolon)
            .map_err(|_| refusal),
    }
}

/// `exit 0`, `exec` and `return` would keep from running what follows; a failing `exit` fails either way.
fn reaches_its_end(a: &Script) -> Result<(), Refusal> {
    if last_list(a)?.in_background() {
        return Err(Refusal::Background);
    }
    for call in a.calls().filter(Call::in_main_shell) {
        let (words, wrappers) = call.unwrapped();
        let inner = words.first().and_then(Word::fixed);
        for name in wrappers.into_iter().chain(inner) {
            match name {
                "exit" if exits_with_failure(&call) => {}
                "exec" if call.args().is_empty() => {}
                "exit" | "exec" | "return" => return Err(Refusal::Ends(name.to_owned())),
                "trap" => return Err(Refusal::Trap),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether the call is `exit` with a fixed status that is not 0.
pub(super) fn exits_with_failure(call: &Call<'_>) -> bool {
    call.name == Some("exit")
        && call
            .arg(0)
            .and_then(Word::fixed)
            .and_then(|status| status.parse::<u8>().ok())
            .is_some_and(|status| status != 0)
}

fn before_and(a: &Script, shell: Shellopts) -> Result<(), Refusal> {
    let last = last_list(a)?;
    if a.may_errexit(shell) && !neutral(a, last) {
        return Err(Refusal::ErrexitIgnored);
    }
    Ok(())
}

fn before_semicolon(a: &Script, shell: Shellopts) -> Result<(), Refusal> {
    if a.errexit(shell) != Switch::On {
        return Err(Refusal::ErrexitOff);
    }
    let last = last_list(a)?;
    let passes = last.operators.iter().any(|(op, _)| *op == AndOrOp::And)
        || last.pipelines.iter().any(|pipeline| pipeline.negated)
        || last.commands().any(|command| command.simple().is_none());
    if passes {
        return Err(Refusal::FailurePasses);
    }
    Ok(())
}

/// Whether errexit makes no difference inside of `list`: it holds simple commands, or compound ones that hold no more than chains of `&&` of
/// such, and none runs commands that the grammar does not show (a function of the script, `eval`). A failure anywhere in
/// there is the status of the whole, whether errexit holds or not.
fn neutral(script: &Script, list: &AndOr) -> bool {
    heredocs_are_neutral(script) && list_is_neutral(list, &functions(script))
}

/// As [`neutral`], for a whole script of one chain: a group before `&&` is never under errexit.
fn neutral_chain(script: &Script) -> bool {
    let [list] = script.lists.as_slice() else {
        return false;
    };
    let functions = functions(script);
    let last = list.pipelines.len().saturating_sub(1);
    heredocs_are_neutral(script)
        && list.only_and()
        && list.pipelines.iter().enumerate().all(|(index, pipeline)| {
            let [command] = pipeline.commands.as_slice() else {
                return pipeline_is_neutral(pipeline, &functions);
            };
            match &command.kind {
                CommandKind::Group(lists) if index < last => {
                    words_are_neutral(command, &functions)
                        && lists.iter().all(|list| list_is_neutral(list, &functions))
                }
                _ => pipeline_is_neutral(pipeline, &functions),
            }
        })
}

fn heredocs_are_neutral(script: &Script) -> bool {
    let mut heredocs = script.heredocs.iter();
    heredocs.all(|heredoc| heredoc.body.substitutions.is_empty())
}

fn list_is_neutral(list: &AndOr, functions: &[&str]) -> bool {
    !list.in_background()
        && list
            .pipelines
            .iter()
            .all(|pipeline| pipeline_is_neutral(pipeline, functions))
}

fn pipeline_is_neutral(pipeline: &Pipeline, functions: &[&str]) -> bool {
    pipeline.commands.iter().all(|command| {
        command_is_neutral(command, functions) && words_are_neutral(command, functions)
    })
}

fn words_are_neutral(command: &Command, functions: &[&str]) -> bool {
    own_words(command).into_iter().all(|word| {
        let mut substitutions = word.substitutions.iter();
        substitutions.all(|lists| lists.is_empty() || is_neutral_chain(lists, functions))
    })
}

fn is_neutral_chain(lists: &[AndOr], functions: &[&str]) -> bool {
    match lists {
        [only] => only.only_and() && list_is_neutral(only, functions),
        _ => false,
    }
}

fn command_is_neutral(command: &Command, functions: &[&str]) -> bool {
    match &command.kind {
        CommandKind::Simple(simple) => simple.words.first().is_none_or(|word| {
            word.fixed()
                .is_some_and(|name| !RUNS_HIDDEN.contains(&name) && !functions.contains(&name))
        }),
        CommandKind::Subshell(lists) | CommandKind::Group(lists) => {
            is_neutral_chain(lists, functions)
        }
        CommandKind::If { .. } | CommandKind::Case { .. } => held_lists(command)
            .into_iter()
            .all(|lists| lists.is_empty() || is_neutral_chain(lists, functions)),
        CommandKind::Loop { .. } | CommandKind::Function { .. } | CommandKind::Other { .. } => {
            false
        }
    }
}

fn functions(script: &Script) -> Vec<&str> {
    let mut names = Vec::new();
    script.visit_commands(&mut |command| {
        if let CommandKind::Function { name, .. } = &command.kind {
            names.push(name.as_str());
        }
    });
    names
}
