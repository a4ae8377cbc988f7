//! Writes the flags in the author's layout, and takes out what has to go.

use crate::gate::MAX_SCRIPT;
use crate::style::{Style, comments_in};
use crate::syntax::{Instruction, Span};
use crate::transform::{Change, Edit, Safety, Scene};

use super::cleaning::cuts;
use super::plan::{Plan, Planned, parent};

/// The longest line that one mount is written on.
const WIDE: usize = 100;

/// The change for the RUNs of `group`, which stand or fall together.
///
/// # Errors
/// The place, and why it can't be written.
pub(super) fn change(scene: &Scene<'_>, group: &[&Plan<'_>]) -> Result<Change, (Span, String)> {
    let safe = group
        .iter()
        .flat_map(|plan| &plan.mounts)
        .any(|one| !one.risky);
    let mut edits = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    let mut emptied: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    let mut dropped: Vec<String> = Vec::new();
    let mut what: Vec<String> = Vec::new();
    let mut place: Option<Span> = None;
    for plan in group {
        let Some(run) = scene.file.instructions.get(plan.at) else {
            continue;
        };
        let mounts: Vec<&Planned<'_>> =
            plan.mounts.iter().filter(|one| safe != one.risky).collect();
        if mounts.is_empty() {
            continue;
        }
        place.get_or_insert(run.span);
        let cuts = cuts(plan, &mounts).map_err(|reason| (run.span, reason))?;
        let Some(at) = run.shell_at() else {
            continue;
        };
        let text = flags(scene, run, &mounts);
        let first = run
            .source(Span::new(run.rest_at.start, run.rest_at.start + 1))
            .start;
        if at.len() + text.len() + 8 >= MAX_SCRIPT {
            return Err((
                run.span,
                "the script would be longer than one argument can be".to_owned(),
            ));
        }
        for cut in &cuts.spans {
            let span = cut_in_source(scene, run, at, *cut).ok_or_else(|| {
                (
                    run.span,
                    "a comment stands in the middle of what has to go".to_owned(),
                )
            })?;
            edits.push(Edit::delete(span));
        }
        edits.insert(0, Edit::insert(first, text));
        for mount in &mounts {
            for path in [Some(&mount.target), mount.tmpfs.as_ref()]
                .into_iter()
                .flatten()
            {
                if !removed.contains(path) {
                    removed.push(path.clone());
                }
            }
            let name = mount.manager.id.clone();
            if !what.contains(&name) {
                what.push(name);
            }
        }
        for mount in mounts.iter().filter(|_| !cuts.names.is_empty()) {
            let beside = &mount.manager.cache_clean_leaves;
            for folder in beside {
                emptied.push(format!("{}/{folder}/**", parent(&mount.target)));
            }
        }
        for name in cuts.names {
            if !dropped.contains(&name) {
                dropped.push(name);
            }
        }
        lines.push(run.lines.0.to_string());
    }
    let place = place.unwrap_or_default();
    let mut reason = format!(
        "keep what {} downloads in a cache mount outside of the image, so that a rerun fetches only what is new",
        what.join(", ")
    );
    if lines.len() > 1 {
        reason.push_str(&format!(
            "; the steps of lines {} share it",
            lines.join(", ")
        ));
    }
    if !dropped.is_empty() {
        reason.push_str(&format!("; {} would defeat it", dropped.join(", ")));
    }
    let mut safety = Safety::Safe;
    if !safe {
        safety = Safety::Unsafe;
        let why = group
            .iter()
            .flat_map(|plan| &plan.mounts)
            .map(|one| one.mount.why.as_str())
            .next()
            .unwrap_or_default();
        reason.push_str(&format!("; unsafe: {why}"));
    }
    reason.push_str("; the first build after it runs from there on again");
    let globs = removed
        .iter()
        .flat_map(|path| [path.clone(), format!("{path}/**")]);
    let globs: Vec<String> = globs
        .chain(removed.iter().flat_map(|path| folders_above(path)))
        .chain(emptied)
        .collect();
    Ok(Change::new(place, safety, reason, edits).removing(globs))
}

/// Folders that were made for the cache alone, and go with it: those from the first hidden one on, and the one it is in.
fn folders_above(path: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut above = parent(path);
    while above.matches('/').count() > 1 {
        if above == parent(path) || above.contains("/.") {
            folders.push(above.to_owned());
        }
        above = parent(above);
    }
    folders
}

/// The source range of a cut; `None` when a comment stands in it.
fn cut_in_source(scene: &Scene<'_>, run: &Instruction, script: Span, cut: Span) -> Option<Span> {
    let mut at = cut.shift(script.start);
    let text = run.logical.text();
    // A word alone on its line: what follows it moves up.
    let lead = text.get(at.range())?;
    let gap = lead.len() - lead.trim_start().len();
    let broken = run
        .logical
        .breaks()
        .any(|line| line > at.start && line <= at.start + gap);
    if broken && gap > 0 && !lead.trim_start().starts_with(['&', ';']) {
        let rest = text.get(at.end..)?;
        let next = rest.len() - rest.trim_start().len();
        let ends_line = run
            .logical
            .breaks()
            .any(|line| line > at.end && line <= at.end + next);
        if !ends_line && next > 0 && at.end + next < script.end {
            at = Span::new(at.start + gap, at.end + next);
        }
    }
    let start = run.source(Span::new(at.start, at.start + 1)).start;
    let end = run.source(Span::new(at.end.checked_sub(1)?, at.end)).end;
    let span = Span::new(start, end);
    comments_in(scene.file, span)
        .next()
        .is_none()
        .then_some(span)
}

fn flags(scene: &Scene<'_>, run: &Instruction, mounts: &[&Planned<'_>]) -> String {
    let mut flags: Vec<String> = Vec::new();
    for mount in mounts {
        if let Some(tmpfs) = &mount.tmpfs {
            flags.push(format!("--mount=type=tmpfs,target={tmpfs}"));
        }
        let mut text = "--mount=type=cache".to_owned();
        if let Some(id) = &mount.id {
            text.push_str(&format!(",id={id}"));
        }
        text.push_str(&format!(",target={}", mount.target));
        if mount.locked() {
            text.push_str(",sharing=locked");
        }
        if let Some((uid, gid)) = mount.owner {
            text.push_str(&format!(",uid={uid},gid={gid}"));
        }
        flags.push(text);
    }
    let text = run.logical.text();
    let first = run.logical.breaks().next().unwrap_or(text.len());
    let column = first.min(text.len());
    let wide = match flags.as_slice() {
        [one] => run.logical.breaks().next().is_some() || one.len() + column + 1 > WIDE,
        _ => true,
    };
    if !wide {
        return format!("{} ", flags.join(" "));
    }
    let style = Style::of(scene.file, &[run]);
    let joint = format!(" {}{}{}", style.escape, style.line_end, style.indent);
    flags.iter().map(|flag| format!("{flag}{joint}")).collect()
}
