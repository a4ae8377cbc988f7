//! Every simple command of a script, wherever it stands.

use super::{
    AndOr, Assignment, Command, CommandKind, LoopHead, Pipeline, Redirect, Script, SetCommand,
    Shellopts, Simple, Switch, Word,
};

/// What a command stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// A list tied by `&&` alone.
    AndList,
    /// A list with a `||` in it.
    OrList,
    /// A pipeline of several commands.
    Pipe,
    /// A pipeline with `!`.
    Negation,
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    /// The condition of `if` or `elif`.
    IfCondition,
    /// What `if`, `elif` or `else` runs.
    IfBranch,
    /// The condition of `while` or `until`.
    LoopCondition,
    /// Between `do` and `done`.
    LoopBody,
    /// An arm of `case`.
    CaseArm,
    /// A function's body: it runs when the function is called.
    Function,
    /// `$(…)`, backquotes, `<(…)`.
    Substitution,
    /// A list that ends in `&`.
    Background,
}

/// A simple command and where it stands.
#[derive(Clone, Debug)]
pub struct Call<'s> {
    /// The command.
    pub simple: &'s Simple,
    /// The first word's value, when it is fixed.
    pub name: Option<&'s str>,
    /// Whether the script's success proves that this command ran and succeeded. Never true for what follows a command that may end
    /// the script or hide what it does (`exit 0`, `exec`, `return`, `eval`, `.`, `trap`).
    pub always: bool,
    /// Whether it stands in no compound command, pipe or substitution: at most in an AND-OR list.
    pub top_level: bool,
    /// What it stands in, from the outermost to the innermost.
    pub contexts: Vec<Context>,
}

/// Programs that run the command in their arguments, and their options that take a value.
const WRAPPERS: [(&str, &[&str]); 9] = [
    ("command", &[]),
    ("env", &["-u", "--unset", "-C", "--chdir", "-S"]),
    ("exec", &["-a"]),
    ("ionice", &["-c", "-n"]),
    ("nice", &["-n", "--adjustment"]),
    ("nohup", &[]),
    ("stdbuf", &["-i", "-o", "-e"]),
    (
        "sudo",
        &["-u", "--user", "-g", "--group", "-C", "-h", "-p", "-D"],
    ),
    ("time", &["-f", "-o"]),
];

impl<'s> Call<'s> {
    /// The innermost thing that it stands in.
    pub fn context(&self) -> Option<Context> {
        self.contexts.last().copied()
    }

    /// Whether it stands in `context`, at any depth.
    pub fn is_in(&self, context: Context) -> bool {
        self.contexts.contains(&context)
    }

    /// The program's name without its path.
    pub fn program(&self) -> Option<&'s str> {
        self.name.map(base_name)
    }

    /// Argument `index`, the first is 0.
    pub fn arg(&self, index: usize) -> Option<&'s Word> {
        self.args().get(index)
    }

    /// All words but the first.
    pub fn args(&self) -> &'s [Word] {
        self.simple.words.get(1..).unwrap_or_default()
    }

    /// The arguments' values, in order; `None` when one of them is not fixed.
    pub fn literals(&self) -> Option<Vec<&'s str>> {
        self.args().iter().map(Word::fixed).collect()
    }

    /// Whether one of `flags` is an argument, as written there or among bundled letters (`-qy` has `-y`), before any `--`.
    pub fn has_flag(&self, flags: &[&str]) -> bool {
        has_flag(self.args(), flags)
    }

    /// The words of the command that runs in the end, past `sudo`, `env X=1`, `nice`, `time`, `command`, `exec` and the like, and the names
    /// of those. Where a wrapper's options are not understood, the words start with the wrapper.
    pub fn unwrapped(&self) -> (&'s [Word], Vec<&'s str>) {
        let mut words = self.simple.words.as_slice();
        let mut wrappers = Vec::new();
        while let Some(name) = words.first().and_then(Word::fixed).map(base_name)
            && let Some((_, valued)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name)
            && let Some(inner) = past_options(words.get(1..).unwrap_or_default(), name, valued)
        {
            wrappers.push(name);
            words = inner;
        }
        (words, wrappers)
    }

    /// The program that runs in the end, without its path: [`Call::unwrapped`]'s first word.
    pub fn effective_program(&self) -> Option<&'s str> {
        let (words, _) = self.unwrapped();
        words.first().and_then(Word::fixed).map(base_name)
    }

    /// The arguments of the program that runs in the end.
    pub fn effective_args(&self) -> &'s [Word] {
        let (words, _) = self.unwrapped();
        words.get(1..).unwrap_or_default()
    }
}

