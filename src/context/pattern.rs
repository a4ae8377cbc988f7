//! One pattern of a `.dockerignore`.
//!
//! `moby/patternmatcher` turns a pattern with wildcards into a regular expression of Go's dialect. It does so character by
//! character, so the odd cases (`[^a]` matches `/`, `\d` is a digit, `|` outside of a literal pattern is an alternation)
//! follow from that expression and from nothing else. This file builds the same expression and runs it.

use super::glob::Glob;

/// How a pattern is compared.
#[derive(Clone, Debug)]
enum Kind {
    /// The text itself.
    Exact,
    /// `dir/**`: whatever starts so.
    Prefix(String),
    /// `**/name` and `**name`: whatever ends so.
    Suffix(String),
    /// All others.
    Expression(Program),
}

/// A compiled pattern, without its `!`.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    kind: Kind,
}

/// Why a pattern can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The builder refuses it too.
    #[error("syntax error in pattern")]
    Syntax,
    /// Its meaning hangs on a corner of Go's regular expressions that is not modelled here.
    #[error("this pattern's meaning is not known")]
    Unclear,
}

impl Pattern {
    /// Compiles a cleaned pattern (see [`super::glob::clean`]).
    ///
    /// # Errors
    /// When the builder refuses it, or when it is one of the few that this file does not model.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Glob::new(text).map_err(|_| PatternError::Syntax)?;
        Ok(Self {
            kind: Kind::of(text)?,
            text: text.to_owned(),
        })
    }

    /// The pattern as it was cleaned.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `path` itself matches; its parents are the caller's matter.
    pub fn matches(&self, path: &str) -> bool {
        match &self.kind {
            Kind::Exact => path == self.text,
            Kind::Prefix(prefix) => path.starts_with(prefix),
            Kind::Suffix(suffix) => {
                path.ends_with(suffix) || suffix.strip_prefix('/').is_some_and(|rest| rest == path)
            }
            Kind::Expression(program) => program.matches(path),
        }
    }
}

#[derive(PartialEq)]
enum Shape {
    Exact,
    Prefix,
    Suffix,
    Expression,
}

impl Kind {
    fn of(text: &str) -> Result<Self, PatternError> {
        let mut shape = Shape::Exact;
        let mut expression = String::from("^");
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    if rest.peek().is_some() {
                        expression.push_str("(.*/)?");
                        shape = Shape::Expression;
                    } else if shape == Shape::Exact {
                        shape = Shape::Prefix;
                    } else {
                        expression.push_str(".*");
                        shape = Shape::Expression;
                    }
                    if first {
                        shape = Shape::Suffix;
                    }
                }
                '*' => {
                    expression.push_str("[^/]*");
                    shape = Shape::Expression;
                }
                '?' => {
                    expression.push_str("[^/]");
                    shape = Shape::Expression;
                }
                '\\' => {
                    expression.push('\\');
                    if let Some(escaped) = rest.next() {
                        expression.push(escaped);
                        shape = Shape::Expression;
                    }
                }
                '[' | ']' => {
                    expression.push(character);
                    shape = Shape::Expression;
                }
                '.' | '+' | '(' | ')' | '$' => {
                    expression.push('\\');
                    expression.push(character);
                }
                // `|`, `{` and `}` are meant to be escaped there, and are not: the table of bits is too narrow.
                other => expression.push(other),
            }
            first = false;
        }
        Ok(match shape {
            Shape::Exact => Self::Exact,
            Shape::Prefix => Self::Prefix(text.strip_suffix("**").unwrap_or(text).to_owned()),
            Shape::Suffix => Self::Suffix(text.strip_prefix("**").unwrap_or(text).to_owned()),
            Shape::Expression => {
                expression.push('$');
                Self::Expression(Program::new(&expression)?)
            }
        })
    }
}

/// What one character must be.
#[derive(Clone, Debug)]
struct Set {
    negated: bool,
    items: Vec<Item>,
}

#[derive(Clone, Copy, Debug)]
enum Item {
    Range(char, char),
    Digit(bool),
    Space(bool),
    Word(bool),
}

impl Item {
    fn holds(self, character: char) -> bool {
        match self {
            Self::Range(low, high) => low <= character && character <= high,
            Self::Digit(yes) => character.is_ascii_digit() == yes,
            Self::Space(yes) => matches!(character, '\t' | '\n' | '\x0c' | '\r' | ' ') == yes,
            Self::Word(yes) => (character.is_ascii_alphanumeric() || character == '_') == yes,
        }
    }
}

impl Set {
    fn of(item: Item) -> Self {
        Self {
            negated: false,
            items: vec![item],
        }
    }

    fn holds(&self, character: char) -> bool {
        self.items.iter().any(|item| item.holds(character)) != self.negated
    }
}

#[derive(Clone, Debug)]
enum Step {
    Take(Set),
    Both(usize, usize),
    Go(usize),
    AtStart,
    AtEnd,
    Done,
}

