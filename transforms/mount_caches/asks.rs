//! Which RUN downloads, and for which managers.

use crate::knowledge::{Knowledge, LanguageAction, LanguageCall, LanguageManager};
use crate::packages::{LanguageUse, language_calls};
use crate::shell::{Dialect, Script};
use crate::stage::Base;
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::Scene;

/// A RUN that downloads.
pub(super) struct Asking<'s> {
    /// Its number.
    pub at: usize,
    /// The first stage of the tree of stages that it stands in: those that start FROM one another.
    pub tree: usize,
    /// Its script; or why mounts are not written in front of it.
    pub script: Result<&'s Script, &'static str>,
    /// Its calls of managers of languages, all of them.
    pub uses: Vec<LanguageUse<'s>>,
    /// The managers that it downloads for.
    pub managers: Vec<&'s LanguageManager>,
}

/// Every RUN that downloads something that a table has a mount for.
pub(super) fn all<'s>(scene: &'s Scene<'_>) -> Vec<Asking<'s>> {
    let instructions = scene.file.instructions.iter();
    instructions.filter_map(|one| asking(scene, one)).collect()
}

fn asking<'s>(scene: &'s Scene<'_>, one: &'s Instruction) -> Option<Asking<'s>> {
    let knowledge = scene.knowledge;
    let tree = root_of(scene, scene.stages().stage_of(one.index)?);
    if let (Keyword::Run, Some(script)) = (one.keyword, scene.script(one.index)) {
        let uses = language_calls(script, knowledge);
        let mut managers: Vec<&LanguageManager> = Vec::new();
        for one in uses.iter().filter(|one| fetches(&one.language)) {
            let manager = one.language.manager;
            if !managers.iter().any(|other| other.id == manager.id) {
                managers.push(manager);
            }
        }
        return (!managers.is_empty()).then_some(Asking {
            at: one.index,
            tree,
            script: Ok(script),
            uses,
            managers,
        });
    }
    let (manager, why) = hidden(scene, knowledge, one)?;
    Some(Asking {
        at: one.index,
        tree,
        script: Err(why),
        uses: Vec::new(),
        managers: vec![manager],
    })
}

/// Whether the call may download into a cache of its manager.
pub(super) fn fetches(call: &LanguageCall<'_>) -> bool {
    !call.manager.mounts.is_empty()
        && match call.action {
            LanguageAction::Install | LanguageAction::Add => true,
            LanguageAction::Build | LanguageAction::Test | LanguageAction::Run => {
                call.manager.build_fetches || call.manager.ecosystem == "c"
            }
            // A program that does one thing only: its operands are no verbs.
            LanguageAction::Other => call.manager.install == [""] && call.manager.add.is_empty(),
            LanguageAction::Clean => false,
        }
}

/// A download in a form that gets no mount.
fn hidden<'s>(
    scene: &Scene<'_>,
    knowledge: &'s Knowledge,
    one: &Instruction,
) -> Option<(&'s LanguageManager, &'static str)> {
    let fetched = |words: &[Option<&str>]| {
        let call = knowledge.language_call(words)?;
        fetches(&call).then_some(call.manager)
    };
    let in_script = |text: &str| {
        let script = scene.parse_script(Dialect::Bash, text)?;
        let calls = script.calls().collect::<Vec<_>>();
        calls
            .iter()
            .find_map(|call| fetched(&crate::packages::words(call.simple)))
    };
    if let Some(inner) = &one.onbuild {
        let at = inner.shell_at()?;
        let manager = in_script(inner.logical.text().get(at.range())?)?;
        return Some((manager, "the download runs in another build, by ONBUILD"));
    }
    if one.keyword != Keyword::Run {
        return None;
    }
    if let Args::Json(words) = &one.args {
        let words: Vec<_> = words.iter().map(|word| Some(word.text.as_str())).collect();
        return Some((fetched(&words)?, "a RUN in exec form is left as it is"));
    }
    let heredoc = one.heredocs.first()?;
    let manager = in_script(&scene.file.text(heredoc.body))?;
    Some((manager, "a RUN with a heredoc is left as it is"))
}

/// The first stage of the tree that `stage` stands in.
pub(super) fn root_of(scene: &Scene<'_>, mut stage: usize) -> usize {
    while let Some(Base::Stage(parent)) = scene.stages().get(stage).map(|stage| &stage.base)
        && *parent < stage
    {
        stage = *parent;
    }
    stage
}
