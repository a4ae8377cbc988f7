//! Scripts that the file itself or the build context shows.

use crate::context::Kind;
use crate::syntax::{Instruction, Keyword};
use crate::transform::Scene;

/// The text of the file that `path` means for instruction `index`, when a COPY or ADD above brings it from the context,
/// or a heredoc of the file holds it.
pub(super) fn seen_script(scene: &Scene<'_>, index: usize, path: &str) -> Option<String> {
    let path = scene.stages().before(index)?.workdir.join(path)?;
    let mut stage = scene.stages().stage_of(index)?;
    let mut end = index;
    // Each turn goes up to an earlier stage.
    loop {
        let found = scene.stages().get(stage)?;
        let range = found.instructions.start..end;
        for at in range.rev() {
            let instruction = scene.file.instructions.get(at)?;
            if matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
                && let Some(answer) = brought(scene, instruction, &path)
            {
                return answer;
            }
        }
        let crate::stage::Base::Stage(parent) = found.base else {
            return None;
        };
        end = scene.stages().get(parent)?.instructions.end;
        stage = parent;
    }
}

/// What `instruction` puts at `path`: `None` when nothing, `Some(None)` when something that can't be seen.
fn brought(scene: &Scene<'_>, instruction: &Instruction, path: &str) -> Option<Option<String>> {
    let words = instruction.args.words();
    let (destination, sources) = words.split_last()?;
    let state = scene.stages().before(instruction.index)?;
    let target = state.workdir.join(&destination.text)?;
    let below = match path.strip_prefix(target.trim_end_matches('/')) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => return None,
    };
    if instruction.flag("from").is_some() {
        return Some(None);
    }
    for source in sources {
        if let Some(heredoc) = instruction.heredocs.iter().find(|heredoc| {
            let marker = source.text.trim_start_matches(|c: char| c.is_ascii_digit());
            marker.starts_with("<<") && marker.ends_with(&heredoc.name)
        }) {
            if below.is_empty() || below == heredoc.name {
                return Some(Some(scene.file.text(heredoc.body).into_owned()));
            }
            continue;
        }
        let Some(context) = scene.context else {
            return Some(None);
        };
        for source in context.matches(&source.text).unwrap_or_default() {
            let name = source.rsplit('/').next().unwrap_or(&source);
            let file = match context.entry(&source).map(|entry| entry.kind) {
                Some(Kind::Dir) if source.is_empty() => below.to_owned(),
                Some(Kind::Dir) => format!("{source}/{below}"),
                _ if below.is_empty() || below == name => source.clone(),
                _ => continue,
            };
            if let Some(text) = context.read_text(&file) {
                return Some(Some(text));
            }
        }
    }
    None
}
