use super::*;
use crate::shell::{Dialect, Switch};

/// `apt-get` and `make` are known; all else is not.
struct Table;

impl Programs for Table {
    fn leaves_process(&self, name: &str) -> Option<bool> {
        known(name).then_some(name == "gpg")
    }
    fn changes_in_place(&self, name: &str) -> Option<bool> {
        known(name).then_some(name == "chmod")
    }
    fn makes_hard_links(&self, name: &str) -> Option<bool> {
        known(name).then_some(name == "apt-get")
    }
    fn may_install(&self, installer: &str, program: &str) -> Option<bool> {
        (known(installer) && known(program))
            .then_some(installer == "pip" && program == "pip" || installer == "env")
    }
}

fn known(name: &str) -> bool {
    matches!(
        name,
        "apt-get" | "make" | "gpg" | "chmod" | "pip" | "rm" | "env" | "mkdir"
    )
}

fn sh(text: &str) -> Script {
    Script::parse(text, Dialect::Sh).unwrap_or_else(|| panic!("opaque: {text:?}"))
}

fn bash(text: &str) -> Script {
    Script::parse(text, Dialect::Bash).unwrap_or_else(|| panic!("opaque: {text:?}"))
}

fn joined(a: &str, b: &str) -> Result<String, String> {
    let a = sh(a);
    join(&a, &sh(b), Shellopts::default(), &Table)
        .map(|join| join.text(&a, b))
        .map_err(|refusal| refusal.to_string())
}

#[track_caller]
fn refused(a: &str, b: &str, reason: &str) {
    let answer = joined(a, b);
    assert!(
        answer.as_ref().is_err_and(|error| error.contains(reason)),
        "{answer:?}"
    );
}

const ERREXIT: Shellopts = Shellopts {
    errexit: true,
    pipefail: false,
};

#[test]
fn two_plain_scripts_become_one() {
    for (a, b, text) in [
        ("make a", "make b", "make a && make b"),
        ("make a;", "make b;", "make a && make b;"),
        ("make a ; ", "make b # x", "make a && make b # x"),
        ("make a; make b", "make c", "make a; make b && make c"),
        ("make a\n", "make b", "make a && make b"),
        ("A=1 make a", "make b", "A=1 make a && make b"),
        ("(cd x && make a)", "make b", "(cd x && make a) && make b"),
        ("cd x | make", "make b", "cd x | make && make b"),
        (
            "if [ -f x ]; then make; fi",
            "make b",
            "if [ -f x ]; then make; fi && make b",
        ),
        (
            "set -ex; make a",
            "set -ex; make b",
            "set -ex; make a; set -ex; make b",
        ),
        ("set -e; make a", "make b", "set -e; make a && make b"),
        ("make a || exit 1", "make b", "make a || exit 1 && make b"),
        ("make a", "cd x && make b", "make a && cd x && make b"),
        ("command -v make", "make b", "command -v make && make b"),
    ] {
        assert_eq!(joined(a, b).as_deref(), Ok(text));
    }
}

#[test]
fn the_text_must_allow_it() {
    refused("make a # x", "make b", "comment");
    refused("make a", "# x\nmake b", "starts with a comment");
    refused("make a &", "make b", "background");
    refused("make <<E\nx\nE\n", "make b", "heredoc");
    refused("make <<';'\n;\n", "make b", "heredoc");
    refused("", "make b", "no command");
    refused("make a", "", "no command");
}

#[test]
fn status_and_trace_must_stay() {
    refused("make a", "make b; make c", "not one chain");
    refused("make a", "make b || make c", "not one chain");
    refused("make a", "make b &", "not one chain");
    refused("set -e; { make a; make b; }", "make c", "errexit");
    refused(
        "set -e; make a",
        "{ make b; make c; }; make d",
        "not one chain",
    );
    refused(
        "set -e; make && make $(make b; make c)",
        "make d",
        "errexit",
    );
    refused("make a || exit 0", "make b", "`exit` may end");
    refused("exec make a", "make b", "`exec` may end");
    refused("trap 'make a' EXIT; make b", "make c", "`trap`");
    let a = sh("{ make a; make b; }");
    let b = sh("make c");
    assert_eq!(exact(&a, &b, Operator::And, Shellopts::default()), Ok(()));
    assert_eq!(
        exact(&a, &b, Operator::And, ERREXIT),
        Err(Refusal::ErrexitIgnored)
    );
    assert_eq!(
        exact(&sh("make a"), &b, Operator::Semicolon, ERREXIT),
        Ok(())
    );
    assert_eq!(
        exact(&sh("make a && make"), &b, Operator::Semicolon, ERREXIT),
        Err(Refusal::FailurePasses)
    );
    assert_eq!(
        exact(&sh("make a"), &b, Operator::Semicolon, Shellopts::default()),
        Err(Refusal::ErrexitOff)
    );
}

