//! Collecting findings, as far as `# check=` lets them speak (BuildKit's `linter/linter.go`).
use super::{Finding, Rejection, Rule};
use crate::syntax::{Directive, Dockerfile, Instruction, Span};

/// Which of the rules are named.
#[derive(Default)]
struct Choice {
    all: bool,
    names: Vec<String>,
}

impl Choice {
    /// A later list takes the place of an earlier one; `all` stays.
    fn read(&mut self, value: &str) {
        let value = value.trim();
        if value == "all" {
            self.all = true;
        } else {
            self.names = value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect();
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
        let Some(directive) = directive(file, "check") else {
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
                "skip" => lint.skip.read(value),
                "experimental" => lint.experimental.read(value),
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

/// A directive, found also below a `#!` line: there BuildKit still reads `syntax` and `check`.
pub(super) fn directive(file: &Dockerfile, name: &str) -> Option<Directive> {
    if let Some(found) = file.directive(name) {
        return Some(found.clone());
    }
    let source = file.source();
    let bom = match source.starts_with(b"\xEF\xBB\xBF") {
        true => 3,
        false => 0,
    };
    let text = source.get(bom..)?;
    if !text.starts_with(b"#!") {
        return None;
    }
    let first = text.iter().position(|byte| *byte == b'\n')? + 1;
    let comments: usize = text
        .get(first..)?
        .split_inclusive(|byte| *byte == b'\n')
        .take_while(|line| line.starts_with(b"#"))
        .map(<[u8]>::len)
        .sum();
    let head = Dockerfile::parse(text.get(first..first + comments)?.to_vec());
    let mut found = head.directive(name)?.clone();
    found.span = found.span.shift(bom + first);
    found.line += 1;
    Some(found)
}

/// Go's `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
