//! What a RUN does, command by command: installs, and what stands beside them.

use crate::knowledge::{LanguageAction, LanguageCall};
use crate::packages::words;
use crate::shell::{Call, CommandKind, Context};
use crate::stage::{Effects, commute};
use crate::syntax::Keyword;
use crate::transform::Scene;

/// One command of a RUN.
pub enum Step<'s> {
    /// An install by manifest or lock, and the folder that it runs in.
    Install {
        /// The command.
        call: Box<LanguageCall<'s>>,
        /// Its words.
        words: Vec<Option<&'s str>>,
        /// Absolute.
        folder: String,
    },
    /// It has nothing to do with the project.
    Apart,
    /// It touches what is known.
    Touches(Box<Effects>, String),
    /// Nobody knows what it touches.
    Unknown(String),
}

/// The commands of RUN `index`; `None` when its script is not understood.
pub fn steps<'s>(scene: &'s Scene<'_>, index: usize) -> Option<Vec<Step<'s>>> {
    let instruction = scene.file.instructions.get(index)?;
    if instruction.keyword != Keyword::Run {
        return None;
    }
    let script = scene.script(index)?;
    let state = scene.stages().before(index)?;
    let mut hides = false;
    script.visit_commands(&mut |command| {
        hides |= matches!(command.kind, CommandKind::Function { .. });
    });
    if hides {
        return None;
    }
    let mut folder = state.workdir.path.clone();
    let mut steps = Vec::new();
    for call in script.calls() {
        let text = script.text.get(call.simple.span.range())?.to_owned();
        let words = words(call.simple);
        if call.name == Some("cd") {
            let moved = match call.literals().as_deref() {
                Some([to]) if call.top_level && !call.is_in(Context::OrList) => {
                    folder.as_deref().and_then(|folder| join(folder, to))
                }
                _ => None,
            };
            folder = moved;
            steps.push(Step::Apart);
            continue;
        }
        steps.push(step(scene, index, &call, words, folder.as_deref(), text)?);
    }
    Some(steps)
}

fn step<'s>(
    scene: &'s Scene<'_>,
    index: usize,
    call: &Call<'s>,
    words: Vec<Option<&'s str>>,
    folder: Option<&str>,
    text: String,
) -> Option<Step<'s>> {
    let instruction = scene.file.instructions.get(index)?;
    let state = scene.stages().before(index)?;
    let quiet = call.simple.redirects.iter().all(|redirect| {
        let target = redirect.target.as_ref().and_then(|target| target.fixed());
        matches!(target, Some("/dev/null" | "1" | "2"))
    });
    let own = |program: &str| !program.contains('/') || program == "./mvnw";
    if let Some(language) = scene.knowledge.language_call(&words)
        && quiet
        && call
            .simple
            .assignments
            .iter()
            .all(|one| one.value.literal.is_some())
        && words.iter().flatten().next().is_some_and(|word| own(word))
    {
        let manager = language.manager;
        let rest: Vec<&str> = words
            .iter()
            .skip(language.program + 1)
            .flatten()
            .copied()
            .collect();
        let rest = rest.join(" ");
        let apart = manager.apart.iter().any(|start| {
            rest.strip_prefix(start.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(' ') || start.ends_with(['@', ' '])
            })
        });
        if (apart || language.action == LanguageAction::Clean) && language.is_literal() {
            return Some(Step::Apart);
        }
        if language.action == LanguageAction::Add && adds_by_name(&language, &words) {
            return Some(Step::Apart);
        }
        if language.action == LanguageAction::Install {
            return Some(match folder {
                Some(folder) if call.top_level && language.program == 0 => Step::Install {
                    call: Box::new(language),
                    words,
                    folder: folder.to_owned(),
                },
                _ => Step::Unknown(text),
            });
        }
        return Some(Step::Unknown(text));
    }
    let script = scene.parse_script(state.dialect()?, &text)?;
    // What a `cd` before it means for its paths is not kept count of.
    if folder != state.workdir.path.as_deref() && call.name != Some("set") {
        return Some(Step::Unknown(text));
    }
    let effects = Effects::of(
        scene.file,
        instruction,
        state,
        Some(&script),
        scene.knowledge,
    );
    Some(Step::Touches(Box::new(effects), text))
}

/// Whether it brings packages of a registry in, by their names, and reads nothing of the project.
fn adds_by_name(call: &LanguageCall<'_>, words: &[Option<&str>]) -> bool {
    let manager = call.manager;
    let named = call.operands.iter().all(|at| {
        let word = words.get(*at).copied().flatten().unwrap_or(".");
        !word.starts_with(['.', '/', '~']) && !word.contains(".whl") && !word.starts_with("file:")
    });
    let plain = call.flags.iter().all(|flag| {
        let word = words.get(flag.start).copied().flatten().unwrap_or_default();
        let name = word.split('=').next().unwrap_or(word);
        manager.plain.iter().any(|one| one == name || one == word)
    });
    let outside = matches!(manager.ecosystem.as_str(), "python" | "ruby")
        && !matches!(
            manager.id.as_str(),
            "uv" | "poetry" | "pdm" | "pipenv" | "bundler" | "conda"
        );
    call.is_literal() && named && outside && (plain || manager.plain.is_empty())
}

/// Whether what stands at `index` may stand above a COPY that touches `copy`, which stands above it now.
///
/// # Errors
/// Why not, as a clause.
pub fn passes(scene: &Scene<'_>, index: usize, copy: &Effects) -> Result<(), String> {
    let nothing = || "it is not understood".to_owned();
    let instruction = scene.file.instructions.get(index).ok_or_else(nothing)?;
    let state = scene.stages().before(index).ok_or_else(nothing)?;
    let script = scene.script(index);
    let whole = Effects::of(scene.file, instruction, state, script, scene.knowledge);
    let Err(reason) = commute(copy, &whole) else {
        return Ok(());
    };
    let Some(steps) = steps(scene, index) else {
        return Err(reason);
    };
    for step in &steps {
        beside(step, copy)?;
    }
    Ok(())
}

/// Whether a command leaves alone what `copy` touches.
///
/// # Errors
/// Why not, as a clause.
pub fn beside(step: &Step<'_>, copy: &Effects) -> Result<(), String> {
    match step {
        Step::Apart => Ok(()),
        Step::Install { words, .. } => {
            let words: Vec<&str> = words.iter().flatten().copied().collect();
            Err(format!("`{}` reads the project too", words.join(" ")))
        }
        Step::Touches(effects, text) => commute(copy, effects)
            .map_err(|_| format!("`{}` may read or write what is copied", short(text))),
        Step::Unknown(text) => Err(format!(
            "`{}` may read or write what is copied",
            short(text)
        )),
    }
}

/// A command on one line, cut when it is long.
pub fn short(text: &str) -> String {
    let text: Vec<&str> = text
        .split_whitespace()
        .filter(|word| *word != "\\")
        .collect();
    let text = text.join(" ");
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// `to` from the absolute `folder`.
fn join(folder: &str, to: &str) -> Option<String> {
    let base = if to.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(to.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            "-" => return None,
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}
