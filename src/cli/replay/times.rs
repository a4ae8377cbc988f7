//! How long steps took, by a build's log.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::report::{Problem, shown};

/// Seconds by the step's text.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    seconds: HashMap<String, f64>,
    known: bool,
}

/// A line of `--progress=rawjson`.
#[derive(Debug, Deserialize)]
struct Progress {
    #[serde(default)]
    vertexes: Vec<Vertex>,
}

#[derive(Debug, Deserialize)]
struct Vertex {
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
}

impl Times {
    /// Reads a log in either form.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let name = shown(path.as_os_str().as_encoded_bytes());
        let text = std::fs::read(path)
            .map_err(|error| Problem::new(format!("{name}: can't be read: {error}")))?;
        let times = Self::of(&String::from_utf8_lossy(&text));
        if times.seconds.is_empty() {
            let problem = Problem::new(format!("--times: {name} tells the time of no step"));
            return Err(
                problem.help("write one by `docker build --no-cache --progress=plain . 2> FILE`")
            );
        }
        Ok(times)
    }

    pub(super) fn of(text: &str) -> Self {
        let mut times = Self {
            known: true,
            ..Self::default()
        };
        let mut names: HashMap<&str, String> = HashMap::new();
        for line in text.lines() {
            if let Some((number, rest)) =
                line.strip_prefix('#').and_then(|line| line.split_once(' '))
            {
                if let Some(name) = step(rest) {
                    names.insert(number, name);
                } else if let Some(seconds) = rest
                    .strip_prefix("DONE ")
                    .and_then(|time| time.strip_suffix('s'))
                    && let (Some(name), Ok(seconds)) = (names.get(number), seconds.parse())
                {
                    times.seconds.insert(name.clone(), seconds);
                }
            } else if line.starts_with('{')
                && let Ok(progress) = serde_json::from_str::<Progress>(line)
            {
                for vertex in progress.vertexes.iter().filter(|vertex| !vertex.cached) {
                    let at = |time: &Option<String>| time.as_deref().and_then(instant);
                    if let (Some(name), Some(from), Some(to)) = (
                        step(&vertex.name),
                        at(&vertex.started),
                        at(&vertex.completed),
                    ) {
                        times.seconds.insert(name, to - from);
                    }
                }
            }
        }
        times
    }

    /// Whether a log was read.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// The seconds of the step with this text; with other flags, when there is none.
    pub(super) fn of_step(&self, text: &str) -> Option<f64> {
        let same = |(name, _): &(&String, &f64)| bare(name) == bare(text);
        let found = self.seconds.get(text).copied();
        found.or_else(|| self.seconds.iter().find(same).map(|(_, seconds)| *seconds))
    }
}

/// A step's text without its flags.
pub(super) fn bare(text: &str) -> String {
    let mut words = text.split(' ').peekable();
    let keyword = words.next().unwrap_or_default().to_uppercase();
    while words.next_if(|word| word.starts_with("--")).is_some() {}
    let rest: Vec<&str> = words.collect();
    format!("{keyword} {}", rest.join(" "))
}

/// `[stage 2/3] RUN x` -> `RUN x`
fn step(name: &str) -> Option<String> {
    let (place, name) = name.strip_prefix('[')?.split_once("] ")?;
    let number = place.rsplit(' ').next()?;
    let (one, all) = number.split_once('/')?;
    let counted = [one, all]
        .iter()
        .all(|number| number.parse::<usize>().is_ok());
    counted.then(|| name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Seconds from the start of the day of `2026-01-31T10:00:00.123456789Z`; builds over midnight count days of a month.
fn instant(time: &str) -> Option<f64> {
    let (date, time) = time.split_once('T')?;
    let day: f64 = date.rsplit('-').next()?.parse().ok()?;
    let time = time.get(..time.find(['Z', '+', '-']).unwrap_or(time.len()))?;
    let mut parts = time.split(':').map(str::parse::<f64>);
    let mut next = || parts.next()?.ok();
    Some(((day * 24.0 + next()?) * 60.0 + next()?) * 60.0 + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let plain = Times::of(
            "#4 [1/3] FROM docker.io/library/busybox:1\n#4 DONE 0.1s\n#5 [build 2/3] RUN --mount=type=cache,target=/x a  &&   b\n\
             #5 0.2 text\n#5 DONE 12.5s\n#6 [ 3/3] COPY . .\n#6 CACHED\n",
        );
        assert_eq!(
            plain.of_step("RUN --mount=type=cache,target=/x a && b"),
            Some(12.5)
        );
        assert_eq!(plain.of_step("RUN a && b"), Some(12.5));
        assert_eq!(plain.of_step("COPY . ."), None);
        let raw = Times::of(
            "{\"vertexes\":[{\"digest\":\"sha256:1\",\"name\":\"[2/3] RUN npm ci\",\"started\":\"2026-01-31T23:59:59.5Z\"}]}\n\
             {\"vertexes\":[{\"digest\":\"sha256:1\",\"name\":\"[2/3] RUN npm ci\",\"started\":\"2026-01-31T10:59:59.5Z\",\
             \"completed\":\"2026-01-31T11:00:01.75Z\"},{\"name\":\"[3/3] COPY . .\",\"started\":\"2026-01-31T10:59:59Z\",\
             \"completed\":\"2026-01-31T10:59:59Z\",\"cached\":true}]}\nnoise\n",
        );
        assert_eq!(raw.of_step("RUN npm ci"), Some(2.25));
        assert_eq!(raw.of_step("COPY . ."), None);
        assert!(Times::of("nothing").seconds.is_empty());
    }
}