/// Whether one of `flags` stands among `words` before `--`.
pub(super) fn has_flag(words: &[Word], flags: &[&str]) -> bool {
    words
        .iter()
        .map(|word| word.literal.as_deref().unwrap_or_default())
        .take_while(|word| *word != "--")
        .any(|word| {
            flags.iter().any(|flag| {
                let letter = flag.strip_prefix('-').filter(|rest| rest.len() == 1);
                let bundle = word
                    .strip_prefix('-')
                    .filter(|rest| rest.bytes().all(|byte| byte.is_ascii_alphabetic()));
                word == *flag
                    || letter
                        .zip(bundle)
                        .is_some_and(|(letter, bundle)| bundle.contains(letter))
            })
        })
}

fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The command after a wrapper's options (and `env`'s and `sudo`'s assignments).
fn past_options<'s>(mut words: &'s [Word], wrapper: &str, valued: &[&str]) -> Option<&'s [Word]> {
    loop {
        let first = words.first()?;
        let Some(text) = first.literal.as_deref() else {
            // `env X=$Y cmd`: the name of what is set can't be seen in the value.
            return None;
        };
        let skip = if text == "--" {
            return words.get(1..).filter(|rest| !rest.is_empty());
        } else if valued.contains(&text) {
            2
        } else if text.starts_with('-') {
            // `command -v x` runs nothing.
            if wrapper == "command" && text != "-p" {
                return None;
            }
            1
        } else if matches!(wrapper, "env" | "sudo") && text.contains('=') {
            1
        } else {
            return Some(words);
        };
        words = words.get(skip..)?;
    }
}

