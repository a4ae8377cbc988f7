//! What defeats a mount, or breaks on it, and can be taken out exactly.

use crate::knowledge::LanguageAction;
use crate::packages::{LanguageUse, words};
use crate::shell::{Call, RedirectOp, Script, Simple};
use crate::syntax::Span;

use super::ground::Ground;
use super::hazards::path_of;
use super::plan::{Plan, Planned, inside};

/// What goes, in the script.
#[derive(Default)]
pub(super) struct Cuts {
    /// Ranges, sorted and apart.
    pub spans: Vec<Span>,
    /// How a reader knows them.
    pub names: Vec<String>,
}

impl Cuts {
    fn add(&mut self, span: Span, name: &str) {
        self.spans.push(span);
        if !self.names.iter().any(|other| other == name) {
            self.names.push(name.to_owned());
        }
    }
}

/// What has to go from the script of `plan` for `mounts`.
///
/// # Errors
/// What has to go and can't.
pub(super) fn cuts(plan: &Plan<'_>, mounts: &[&Planned<'_>]) -> Result<Cuts, String> {
    let mut cuts = Cuts::default();
    let (Some(script), Some(ground)) = (plan.script, &plan.ground) else {
        return Ok(cuts);
    };
    for one in plan.uses {
        let managers =
            || std::iter::once(one.language.manager).chain(one.language.or.iter().copied());
        let Some(mount) = mounts
            .iter()
            .find(|mount| managers().any(|manager| manager.id == mount.manager.id))
        else {
            continue;
        };
        if one.language.action == LanguageAction::Clean {
            clean(script, one, mount, &mut cuts)?;
        } else {
            flags(one, mount, &mut cuts)?;
        }
    }
    for call in script.calls() {
        if call.effective_program() == Some("rm") {
            removal(script, ground, &call, mounts, &mut cuts)?;
        }
    }
    if !cuts.spans.is_empty() && ground.image.is_none() {
        return Err(format!(
            "what the base image sets is not known, so {} has to stay",
            cuts.names.join(", ")
        ));
    }
    cuts.spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in cuts.spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    cuts.spans = merged;
    Ok(cuts)
}

/// `--no-cache-dir` and its like.
fn flags(one: &LanguageUse<'_>, mount: &Planned<'_>, cuts: &mut Cuts) -> Result<(), String> {
    let all = words(one.call.simple);
    for flag in &one.language.flags {
        let Some(text) = all.get(flag.start).copied().flatten() else {
            continue;
        };
        let name = text.split('=').next().unwrap_or(text);
        // Others that defeat a cache ask for fresh things, and go on to do so.
        let off = name.starts_with("--no-cache") || name == "-n";
        if !off || !mount.manager.no_cache.iter().any(|other| other == name) {
            continue;
        }
        if text != name || name == "-n" {
            return Err(format!(
                "{text} turns the cache off in a way that is not taken out"
            ));
        }
        cuts.add(word(one.call.simple, flag.start), name);
    }
    Ok(())
}

/// The range to cut for word `at`: with the white space before it, or, at the start of a line, behind it.
fn word(simple: &Simple, at: usize) -> Span {
    let spans = |at: usize| simple.words.get(at).map(|word| word.span);
    let own = spans(at).unwrap_or_default();
    let before = at.checked_sub(1).and_then(spans);
    match before {
        Some(before) => Span::new(before.end, own.end),
        None => own,
    }
}

/// `npm cache clean --force` and its like.
fn clean(
    script: &Script,
    one: &LanguageUse<'_>,
    mount: &Planned<'_>,
    cuts: &mut Cuts,
) -> Result<(), String> {
    let manager = mount.manager;
    let all = words(one.call.simple);
    let verb = one.language.verb_text(&all);
    let cleans = manager.cache_clean.contains(&verb);
    let text = all.iter().flatten().copied().collect::<Vec<_>>().join(" ");
    if !cleans {
        // `cargo clean` and its like are about the project; where a manager's one clean word has both meanings, nobody can tell.
        return if manager.cache_clean.is_empty() && manager.clean_breaks {
            Err(format!("`{text}` breaks on a mount"))
        } else {
            Ok(())
        };
    }
    if !one.language.or.is_empty() {
        return Err(format!(
            "what `{text}` removes hangs on the version of {}",
            manager.id
        ));
    }
    let forced = |flag: &String| all.contains(&Some(flag.as_str()));
    if !manager.cache_clean_needs.is_empty() && !manager.cache_clean_needs.iter().any(forced) {
        return Err(format!(
            "`{text}` fails without {}",
            manager.cache_clean_needs.join(" or ")
        ));
    }
    if !one.language.is_literal() {
        return Err(format!("what `{text}` removes can't be seen"));
    }
    let span = command(script, &one.call)
        .ok_or_else(|| format!("`{text}` breaks on a mount and can't be taken out exactly"))?;
    cuts.add(span, &text);
    Ok(())
}

