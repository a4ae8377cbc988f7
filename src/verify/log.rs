//! What a builder's log says: steps, which came from the cache, what failed and what it printed.

use std::collections::BTreeSet;

/// A log, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Steps of the Dockerfile, FROM aside.
    pub steps: usize,
    /// Those that came from the cache.
    pub cached: usize,
    /// What the steps printed, line by line, without numbers and times.
    pub output: Vec<String>,
    /// The last error, if there is one.
    pub error: Option<String>,
    /// The exit status of the command that failed, where it is told.
    pub exit_code: Option<i32>,
}

impl Log {
    /// Reads what BuildKit prints with `--progress=plain`, or what podman and buildah print.
    pub fn read(text: &str) -> Self {
        let mut log = Self::default();
        let (mut steps, mut cached) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            let numbered = line.strip_prefix('#').and_then(|rest| {
                let (number, rest) = rest.split_once(' ')?;
                Some((number.parse::<usize>().ok()?, rest))
            });
            if let Some((number, rest)) = numbered {
                if is_step(rest) {
                    steps.insert(number);
                } else if rest == "CACHED" {
                    cached.insert(number);
                } else if let Some(printed) = printed(rest) {
                    log.output.push(printed.to_owned());
                }
            } else if line.starts_with("STEP ") && !line.contains(": FROM ") {
                steps.insert(steps.len());
            } else if line.starts_with("--> Using cache ") {
                cached.insert(steps.len().saturating_sub(1));
            }
            if let Some(error) = line
                .strip_prefix("ERROR: ")
                .or_else(|| line.strip_prefix("Error: "))
            {
                log.error = Some(error.to_owned());
            }
            for marker in ["exit code: ", "exit status "] {
                if let Some((_, code)) = line.rsplit_once(marker)
                    && let Ok(code) = code.trim().parse()
                {
                    log.exit_code = Some(code);
                }
            }
        }
        log.steps = steps.len();
        log.cached = steps.intersection(&cached).count();
        log
    }
}

/// `[2/3] RUN x` and `[build 2/3] COPY . .`, but not `[internal] load …` and not FROM.
fn is_step(rest: &str) -> bool {
    let Some((place, name)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    else {
        return false;
    };
    let number = place.rsplit(' ').next().unwrap_or(place);
    let counted = number.split_once('/').is_some_and(|(step, all)| {
        [step, all]
            .iter()
            .all(|number| number.trim().parse::<usize>().is_ok())
    });
    counted && !name.starts_with("FROM ")
}

/// `0.123 text`: a line that a step printed, with the seconds since it began.
fn printed(rest: &str) -> Option<&str> {
    let (time, text) = rest.split_once(' ').unwrap_or((rest, ""));
    (time.contains('.') && time.parse::<f64>().is_ok()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn buildkit() {
        let log = Log::read(
            "#0 building with \"default\" instance\n#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\
             #4 [1/3] FROM docker.io/library/busybox:1\n#4 CACHED\n#5 [ 2/3] RUN echo a\n#5 CACHED\n#6 [build 3/3] RUN echo b; exit 3\n\
             #6 0.051 b\n#6 0.052 1.5 c\n#6 ERROR: process \"/bin/sh -c exit 3\" did not complete successfully: exit code: 3\n\
             ------\nERROR: failed to build: failed to solve: process \"/bin/sh -c exit 3\" did not complete successfully: exit code: 3\n",
        );
        assert_eq!((log.steps, log.cached), (2, 1));
        assert_eq!(log.output, ["b", "1.5 c"]);
        assert_eq!(log.exit_code, Some(3));
        assert!(log.error.unwrap().starts_with("failed to build"));
    }

    #[test]
    fn podman() {
        let log = Log::read(
            "STEP 1/3: FROM busybox\nSTEP 2/3: RUN a\n--> Using cache 0af\n--> 0af\nSTEP 3/3: RUN b\n--> 11e\n",
        );
        assert_eq!((log.steps, log.cached), (2, 1));
    }
}
