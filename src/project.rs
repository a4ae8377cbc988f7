//! The project inside of an image: which file of the build context stands at a path, and what CMD and ENTRYPOINT run.

use crate::context::{Context, Kind};
use crate::stage::Base;
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::Scene;

/// The path below the build context of what stands at the absolute `path` before instruction `before`, by the COPY and
/// ADD above it. `None` when no COPY of the context brings it, or that is not known.
pub fn source_of(scene: &Scene<'_>, before: usize, path: &str) -> Option<String> {
    let context = scene.context?;
    let mut stage = scene.stages().stage_of(before);
    let mut end = before;
    while let Some(found) = stage.and_then(|index| scene.stages().get(index)) {
        let upper = end.min(found.instructions.end);
        for index in (found.instructions.start..upper).rev() {
            if let Some(source) = copied(scene, context, index, path) {
                return Some(source);
            }
        }
        end = usize::MAX;
        stage = match found.base {
            Base::Stage(parent) => Some(parent),
            _ => None,
        };
    }
    None
}

/// The text of the file `name` in the working directory of instruction `index`, as a COPY of the context brings it there.
pub fn text_in_workdir(scene: &Scene<'_>, index: usize, name: &str) -> Option<String> {
    let path = scene.stages().before(index)?.workdir.join(name)?;
    scene.context?.read_text(&source_of(scene, index, &path)?)
}

/// Whether `instruction` copies from the build context.
pub fn copies_context(instruction: &Instruction) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
        && instruction.flag("from").is_none()
        && instruction.heredocs.is_empty()
}

fn copied(scene: &Scene<'_>, context: &Context, index: usize, path: &str) -> Option<String> {
    let instruction = scene.file.instructions.get(index)?;
    if !copies_context(instruction) {
        return None;
    }
    let (to, sources) = instruction.args.words().split_last()?;
    let state = scene.stages().before(index)?;
    if to.text.contains('$') {
        return None;
    }
    let target = state.workdir.join(&to.text)?;
    let below = |folder: &str| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
        rest.strip_prefix('/').map(str::to_owned)
    };
    for source in sources.iter().filter(|source| !source.text.contains('$')) {
        for found in context.matches(&source.text).ok()? {
            let entry = context.entry(&found)?;
            let place = match entry.kind {
                Kind::Dir if path == target => Some(found.clone()),
                Kind::Dir => below(&target).map(|rest| match found.as_str() {
                    "" => rest,
                    found => format!("{found}/{rest}"),
                }),
                _ => {
                    let into = to.text.ends_with('/')
                        || to.text.ends_with('.')
                        || sources.len() > 1
                        || state.workdir.path.as_deref() == Some(target.as_str());
                    let wanted = if into {
                        format!("{}/{}", target.trim_end_matches('/'), entry.name())
                    } else {
                        target.clone()
                    };
                    (wanted == path).then(|| found.clone())
                }
            };
            if let Some(place) = place.filter(|place| context.entry(place).is_some()) {
                return Some(place);
            }
        }
    }
    None
}

/// The words of CMD, ENTRYPOINT or HEALTHCHECK: those of the exec form, or those of a shell form of one simple command whose
/// words are all fixed. `None` for anything else.
pub fn command_words(scene: &Scene<'_>, index: usize) -> Option<Vec<String>> {
    let instruction = scene.file.instructions.get(index)?;
    if let Args::Json(words) = &instruction.args {
        return Some(words.iter().map(|word| word.text.clone()).collect());
    }
    let script = scene.script(index)?;
    let [list] = script.lists.as_slice() else {
        return None;
    };
    let simple = list.simple()?;
    if !simple.assignments.is_empty() || !simple.redirects.is_empty() {
        return None;
    }
    simple
        .words
        .iter()
        .map(|word| word.fixed().map(str::to_owned))
        .collect()
}