impl Script {
    /// Every simple command, in the order of the text; those of substitutions right before the command that they are part of. The
    /// shell starts with no options.
    pub fn calls(&self) -> std::vec::IntoIter<Call<'_>> {
        self.calls_under(Shellopts::default())
    }

    /// As [`Script::calls`], in a shell that starts with `start`: [`Call::always`] depends on it.
    pub fn calls_under(&self, start: Shellopts) -> std::vec::IntoIter<Call<'_>> {
        let mut walk = Walk {
            script: self,
            calls: Vec::new(),
            contexts: Vec::new(),
            errexit: start.errexit.into(),
            pipefail: start.pipefail.into(),
            doubt: false,
        };
        walk.lists(&self.lists, true, true);
        walk.calls.into_iter()
    }

    /// Whether the script is one list, tied by `&&` alone and not in the background.
    pub fn is_and_list(&self) -> bool {
        matches!(self.lists.as_slice(), [list] if list.only_and() && !list.in_background())
    }

    /// Names of the parameters that the script itself expands, sorted, each once. What programs read is not in it.
    pub fn variables_read(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .words()
            .into_iter()
            .flat_map(|word| word.variables.iter().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every `NAME=value` before or without a command, wherever it stands.
    pub fn assignments(&self) -> Vec<&Assignment> {
        self.calls()
            .flat_map(|call| &call.simple.assignments)
            .collect()
    }

    /// Every word, wherever it stands, heredoc bodies included. Words inside of substitutions are listed too.
    pub fn words(&self) -> Vec<&Word> {
        let mut words = Vec::new();
        for list in &self.lists {
            words_of_list(list, &mut words);
        }
        for heredoc in &self.heredocs {
            words_of_word(&heredoc.body, &mut words);
        }
        words
    }

    /// Every redirection, wherever it stands.
    pub fn redirects(&self) -> Vec<&Redirect> {
        let mut redirects = Vec::new();
        self.visit_commands(&mut |command| {
            redirects.extend(&command.redirects);
            if let Some(simple) = command.simple() {
                redirects.extend(&simple.redirects);
            }
        });
        redirects
    }

    /// Every command, compound ones before what they hold.
    pub fn visit_commands<'s>(&'s self, visit: &mut dyn FnMut(&'s Command)) {
        for list in &self.lists {
            visit_list(list, visit);
        }
        for heredoc in &self.heredocs {
            for list in heredoc.body.substitutions.iter().flatten() {
                visit_list(list, visit);
            }
        }
    }
}

fn visit_list<'s>(list: &'s AndOr, visit: &mut dyn FnMut(&'s Command)) {
    for command in list.commands() {
        visit_command(command, visit);
    }
}

fn visit_command<'s>(command: &'s Command, visit: &mut dyn FnMut(&'s Command)) {
    visit(command);
    for word in own_words(command) {
        for list in word.substitutions.iter().flatten() {
            visit_list(list, visit);
        }
    }
    for list in held_lists(command).into_iter().flatten() {
        visit_list(list, visit);
    }
    if let CommandKind::Function { body, .. } = &command.kind {
        visit_command(body, visit);
    }
}

/// The words that a command itself expands, its redirections' targets included.
pub(super) fn own_words(command: &Command) -> Vec<&Word> {
    let mut words: Vec<&Word> = match &command.kind {
        CommandKind::Simple(simple) => simple.all_words().collect(),
        CommandKind::Other { words } => words.iter().collect(),
        CommandKind::Case { subject, arms } => std::iter::once(subject)
            .chain(arms.iter().flat_map(|arm| &arm.patterns))
            .collect(),
        CommandKind::Loop {
            head: LoopHead::For {
                words: Some(words), ..
            },
            ..
        } => words.iter().collect(),
        _ => Vec::new(),
    };
    let targets = command.redirects.iter();
    words.extend(targets.filter_map(|redirect| redirect.target.as_ref()));
    words
}

/// The lists that a compound command holds.
pub(super) fn held_lists(command: &Command) -> Vec<&[AndOr]> {
    match &command.kind {
        CommandKind::Simple(_) | CommandKind::Other { .. } | CommandKind::Function { .. } => {
            Vec::new()
        }
        CommandKind::Subshell(lists) | CommandKind::Group(lists) => vec![lists],
        CommandKind::If {
            branches,
            otherwise,
        } => branches
            .iter()
            .flat_map(|(condition, body)| [condition.as_slice(), body.as_slice()])
            .chain(otherwise.as_deref())
            .collect(),
        CommandKind::Loop { head, body } => match head {
            LoopHead::Condition(condition) => vec![condition, body],
            LoopHead::For { .. } => vec![body],
        },
        CommandKind::Case { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
    }
}

fn words_of_list<'s>(list: &'s AndOr, words: &mut Vec<&'s Word>) {
    visit_list(list, &mut |command| words.extend(own_words(command)));
}

fn words_of_word<'s>(word: &'s Word, words: &mut Vec<&'s Word>) {
    words.push(word);
    for list in word.substitutions.iter().flatten() {
        words_of_list(list, words);
    }
}

struct Walk<'s> {
    script: &'s Script,
    calls: Vec<Call<'s>>,
    contexts: Vec<Context>,
    errexit: Switch,
    pipefail: Switch,
    /// Whether something may have ended the script early with success, or hides what it does.
    doubt: bool,
}

impl<'s> Walk<'s> {
    /// `counts`: success of the script proves success of these lists. `tested`: errexit holds in them.
    fn lists(&mut self, lists: &'s [AndOr], counts: bool, errexit_holds: bool) {
        for (index, list) in lists.iter().enumerate() {
            let last = index + 1 == lists.len();
            let single = list.pipelines.len() == 1;
            let ends_script = self.errexit == Switch::On && errexit_holds && single;
            let counts =
                counts && (last || ends_script) && list.only_and() && !list.in_background();
            self.list(list, counts, errexit_holds);
        }
    }

    fn list(&mut self, list: &'s AndOr, counts: bool, errexit_holds: bool) {
        let depth = self.contexts.len();
        if list.in_background() {
            self.contexts.push(Context::Background);
        }
        if !list.operators.is_empty() {
            self.contexts.push(if list.only_and() {
                Context::AndList
            } else {
                Context::OrList
            });
        }
        for (index, pipeline) in list.pipelines.iter().enumerate() {
            let last = index + 1 == list.pipelines.len();
            self.pipeline(pipeline, counts, errexit_holds && last);
        }
        self.contexts.truncate(depth);
    }

