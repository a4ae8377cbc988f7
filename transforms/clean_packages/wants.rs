//! Who still wants a manager's lists: later steps of the build, other stages that copy them, and what is seen to run in
//! the container.

use std::sync::Arc;

use super::leaves::{Folder, is_plain, removes_lists};
use super::seen::seen_script;
use crate::knowledge::{SystemAction, SystemManager};
use crate::packages::{share_lists, words};
use crate::shell::{Call, Context, Dialect, Script, Word};
use crate::stage::{Mount, ReferenceKind, Stage, expand};
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::Scene;

/// How deep scripts that call scripts are followed.
const MAX_DEPTH: usize = 4;

/// What an instruction does with the lists of a manager.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    /// It fetches its own, or takes them away: nobody below can want those from above.
    Renews,
    /// Why it wants them, as a clause.
    Wants(String),
}

/// Who wants the lists of one manager, for each instruction.
pub(super) struct Wants {
    /// By instruction: who wants the lists that are there when it is done.
    after: Vec<Option<String>>,
    /// By stage: who copies them from its file tree.
    copied: Vec<Option<String>>,
}

impl Wants {
    /// Asks every instruction once, from the last to the first.
    pub(super) fn of(scene: &Scene<'_>, manager: &SystemManager) -> Self {
        let ask = Ask { scene, manager };
        let stages = scene.stages().stages();
        let mut after = vec![None; scene.file.instructions.len()];
        let mut at_start: Vec<Option<String>> = vec![None; stages.len()];
        let mut copied = vec![None; stages.len()];
        for stage in stages.iter().rev() {
            let mut want = scene
                .stages()
                .references()
                .iter()
                .filter(|reference| reference.kind == ReferenceKind::From)
                .filter(|reference| may_be(&reference.target, stage))
                .filter_map(|reference| scene.stages().stage_of(reference.at))
                .filter(|child| *child > stage.index)
                .find_map(|child| at_start[child].clone());
            for index in stage.instructions.clone().rev() {
                after[index].clone_from(&want);
                match ask.instruction(index) {
                    Effect::Nothing => {}
                    Effect::Renews => want = None,
                    Effect::Wants(reason) => want = Some(reason),
                }
            }
            at_start[stage.index] = want;
            copied[stage.index] = ask.who_copies(stage);
        }
        Self { after, copied }
    }

    /// Who wants the lists that instruction `index` of stage `stage` leaves.
    pub(super) fn who(&self, stage: usize, index: usize) -> Option<&str> {
        let after = self.after.get(index).and_then(Option::as_deref);
        after.or_else(|| self.copied.get(stage).and_then(Option::as_deref))
    }
}

fn may_be(target: &crate::stage::Target, stage: &Stage) -> bool {
    match target {
        crate::stage::Target::Stage(index) => *index == stage.index,
        crate::stage::Target::Image(_) => false,
        crate::stage::Target::Unknown => true,
    }
}

struct Ask<'a> {
    scene: &'a Scene<'a>,
    manager: &'a SystemManager,
}

