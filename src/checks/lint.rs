//! Collecting findings, as far as `# check=` lets them speak (BuildKit's `linter/linter.go`).
use super::{Finding, Rejection, Rule};
use crate::syntax::{Dockerfile, Instruction, Span};

/// Which of the rules are named.
#[derive(Default)]
struct Choice {
    all: bool,
    names: Vec<String>,
}

impl Choice {
    fn read(value: &str) -> Self {
        let value = value.trim();
        Self {
            all: value == "all",
            names: value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
        }
    }

    fn has(&self, rule: &str) -> bool {
        self.all || self.names.iter().any(|name| name == rule)
    }
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Lint {
    speaks: bool,
    skip: Choice,
    experimental: Choice,
    is_error: bool,
    findings: Vec<Finding>,
}

impl Lint {
    /// Collects nothing.
    pub(super) fn silent() -> Self {
        Self::default()
    }

    /// As the file's `# check=` asks, or why that can't be read.
    pub(super) fn of(file: &Dockerfile) -> Result<Self, Rejection> {
        let mut lint = Self {
            speaks: true,
            ..Self::default()
        };
        let Some(directive) = file.directive("check") else {
            return Ok(lint);
        };
        // BuildKit looks no further than the first space.
        let options = directive.value.split(' ').next().unwrap_or("");
        for option in options.splitn(3, ';').filter(|_| !options.is_empty()) {
            let reject = || Rejection {
                message: format!("`# check=` has no option {option:?}"),
                span: directive.span,
                line: directive.line,
            };
            let (name, value) = option.split_once('=').ok_or_else(reject)?;
            match name.trim() {
                "skip" => lint.skip = Choice::read(value),
                "experimental" => lint.experimental = Choice::read(value),
                "error" => lint.is_error = boolean(value.trim()).ok_or_else(reject)?,
                _ => return Err(reject()),
            }
        }
        Ok(lint)
    }

    /// Whether an experimental rule was asked for.
    pub(super) fn experiments(&self, rule: &str) -> bool {
        self.speaks && self.experimental.has(rule)
    }

    /// A finding on the first line of `instruction`.
    pub(super) fn report(&mut self, rule: &str, instruction: &Instruction) {
        self.add(rule, instruction.lines.0, instruction.span, true);
    }

    /// A finding that a base image may make go away.
    pub(super) fn suspect(&mut self, rule: &str, instruction: &Instruction) {
        self.add(rule, instruction.lines.0, instruction.span, false);
    }

    /// A finding on another line.
    pub(super) fn report_on(&mut self, rule: &str, line: usize, span: Span) {
        self.add(rule, line, span, true);
    }

    fn add(&mut self, name: &str, line: usize, span: Span, certain: bool) {
        let Some(rule) = Rule::of(name).filter(|_| self.speaks) else {
            return;
        };
        let heard = if rule.experimental {
            self.experimental.has(name)
        } else {
            !self.skip.has(name)
        };
        if heard {
            self.findings.push(Finding {
                rule: rule.name,
                line,
                span,
                certain,
            });
        }
    }

    /// `# check=error=true` makes a finding an error, once all else is well.
    pub(super) fn verdict(&self) -> Result<(), Rejection> {
        match self.findings.iter().find(|finding| finding.certain) {
            Some(finding) if self.is_error => Err(Rejection {
                message: format!("`# check=error=true` forbids {}", finding.rule),
                span: finding.span,
                line: finding.line,
            }),
            _ => Ok(()),
        }
    }

    /// In order of lines.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings
            .sort_by(|a, b| (a.line, a.rule).cmp(&(b.line, b.rule)));
        self.findings
    }
}

/// Go's `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
