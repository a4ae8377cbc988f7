//! What the changes of a Dockerfile buy: how much less runs after the edit that is made most.

use super::pair::Side;
use crate::cache::{Edit, compare};
use crate::context::Context;
use crate::engine::Report;
use crate::knowledge::Knowledge;

/// One sentence without a full stop; `None` when the text is the same, no step takes a source file in, or as many steps
/// run as before.
pub(super) fn buys(report: &Report, context: &Context, knowledge: &Knowledge) -> Option<String> {
    if report.original == report.rewritten {
        return None;
    }
    let before = Side::of(&report.original, context, knowledge);
    let file = before.model.usual_edit(context, knowledge)?;
    let after = Side::of(&report.rewritten, context, knowledge);
    let compared = compare(&before.model, &after.model, &Edit::of_file(file.as_str()));
    (compared.rerun_before != compared.rerun_after)
        .then(|| format!("after an edit to a source file ({file}), {compared}"))
}
