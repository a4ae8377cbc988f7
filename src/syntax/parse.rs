//! The parser: physical lines -> pieces and instructions, as BuildKit's `parser.Parse` goes over them.

use std::sync::Arc;

use super::heredoc::{Heredoc, openings};
use super::words::{flags, is_separator, trim, trim_start};
use super::{
    Args, Comment, Directive, Dockerfile, Instruction, Keyword, Logical, Piece, PieceKind, Span,
    SyntaxError,
};

/// The longest line that BuildKit reads, in bytes without its line end (Go's `bufio.MaxScanTokenSize` less one).
pub const MAX_LINE: usize = 65_535;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// ONBUILD inside ONBUILD is refused later; this only bounds the recursion.
const MAX_ONBUILD: usize = 16;

pub(super) fn parse(source: Arc<[u8]>) -> Dockerfile {
    let mut parser = Parser::new(&source);
    parser.run();
    let Parser {
        escape,
        directives,
        pieces,
        instructions,
        comments,
        errors,
        starts,
        ..
    } = parser;
    Dockerfile {
        escape,
        directives,
        pieces,
        instructions,
        comments,
        errors,
        line_starts: starts,
        source,
    }
}

struct Parser<'a> {
    source: &'a [u8],
    /// Where each line starts.
    starts: Vec<usize>,
    /// The next line, as an index into `starts`.
    line: usize,
    escape: u8,
    directives: Vec<Directive>,
    directives_done: bool,
    pieces: Vec<Piece>,
    instructions: Vec<Instruction>,
    comments: Vec<Comment>,
    errors: Vec<SyntaxError>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8]) -> Self {
        let mut starts = Vec::with_capacity(source.len() / 32 + 1);
        starts.push(0);
        starts.extend(
            source
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at + 1),
        );
        if starts.len() > 1 && starts.last() == Some(&source.len()) {
            starts.pop();
        }
        Self {
            source,
            starts,
            line: 0,
            escape: b'\\',
            directives: Vec::new(),
            directives_done: false,
            pieces: Vec::new(),
            instructions: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn run(&mut self) {
        while let Some(span) = self.next_line() {
            self.start(span);
        }
        if self.instructions.is_empty() {
            let line = self.starts.len();
            self.error(
                "file with no instructions",
                Span::new(0, self.source.len()),
                line,
            );
        }
    }

    /// The next line with its line end.
    fn next_line(&mut self) -> Option<Span> {
        let start = *self.starts.get(self.line)?;
        if start >= self.source.len() {
            return None;
        }
        let end = self
            .starts
            .get(self.line + 1)
            .copied()
            .unwrap_or(self.source.len());
        self.line += 1;
        let length = end - start - usize::from(self.source[end - 1] == b'\n');
        if length > MAX_LINE {
            let message =
                format!("dockerfile line greater than maximum allowed size of {MAX_LINE}");
            self.error(message, Span::new(start, end), self.line);
        }
        Some(Span::new(start, end))
    }

    /// A line without its line end: all carriage returns before it go too.
    fn content(&self, line: Span) -> Span {
        let mut end = line.end;
        while end > line.start && matches!(self.source[end - 1], b'\r' | b'\n') {
            end -= 1;
        }
        Span::new(line.start, end)
    }

    fn error(&mut self, message: impl Into<String>, span: Span, line: usize) {
        self.errors.push(SyntaxError {
            message: message.into(),
            span,
            line,
        });
    }

    fn piece(&mut self, kind: PieceKind, span: Span) {
        match self.pieces.last_mut() {
            Some(last) if last.kind == kind => last.span.end = span.end,
            _ if span.is_empty() => {}
            _ => self.pieces.push(Piece { kind, span }),
        }
    }

    /// A line that starts something: directive, comment, blank, or an instruction.
    fn start(&mut self, mut line: Span) {
        if line.start == 0 && self.source.starts_with(BOM) {
            self.piece(PieceKind::Bom, Span::new(0, BOM.len()));
            line.start = BOM.len();
        }
        let content = self.content(line);
        let content = Span::new(trim_start(self.source, content), content.end);
        let directive = self.directive(content, line);
        match self.source[content.range()].first() {
            None => self.piece(PieceKind::Blank, line),
            Some(b'#') if directive => self.piece(PieceKind::Directive, line),
            Some(b'#') => {
                self.comments.push(Comment {
                    span: content,
                    line: self.line,
                    inside: None,
                });
                self.piece(PieceKind::Comment, line);
            }
            Some(_) => self.instruction(line, content),
        }
    }

    /// `# name = value` at the very top. Anything else ends the directives.
    fn directive(&mut self, content: Span, line: Span) -> bool {
        if self.directives_done {
            return false;
        }
        let Some((name, value)) = directive(&self.source[content.range()]) else {
            self.directives_done = true;
            return false;
        };
        if self.directives.iter().any(|known| known.name == name) {
            self.error(
                format!("only one {name} parser directive can be used"),
                content,
                self.line,
            );
        } else if name == "escape" {
            match value.as_str() {
                "\\" => self.escape = b'\\',
                "`" => self.escape = b'`',
                other => {
                    self.error(
                        format!("invalid escape token '{other}' does not match ` or \\"),
                        content,
                        self.line,
                    );
                }
            }
        }
        self.directives.push(Directive {
            name,
            value,
            span: line,
            line: self.line,
        });
        true
    }

    /// The line without its continuation character; whether it had one.
    fn continued(&self, content: Span) -> (Span, bool) {
        let bytes = &self.source[content.range()];
        let end = bytes
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t'))
            .map_or(0, |at| at + 1);
        let escape = |at: usize| bytes[at] == self.escape;
        if end > 0 && escape(end - 1) && !(end > 1 && escape(end - 2)) {
            (Span::new(content.start, content.start + end - 1), true)
        } else {
            (content, false)
        }
    }

    fn instruction(&mut self, line: Span, content: Span) {
        let index = self.instructions.len();
        let first = self.line;
        let (part, mut more) = self.continued(content);
        let mut parts = vec![part];
        let mut end = content.end;
        let mut whole = line.end;
        self.piece(PieceKind::Instruction(index), line);
        while more && let Some(line) = self.next_line() {
            let content = self.content(line);
            whole = line.end;
            let text = trim_start(self.source, content);
            if text == content.end {
                self.piece(PieceKind::Blank, line);
            } else if self.source[text] == b'#' {
                let span = Span::new(text, content.end);
                self.comments.push(Comment {
                    span,
                    line: self.line,
                    inside: Some(index),
                });
                self.piece(PieceKind::Comment, line);
            } else {
                let (part, continues) = self.continued(content);
                parts.push(part);
                more = continues;
                end = content.end;
                self.piece(PieceKind::Instruction(index), line);
            }
        }
        let logical = Logical::of(self.source, &parts);
        let all = Span::new(0, logical.len());
        let mut instruction = split(&logical, all, self.escape, 0);
        instruction.index = index;
        instruction.span = Span::new(logical.offset(instruction.keyword_at.start), end);
        if let Some(message) = invalid(&instruction) {
            self.error(message, instruction.span, first);
        }
        if takes_heredocs(&instruction) {
            self.heredocs(&mut instruction, first, &mut whole);
        }
        instruction.whole = Span::new(line.start, whole);
        instruction.lines = (first, self.line);
        if let Some(child) = &mut instruction.onbuild {
            child.index = index;
            child.span = Span::new(logical.offset(child.keyword_at.start), end);
            child.whole = instruction.whole;
            child.lines = instruction.lines;
            child.heredocs.clone_from(&instruction.heredocs);
        }
        self.instructions.push(instruction);
    }

    fn heredocs(&mut self, instruction: &mut Instruction, first: usize, whole: &mut usize) {
        let bytes = instruction.logical.bytes();
        if !bytes.windows(2).any(|pair| pair == b"<<") {
            return;
        }
        for opening in openings(bytes) {
            let start = *whole;
            let mut body = Span::at(start);
            let mut terminator = None;
            while let Some(line) = self.next_line() {
                *whole = line.end;
                self.piece(PieceKind::Heredoc(instruction.index), line);
                let content = self.content(line);
                let tabs = if opening.chomp {
                    self.source[content.range()]
                        .iter()
                        .take_while(|byte| **byte == b'\t')
                        .count()
                } else {
                    0
                };
                if &self.source[content.start + tabs..content.end] == opening.name.as_bytes() {
                    terminator = Some(line);
                    break;
                }
                body.end = line.end;
            }
            if terminator.is_none() {
                self.error("unterminated heredoc", instruction.span, first);
            }
            instruction.heredocs.push(Heredoc {
                name: opening.name,
                fd: opening.fd,
                expand: opening.expand,
                chomp: opening.chomp,
                at: opening.at,
                body,
                terminator: terminator.unwrap_or(Span::at(body.end)),
            });
        }
    }
}

