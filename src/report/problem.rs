//! Errors with the source line under them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Paint, one_line};
use crate::syntax::Span;

/// Lines shown above and below the place.
const AROUND: usize = 2;
/// A longer line is not shown: it tells nothing.
const LONGEST: usize = 2_000;

/// Why a file was not worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where, when that is known.
    pub place: Option<Box<Place>>,
    /// The way out.
    pub help: Option<String>,
}

/// A place in a text, with the lines around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// The place in the text, in bytes.
    pub span: Span,
    /// The lines around it, as text.
    excerpt: String,
    /// The line that the excerpt starts with, 1-based.
    first_line: usize,
    /// The place in the excerpt, in bytes.
    marked: Range<usize>,
}

impl Place {
    /// The place `span` (cut to the text) of `source`. What is not UTF-8 is replaced.
    pub fn new(source: &[u8], span: Span) -> Self {
        let start = span.start.min(source.len());
        let before = source.get(..start).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        // Only the first line is marked: an instruction may go on for a page.
        let line_end = end_of_line(source, start);
        let end = span.end.clamp(start, line_end.max(start));

        let mut from = line_start;
        let mut first_line = line;
        for _ in 0..AROUND {
            let Some(above) = from.checked_sub(1) else {
                break;
            };
            let top = source
                .get(..above)
                .unwrap_or_default()
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            if above - top > LONGEST {
                break;
            }
            from = top;
            first_line -= 1;
        }
        let mut to = line_end;
        for _ in 0..AROUND {
            let next = end_of_line(source, (to + 1).min(source.len()));
            if next - to > LONGEST {
                break;
            }
            to = next;
        }
        let lossy = |range: Range<usize>| {
            String::from_utf8_lossy(source.get(range).unwrap_or_default()).into_owned()
        };
        let column = lossy(line_start..start).chars().count() + 1;
        if line_end - line_start > LONGEST {
            return Self {
                line,
                column,
                span,
                excerpt: String::new(),
                first_line: line,
                marked: 0..0,
            };
        }
        let head = lossy(from..start);
        let middle = lossy(start..end);
        let tail = lossy(end..to);
        let marked = head.len()..head.len() + middle.len();
        Self {
            line,
            column,
            span,
            excerpt: head + &middle + &tail,
            first_line,
            marked,
        }
    }
}

fn end_of_line(source: &[u8], from: usize) -> usize {
    source
        .get(from..)
        .unwrap_or_default()
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(source.len(), |at| from + at)
}

impl Problem {
    /// A problem without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            help: None,
        }
    }

    /// Says where it is.
    pub fn at(mut self, source: &[u8], span: Span) -> Self {
        self.place = Some(Box::new(Place::new(source, span)));
        self
    }

    /// Says the way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error of file `path` as rustc would print it, with a line end.
    pub fn render(&self, path: &str, paint: Paint) -> String {
        let message = one_line(&self.message);
        let Some(place) = &self.place else {
            let help = self
                .help
                .as_ref()
                .map(|help| format!("\n  = help: {help}"))
                .unwrap_or_default();
            return format!(
                "{}: {}: {message}{help}\n",
                paint.red("error"),
                paint.bold(path)
            );
        };
        if place.excerpt.is_empty() {
            let at = format!("{path}:{}:{}", place.line, place.column);
            let bare = Self {
                place: None,
                ..self.clone()
            };
            return bare.render(&at, paint);
        }
        // A CR before each line end would be shown as a picture; it says nothing about the error.
        let (excerpt, marked) = without_returns(&place.excerpt, place.marked.clone());
        let mut group = Level::ERROR.primary_title(message).element(
            Snippet::source(excerpt)
                .line_start(place.first_line)
                .path(path)
                .annotation(AnnotationKind::Primary.span(marked)),
        );
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.clone()));
        }
        let renderer = if paint.0 {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        format!("{}\n", renderer.render(&[group]))
    }
}

/// The text with `\n` for `\r\n`, and where `marked` is then.
fn without_returns(text: &str, marked: Range<usize>) -> (String, Range<usize>) {
    let gone_before = |at: usize| {
        text.as_bytes()
            .windows(2)
            .take(at)
            .filter(|pair| pair == b"\r\n")
            .count()
    };
    let start = marked.start - gone_before(marked.start);
    let end = marked.end - gone_before(marked.end);
    (text.replace("\r\n", "\n"), start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters() {
        let source = "FROM a\r\nRUN \u{e9} x\r\nUSER y\n".as_bytes();
        let at = source.windows(1).position(|byte| byte == b"x").unwrap();
        let problem = Problem::new("no")
            .at(source, Span::new(at, at + 1))
            .help("do");
        let place = problem.place.as_ref().unwrap();
        assert_eq!((place.line, place.column), (2, 7));
        let text = problem.render("Dockerfile", Paint(false));
        assert!(text.contains("Dockerfile:2:7"), "{text}");
        assert!(text.contains("2 | RUN \u{e9} x\n"), "{text}");
        assert!(text.contains("help: do"), "{text}");
    }

    #[test]
    fn any_place_in_any_bytes_can_be_shown() {
        for source in [
            &b""[..],
            b"\xff\xfe\n\r\n\xc3",
            b"\n\n\n",
            b"a\r",
            b"\x1b[31m\x00",
        ] {
            for start in 0..source.len() + 2 {
                for end in start..source.len() + 3 {
                    let problem = Problem::new("no").at(source, Span::new(start, end));
                    let text = problem.render("D", Paint(false));
                    assert!(text.contains("D:"), "{text}");
                    assert!(!text.contains('\x1b'), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_very_long_line_is_named_and_not_shown() {
        let source = vec![b'x'; LONGEST * 2];
        let text = Problem::new("no")
            .at(&source, Span::new(5, 9))
            .render("D", Paint(false));
        assert_eq!(text, "error: D:1:6: no\n");
    }
}
