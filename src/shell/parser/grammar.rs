//! Lists, pipelines and commands: the grammar of POSIX's chapter 2.10, and what bash adds to it.

use crate::shell::{
    AndOr, AndOrOp, Arm, Assignment, Command, CommandKind, Heredoc, LoopHead, Pipeline, Redirect,
    RedirectOp, Script, Simple, Terminator, Word,
};
use crate::syntax::Span;

use super::reader::{Pending, Reader};

/// Words that end a list where a command may start.
const CLOSERS: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];
/// Words that start a compound command.
const OPENERS: [&str; 9] = [
    "!", "{", "[[", "case", "for", "function", "if", "until", "while",
];
/// Words that mean something else in one shell or another where a command may start.
const UNSURE: [&str; 5] = ["!", "in", "select", "coproc", "repeat"];
/// Commands after which the text that follows may be read by other rules.
const CHANGES_READING: [&str; 1] = ["alias"];

pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

impl Reader<'_> {
    pub fn script(mut self) -> Option<Script> {
        let lists = self.lists()?;
        if !self.at_end() || !self.pending.is_empty() {
            return None;
        }
        self.comments.sort();
        Some(Script {
            text: self.text.to_owned(),
            dialect: self.dialect,
            lists,
            comments: self.comments,
            heredocs: self.heredocs,
        })
    }

    /// AND-OR lists up to the end, a `)`, a `;;` or a closing word.
    pub fn lists(&mut self) -> Option<Vec<AndOr>> {
        self.deeper(|reader| {
            let mut lists = Vec::new();
            loop {
                reader.skip_lines()?;
                if reader.at_closer() {
                    return Some(lists);
                }
                let mut list = reader.and_or()?;
                reader.skip_blanks();
                let at = reader.pos;
                let terminator = match (reader.here(), reader.next()) {
                    (b';', b';') => None,
                    (b';', b'&') => return None,
                    (b';', _) => Some((Terminator::Semicolon, 1)),
                    (b'&', b'>') => return None,
                    (b'&', _) => Some((Terminator::Background, 1)),
                    (b'\n', _) => Some((Terminator::Newline, 0)),
                    (b'#', _) => {
                        reader.comment();
                        (reader.here() == b'\n').then_some((Terminator::Newline, 0))
                    }
                    _ => None,
                };
                match terminator {
                    Some((Terminator::Newline, _)) => {
                        let at = reader.pos;
                        reader.line_end()?;
                        list.terminator = Some((Terminator::Newline, Span::new(at, at + 1)));
                    }
                    Some((kind, length)) => {
                        reader.pos = at + length;
                        list.terminator = Some((kind, Span::new(at, at + length)));
                    }
                    None => {
                        lists.push(list);
                        // A closing word needs a separator before it: `{ a }` passes `}` to `a`.
                        return (reader.at_end()
                            || reader.here() == b')'
                            || reader.sees(";;")
                            || reader.at_closer() && lists.last().is_some_and(ends_compound))
                        .then_some(lists);
                    }
                }
                lists.push(list);
            }
        })
    }

    /// A list that must not be empty.
    fn some_lists(&mut self) -> Option<Vec<AndOr>> {
        self.lists().filter(|lists| !lists.is_empty())
    }

    fn at_closer(&self) -> bool {
        self.at_end() || self.here() == b')' || self.sees(";;") || CLOSERS.contains(&self.keyword())
    }

    /// What stands up to the next blank or operator, as written.
    fn keyword(&self) -> &str {
        let mut end = self.pos;
        while !is_word_end(self.byte(end)) {
            end += 1;
        }
        let word = self.slice(self.pos, end);
        if self.byte(end) == b'\n' {
            word.strip_suffix('\\').unwrap_or(word)
        } else {
            word
        }
    }

    fn eat_keyword(&mut self, keyword: &str) -> Option<()> {
        self.skip_lines()?;
        (self.keyword() == keyword).then(|| self.pos += keyword.len())
    }

    fn and_or(&mut self) -> Option<AndOr> {
        let first = self.pipeline()?;
        let mut span = first.span;
        let mut pipelines = vec![first];
        let mut operators = Vec::new();
        loop {
            self.skip_blanks();
            let op = match (self.here(), self.next()) {
                (b'&', b'&') => AndOrOp::And,
                (b'|', b'|') => AndOrOp::Or,
                _ => break,
            };
            operators.push((op, Span::new(self.pos, self.pos + 2)));
            self.pos += 2;
            self.skip_lines()?;
            let pipeline = self.pipeline()?;
            span.end = pipeline.span.end;
            pipelines.push(pipeline);
        }
        Some(AndOr {
            span,
            pipelines,
            operators,
            terminator: None,
        })
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let start = self.pos;
        let negated = self.keyword() == "!";
        if negated {
            self.pos += 1;
            self.skip_blanks();
            if self.pos == start + 1 || self.keyword() == "!" {
                return None;
            }
        }
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            match (self.here(), self.next()) {
                (b'|', b'|') => break,
                (b'|', b'&') if !self.bash() => return None,
                (b'|', b'&') => self.pos += 2,
                (b'|', _) => self.pos += 1,
                _ => break,
            }
            self.skip_lines()?;
            commands.push(self.command()?);
        }
        let end = commands.last()?.span.end;
        Some(Pipeline {
            span: Span::new(start, end),
            negated,
            commands,
        })
    }

    fn command(&mut self) -> Option<Command> {
        let start = self.pos;
        if let Some(kind) = self.compound()? {
            let mut redirects = Vec::new();
            let mut end = self.pos;
            loop {
                self.skip_blanks();
                match self.redirect()? {
                    Some(redirect) => {
                        end = self.pos;
                        redirects.push(redirect);
                    }
                    None => break,
                }
            }
            return Some(Command {
                span: Span::new(start, end),
                kind,
                redirects,
            });
        }
        let kind = self.simple()?;
        let end = match &kind {
            CommandKind::Simple(simple) => simple.span.end,
            CommandKind::Function { body, .. } => body.span.end,
            _ => self.pos,
        };
        Some(Command {
            span: Span::new(start, end),
            kind,
            redirects: Vec::new(),
        })
    }

    /// A compound command without its redirections; `Some(None)` when none starts here.
    fn compound(&mut self) -> Option<Option<CommandKind>> {
        if self.here() == b'(' {
            if self.next() == b'(' {
                if !self.bash() {
                    return None;
                }
                self.pos += 2;
                let word = self.arithmetic_word()?;
                return Some(Some(CommandKind::Other { words: vec![word] }));
            }
            self.pos += 1;
            let lists = self.some_lists()?;
            self.eat(b')')?;
            return Some(Some(CommandKind::Subshell(lists)));
        }
        let keyword = self.keyword();
        let length = keyword.len();
        let kind = match keyword {
            "{" => {
                self.pos += length;
                let lists = self.some_lists()?;
                self.eat_keyword("}")?;
                CommandKind::Group(lists)
            }
            "if" => {
                self.pos += length;
                self.conditional()?
            }
            "while" | "until" => {
                self.pos += length;
                let condition = self.some_lists()?;
                let body = self.loop_body()?;
                CommandKind::Loop {
                    head: LoopHead::Condition(condition),
                    body,
                }
            }
            "for" => {
                self.pos += length;
                self.for_loop()?
            }
            "case" => {
                self.pos += length;
                self.case()?
            }
            "function" if self.bash() => {
                self.pos += length;
                self.skip_blanks();
                let name = self.keyword().to_owned();
                self.pos += name.len();
                self.skip_blanks();
                if self.here() == b'(' {
                    self.empty_parens()?;
                }
                self.function(name)?
            }
            "[[" if self.bash() => {
                self.pos += length;
                self.test()?
            }
            "function" | "[[" => return None,
            word if CLOSERS.contains(&word) || UNSURE.contains(&word) => return None,
            word if self.cut_in_two(word) => return None,
            _ => return Some(None),
        };
        Some(Some(kind))
    }

    /// Whether a line continuation stands right after `word` and more of the same word after that.
    fn cut_in_two(&self, word: &str) -> bool {
        let end = self.pos + word.len();
        let may_be_reserved = OPENERS
            .iter()
            .chain(&CLOSERS)
            .chain(&UNSURE)
            .any(|reserved| reserved.starts_with(word));
        may_be_reserved
            && self.byte(end) == b'\\'
            && self.byte(end + 1) == b'\n'
            && !is_word_end(self.byte(end + 2))
    }

    fn conditional(&mut self) -> Option<CommandKind> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.some_lists()?;
            self.eat_keyword("then")?;
            let body = self.some_lists()?;
            branches.push((condition, body));
            match self.keyword() {
                "elif" => self.pos += 4,
                "else" => {
                    self.pos += 4;
                    otherwise = Some(self.some_lists()?);
                    break;
                }
                _ => break,
            }
        }
        self.eat_keyword("fi")?;
        Some(CommandKind::If {
            branches,
            otherwise,
        })
    }

    fn loop_body(&mut self) -> Option<Vec<AndOr>> {
        self.eat_keyword("do")?;
        let body = self.some_lists()?;
        self.eat_keyword("done")?;
        Some(body)
    }

    fn for_loop(&mut self) -> Option<CommandKind> {
        self.skip_blanks();
        let name = self.keyword().to_owned();
        if !is_name(&name) {
            return None;
        }
        self.pos += name.len();
        self.skip_blanks();
        let before = self.pos;
        self.skip_lines()?;
        let mut words = None;
        if self.keyword() == "in" {
            self.pos += 2;
            let mut values = Vec::new();
            loop {
                self.skip_blanks();
                if self.here() == b'#' {
                    break;
                }
                match self.word()? {
                    Some(word) => values.push(word),
                    None => break,
                }
            }
            match self.here() {
                b';' => self.pos += 1,
                b'\n' | b'#' => {}
                _ => return None,
            }
            words = Some(values);
        } else {
            self.pos = before;
            if self.here() == b';' {
                self.pos += 1;
            }
        }
        let body = self.loop_body()?;
        Some(CommandKind::Loop {
            head: LoopHead::For { name, words },
            body,
        })
    }

    fn case(&mut self) -> Option<CommandKind> {
        self.skip_blanks();
        let subject = self.word()??;
        self.eat_keyword("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.keyword() == "esac" {
                self.pos += 4;
                return Some(CommandKind::Case { subject, arms });
            }
            if self.here() == b'(' {
                self.pos += 1;
                self.skip_blanks();
            }
            let mut patterns = Vec::new();
            loop {
                patterns.push(self.word()??);
                self.skip_blanks();
                match self.here() {
                    b'|' => self.pos += 1,
                    b')' => break,
                    _ => return None,
                }
                self.skip_blanks();
            }
            self.pos += 1;
            let body = self.lists()?;
            arms.push(Arm { patterns, body });
            self.skip_lines()?;
            if self.sees(";;&") {
                return None;
            }
            if self.sees(";;") {
                self.pos += 2;
            } else if self.keyword() != "esac" {
                return None;
            }
        }
    }

    /// bash's `[[ … ]]`, after its opening word.
    fn test(&mut self) -> Option<CommandKind> {
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            if self.keyword() == "]]" {
                self.pos += 2;
                return Some(CommandKind::Other { words });
            }
            match self.here() {
                0 | b';' => return None,
                b'&' | b'|' | b'(' | b')' | b'<' | b'>' => self.pos += 1,
                _ => words.push(self.word()??),
            }
        }
    }

    fn empty_parens(&mut self) -> Option<()> {
        self.eat(b'(')?;
        self.skip_blanks();
        self.eat(b')')
    }

    /// A function's body, after its name and parentheses.
    fn function(&mut self, name: String) -> Option<CommandKind> {
        if !is_name(&name) {
            return None;
        }
        self.skip_lines()?;
        let body = self.deeper(Self::command)?;
        if matches!(
            body.kind,
            CommandKind::Simple(_) | CommandKind::Function { .. }
        ) {
            return None;
        }
        Some(CommandKind::Function {
            name,
            body: Box::new(body),
        })
    }

    /// A simple command, or a function definition that starts like one.
    fn simple(&mut self) -> Option<CommandKind> {
        let start = self.pos;
        let mut end = start;
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        loop {
            self.skip_blanks();
            if self.here() == b'#' {
                break;
            }
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                end = self.pos;
                continue;
            }
            if words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                assignments.push(assignment);
                end = self.pos;
                continue;
            }
            let Some(word) = self.word()? else {
                break;
            };
            end = self.pos;
            words.push(word);
            if self.here() == b'(' || words.len() == 1 && self.opens_parens() {
                // `name ( )`: a function, if anything.
                let [only] = words.as_slice() else {
                    return None;
                };
                let name = only.fixed()?.to_owned();
                if only.quoted || !assignments.is_empty() || !redirects.is_empty() {
                    return None;
                }
                self.skip_blanks();
                self.empty_parens()?;
                return self.function(name);
            }
        }
        if end == start {
            return None;
        }
        if let Some(name) = words.first().and_then(Word::fixed)
            && (CHANGES_READING.contains(&name)
                || name == "time" && words.get(1).is_none_or(|word| word.fixed() == Some("!")))
        {
            return None;
        }
        if self.here() == b'(' {
            return None;
        }
        Some(CommandKind::Simple(Simple {
            span: Span::new(start, end),
            assignments,
            words,
            redirects,
        }))
    }

    fn opens_parens(&self) -> bool {
        let rest = self.slice(self.pos, self.end);
        rest.trim_start_matches([' ', '\t']).starts_with('(')
    }

    /// `NAME=value`; `Some(None)` when none starts here.
    fn assignment(&mut self) -> Option<Option<Assignment>> {
        let start = self.pos;
        let mut at = start;
        while self.byte(at) == b'_' || self.byte(at).is_ascii_alphanumeric() {
            at += 1;
        }
        let name = self.slice(start, at);
        if !is_name(name) {
            return Some(None);
        }
        match (self.byte(at), self.byte(at + 1)) {
            (b'=', _) => at += 1,
            (b'+', b'=') if self.bash() => at += 2,
            (b'[', _) => return None,
            (b'+', b'=') => return None,
            (b'\\', b'\n') if !is_word_end(self.byte(at + 2)) => return None,
            _ => return Some(None),
        }
        self.pos = at;
        let value = if self.here() == b'(' {
            if !self.bash() {
                return None;
            }
            self.array()?
        } else {
            self.value_word()?
        };
        Some(Some(Assignment {
            span: Span::new(start, self.pos),
            name: name.to_owned(),
            value,
        }))
    }

    /// bash's `(a b c)` as one word without a literal.
    fn array(&mut self) -> Option<Word> {
        let start = self.pos;
        let mut whole = Word::default();
        self.eat(b'(')?;
        loop {
            self.skip_lines()?;
            if self.here() == b')' {
                self.pos += 1;
                whole.span = Span::new(start, self.pos);
                return Some(whole);
            }
            let word = self.word()??;
            whole.substitutions.extend(word.substitutions);
            whole.variables.extend(word.variables);
            whole.assigns |= word.assigns;
        }
    }

    /// A redirection; `Some(None)` when none starts here.
    fn redirect(&mut self) -> Option<Option<Redirect>> {
        let start = self.pos;
        let mut at = start;
        while self.byte(at).is_ascii_digit() {
            at += 1;
        }
        let digits = self.slice(start, at);
        let rest = self.slice(at, self.end);
        let both = rest.starts_with("&>");
        if both && (!self.bash() || !digits.is_empty()) {
            return None;
        }
        if !both && !rest.starts_with(['<', '>']) {
            return Some(None);
        }
        let process = rest.starts_with("<(") || rest.starts_with(">(");
        if process && digits.is_empty() {
            return if self.bash() { Some(None) } else { None };
        }
        let bash_only = rest.starts_with("<<<");
        if bash_only && !self.bash() {
            return None;
        }
        let (sign, op) = [
            ("&>>", RedirectOp::AppendBoth),
            ("&>", RedirectOp::WriteBoth),
            ("<<<", RedirectOp::HereString),
            ("<<-", RedirectOp::Heredoc),
            ("<<", RedirectOp::Heredoc),
            ("<&", RedirectOp::Duplicate),
            (">&", RedirectOp::Duplicate),
            ("<>", RedirectOp::ReadWrite),
            (">>", RedirectOp::Append),
            (">|", RedirectOp::Write),
            ("<", RedirectOp::Read),
            (">", RedirectOp::Write),
        ]
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))?;
        let fd = if digits.is_empty() {
            None
        } else {
            Some(digits.parse().ok()?)
        };
        self.pos = at + sign.len();
        self.skip_blanks();
        let target = self.word()??;
        if op == RedirectOp::Duplicate && matches!(self.here(), b'<' | b'>') {
            return None;
        }
        let heredoc = if op == RedirectOp::Heredoc {
            Some(self.announce_heredoc(&target, sign == "<<-")?)
        } else {
            None
        };
        Some(Some(Redirect {
            span: Span::new(start, self.pos),
            fd,
            op,
            target: Some(target),
            heredoc,
        }))
    }

    fn announce_heredoc(&mut self, target: &Word, tabs: bool) -> Option<usize> {
        let plain = target.substitutions.is_empty() && target.variables.is_empty();
        let delimiter = target.literal.clone().filter(|_| plain)?;
        if delimiter.contains('\n') {
            return None;
        }
        let index = self.heredocs.len();
        self.heredocs.push(Heredoc {
            body: Word::default(),
        });
        self.pending.push(Pending {
            index,
            delimiter,
            quoted: target.quoted,
            tabs,
        });
        Some(index)
    }
}

pub(super) fn is_word_end(byte: u8) -> bool {
    matches!(
        byte,
        0 | b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

/// Whether a list's last command ends in a word or sign that a closing word may follow at once: `(a) }` and `fi }`.
fn ends_compound(list: &AndOr) -> bool {
    list.commands().next_back().is_some_and(|command| {
        command.redirects.is_empty()
            && !matches!(
                command.kind,
                CommandKind::Simple(_) | CommandKind::Function { .. }
            )
    })
}
