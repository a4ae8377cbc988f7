//! How an author lays out a RUN over several lines, so that what careen writes looks like theirs.

use crate::shell::join::{Join, Operator};
use crate::syntax::{Comment, Dockerfile, Instruction, Keyword, Span};

/// A file's way of breaking lines inside a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// `\n` or `\r\n`.
    pub line_end: &'static str,
    /// The escape character before a line end.
    pub escape: char,
    /// White space before a continuation line that starts with an operator.
    pub operator_indent: String,
    /// White space before other continuation lines.
    pub indent: String,
    /// Whether `&&` starts a line rather than ending one.
    pub operator_first: bool,
}

impl Style {
    /// The style of `instructions`, the first that shows it counts; then that of the rest of the file; four spaces and
    /// operators at the line's start when nothing shows it.
    pub fn of(file: &Dockerfile, instructions: &[&Instruction]) -> Self {
        let mut style = Self {
            line_end: file.line_end(),
            escape: char::from(file.escape),
            operator_indent: "    ".to_owned(),
            indent: "    ".to_owned(),
            operator_first: true,
        };
        let rest = file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Run);
        if let Some(shown) = instructions
            .iter()
            .copied()
            .chain(rest.take(200))
            .find_map(Shown::of)
        {
            if let Some(indent) = shown.operator_indent {
                style.operator_indent = indent;
            } else if let Some(indent) = &shown.indent {
                style.operator_indent.clone_from(indent);
            }
            if let Some(indent) = shown.indent {
                style.indent = indent;
            } else {
                style.indent.clone_from(&style.operator_indent);
            }
            style.operator_first = shown.operator_first;
        }
        style
    }

    /// What stands between two commands that `operator` ties, when the second starts a new line: `lines` (whole lines,
    /// each with its line end) come in between.
    pub fn joint(&self, operator: Operator, lines: &str) -> String {
        let Self {
            line_end,
            escape,
            indent,
            operator_indent,
            ..
        } = self;
        match operator {
            Operator::And if self.operator_first => {
                format!(" {escape}{line_end}{lines}{operator_indent}&& ")
            }
            Operator::And => format!(" && {escape}{line_end}{lines}{indent}"),
            Operator::Semicolon => format!("; {escape}{line_end}{lines}{indent}"),
        }
    }
}

/// What one RUN shows of its author's style.
struct Shown {
    indent: Option<String>,
    operator_indent: Option<String>,
    operator_first: bool,
}

impl Shown {
    fn of(instruction: &Instruction) -> Option<Self> {
        if !instruction.logical.is_utf8() {
            return None;
        }
        let text = instruction.logical.text();
        let at = instruction.shell_at()?;
        let mut shown = Self {
            indent: None,
            operator_indent: None,
            operator_first: true,
        };
        let (mut first, mut last) = (0, 0);
        for start in instruction
            .logical
            .breaks()
            .filter(|start| at.contains(Span::at(*start)))
        {
            let line = &text[start..at.end.max(start)];
            let body = line.trim_start_matches([' ', '\t']);
            let indent = line[..line.len() - body.len()].to_owned();
            if body.starts_with("&&") {
                first += 1;
                shown.operator_indent.get_or_insert(indent);
                continue;
            }
            let before = text[at.start.min(start)..start].trim_end();
            if before.ends_with("&&") || before.ends_with(';') {
                last += usize::from(before.ends_with("&&"));
                shown.indent.get_or_insert(indent);
            }
        }
        shown.operator_first = first >= last;
        (shown.indent.is_some() || shown.operator_indent.is_some()).then_some(shown)
    }
}

/// The comment lines that stand in `span` of the file, whole lines with their line ends; `None` when one is no UTF-8.
pub fn comment_lines(file: &Dockerfile, span: Span, line_end: &str) -> Option<String> {
    let mut lines = String::new();
    for comment in comments_in(file, span) {
        let start = file
            .bytes(Span::new(0, comment.span.start))
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        lines.push_str(std::str::from_utf8(file.bytes(Span::new(start, comment.span.end))).ok()?);
        lines.push_str(line_end);
    }
    Some(lines)
}

/// Where the lines of an instruction start, those of the comments right above it included: a byte offset.
pub fn top(file: &Dockerfile, instruction: &Instruction) -> usize {
    let above = file.comments_above(instruction.index);
    let Some(first) = above.first() else {
        return instruction.whole.start;
    };
    let before = file.source().get(..first.span.start).unwrap_or_default();
    let line_end = before.iter().rposition(|byte| *byte == b'\n');
    line_end.map_or(0, |at| at + 1)
}

/// The length of the blank line that starts at `at`; 0 when there is none.
pub fn blank_line(file: &Dockerfile, at: usize) -> usize {
    let rest = file.source().get(at..).unwrap_or_default();
    let end = file.line_end();
    if rest.starts_with(end.as_bytes()) {
        end.len()
    } else {
        0
    }
}

/// The comments that stand in `span` of the file.
pub fn comments_in(file: &Dockerfile, span: Span) -> impl Iterator<Item = &Comment> {
    let first = file
        .comments
        .partition_point(|comment| comment.span.start < span.start);
    file.comments[first..]
        .iter()
        .take_while(move |comment| comment.span.end <= span.end)
}

/// The source range that makes way when a command is put behind the script of `instruction`: the tail that `join`
/// names, as bytes of the file. It ends where the script ends.
pub fn tail(instruction: &Instruction, script: Span, join: &Join) -> Span {
    let at = join.tail.shift(script.start);
    let start = instruction.source(Span::at(at.start)).start;
    let end = instruction.source(Span::at(at.end)).start;
    Span::new(start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(source: &str) -> Style {
        let file = Dockerfile::parse(source.as_bytes());
        Style::of(&file, &[&file.instructions[1]])
    }

    #[test]
    fn the_author_decides() {
        assert_eq!(
            style("FROM a\nRUN b\n").joint(Operator::And, ""),
            " \\\n    && "
        );
        assert_eq!(
            style("FROM a\nRUN b \\\n && c\n").joint(Operator::And, ""),
            " \\\n && "
        );
        assert_eq!(
            style("FROM a\nRUN b && \\\n  c\n").joint(Operator::And, "# x\n"),
            " && \\\n# x\n  "
        );
        assert_eq!(
            style("FROM a\nRUN b\nRUN c && \\\r\n\td\n").joint(Operator::And, ""),
            " && \\\n\t"
        );
        assert_eq!(
            style("FROM a\r\nRUN set -e; \\\r\n  b; \\\r\n  c\r\n").joint(Operator::Semicolon, ""),
            "; \\\r\n  "
        );
        assert_eq!(
            style("# escape=`\nFROM a\nRUN b\n").joint(Operator::And, ""),
            " `\n    && "
        );
    }
}