/// A regular expression as steps that run side by side: cost is text times pattern, whatever the pattern.
#[derive(Clone, Debug)]
struct Program {
    steps: Vec<Step>,
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

impl Program {
    fn new(expression: &str) -> Result<Self, PatternError> {
        let mut program = Self { steps: Vec::new() };
        let mut rest = expression.chars().peekable();
        program.alternatives(&mut rest, 0)?;
        if rest.next().is_some() {
            return Err(PatternError::Syntax);
        }
        program.steps.push(Step::Done);
        Ok(program)
    }

    fn alternatives(&mut self, rest: &mut Rest<'_>, depth: usize) -> Result<(), PatternError> {
        let mut exits = Vec::new();
        loop {
            let fork = self.steps.len();
            self.steps.push(Step::Go(fork + 1));
            self.sequence(rest, depth)?;
            if rest.next_if_eq(&'|').is_none() {
                break;
            }
            exits.push(self.steps.len());
            self.steps.push(Step::Done);
            let other = self.steps.len();
            self.set(fork, Step::Both(fork + 1, other));
        }
        let end = self.steps.len();
        for exit in exits {
            self.set(exit, Step::Go(end));
        }
        Ok(())
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn sequence(&mut self, rest: &mut Rest<'_>, depth: usize) -> Result<(), PatternError> {
        while let Some(&next) = rest.peek() {
            if next == '|' || (next == ')' && depth > 0) {
                break;
            }
            let start = self.steps.len();
            // Room for the step that a quantifier needs.
            self.steps.push(Step::Go(start + 1));
            self.atom(rest, depth)?;
            match rest.peek() {
                Some('*') => {
                    rest.next();
                    self.steps.push(Step::Go(start));
                    let after = self.steps.len();
                    self.set(start, Step::Both(start + 1, after));
                }
                Some('?') => {
                    rest.next();
                    let after = self.steps.len();
                    self.set(start, Step::Both(start + 1, after));
                }
                _ => continue,
            }
            if matches!(rest.peek(), Some('*' | '?' | '{')) {
                return Err(PatternError::Unclear);
            }
        }
        Ok(())
    }

    fn atom(&mut self, rest: &mut Rest<'_>, depth: usize) -> Result<(), PatternError> {
        let step = match rest.next().ok_or(PatternError::Syntax)? {
            '^' => Step::AtStart,
            '$' => Step::AtEnd,
            '.' => Step::Take(Set {
                negated: true,
                items: vec![Item::Range('\n', '\n')],
            }),
            '(' if depth == 0 => {
                self.alternatives(rest, depth + 1)?;
                return rest
                    .next_if_eq(&')')
                    .map(|_| ())
                    .ok_or(PatternError::Syntax);
            }
            '[' => Step::Take(class(rest)?),
            '\\' => Step::Take(Set::of(escape(rest)?)),
            '*' | '?' | '+' | '(' | ')' => return Err(PatternError::Syntax),
            // `{2}` repeats, `{js,ts}` does not.
            '{' if rest.peek().is_some_and(char::is_ascii_digit) => {
                return Err(PatternError::Unclear);
            }
            literal => Step::Take(Set::of(Item::Range(literal, literal))),
        };
        self.steps.push(step);
        Ok(())
    }

    fn matches(&self, text: &str) -> bool {
        let mut here = Threads::new(self.steps.len());
        let mut next = Threads::new(self.steps.len());
        let mut characters = text.chars();
        let mut start = true;
        loop {
            let character = characters.next();
            // Go looks for a match anywhere; the anchors are steps.
            if self.follow(0, start, character.is_none(), &mut here) {
                return true;
            }
            let Some(character) = character else {
                return false;
            };
            let last = characters.as_str().is_empty();
            next.clear();
            let mut done = false;
            for &at in &here.waiting {
                if let Some(Step::Take(set)) = self.steps.get(at)
                    && set.holds(character)
                {
                    done |= self.follow(at + 1, false, last, &mut next);
                }
            }
            if done {
                return true;
            }
            std::mem::swap(&mut here, &mut next);
            start = false;
        }
    }

    /// Adds all steps that wait for a character and can be reached from `from`; `true` when the end can.
    fn follow(&self, from: usize, start: bool, end: bool, threads: &mut Threads) -> bool {
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            match threads.seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.steps.get(at) {
                Some(Step::Take(_)) => threads.waiting.push(at),
                Some(&Step::Both(one, other)) => open.extend([one, other]),
                Some(&Step::Go(to)) => open.push(to),
                Some(Step::AtStart) if start => open.push(at + 1),
                Some(Step::AtEnd) if end => open.push(at + 1),
                Some(Step::AtStart | Step::AtEnd) | None => {}
                Some(Step::Done) => return true,
            }
        }
        false
    }
}

struct Threads {
    waiting: Vec<usize>,
    seen: Vec<bool>,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Self {
            waiting: Vec::new(),
            seen: vec![false; steps],
        }
    }

    fn clear(&mut self) {
        self.waiting.clear();
        self.seen.fill(false);
    }
}