impl Ask<'_> {
    fn instruction(&self, index: usize) -> Effect {
        let Some(instruction) = self.scene.file.instructions.get(index) else {
            return Effect::Nothing;
        };
        match (instruction.keyword, &instruction.onbuild) {
            (Keyword::Run, _) => self.run(instruction, index),
            // CMD in ONBUILD runs in a container of another build's image.
            (Keyword::Onbuild, Some(inner)) if inner.keyword == Keyword::Run => {
                match self.run(inner, index) {
                    Effect::Wants(reason) => Effect::Wants(reason),
                    _ => Effect::Nothing,
                }
            }
            (Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck, _) => {
                self.container(instruction, index)
            }
            _ => Effect::Nothing,
        }
    }

    fn run(&self, instruction: &Instruction, index: usize) -> Effect {
        let line = instruction.lines.0;
        if self.manager.fetches_missing {
            return Effect::Nothing;
        }
        match script_of(self.scene, instruction, index) {
            Some(script) => self.script(&script, index, line, true, 0),
            None if self.is_windows(index) => Effect::Nothing,
            None => Effect::Wants(format!(
                "the RUN on line {line} is not understood, and may install packages"
            )),
        }
    }

    fn is_windows(&self, index: usize) -> bool {
        let state = self.scene.stages().before(index);
        state.is_some_and(|state| state.family == crate::stage::Family::Windows)
    }

    /// What runs in the container wants the lists only where it is seen to install without an update.
    fn container(&self, instruction: &Instruction, index: usize) -> Effect {
        if self.manager.fetches_missing {
            return Effect::Nothing;
        }
        let line = instruction.lines.0;
        let Some(script) = script_of(self.scene, instruction, index) else {
            return Effect::Nothing;
        };
        let own = self.script(&script, index, line, false, 0);
        if own != Effect::Nothing {
            return no_renewal(own);
        }
        for word in script.words() {
            if let Some(path) = word.fixed().filter(|word| word.contains(['/', '.']))
                && let Some(text) = seen_script(self.scene, index, path)
                && let Effect::Wants(reason) = self.text(&text, path, index, line)
            {
                return Effect::Wants(reason);
            }
        }
        Effect::Nothing
    }

    /// What a script does. `strict`: what can't be seen may install.
    fn script(
        &self,
        script: &Script,
        index: usize,
        line: usize,
        strict: bool,
        depth: usize,
    ) -> Effect {
        let mut folder = Folder::default();
        let calls: Vec<Call<'_>> = script.calls().collect();
        for (number, call) in calls.iter().enumerate() {
            folder.follow(call);
            let words = words(call.simple);
            if let Some(system) = self.scene.knowledge.system_call(&words) {
                if !share_lists(system.manager, self.manager) || system.is_elsewhere(&words) {
                    continue;
                }
                let sure = is_plain(call);
                match system.action {
                    SystemAction::Update if sure => return Effect::Renews,
                    SystemAction::Install | SystemAction::Upgrade if system.updates => {
                        if sure {
                            return Effect::Renews;
                        }
                    }
                    SystemAction::Clean if sure && system.cleans_lists => return Effect::Renews,
                    SystemAction::Update | SystemAction::Clean | SystemAction::Remove => {}
                    SystemAction::Other if system.verb.is_empty() && system.opaque.is_empty() => {}
                    _ => {
                        let name = call.effective_program().unwrap_or(&self.manager.id);
                        return Effect::Wants(format!(
                            "`{name}` on line {line} works with the lists that are there, without an update of its own"
                        ));
                    }
                }
                continue;
            }
            if removes_lists(call, self.manager, &folder) {
                if is_plain(call) {
                    return Effect::Renews;
                }
                continue;
            }
            let before = calls.get(..number).unwrap_or_default();
            let effect = self.program(script, call, before, index, line, strict, depth);
            if effect != Effect::Nothing {
                return if is_plain(call) {
                    effect
                } else {
                    no_renewal(effect)
                };
            }
        }
        Effect::Nothing
    }

    /// What a program that is no manager of a system does.
    #[allow(clippy::too_many_arguments, reason = "the place of one command")]
    fn program(
        &self,
        script: &Script,
        call: &Call<'_>,
        before: &[Call<'_>],
        index: usize,
        line: usize,
        strict: bool,
        depth: usize,
    ) -> Effect {
        let knowledge = self.scene.knowledge;
        let all = &call.simple.words;
        if all.is_empty() {
            return Effect::Nothing;
        }
        let at = knowledge.command_at(&words(call.simple)).unwrap_or(0);
        let Some(word) = all.get(at) else {
            return Effect::Nothing;
        };
        let args = all.get(at + 1..).unwrap_or_default();
        let raw = word.raw(script);
        let name = match word.fixed() {
            Some(name) => name,
            None if raw == "[" => return Effect::Nothing,
            // `$HOME/.cargo/bin/cargo`: the last part is the program.
            None => match raw.trim_matches('"').rsplit_once('/') {
                Some((_, last)) if is_name(last) => last,
                _ => return unseen(strict, line, raw),
            },
        };
        let base = name.rsplit('/').next().unwrap_or(name);
        match base {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" => {
                return self.shell(script, call, args, before, index, line, strict, depth);
            }
            "eval" => {
                let fetches = before.iter().any(|other| {
                    other.is_in(Context::Substitution) && is_fetch(other) && !self.is_tame(other)
                });
                return if fetches {
                    unseen(strict, line, raw)
                } else {
                    Effect::Nothing
                };
            }
            "." | "source" => {
                let Some(file) = args.first() else {
                    return Effect::Nothing;
                };
                let text = file.raw(script).trim_matches(['"', '\'']);
                let tame = knowledge
                    .program(base)
                    .is_some_and(|program| program.is_tame(text));
                if tame {
                    return Effect::Nothing;
                }
                return self.file(file, script, index, line, strict);
            }
            "su" | "runuser" | "script" | "parallel" | "watch" | "expect" | "scl" | "chroot" => {
                let clear = args.iter().all(|word| {
                    word.literal
                        .as_deref()
                        .is_some_and(|text| !self.named_in(text))
                });
                return if clear {
                    Effect::Nothing
                } else {
                    unseen(strict, line, raw)
                };
            }
            _ => {}
        }
        let relative = name.contains('/') && !name.starts_with('/') && !name.contains("bin/");
        let known = knowledge
            .program(if relative { name } else { base })
            .or_else(|| {
                knowledge
                    .project_script(base)
                    .filter(|_| name.contains('/'))
            });
        if let Some(known) = known {
            let lists = known
                .lists
                .iter()
                .filter_map(|id| knowledge.system_manager(id))
                .any(|manager| share_lists(manager, self.manager));
            return if lists {
                Effect::Wants(format!("`{base}` on line {line} works with the lists"))
            } else {
                Effect::Nothing
            };
        }
        let is_language = knowledge
            .language_call(&all.iter().skip(at).map(Word::fixed).collect::<Vec<_>>())
            .is_some();
        let mut functions = false;
        script.visit_commands(&mut |command| {
            functions |= matches!(
                &command.kind,
                crate::shell::CommandKind::Function { name, .. } if name == base
            );
        });
        if is_language || functions {
            return Effect::Nothing;
        }
        self.file(word, script, index, line, strict)
    }

    /// A shell that reads a script: `sh -c TEXT`, `sh FILE`, or from its input.
    #[allow(clippy::too_many_arguments, reason = "the place of one command")]
    fn shell(
        &self,
        script: &Script,
        call: &Call<'_>,
        args: &[Word],
        before: &[Call<'_>],
        index: usize,
        line: usize,
        strict: bool,
        depth: usize,
    ) -> Effect {
        let raw = call
            .simple
            .words
            .first()
            .map_or("sh", |word| word.raw(script));
        // `curl … | sh`, `sh -c "$(curl …)"`, `bash <(curl …)`.
        let fetch = before.iter().rev().find(|other| is_fetch(other));
        let from_web = |_: ()| {
            if fetch.is_some_and(|fetch| self.is_tame(fetch)) {
                Effect::Nothing
            } else {
                unseen(strict, line, raw)
            }
        };
        let mut at = 0;
        while let Some(word) = args.get(at) {
            let Some(text) = word.literal.as_deref() else {
                return if word.substitutions.is_empty() {
                    self.file(word, script, index, line, strict)
                } else {
                    from_web(())
                };
            };
            if text == "-s" || text == "-" {
                return from_web(());
            }
            let flag = text.starts_with('-') || text.starts_with('+');
            if flag && !text.starts_with("--") && text.contains('c') {
                let inner = args.get(at + 1);
                return match inner.and_then(|word| word.literal.as_deref()) {
                    Some(text) if depth < MAX_DEPTH => {
                        match self.scene.parse_script(Dialect::Bash, text) {
                            Some(inner) => self.script(&inner, index, line, strict, depth + 1),
                            None => unseen(strict, line, raw),
                        }
                    }
                    None if inner.is_some_and(|word| !word.substitutions.is_empty()) => {
                        from_web(())
                    }
                    _ => {
                        // A text with variables in it: its words can be looked at.
                        let text = inner.map_or("", |word| word.raw(script));
                        if self.named_in(text) || inner.is_none() {
                            unseen(strict, line, raw)
                        } else {
                            Effect::Nothing
                        }
                    }
                };
            }
            if !flag {
                return self.file(word, script, index, line, strict);
            }
            at += 1 + usize::from(matches!(text, "-o" | "+o" | "--rcfile" | "--init-file"));
        }
        let heredoc = call.simple.redirects.iter().find_map(|one| one.heredoc);
        if let Some(body) = heredoc.and_then(|heredoc| script.heredocs.get(heredoc)) {
            let text = body.body.literal.as_deref();
            return match text.and_then(|text| self.scene.parse_script(Dialect::Bash, text)) {
                Some(inner) if depth < MAX_DEPTH => {
                    self.script(&inner, index, line, strict, depth + 1)
                }
                _ => unseen(strict, line, raw),
            };
        }
        from_web(())
    }

    /// A file that is run.
    fn file(
        &self,
        word: &Word,
        script: &Script,
        index: usize,
        line: usize,
        strict: bool,
    ) -> Effect {
        let raw = word.raw(script);
        if let Some(path) = word.fixed()
            && let Some(text) = seen_script(self.scene, index, path)
        {
            return self.text(&text, path, index, line);
        }
        let tame = self.scene.knowledge.project_script(raw.trim_matches('"'));
        if tame.is_some() && raw.contains('/') {
            return Effect::Nothing;
        }
        unseen(strict, line, raw)
    }

    /// A script of the context: it is searched for the manager's name.
    fn text(&self, text: &str, path: &str, index: usize, line: usize) -> Effect {
        if !self.named_in(text) {
            return Effect::Nothing;
        }
        match self.scene.parse_script(Dialect::Bash, text) {
            Some(script) => match self.script(&script, index, line, false, MAX_DEPTH) {
                Effect::Wants(_) => Effect::Wants(format!(
                    "`{path}`, which line {line} runs, installs packages without an update of its own"
                )),
                other => other,
            },
            None => Effect::Wants(format!(
                "`{path}`, which line {line} runs, calls `{}`",
                self.manager.id
            )),
        }
    }

    /// Whether a program that works with the lists is named in `text`.
    fn named_in(&self, text: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        text.split(|c| !is_part(c)).any(|word| {
            self.scene
                .knowledge
                .system_managers()
                .filter(|other| share_lists(other, self.manager))
                .any(|other| other.programs.iter().any(|program| program == word))
        })
    }

    /// Whether what a call of curl or wget fetches is a script that brings its own lists.
    fn is_tame(&self, fetch: &Call<'_>) -> bool {
        let mut urls = fetch
            .args()
            .iter()
            .filter_map(|word| {
                Some(word.literal.as_deref()?.to_owned()).filter(|text| text.contains('.'))
            })
            .filter(|text| !text.starts_with('-'));
        urls.any(|url| self.scene.knowledge.remote_script(&url).is_some())
    }

    /// Who copies the lists out of the file tree of `stage`.
    fn who_copies(&self, stage: &Stage) -> Option<String> {
        let stages = self.scene.stages();
        let named = stages
            .references()
            .iter()
            .filter(|reference| reference.kind != ReferenceKind::From)
            .filter(|reference| may_be(&reference.target, stage))
            .filter(|reference| stages.stage_of(reference.at) > Some(stage.index));
        for reference in named {
            let instruction = self.scene.file.instructions.get(reference.at)?;
            let inner = instruction.onbuild.as_deref().unwrap_or(instruction);
            let state = stages.before(reference.at)?;
            let covers = match reference.kind {
                ReferenceKind::Copy => {
                    let words = inner.args.words();
                    let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
                    sources.iter().any(|source| {
                        match expand(&source.text, &state.env, self.scene.file.escape)
                            .map(|one| one.known().map(str::to_owned))
                        {
                            Ok(Some(path)) => self.covers(&path),
                            _ => self.may_cover(&source.text),
                        }
                    })
                }
                _ => Mount::all(inner)
                    .iter()
                    .filter(|mount| mount.from.is_some())
                    .any(|mount| self.covers(mount.source.as_deref().unwrap_or("/"))),
            };
            if covers {
                return Some(format!(
                    "line {} copies or mounts a folder that holds them",
                    inner.lines.0
                ));
            }
        }
        None
    }

    /// Whether the source of a copy holds lists, or lies among them.
    fn covers(&self, path: &str) -> bool {
        let path = format!("/{}", path.trim_start_matches(['.', '/']));
        let before = path.split(['*', '?', '[']).next().unwrap_or_default();
        let folder = if before.len() < path.len() {
            before.rsplit_once('/').map_or("", |(folder, _)| folder)
        } else {
            path.trim_end_matches('/')
        };
        self.manager.lists.iter().any(|list| {
            let above = list
                .strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            above || self.manager.keeps_in(folder)
        })
    }

    /// The same for a path of no known value: its last part may tell that it is something else.
    fn may_cover(&self, path: &str) -> bool {
        let last = path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(path);
        !path.contains('/')
            || last.contains(['$', '*', '?', '['])
            || self
                .manager
                .lists
                .iter()
                .any(|list| list.split('/').any(|part| part == last))
    }
}

