//! Questions about scripts that need the tables: "every command that runs `apt-get install`, with its packages".

use crate::knowledge::{Knowledge, LanguageCall, SystemCall, SystemManager};
use crate::shell::join::Programs;
use crate::shell::{Call, Script, Simple};

/// The words of a command as the tables take them: `None` for one that is no fixed string.
pub fn words(simple: &Simple) -> Vec<Option<&str>> {
    simple.words.iter().map(|word| word.fixed()).collect()
}

/// A command that calls a package manager of the system.
#[derive(Debug)]
pub struct SystemUse<'s> {
    /// The command and where it stands.
    pub call: Call<'s>,
    /// What it asks of the manager; numbers in it are indexes into the command's words.
    pub system: SystemCall<'s>,
}

/// Every command of `script` that calls a package manager of the system, in order, wherever it stands.
pub fn system_calls<'s>(script: &'s Script, knowledge: &'s Knowledge) -> Vec<SystemUse<'s>> {
    script
        .calls()
        .filter_map(|call| {
            let system = knowledge.system_call(&words(call.simple))?;
            Some(SystemUse { call, system })
        })
        .collect()
}

/// A command that calls a package manager or build tool of a language.
#[derive(Debug)]
pub struct LanguageUse<'s> {
    /// The command and where it stands.
    pub call: Call<'s>,
    /// What it asks of the manager.
    pub language: LanguageCall<'s>,
}

/// Every command of `script` that calls a package manager or build tool of a language.
pub fn language_calls<'s>(script: &'s Script, knowledge: &'s Knowledge) -> Vec<LanguageUse<'s>> {
    script
        .calls()
        .filter_map(|call| {
            let language = knowledge.language_call(&words(call.simple))?;
            Some(LanguageUse { call, language })
        })
        .collect()
}

/// Whether two managers keep the same lists: `apt` and `apt-get` do.
pub fn share_lists(one: &SystemManager, other: &SystemManager) -> bool {
    one.id == other.id || one.lists.iter().any(|list| other.lists.contains(list))
}

/// What the tables say of programs, for joining scripts.
pub struct Tables<'k>(pub &'k Knowledge);

impl Programs for Tables<'_> {
    fn leaves_process(&self, name: &str) -> Option<bool> {
        self.0.program(name).map(|program| program.stays)
    }

    fn changes_in_place(&self, name: &str) -> Option<bool> {
        // A package's files are unpacked beside their place and renamed into it.
        let system = self.0.system_call(&[Some(name)]).is_some();
        self.0
            .program(name)
            .map(|program| !system && (program.in_place || program.code))
    }

    fn makes_hard_links(&self, name: &str) -> Option<bool> {
        // Package managers link what they unpack; `ln` is asked for it.
        self.0
            .program(name)
            .map(|program| program.installs || program.code || name == "ln" || name == "cp")
    }

    fn may_install(&self, installer: &str, program: &str) -> Option<bool> {
        let known = self.0.program(installer)?;
        // A manager may bring a newer self, in the place where it was.
        Some(known.installs && installer != program && !self.0.is_builtin(program))
    }
}