/// `rm -rf ~/.npm` and its like.
fn removal(
    script: &Script,
    ground: &Ground<'_>,
    call: &Call<'_>,
    mounts: &[&Planned<'_>],
    cuts: &mut Cuts,
) -> Result<(), String> {
    let operands: Vec<(usize, Option<String>)> = call
        .simple
        .words
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, word)| !word.literal.as_deref().unwrap_or_default().starts_with('-'))
        .map(|(at, word)| (at, path_of(word, script, ground)))
        .collect();
    let mut pointless = Vec::new();
    for (at, path) in &operands {
        let Some(path) = path else {
            continue;
        };
        let plain = path
            .trim_end_matches("/*")
            .trim_end_matches("/**")
            .trim_end_matches('/');
        if mounts.iter().any(|mount| inside(mount.top(), plain)) {
            pointless.push(*at);
        } else if mounts.iter().any(|mount| inside(plain, mount.top()))
            || mounts.iter().any(|mount| matches_above(path, mount.top()))
        {
            return Err(format!("`rm` of {path} would break on the mount below it"));
        }
    }
    if pointless.is_empty() {
        return Ok(());
    }
    if !call.has_flag(&["-f", "--force"]) {
        return Err("a removal without -f may be there to fail".to_owned());
    }
    let text = "rm of the cache";
    if pointless.len() < operands.len() {
        for at in pointless {
            cuts.add(word(call.simple, at), text);
        }
        return Ok(());
    }
    let span = command(script, call)
        .ok_or_else(|| "the removal of the cache can't be taken out exactly".to_owned())?;
    cuts.add(span, text);
    Ok(())
}

/// Whether a glob such as `/root/.[a-z]*` or `/root/.c*` may name a folder above the mount.
fn matches_above(glob: &str, top: &str) -> bool {
    let Some(star) = glob.find(['*', '?', '[']) else {
        return false;
    };
    top.starts_with(glob.get(..star).unwrap_or(glob))
}

/// The range to cut for a whole command; `None` when that would not be exact.
fn command(script: &Script, call: &Call<'_>) -> Option<Span> {
    if !call.simple.assignments.is_empty()
        || call.simple.redirects.iter().any(|redirect| {
            redirect.op != RedirectOp::Duplicate
                && redirect.target.as_ref().and_then(|word| word.fixed()) != Some("/dev/null")
        })
    {
        return None;
    }
    for (index, list) in script.lists.iter().enumerate() {
        let at = list.pipelines.iter().position(|pipeline| {
            matches!(pipeline.commands.as_slice(), [one] if one.simple().is_some_and(|simple| std::ptr::eq(simple, call.simple)))
                && !pipeline.negated
        });
        let Some(at) = at else {
            continue;
        };
        if !list.only_and() || list.in_background() {
            return None;
        }
        let own = list.pipelines.get(at)?.span;
        if at > 0 {
            return Some(Span::new(list.pipelines.get(at - 1)?.span.end, own.end));
        }
        if list.pipelines.len() > 1 {
            return None;
        }
        if let Some(next) = script.lists.get(index + 1) {
            return Some(Span::new(list.span.start, next.span.start));
        }
        // The last one's status is the script's: with errexit, that of the one before is no other.
        let before = index
            .checked_sub(1)
            .and_then(|index| script.lists.get(index))?;
        let errexit = script.lists.first()?.simple().is_some_and(|simple| {
            simple.name() == Some("set")
                && simple
                    .words
                    .get(1)
                    .and_then(|word| word.fixed())
                    .is_some_and(|word| word.starts_with('-') && word.contains('e'))
        });
        let steady = errexit && before.simple().is_some();
        return steady.then(|| Span::new(before.span.end, list.span.end));
    }
    None
}
