//! `.dockerignore`: what of the context the builder does not see.
//!
//! The lines are read as `moby/patternmatcher`'s `ignorefile` reads them, a path is judged as its
//! `MatchesUsingParentResults` does, and a folder is skipped where BuildKit's `fsutil` skips it.

use super::glob::clean;
use super::pattern::{Pattern, PatternError};

/// The longest line that Go's scanner takes, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// One line that counts.
#[derive(Clone, Debug)]
pub struct Rule {
    /// 1-based line of the ignore file.
    pub line: usize,
    /// The line, without space around it.
    pub text: String,
    /// Whether it begins with `!`: what matches is in the context after all.
    pub negated: bool,
    pattern: Pattern,
}

impl Rule {
    /// The cleaned pattern, without `!`.
    pub fn pattern(&self) -> &str {
        self.pattern.text()
    }

    /// The pattern without a last `/**` or `/*`, as `fsutil` compares it with folders.
    fn stem(&self) -> &str {
        let text = self.pattern.text();
        let text = text.strip_suffix("/**").unwrap_or(text);
        text.strip_suffix("/*").unwrap_or(text)
    }
}

/// A line that can't be used. The builder stops at all of these but [`PatternError::Unclear`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}: {problem}")]
pub struct BadRule {
    /// 1-based line.
    pub line: usize,
    /// The line; its beginning, when it is long.
    pub text: String,
    /// What is wrong with it.
    pub problem: PatternError,
}

/// What was found for one path, and what its children need to know.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Whether the path is left out of the context.
    pub ignored: bool,
    /// Index of the rule that decided, if any matched.
    pub by: Option<usize>,
    /// Whether it lies in a folder that the builder does not look into, whatever the rules say of the path itself.
    pub skipped: bool,
    /// For each rule, whether it matched the path or a parent.
    hits: Vec<bool>,
}

/// A parsed ignore file.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
    /// Whether any rule begins with `!`.
    negations: bool,
    /// Whether no `!` rule has a wildcard but at its end, so that its folder can be told.
    plain_negations: bool,
}