fn no_renewal(effect: Effect) -> Effect {
    match effect {
        Effect::Renews => Effect::Nothing,
        other => other,
    }
}

fn unseen(strict: bool, line: usize, raw: &str) -> Effect {
    if !strict {
        return Effect::Nothing;
    }
    let raw: String = raw
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect();
    Effect::Wants(format!(
        "what `{}` on line {line} runs can't be seen, and may install packages with them",
        raw.replace('`', "'")
    ))
}

fn is_fetch(call: &Call<'_>) -> bool {
    matches!(call.effective_program(), Some("curl" | "wget"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
}

/// The script of a RUN, CMD, ENTRYPOINT or HEALTHCHECK in whatever form.
fn script_of(scene: &Scene<'_>, instruction: &Instruction, index: usize) -> Option<Arc<Script>> {
    let dialect = scene.stages().before(index)?.dialect();
    if let Args::Json(words) = &instruction.args {
        let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let text: Vec<String> = words.iter().map(|word| quote(&word.text)).collect();
        return scene.parse_script(Dialect::Sh, &text.join(" "));
    }
    let rest = match instruction.args {
        Args::Text(at) => instruction.logical.text().get(at.range())?,
        _ => instruction.rest()?,
    };
    if instruction.heredocs.is_empty() {
        return scene.parse_script(dialect?, rest);
    }
    let bodies: Vec<_> = instruction
        .heredocs
        .iter()
        .map(|heredoc| scene.file.text(heredoc.body))
        .collect();
    let [heredoc] = instruction.heredocs.as_slice() else {
        return None;
    };
    let body = bodies.first()?;
    let alone = instruction.logical.text().get(heredoc.at.range())?.trim() == rest.trim();
    if !alone {
        return scene.parse_script(dialect?, &format!("{rest}\n{body}{}\n", heredoc.name));
    }
    match body.strip_prefix("#!").and_then(|line| line.lines().next()) {
        None => scene.parse_script(dialect?, body),
        Some(shell) if shell.ends_with("sh") => scene.parse_script(Dialect::Bash, body),
        // Another interpreter: a known program that runs no manager.
        Some(_) => scene.parse_script(Dialect::Sh, ":"),
    }
}