/// What follows `[`, up to and with `]`.
fn class(rest: &mut Rest<'_>) -> Result<Set, PatternError> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut items = Vec::new();
    loop {
        if !items.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Set { negated, items });
        }
        let low = class_item(rest)?;
        let Item::Range(from, _) = low else {
            items.push(low);
            continue;
        };
        let mut ahead = rest.clone();
        if ahead.next() == Some('-') && ahead.peek().is_some_and(|&c| c != ']') {
            rest.next();
            match class_item(rest)? {
                Item::Range(to, _) if from <= to => items.push(Item::Range(from, to)),
                _ => return Err(PatternError::Syntax),
            }
        } else {
            items.push(low);
        }
    }
}

fn class_item(rest: &mut Rest<'_>) -> Result<Item, PatternError> {
    match rest.next().ok_or(PatternError::Syntax)? {
        '\\' => escape(rest),
        // `[:alpha:]`
        '[' if rest.peek() == Some(&':') => Err(PatternError::Unclear),
        other => Ok(Item::Range(other, other)),
    }
}

/// What follows `\`.
fn escape(rest: &mut Rest<'_>) -> Result<Item, PatternError> {
    let exactly = |character| Item::Range(character, character);
    Ok(match rest.next().ok_or(PatternError::Syntax)? {
        'd' => Item::Digit(true),
        'D' => Item::Digit(false),
        's' => Item::Space(true),
        'S' => Item::Space(false),
        'w' => Item::Word(true),
        'W' => Item::Word(false),
        'a' => exactly('\x07'),
        'f' => exactly('\x0c'),
        'n' => exactly('\n'),
        'r' => exactly('\r'),
        't' => exactly('\t'),
        'v' => exactly('\x0b'),
        other if other.is_ascii_alphanumeric() => return Err(PatternError::Unclear),
        other if other.is_ascii() => exactly(other),
        _ => return Err(PatternError::Syntax),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of the public test table of `moby/patternmatcher`, and the odd ones that its expression brings about.
    #[test]
    fn matches_as_patternmatcher_does() {
        for (pattern, path, expected) in [
            ("**", "file", true),
            ("**", "dir/file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("dir/**", "dir", false),
            ("**/dir", "dir", true),
            ("**/dir", "dir/file", false),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir3/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**file", "dir/afile", true),
            ("**/file", "dir/dir/file", true),
            ("**/file", "dir/afile", false),
            ("**/file*", "dir/dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/file*.txt*", "dir/dir/file.txt", true),
            ("**file*", "dir/afile", false),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/dir/file.txt", true),
            ("a/*.txt", "a/dir/file.txt", false),
            ("a/*.txt", "a/file.txt", true),
            ("a/*.txt**", "a/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("a[^b-d]e", "aze", true),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("abc.def", "abcZdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abcdef", false),
            ("**/foo/bar", "dir/dir2/foo/bar", true),
            ("**/foo/bar", "foo/bar", true),
            ("**/.foo", "bar.foo", false),
            ("a(b)c/def", "a(b)c/def", true),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            ("dist/*.whl", "dist/p-2.4.0rc3.dev36+g08acad9.whl", true),
            ("a\\\\", "a\\", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a?b", "a/b", false),
            ("a[^b]c", "a/c", true),
            ("file\\d", "file1", true),
            ("*.{js,ts}", "a.{js,ts}", true),
            ("*.{js,ts}", "a.js", false),
            ("*.js|b", "a.js", true),
            ("*.js|b", "a.jsx/and/more", true),
            ("*.js|b", "a.ts", false),
            ("a*|b", "ax/anything", true),
            ("a*|b", "x/b", true),
            ("a^b*", "a^bc", false),
            ("[*]", "*", false),
            ("[*]", "*]", false),
            ("[*]", "/]", true),
            ("[!a]b", "!b", true),
            ("[!a]b", "cb", false),
        ] {
            let compiled = Pattern::new(pattern);
            assert!(compiled.is_ok(), "{pattern:?}: {compiled:?}");
            assert_eq!(
                compiled.map(|p| p.matches(path)),
                Ok(expected),
                "{pattern:?} on {path:?}"
            );
        }
    }

    #[test]
    fn what_is_refused_and_what_is_unclear() {
        for (pattern, error) in [
            ("[", PatternError::Syntax),
            ("a\\", PatternError::Syntax),
            ("[]a]", PatternError::Syntax),
            ("[z-a]", PatternError::Syntax),
            ("[[:alpha:]]", PatternError::Unclear),
            ("a{2}*", PatternError::Unclear),
            ("\\pL", PatternError::Unclear),
        ] {
            assert_eq!(Pattern::new(pattern).err(), Some(error), "{pattern:?}");
        }
    }

    impl PartialEq for Pattern {
        fn eq(&self, other: &Self) -> bool {
            self.text == other.text
        }
    }

    #[test]
    fn no_pattern_explodes() {
        let pattern = "*a".repeat(60);
        let path = "a".repeat(3_000) + "b";
        assert_eq!(Pattern::new(&pattern).map(|p| p.matches(&path)), Ok(false));
    }
}