/// Name and value of a directive line that starts with `#`.
fn directive(line: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(line)
        .ok()?
        .strip_prefix('#')?
        .trim_start();
    let length = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = text.split_at(length);
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let blank = [' ', '\t', '\n', '\r', '\x0c'];
    let value = rest
        .trim_start_matches(blank)
        .strip_prefix('=')?
        .trim_start_matches(blank)
        .trim_end_matches(blank);
    let name = name.to_ascii_lowercase();
    (!value.is_empty() && matches!(name.as_str(), "syntax" | "escape" | "check"))
        .then(|| (name, value.to_owned()))
}

fn takes_heredocs(instruction: &Instruction) -> bool {
    let instruction = instruction.onbuild.as_deref().unwrap_or(instruction);
    matches!(
        instruction.keyword,
        Keyword::Add | Keyword::Copy | Keyword::Run
    ) && !instruction.is_json()
}

fn invalid(instruction: &Instruction) -> Option<String> {
    match (&instruction.args, &instruction.onbuild) {
        (Args::Invalid(message), _) => Some(message.clone()),
        (_, Some(child)) => invalid(child),
        _ => None,
    }
}

/// Keyword, flags and arguments of `span` in a logical line (`splitCommand`).
fn split(logical: &Logical, span: Span, escape: u8, depth: usize) -> Instruction {
    let bytes = logical.bytes();
    let span = trim(bytes, span);
    let keyword_end = span
        .range()
        .find(|at| is_separator(bytes[*at]))
        .unwrap_or(span.end);
    let keyword_at = Span::new(span.start, keyword_end);
    let after = (keyword_end..span.end)
        .find(|at| !is_separator(bytes[*at]))
        .unwrap_or(span.end);
    let keyword = Keyword::of(&bytes[keyword_at.range()]);
    let (flags, rest) = flags(bytes, Span::new(after, span.end));
    let rest_at = trim(bytes, Span::new(rest, span.end));
    let onbuild = (keyword == Keyword::Onbuild && !rest_at.is_empty() && depth < MAX_ONBUILD)
        .then(|| Box::new(split(logical, rest_at, escape, depth + 1)));
    Instruction {
        index: 0,
        keyword,
        keyword_at,
        span: Span::default(),
        whole: Span::default(),
        lines: (0, 0),
        logical: logical.clone(),
        flags,
        rest_at,
        args: Args::read(keyword, logical, rest_at, escape),
        heredocs: Vec::new(),
        onbuild,
    }
}