impl Ignore {
    /// Reads an ignore file.
    ///
    /// # Errors
    /// The first line that the builder refuses or whose meaning is not known.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRule> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut ignore = Self {
            plain_negations: true,
            ..Self::default()
        };
        for (index, raw) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let line = index + 1;
            let text = String::from_utf8_lossy(raw);
            let bad = |problem| BadRule {
                line,
                text: text.trim().chars().take(80).collect(),
                problem,
            };
            if raw.len() >= LONGEST_LINE {
                return Err(bad(PatternError::Syntax));
            }
            let Some(cleaned) = cleaned(&text) else {
                continue;
            };
            let (negated, pattern) = match cleaned.strip_prefix('!') {
                Some("") => return Err(bad(PatternError::Syntax)),
                Some(rest) => (true, rest),
                None => (false, cleaned.as_str()),
            };
            let rule = Rule {
                line,
                text: text.trim().to_owned(),
                negated,
                pattern: Pattern::new(pattern).map_err(bad)?,
            };
            if negated {
                ignore.negations = true;
                ignore.plain_negations &= !rule.stem().contains(['*', '[', ']', '?', '^', '\\']);
            }
            ignore.rules.push(rule);
        }
        Ok(ignore)
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Judges `path`, whose parent was judged as `parent` (`Verdict::default()` at the top).
    pub fn judge(&self, path: &str, parent: &Verdict) -> Verdict {
        let mut verdict = Verdict {
            hits: vec![false; self.rules.len()],
            ..Verdict::default()
        };
        for (index, rule) in self.rules.iter().enumerate() {
            let inherited = parent.hits.get(index).copied().unwrap_or(false);
            // A rule that could change nothing is not asked, and what was not asked is no hit for the children.
            if !inherited && (rule.negated != verdict.ignored || !rule.pattern.matches(path)) {
                continue;
            }
            if let Some(hit) = verdict.hits.get_mut(index) {
                *hit = true;
            }
            if verdict.ignored == rule.negated {
                verdict.by = Some(index);
            }
            verdict.ignored = !rule.negated;
        }
        verdict
    }

    /// Judges `path` as the builder meets it: from the top down, and no further than a folder that it skips.
    pub fn judge_on_the_way(&self, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if self.rules.is_empty() || path.is_empty() {
            return verdict;
        }
        for (end, _) in path.match_indices('/') {
            let parent = path.get(..end).unwrap_or(path);
            verdict = self.judge(parent, &verdict);
            if verdict.ignored && !self.may_hold_more(parent) {
                verdict.skipped = true;
                return verdict;
            }
        }
        self.judge(path, &verdict)
    }

    /// Judges `path` by the rules alone, from the top down.
    pub fn judge_from_top(&self, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if self.rules.is_empty() || path.is_empty() {
            return verdict;
        }
        for (end, _) in path.match_indices('/') {
            verdict = self.judge(path.get(..end).unwrap_or(path), &verdict);
        }
        self.judge(path, &verdict)
    }

    /// Whether something below the ignored folder `path` may still be in the context, so that it has to be looked into.
    pub fn may_hold_more(&self, path: &str) -> bool {
        if !self.negations {
            return false;
        }
        if !self.plain_negations {
            return true;
        }
        self.rules.iter().filter(|rule| rule.negated).any(|rule| {
            rule.stem()
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// What both readers of the builder make of a line: `ignorefile.ReadAll`, then `patternmatcher.New`.
fn cleaned(line: &str) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let line = line.trim();
    let (mark, pattern) = match line.strip_prefix('!') {
        Some(rest) => ("!", rest.trim()),
        None => ("", line),
    };
    let mut pattern = match pattern {
        "" => String::new(),
        some => clean(some),
    };
    if pattern.len() > 1 && pattern.starts_with('/') {
        pattern.remove(0);
    }
    let pattern = format!("{mark}{pattern}");
    let pattern = pattern.trim();
    (!pattern.is_empty()).then(|| clean(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(file: &str, path: &str) -> Option<bool> {
        let ignore = Ignore::parse(file.as_bytes()).ok()?;
        Some(ignore.judge_from_top(path).ignored)
    }

    #[test]
    fn paths_are_judged_as_the_builder_does() {
        for (file, path, expected) in [
            ("", "a", false),
            ("*", "a/b", true),
            ("*.go", "f.go", true),
            ("!f.go\n*.go", "f.go", true),
            ("*.go\n!f.go", "f.go", false),
            ("docs\n!docs/README.md", "docs/README.md", false),
            ("docs\n!docs/README.md", "docs/other", true),
            ("docs/\n!docs/README.md", "docs/README.md", false),
            ("docs/*\n!docs/README.md", "docs/README.md", false),
            ("docs/*", "docs", false),
            ("**\n!util/docker/web", "util/docker/web/foo", false),
            (
                "**\n!util/docker/web\nutil/docker/web/foo",
                "util/docker/web/foo",
                true,
            ),
            ("/abs", "abs/x", true),
            ("!/abs\nabs", "abs", true),
            ("abs\n! /abs", "abs", false),
            ("./a/../b/", "b/c", true),
            ("  spaced  ", "spaced", true),
            ("# comment", "# comment", false),
            (" # no comment", "# no comment", true),
            ("\u{feff}a", "a", true),
            ("x\n\u{feff}a", "a", false),
            ("a\r\nb\r\n", "b", true),
            (".", "a", false),
            ("/", "a", false),
            ("..", "a", false),
            ("../a", "a", false),
            ("node_modules", "node_modules/a/b", true),
            ("node_modules", "pkg/node_modules/a", false),
            ("**/node_modules", "pkg/node_modules/a", true),
            ("\\#a", "#a", true),
            ("a\\ b", "a b", true),
            ("*\n!*/\n!*.md", "x/y", false),
            ("*\n!src", "src/a/b", false),
            ("*\n!src\nsrc/a", "src/a/b", true),
            ("*\n!src/a", "src/b", true),
            ("*\n!src/a", "src", true),
        ] {
            assert_eq!(ignored(file, path), Some(expected), "{file:?} on {path:?}");
        }
    }

    #[test]
    fn the_builder_stops_at_these() {
        for file in ["!", "a\n! ", "a\n[", "!/", "a\\"] {
            let line = file.split('\n').count();
            let error = Ignore::parse(file.as_bytes()).err();
            assert_eq!(error.map(|e| e.line), Some(line), "{file:?}");
        }
        assert!(Ignore::parse(&[b'a'; 70_000]).is_err());
    }

    #[test]
    fn invalid_utf8_is_no_reason_to_stop() {
        assert!(Ignore::parse(b"a\xff\nb").is_ok());
    }

    #[test]
    fn a_folder_is_looked_into_only_where_a_negation_may_reach() {
        for (file, folder, expected) in [
            ("a", "a", false),
            ("a\n!b", "a", false),
            ("a\n!a/x", "a", true),
            ("a\n!a/x/**", "a", true),
            ("a\n!a/*", "a", true),
            ("a\n!ab/x", "a", false),
            ("a\n!**/*.md", "a", true),
            ("*\n!a/b/c", "a/b", true),
            ("*\n!a/b/c", "a/d", false),
        ] {
            let ignore = Ignore::parse(file.as_bytes());
            assert_eq!(
                ignore.map(|i| i.may_hold_more(folder)),
                Ok(expected),
                "{file:?}"
            );
        }
    }

    #[test]
    fn a_skipped_folder_gives_nothing_back() {
        // The rule would match `a/x/y`, but `fsutil` takes it for one about `a` and never enters `a/x`.
        let ignore = Ignore::parse(b"a/x\n!a/*/**").unwrap_or_default();
        assert!(!ignore.judge_from_top("a/x/y").ignored);
        let verdict = ignore.judge_on_the_way("a/x/y");
        assert!(verdict.ignored && verdict.skipped);
        assert_eq!(verdict.by, Some(0));
        assert!(!ignore.judge_on_the_way("a/z/y").ignored);
    }

    #[test]
    fn the_rule_that_decided_is_named() {
        let ignore = Ignore::parse(b"# c\n*\n!src\nsrc/*.log\n").unwrap_or_default();
        let line = |path| {
            let by = ignore.judge_from_top(path).by?;
            ignore.rules().get(by).map(|rule| rule.line)
        };
        assert_eq!(line("src/a.log"), Some(4));
        assert_eq!(line("src/a"), Some(3));
        assert_eq!(line("b"), Some(2));
    }
}
