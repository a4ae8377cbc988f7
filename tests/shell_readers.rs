//! Other readers of shell scripts judge ours: what we read, dash and bash read too, and `rable` finds the same commands in it.

use std::process::{Command, Stdio};

use careen::shell::{Dialect, Script};

/// Whole scripts that mutations start from.
const SEEDS: [&str; 20] = [
    "if a; then b; elif c; then d; else e; fi",
    "while a; do b; done",
    "until a; do b; done >f",
    "for i in a b; do c; done",
    "case x in a|b) c;; (*) d;; esac",
    "{ a; }",
    "(a)",
    "f() { a; }",
    "a && b || c",
    "a | b",
    "! a",
    "a \"b c\" 'd' \\e",
    "a ~/b *.c [d]",
    "A=1 b",
    "a >f 2>&1 <g",
    "a; b",
    "a &",
    "a # c\n",
    "cat <<E\nx\nE\n",
    "cat <<-'E' | a\n\tx\n\tE\n",
];

/// What mutations put in.
const PIECES: [&str; 40] = [
    "a",
    "x=1",
    "'q r'",
    "\"d\"",
    ")",
    "(",
    "{",
    "}",
    "if",
    "then",
    "fi",
    "while",
    "do",
    "done",
    "for",
    "in",
    "case",
    "esac",
    ";;",
    ";",
    "&",
    "&&",
    "||",
    "|",
    "!",
    "\n",
    " # c\n",
    "<f",
    ">>g",
    "2>&1",
    "<<E\nh\nE\n",
    "f()",
    "[",
    "]",
    "\\\n",
    "'",
    "\"",
    "#",
    "=",
    "{a}",
];

/// A small generator of numbers: the same ones in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn script(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(3) {
            if !text.is_empty() {
                text += self.pick(&[" ", "; ", " && ", "\n", " | "]);
            }
            text += self.pick(&SEEDS);
        }
        for _ in 0..self.below(4) {
            let at = self.below(text.len() + 1);
            if self.below(2) == 0 {
                text.insert_str(at, self.pick(&PIECES));
            } else {
                let end = (at + self.below(4)).min(text.len());
                text.replace_range(at..end, "");
            }
        }
        text
    }
}

fn scripts(count: usize) -> Vec<(String, Script)> {
    let mut numbers = Numbers(7);
    (0..count)
        .map(|_| numbers.script())
        .filter_map(|text| {
            let script = Script::parse(&text, Dialect::Sh)?;
            Some((text, script))
        })
        .collect()
}

#[test]
fn rable_finds_the_same_commands() {
    let scripts = scripts(3_000);
    assert!(scripts.len() > 1_000, "only {} are read", scripts.len());
    for (text, script) in &scripts {
        let nodes = rable::parse(text, false);
        let nodes = nodes.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let tree: Vec<String> = nodes.iter().map(ToString::to_string).collect();
        let tree = tree.join(" ");
        let commands = tree.matches("(command").count();
        assert_eq!(script.calls().count(), commands, "{text:?}: {tree}");
    }
}

#[test]
fn what_is_read_is_a_script_to_the_shells() {
    for (shell, install) in [
        ("dash", "apt-get install dash"),
        ("bash", "apt-get install bash"),
    ] {
        let accepts = |text: &str| {
            Command::new(shell)
                .args(["-n", "-c", text])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .map(|status| status.success())
        };
        if accepts(":").is_err() {
            println!("SKIPPED: {shell} is not installed; to try it: {install}");
            continue;
        }
        assert!(!accepts("if").unwrap(), "{shell} -n refuses nothing");
        let scripts = scripts(1_200);
        for (text, _) in &scripts {
            assert!(accepts(text).unwrap(), "{shell} refuses {text:?}");
        }
        println!("{shell}: reads all {} scripts that we read", scripts.len());
    }
}
