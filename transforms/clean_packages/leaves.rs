//! What a RUN leaves of its package managers' lists and caches in its layer.

use crate::knowledge::{Knowledge, SystemAction, SystemCall, SystemManager, Word};
use crate::packages::{SystemUse, share_lists, words};
use crate::shell::{Call, Context, Script};

/// Commands of one RUN that fill the lists or caches of one family of managers, with no cleanup behind the last of them.
pub(super) struct Leaves<'s> {
    /// In order, at least one.
    pub(super) fills: Vec<SystemUse<'s>>,
}

impl<'s> Leaves<'s> {
    /// What `script` leaves, for each family of managers.
    pub(super) fn of(script: &'s Script, knowledge: &'s Knowledge) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut folder = Folder::default();
        for call in script.calls() {
            folder.follow(&call);
            let words = words(call.simple);
            let Some(system) = knowledge.system_call(&words) else {
                all.retain(|one| !removes_lists(&call, one.manager(), &folder));
                continue;
            };
            if system.is_elsewhere(&words) {
                continue;
            }
            if system.cleans_lists {
                all.retain(|one| !share_lists(one.manager(), system.manager));
            } else if fills(&system, &words) {
                let same = |one: &&mut Self| share_lists(one.manager(), system.manager);
                match all.iter_mut().find(same) {
                    Some(one) => one.fills.push(SystemUse { call, system }),
                    None => all.push(Self {
                        fills: vec![SystemUse { call, system }],
                    }),
                }
            }
        }
        all
    }

    /// The manager of the last fill: its cleanup is the one to append.
    pub(super) fn manager(&self) -> &'s SystemManager {
        self.fills[self.fills.len() - 1].system.manager
    }

    /// Whether one of the fills surely runs: it stands in no compound command, pipe, or list with `||`.
    pub(super) fn surely(&self) -> bool {
        self.fills.iter().any(|one| is_plain(&one.call))
    }

    /// What the last fill stands in.
    pub(super) fn stands_in(&self) -> &'static str {
        let contexts = self.fills.last().map(|one| one.call.contexts.as_slice());
        match contexts
            .unwrap_or_default()
            .iter()
            .find(|one| **one != Context::AndList)
        {
            Some(Context::OrList) => "a list with `||`",
            Some(Context::Pipe) => "a pipe",
            Some(Context::IfCondition | Context::IfBranch) => "`if`",
            Some(Context::LoopBody | Context::LoopCondition) => "a loop",
            Some(Context::CaseArm) => "`case`",
            Some(Context::Function) => "a function",
            Some(Context::Subshell | Context::Substitution) => "a subshell",
            Some(Context::Background) => "a background job",
            _ => "a group",
        }
    }
}

/// Whether a call surely runs when the script succeeds, and in plain sight.
pub(super) fn is_plain(call: &Call<'_>) -> bool {
    call.top_level
        && !call.is_in(Context::OrList)
        && !call.is_in(Context::Background)
        && !call.is_in(Context::Negation)
}

/// Whether a call leaves lists or caches behind.
fn fills(system: &SystemCall<'_>, words: &[Word<'_>]) -> bool {
    match system.action {
        SystemAction::Update => true,
        SystemAction::Install | SystemAction::Upgrade => {
            (system.updates || system.manager.install_leaves())
                && !system.says(words, &system.manager.no_cache)
        }
        _ => false,
    }
}

/// Whether a call that is none of a manager's removes the lists of `manager`, or some of them.
pub(super) fn removes_lists(call: &Call<'_>, manager: &SystemManager, folder: &Folder) -> bool {
    let removes = matches!(
        call.effective_program(),
        Some("rm" | "find" | "unlink" | "shred" | "truncate")
    );
    removes
        && call.effective_args().iter().any(|word| {
            word.literal
                .as_deref()
                .and_then(|path| folder.join(path))
                .is_some_and(|path| manager.cleaned_by_removing(&path) || manager.keeps_in(&path))
        })
}

/// The folder that a script has gone to, when it can be seen.
#[derive(Default)]
pub(super) struct Folder(Option<String>);

impl Folder {
    /// Takes account of `cd`.
    pub(super) fn follow(&mut self, call: &Call<'_>) {
        if call.name == Some("cd") {
            let to = call.arg(0).and_then(|word| word.fixed());
            self.0 = to.and_then(|to| self.join(to));
        }
    }

    fn join(&self, path: &str) -> Option<String> {
        if path.starts_with('/') {
            return Some(path.to_owned());
        }
        Some(format!("{}/{path}", self.0.as_deref()?))
    }
}
