//! One instruction after the other, each in the state that it sees (BuildKit's `dispatch` in `convert.go`).
use super::accept::{is_heredoc, words};
use super::lint::Lint;
use super::mounts::{self, Kind};
use super::stages::{Origin, Stages};
use super::state::{State, Variables};
use super::variables::{self, Reading};
use super::{Outside, copy, flags, ports, signals};
use crate::syntax::{Args, Dockerfile, Instruction, KeyValue, Keyword};

/// Never variables of the build, so never undefined either.
const SILENT: &[&str] = &["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// A name and its value; `None` when it can't be known.
type Pair = (Option<String>, Option<String>);

/// Walks through one stage.
pub(super) struct Dispatcher<'a, 'f> {
    pub(super) file: &'f Dockerfile,
    pub(super) outside: &'a dyn Outside,
    pub(super) stages: &'a Stages<'f>,
    pub(super) globals: &'a Variables,
    pub(super) reading: Reading,
    pub(super) lint: &'a mut Lint,
    /// The stage's number.
    pub(super) index: usize,
    pub(super) state: State<'f>,
}

impl<'f> Dispatcher<'_, 'f> {
    /// Runs `instruction`; findings and errors are said to be `at` another one when it comes from ONBUILD.
    pub(super) fn run(
        &mut self,
        instruction: &'f Instruction,
        at: &'f Instruction,
    ) -> Result<(), String> {
        match instruction.keyword {
            Keyword::Env => self.env(instruction, at),
            Keyword::Label => {
                self.pairs(instruction, at)?;
                self.legacy(instruction, at);
                Ok(())
            }
            Keyword::Arg => self.arg(instruction, at),
            Keyword::Copy | Keyword::Add => self.copy(instruction, at),
            Keyword::Run => self.mounts(instruction, at),
            Keyword::Workdir => self.workdir(instruction, at),
            Keyword::User => self.rest(instruction, at).map(|_| ()),
            Keyword::Stopsignal => match self.rest(instruction, at)? {
                Some(signal) if !signals::known(&signal) => Err(format!("{signal:?} is no signal")),
                _ => Ok(()),
            },
            Keyword::Volume => {
                for word in words(instruction) {
                    if self
                        .expand(word.text.trim(), at)?
                        .is_some_and(|path| path.is_empty())
                    {
                        return Err("VOLUME needs a path, not an empty one".into());
                    }
                }
                Ok(())
            }
            Keyword::Expose => self.expose(instruction, at),
            Keyword::Cmd => {
                self.once(0, at);
                self.shell_form(instruction, at);
                Ok(())
            }
            Keyword::Entrypoint => {
                self.once(1, at);
                self.shell_form(instruction, at);
                Ok(())
            }
            Keyword::Healthcheck => {
                self.once(2, at);
                Ok(())
            }
            Keyword::Shell => {
                self.state.has_shell = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A word after expansion; `None` when its value can't be known.
    fn expand(&mut self, word: &str, at: &Instruction) -> Result<Option<String>, String> {
        self.expand_as(word, self.reading, at)
    }

    fn expand_as(
        &mut self,
        word: &str,
        reading: Reading,
        at: &Instruction,
    ) -> Result<Option<String>, String> {
        let state = &self.state;
        let expansion = variables::expand(word, reading, &|name| state.get(name));
        let mut undefined = false;
        for name in &expansion.unmatched {
            undefined = true;
            if state.declares(name) || SILENT.contains(&name.as_str()) {
                continue;
            }
            if state.open {
                self.lint.suspect("UndefinedVar", at);
            } else {
                self.lint.report("UndefinedVar", at);
            }
        }
        let open = undefined && self.state.open;
        match expansion.failure {
            Some(failure) if failure.by_value && open => Ok(None),
            Some(failure) => Err(failure.message),
            None if expansion.hidden || open => Ok(None),
            None => Ok(Some(expansion.text.into_owned())),
        }
    }

    /// What follows the flags, as one word.
    fn rest(
        &mut self,
        instruction: &Instruction,
        at: &Instruction,
    ) -> Result<Option<String>, String> {
        let text = super::accept::rest(instruction);
        self.expand(&text, at)
    }

    /// The pairs of ENV and LABEL after expansion.
    fn pairs(&mut self, instruction: &Instruction, at: &Instruction) -> Result<Vec<Pair>, String> {
        let pairs: &[KeyValue] = match &instruction.args {
            Args::Pairs(pairs) => pairs,
            Args::OldPair(pair) => std::slice::from_ref(pair),
            _ => &[],
        };
        pairs
            .iter()
            .map(|pair| {
                Ok((
                    self.expand(&pair.key.text, at)?,
                    self.expand(&pair.value.text, at)?,
                ))
            })
            .collect()
    }

    fn legacy(&mut self, instruction: &Instruction, at: &Instruction) {
        if matches!(instruction.args, Args::OldPair(_)) {
            self.lint.report("LegacyKeyValueFormat", at);
        }
    }

    fn env(&mut self, instruction: &Instruction, at: &Instruction) -> Result<(), String> {
        // All values are taken from before the instruction: `ENV a=1 b=$a` does not see its own `a`.
        let pairs = self.pairs(instruction, at)?;
        self.legacy(instruction, at);
        for (name, value) in pairs {
            if let Some(name) = name {
                self.secret(&name, at);
                self.state.set(name, value);
            }
        }
        Ok(())
    }

    fn arg(&mut self, instruction: &Instruction, at: &Instruction) -> Result<(), String> {
        for word in words(instruction) {
            let (name, default) = match word.text.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word.text.as_str(), None),
            };
            self.secret(name, at);
            let value = match default {
                Some(default) => Some(self.expand(default, at)?),
                None => self.globals.get(name).cloned(),
            };
            self.state.declare(name);
            if let Some(value) = value
                && !SILENT.contains(&name)
            {
                self.state.set(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn secret(&mut self, name: &str, at: &Instruction) {
        if is_secret(name) {
            self.lint.report("SecretsUsedInArgOrEnv", at);
        }
    }

    fn copy(&mut self, instruction: &'f Instruction, at: &'f Instruction) -> Result<(), String> {
        let keyword = instruction.keyword;
        let flags = &instruction.flags;
        self.expand(flags::value(flags, "chown"), at)?;
        let mode = self.expand(flags::value(flags, "chmod"), at)?;
        let checksum = self.expand(flags::value(flags, "checksum"), at)?;
        // --exclude is not expanded.
        let mut sources = Vec::new();
        if let Some((destination, written)) = words(instruction).split_last() {
            for source in written {
                if !is_heredoc(&source.text) {
                    sources.push(self.expand(&source.text, at)?);
                }
            }
            self.expand(&destination.text, at)?;
        }
        let file = self.file;
        for heredoc in instruction.heredocs.iter().filter(|heredoc| heredoc.expand) {
            let reading = Reading {
                escape: '\\',
                keep_quotes: true,
            };
            self.expand_as(&file.text(heredoc.body), reading, at)?;
        }
        let from = match keyword {
            Keyword::Copy => flags::value(flags, "from"),
            _ => "",
        };
        if !from.is_empty()
            && let Origin::Stage(stage) = self.stages.copied(from)
            && stage > self.index
        {
            return Err(format!("the stage {from} is defined below this one"));
        }
        if let Some(mode) = mode.filter(|mode| !mode.is_empty()) {
            copy::mode(&mode)?;
        }
        if let Some(checksum) = checksum {
            copy::checksum(&checksum, &sources)?;
        }
        for source in sources.into_iter().flatten() {
            copy::source(keyword, &source)?;
            let local = from.is_empty() && copy::Source::of(&source) == copy::Source::Path;
            if local && self.outside.ignored(&source) {
                self.lint.report("CopyIgnoredFile", at);
            }
        }
        Ok(())
    }

    fn mounts(&mut self, instruction: &Instruction, at: &Instruction) -> Result<(), String> {
        let mut all = Vec::new();
        for written in flags::values(&instruction.flags, "mount") {
            all.push(mounts::read(written, |value| self.expand(value, at))?);
        }
        for mount in all {
            if !mount.from.is_empty()
                && let Origin::Stage(stage) = self.stages.mounted(&mount.from)
                && stage > self.index
            {
                return Err(format!(
                    "the stage {} is defined below this one",
                    mount.from
                ));
            }
            if matches!(mount.kind, None | Some(Kind::Secret | Kind::Ssh)) {
                continue;
            }
            // An absolute target is compared as written: BuildKit lets `//` through.
            let target = mount
                .target
                .and_then(|target| match target.starts_with('/') {
                    true => Some(target),
                    false => self.state.resolve(&target),
                });
            if target.as_deref() == Some("/") {
                return Err("a mount can't be at /".into());
            }
        }
        let has_device = flags::values(&instruction.flags, "device").next().is_some();
        if has_device && !flags::names_frontend(self.file) {
            return Err("RUN --device needs a labs frontend: add a `# syntax=` line".into());
        }
        Ok(())
    }

    fn workdir(&mut self, instruction: &Instruction, at: &Instruction) -> Result<(), String> {
        let path = self.rest(instruction, at)?;
        if !self.state.has_workdir && path.as_deref().is_some_and(|path| !path.starts_with('/')) {
            self.lint.report("WorkdirRelativePath", at);
        }
        self.state.has_workdir = true;
        self.state.workdir = path.and_then(|path| self.state.resolve(&path));
        Ok(())
    }

    /// EXPOSE expands into any number of words, and says nothing of undefined variables.
    fn expose(&mut self, instruction: &Instruction, at: &Instruction) -> Result<(), String> {
        let mut written: Vec<&str> = words(instruction)
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        written.sort_unstable();
        let mut all = Vec::new();
        for word in written {
            let state = &self.state;
            let expansion = variables::expand(word, self.reading, &|name| state.get(name));
            let open = state.open && !expansion.unmatched.is_empty();
            match expansion.failure {
                Some(failure) if failure.by_value && open => {}
                Some(failure) => return Err(failure.message),
                None if expansion.hidden || open => {}
                None => all.extend(expansion.words),
            }
        }
        for port in all {
            let (oddities, verdict) = ports::read(&port);
            if oddities.casing {
                self.lint.report("ExposeProtoCasing", at);
            }
            if oddities.mapping {
                self.lint.report("ExposeInvalidFormat", at);
            }
            verdict?;
        }
        Ok(())
    }

    /// Only the last one of its kind counts; the finding stands on the one before.
    fn once(&mut self, kind: usize, at: &'f Instruction) {
        if let Some(slot) = self.state.last.get_mut(kind)
            && let Some(before) = slot.replace(at)
        {
            self.lint.report("MultipleInstructionsDisallowed", before);
        }
    }

    fn shell_form(&mut self, instruction: &Instruction, at: &Instruction) {
        if !instruction.is_json() && !self.state.has_shell {
            self.lint.report("JSONArgsRecommended", at);
        }
    }
}

/// Whether a name's parts, apart by `_`, say that it holds a secret.
pub fn is_secret(name: &str) -> bool {
    const SECRET: &[&str] = &[
        "apikey",
        "auth",
        "credential",
        "credentials",
        "key",
        "password",
        "pword",
        "passwd",
        "secret",
        "token",
    ];
    let has = |list: &[&str]| {
        name.split('_')
            .any(|part| list.iter().any(|word| part.eq_ignore_ascii_case(word)))
    };
    has(SECRET) && !has(&["public"])
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_known_by_a_whole_part() {
        for yes in ["KEY", "api_key", "DB_PASSWORD", "TOKEN_A", "a_auth_b"] {
            assert!(is_secret(yes), "{yes}");
        }
        for no in ["PUBLIC_KEY", "KEYS", "MONKEY", "AUTHOR", ""] {
            assert!(!is_secret(no), "{no}");
        }
    }
}