    fn pipeline(&mut self, pipeline: &'s Pipeline, counts: bool, errexit_holds: bool) {
        let depth = self.contexts.len();
        if pipeline.negated {
            self.contexts.push(Context::Negation);
        }
        if pipeline.commands.len() > 1 {
            self.contexts.push(Context::Pipe);
        }
        let errexit_holds = errexit_holds && !pipeline.negated;
        for (index, command) in pipeline.commands.iter().enumerate() {
            let last = index + 1 == pipeline.commands.len();
            let counts = counts && !pipeline.negated && (last || self.pipefail == Switch::On);
            self.command(command, counts, errexit_holds);
        }
        self.contexts.truncate(depth);
    }

    fn within(&mut self, context: Context, lists: &'s [AndOr], counts: bool, errexit_holds: bool) {
        let options = (self.errexit, self.pipefail);
        self.contexts.push(context);
        self.lists(lists, counts, errexit_holds);
        self.contexts.pop();
        if matches!(context, Context::Subshell | Context::Substitution) {
            (self.errexit, self.pipefail) = options;
        }
    }

    fn command(&mut self, command: &'s Command, counts: bool, errexit_holds: bool) {
        let words = own_words(command);
        let redirects = match &command.kind {
            CommandKind::Simple(simple) => &simple.redirects,
            _ => &command.redirects,
        };
        let bodies = redirects
            .iter()
            .filter_map(|redirect| self.script.heredocs.get(redirect.heredoc?))
            .map(|heredoc| &heredoc.body);
        for word in words.into_iter().chain(bodies) {
            for lists in &word.substitutions {
                self.within(Context::Substitution, lists, false, false);
            }
        }
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple, counts),
            CommandKind::Subshell(lists) => {
                self.within(Context::Subshell, lists, counts, errexit_holds);
            }
            CommandKind::Group(lists) => {
                self.within(Context::Group, lists, counts, errexit_holds);
            }
            CommandKind::If {
                branches,
                otherwise,
            } => {
                for (condition, body) in branches {
                    self.within(Context::IfCondition, condition, false, false);
                    self.within(Context::IfBranch, body, false, false);
                }
                if let Some(body) = otherwise {
                    self.within(Context::IfBranch, body, false, false);
                }
            }
            CommandKind::Loop { head, body } => {
                if let LoopHead::Condition(condition) = head {
                    self.within(Context::LoopCondition, condition, false, false);
                }
                self.within(Context::LoopBody, body, false, false);
            }
            CommandKind::Case { arms, .. } => {
                for arm in arms {
                    self.within(Context::CaseArm, &arm.body, false, false);
                }
            }
            CommandKind::Function { body, .. } => {
                self.contexts.push(Context::Function);
                self.command(body, false, false);
                self.contexts.pop();
            }
            CommandKind::Other { .. } => {}
        }
    }

    fn simple(&mut self, simple: &'s Simple, counts: bool) {
        let call = Call {
            simple,
            name: simple.name(),
            always: counts && !self.doubt,
            top_level: self
                .contexts
                .iter()
                .all(|context| matches!(context, Context::AndList | Context::OrList)),
            contexts: self.contexts.clone(),
        };
        if call.in_main_shell() {
            self.notice(&call);
        }
        self.calls.push(call);
    }

    /// What a command in the main shell does to those after it.
    fn notice(&mut self, call: &Call<'s>) {
        let (words, wrappers) = call.unwrapped();
        self.doubt |= wrappers.contains(&"exec");
        let Some(name) = words.first().and_then(Word::fixed) else {
            return;
        };
        match name {
            "set" => {
                let sure = call.contexts.is_empty();
                let set = SetCommand::of(call.simple);
                for (state, option) in [
                    (&mut self.errexit, "errexit"),
                    (&mut self.pipefail, "pipefail"),
                ] {
                    match &set {
                        Some(set) => {
                            if let Some(on) = set.switches(option) {
                                *state = if sure { on.into() } else { Switch::Maybe };
                            }
                        }
                        None => *state = Switch::Maybe,
                    }
                }
            }
            "exit" | "return" => {
                let fails = |word: &Word| {
                    word.fixed()
                        .and_then(|text| text.parse::<u8>().ok())
                        .is_some_and(|status| status != 0)
                };
                self.doubt |= !call.arg(0).is_some_and(fails);
            }
            "exec" | "eval" | "." | "source" | "trap" | "shopt" => self.doubt = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Dialect;

    fn sh(text: &str) -> Script {
        Script::parse(text, Dialect::Sh).unwrap_or_else(|| panic!("opaque: {text:?}"))
    }

    fn always(text: &str, start: Shellopts) -> String {
        let script = sh(text);
        let names: Vec<&str> = script
            .calls_under(start)
            .filter(|call| call.always)
            .filter_map(|call| call.name)
            .collect();
        names.join(" ")
    }

    #[test]
    fn success_proves_some_calls() {
        let plain = Shellopts::default();
        for (text, names) in [
            ("a && b && c", "a b c"),
            ("a; b", "b"),
            ("a || b", ""),
            ("a && b || c", ""),
            ("a | b", "b"),
            ("! a", ""),
            ("a & b", "b"),
            ("(a && b); { c && d; }", "c d"),
            ("(a; b)", "b"),
            ("set -e; a; b", "a b"),
            ("set -e; a && b; c", "c"),
            ("set -e; set +e; a; b", "set b"),
            ("set -e; { a; b; } && c", "b c"),
            ("set -o pipefail; a | b", "a b"),
            ("if a; then b; fi", ""),
            ("a $(b)", "a"),
            ("f() { a; }; f", "f"),
            ("exit 0; a", ""),
            ("a || exit 1; b", "b"),
            ("a || exit; b", ""),
            ("a && trap x EXIT && b", "a trap"),
        ] {
            let found = always(text, plain);
            // `set +e` itself runs under errexit.
            assert_eq!(found, names, "{text:?}");
        }
        let errexit = Shellopts {
            errexit: true,
            ..plain
        };
        assert_eq!(always("a; b", errexit), "a b");
    }

    #[test]
    fn contexts_are_told() {
        let script = sh("a && (b | c) && if d; then e; fi && f $(g)");
        let calls: Vec<_> = script.calls().collect();
        let context = |name: &str| {
            let call = calls.iter().find(|call| call.name == Some(name));
            call.and_then(Call::context)
        };
        assert_eq!(context("a"), Some(Context::AndList));
        assert_eq!(context("b"), Some(Context::Pipe));
        assert_eq!(context("d"), Some(Context::IfCondition));
        assert_eq!(context("e"), Some(Context::IfBranch));
        assert_eq!(context("g"), Some(Context::Substitution));
        let top: Vec<_> = calls
            .iter()
            .filter(|call| call.top_level)
            .filter_map(|call| call.name)
            .collect();
        assert_eq!(top, ["a", "f"]);
        assert!(calls.iter().any(|call| call.is_in(Context::Subshell)));
    }

    #[test]
    fn wrappers_are_seen_through() {
        for (text, program, wrappers) in [
            (
                "sudo -u x env A=1 nice -n 5 apt-get install y",
                "apt-get",
                "sudo env nice",
            ),
            ("/usr/bin/env -i make", "make", "env"),
            ("time -p make", "make", "time"),
            ("command make", "make", "command"),
            ("command -v make", "command", ""),
            ("exec make", "make", "exec"),
            ("sudo", "sudo", ""),
            ("env A=$B make", "env", ""),
            ("/usr/bin/apt-get x", "apt-get", ""),
        ] {
            let script = sh(text);
            let call = script.calls().next().unwrap();
            assert_eq!(call.effective_program(), Some(program), "{text:?}");
            assert_eq!(call.unwrapped().1.join(" "), wrappers, "{text:?}");
        }
    }

    #[test]
    fn flags_and_literals() {
        let script = sh("apt-get install -qy --no-install-recommends 'a b' -- -x");
        let call = script.calls().next().unwrap();
        assert!(call.has_flag(&["-y", "--yes"]));
        assert!(call.has_flag(&["--no-install-recommends"]));
        assert!(!call.has_flag(&["-x"]));
        assert!(!call.has_flag(&["-n"]));
        assert_eq!(call.arg(3).and_then(Word::fixed), Some("a b"));
        assert_eq!(call.literals().map(|all| all.len()), Some(6));
        assert_eq!(sh("a $b").calls().next().unwrap().literals(), None);
        assert!(sh("a && b").is_and_list());
        assert!(!sh("a; b").is_and_list());
        assert!(!sh("a || b").is_and_list());
        assert!(!sh("a &").is_and_list());
    }
}