#[test]
fn what_carries_over_is_refused() {
    for (a, reason) in [
        (
            "cd /x",
            "`cd` in the first RUN would carry over into the second",
        ),
        ("cd /x && make", "`cd`"),
        ("export A=1", "`export`"),
        ("A=1", "the variable `A`"),
        ("make ${A:=1}", "the variable `A`"),
        ("make $((A = 1))", "the variable `A`"),
        ("for i in 1; do make $i; done", "the variable `i`"),
        ("make | make && read A", "`read`"),
        ("umask 022", "`umask`"),
        ("ulimit -n 1", "`ulimit`"),
        ("eval x", "`eval`"),
        (". /x", "`.`"),
        ("set -u; make", "`set`"),
        ("make; set -e; make", "`set`"),
        ("set -e -- x; make", "`set`"),
        ("f() { make; }", "`f()`"),
        ("if cd x; then make; fi", "`cd`"),
        ("command cd x", "`cd`"),
        ("command -p cd x", "`cd`"),
        ("A=1 : x", "`:`"),
        ("$A x", "name can't be seen"),
        ("make & make", "background"),
        ("(make &)", "background"),
        ("make >/dev/shm/x", "/dev/shm"),
        ("make /etc/hosts", "/etc/hosts"),
    ] {
        let refusal = independent(&sh(a), &sh("make b"), &Table).map_err(|one| one.to_string());
        assert!(
            refusal.as_ref().is_err_and(|error| error.contains(reason)),
            "{a:?}: {refusal:?}"
        );
        assert!(joined(a, "make b").is_err(), "{a:?}");
    }
    let a = bash("[[ a =~ b ]]");
    let refusal = join(&a, &bash("make"), Shellopts::default(), &Table);
    assert_eq!(refusal, Err(Refusal::Leaks("[[".to_owned())));
    let a = bash("printf -v A x");
    let refusal = join(&a, &bash("make"), Shellopts::default(), &Table);
    assert_eq!(refusal, Err(Refusal::Leaks("printf".to_owned())));
}

#[test]
fn what_the_second_would_notice_is_refused() {
    refused(
        "gpg x",
        "make",
        "`gpg` in the first RUN may leave a process running",
    );
    refused("strange x", "make", "`strange` in the first RUN may leave");
    refused(
        "pip install -U pip",
        "pip install x",
        "`pip` may move `pip`",
    );
    refused("make", "make $LINENO", "reads `$LINENO`");
    refused("make", "make $_", "reads `$_`");
    refused("make", "$A", "the second RUN runs a command whose name");
    for b in ["chmod 1 x", "make >>x", "make >x", "strange x"] {
        refused("apt-get install x", b, "hard-linked");
    }
    assert!(joined("make", "chmod 1 x").is_ok());
    assert!(joined("apt-get install x", "rm -rf y 2>/dev/null").is_ok());
    assert!(joined("apt-get install x", "apt-get install y").is_ok());
}

#[test]
fn a_cleanup_is_appended_exactly_or_not_at_all() {
    let appended = |text: &str, shell| {
        let script = sh(text);
        append(&script, shell).map(|join| join.text(&script, "rm -rf x"))
    };
    for (text, joined) in [
        ("cd x; make a", "cd x; make a && rm -rf x"),
        ("A=1; make $A;", "A=1; make $A && rm -rf x"),
        (
            "for i in a; do make; done",
            "for i in a; do make; done && rm -rf x",
        ),
        (
            "set -e; for i in a; do make; done; make",
            "set -e; for i in a; do make; done; make; rm -rf x",
        ),
        (
            "set -e; f() { make; make; }; f",
            "set -e; f() { make; make; }; f; rm -rf x",
        ),
        // `;` would go on after a failing install here.
        (
            "set -eux; make a && make b && true",
            "set -eux; make a && make b && true && rm -rf x",
        ),
    ] {
        assert_eq!(appended(text, Shellopts::default()).as_deref(), Ok(joined));
    }
    for text in [
        "set -e; for i in a; do make; make; done",
        "make; exit",
        "make &",
        "make # x",
        "make || return 0",
        "trap x EXIT; make",
    ] {
        assert!(appended(text, Shellopts::default()).is_err(), "{text:?}");
    }
    assert!(appended("for i in a; do make; done", ERREXIT).is_err());
}

#[test]
fn the_state_of_errexit_is_followed() {
    for (text, start, end) in [
        ("a", false, Switch::Off),
        ("a", true, Switch::On),
        ("set -e", false, Switch::On),
        ("set -ex; set +e; a", false, Switch::Off),
        ("set -o errexit; a", false, Switch::On),
        ("set -euo pipefail; a", false, Switch::On),
        ("set -x; a", false, Switch::Off),
        ("(set -e)", false, Switch::Off),
        ("a $(set -e)", false, Switch::Off),
        ("a && set -e", false, Switch::Maybe),
        ("if a; then set -e; fi", false, Switch::Maybe),
        ("set $A", false, Switch::Maybe),
        ("eval a", true, Switch::Maybe),
        ("a && set -e", true, Switch::On),
    ] {
        let shell = Shellopts {
            errexit: start,
            pipefail: false,
        };
        assert_eq!(sh(text).errexit(shell), end, "{text:?} from {start}");
    }
    assert!(sh("(set -e; a)").may_errexit(Shellopts::default()));
    assert!(!sh("set -x; a").may_errexit(Shellopts::default()));
}
