//! An outcome, for people.

use std::fmt;
use std::time::Duration;

use super::rebuild::Rebuild;
use super::run::Outcome;
use super::verdict::bytes;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        if self.measured_floor {
            writeln!(
                f,
                "  the original was built once more: what two of its builds do not share is noise"
            )?;
        }
        let (before, after) = (&self.before, &self.after);
        writeln!(
            f,
            "size      {} -> {}\nlayers    {} -> {}",
            bytes(before.size),
            bytes(after.size),
            before.layers,
            after.layers
        )?;
        for rebuild in &self.rebuilds {
            writeln!(f, "rebuild   {}", told(rebuild))?;
        }
        Ok(())
    }
}

impl Outcome {
    /// As Markdown, for a code review; `name` is the Dockerfile's.
    pub fn markdown(&self, name: &str) -> String {
        let (before, after) = (&self.before, &self.after);
        let mut out = format!(
            "**{name}**: {}\n\n| | before | after |\n| --- | --- | --- |\n| size | {} | {} |\n| layers | {} | {} |\n",
            if self.verdict.is_equal() {
                "the image is the same"
            } else {
                "the image is **not** the same"
            },
            bytes(before.size),
            bytes(after.size),
            before.layers,
            after.layers
        );
        for rebuild in &self.rebuilds {
            let (before, after) = (&rebuild.before, &rebuild.after);
            out.push_str(&format!(
                "| rebuild after an edit of `{}` | {} ({} of {} steps cached) | {} ({} of {} steps cached) |\n",
                rebuild.file.display(),
                seconds(before.median),
                before.cached,
                before.steps,
                seconds(after.median),
                after.cached,
                after.steps
            ));
        }
        out.push_str(&format!("\n```\n{}```\n", self.verdict));
        out
    }
}

fn told(rebuild: &Rebuild) -> String {
    let (before, after) = (&rebuild.before, &rebuild.after);
    let factor = before.median.as_secs_f64() / after.median.as_secs_f64().max(0.001);
    let factor = if factor >= 2.0 {
        format!(", {factor:.0} times as fast")
    } else {
        String::new()
    };
    format!(
        "{} -> {}{factor}, after an edit of {}: {} of {} steps cached, then {} of {}",
        seconds(before.median),
        seconds(after.median),
        rebuild.file.display(),
        before.cached,
        before.steps,
        after.cached,
        after.steps
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
