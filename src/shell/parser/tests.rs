use super::*;
use crate::shell::{AndOrOp, CommandKind, RedirectOp, Terminator, Word};

fn sh(text: &str) -> Script {
    parse(text, Dialect::Sh).unwrap_or_else(|| panic!("opaque: {text:?}"))
}

fn bash(text: &str) -> Script {
    parse(text, Dialect::Bash).unwrap_or_else(|| panic!("opaque: {text:?}"))
}

fn words(script: &Script) -> Vec<&Word> {
    let list = script.lists.last().unwrap();
    let command = list.commands().next_back().unwrap();
    command.simple().unwrap().words.iter().collect()
}

#[track_caller]
fn opaque(text: &str, dialect: Dialect) {
    assert!(
        parse(text, dialect).is_none(),
        "{text:?} is read in {dialect:?}"
    );
}

#[test]
fn lists_pipelines_and_terminators() {
    let script = sh("a && b | c || ! d; e &\nf # note\n");
    assert_eq!(script.lists.len(), 3);
    let first = &script.lists[0];
    assert_eq!(&script.text[first.span.range()], "a && b | c || ! d");
    let operators: Vec<_> = first.operators.iter().map(|(op, _)| *op).collect();
    assert_eq!(operators, [AndOrOp::And, AndOrOp::Or]);
    assert_eq!(first.pipelines[1].commands.len(), 2);
    assert!(first.pipelines[2].negated);
    let terminators: Vec<_> = script
        .lists
        .iter()
        .map(|list| {
            list.terminator
                .map(|(kind, at)| (kind, &script.text[at.range()]))
        })
        .collect();
    assert_eq!(
        terminators,
        [
            Some((Terminator::Semicolon, ";")),
            Some((Terminator::Background, "&")),
            Some((Terminator::Newline, "\n")),
        ]
    );
    assert_eq!(&script.text[script.comments[0].range()], "# note");
}

#[test]
fn a_comment_is_no_word() {
    for text in [
        "a b # don't",
        "A=1 # don't",
        "a >f # don't",
        "for i in a # x'\ndo b; done",
    ] {
        assert_eq!(sh(text).comments.len(), 1, "{text:?}");
    }
    assert!(sh("a b#c \\#d '#'e").comments.is_empty());
}

#[test]
fn words_have_values_and_flags() {
    for (text, literal) in [
        ("x", Some("x")),
        ("'a b'\"c d\"e\\ f", Some("a bc de f")),
        ("\"a\\$b\\\"\\n\"", Some("a$b\"\\n")),
        ("a\\\nb", None),
        ("$X", None),
        ("a$(b)", None),
        ("`b`", None),
        ("$((1 + 2))", None),
        ("a=b", Some("a=b")),
        ("$", Some("$")),
        ("''", Some("")),
        ("*.txt", Some("*.txt")),
    ] {
        let text = format!("cmd {text} last");
        let script = sh(&text);
        let found = words(&script);
        assert_eq!(found.len(), 3, "{text:?}");
        if text.contains("\\\n") {
            assert_eq!(found[1].literal.as_deref(), Some("ab"));
        } else {
            assert_eq!(found[1].literal.as_deref(), literal, "{text:?}");
        }
        assert!(text.contains(found[1].raw(&script)));
    }
    let script = sh("cmd a*b 'a*b' a\\?b ~/x x~ \"~\"");
    let found = words(&script);
    let globs: Vec<bool> = found.iter().map(|word| word.glob).collect();
    assert_eq!(globs, [false, true, false, false, false, false, false]);
    let tildes: Vec<bool> = found.iter().map(|word| word.tilde).collect();
    assert_eq!(tildes, [false, false, false, false, true, false, false]);
    assert_eq!(found[1].fixed(), None);
    let script = sh("[ a[bc]d = [x ]");
    let globs: Vec<bool> = words(&script).iter().map(|word| word.glob).collect();
    assert_eq!(globs, [false, true, false, false, false]);
}

#[test]
fn words_name_what_they_expand() {
    let script = sh("cmd \"$A${B:-$C}\" ${D:=1} $((E + F)) $((G = 1)) $? ${#H} $$ $(I=1; echo $J)");
    let found = words(&script);
    assert_eq!(found[1].variables, ["A", "B", "C"]);
    assert!(!found[1].assigns);
    assert!(found[2].assigns);
    assert_eq!(found[3].variables, ["E", "F"]);
    assert!(!found[3].assigns);
    assert!(found[4].assigns);
    assert_eq!(found[5].variables, ["?"]);
    assert_eq!(found[6].variables, ["H"]);
    assert_eq!(found[8].substitutions.len(), 1);
    assert_eq!(
        script.variables_read(),
        ["$", "?", "A", "B", "C", "D", "E", "F", "G", "H", "J"]
    );
    assert_eq!(script.assignments()[0].name, "I");
    for (text, assigns) in [
        ("$((a == b))", false),
        ("$((a <= b))", false),
        ("$((a != b))", false),
        ("$((a <<= b))", true),
        ("$((a += b))", true),
        ("$((a++))", true),
        ("${a=b}", true),
        ("${a:?b}", false),
    ] {
        assert_eq!(words(&sh(text))[0].assigns, assigns, "{text}");
    }
}

#[test]
fn substitutions_are_scripts_in_place() {
    let script = sh("a \"$(b \"$(c)\" `d`)\" `e | f`");
    let names: Vec<_> = script.calls().map(|call| call.name.unwrap()).collect();
    assert_eq!(names, ["c", "d", "b", "e", "f", "a"]);
    for call in script.calls() {
        assert_eq!(
            script.text[call.simple.span.range()].chars().next(),
            call.name.unwrap().chars().next()
        );
    }
}

#[test]
fn compound_commands() {
    let script = sh(
        "if a; then b; elif c; then d; else e; fi >f; while g; do h; done; for i in 1 2; do j; done; case $k in (l|m) n;; *) ;; esac; \
         { o; }; (p); q() { r; }",
    );
    let names: Vec<_> = script.calls().map(|call| call.name.unwrap()).collect();
    assert_eq!(names.concat(), "abcdeghjnopr");
    let kinds: Vec<&CommandKind> = script
        .lists
        .iter()
        .map(|list| &list.commands().next().unwrap().kind)
        .collect();
    assert!(matches!(kinds[0], CommandKind::If { .. }));
    assert!(matches!(kinds[1], CommandKind::Loop { .. }));
    assert!(matches!(kinds[2], CommandKind::Loop { .. }));
    assert!(matches!(kinds[3], CommandKind::Case { .. }));
    assert!(matches!(kinds[4], CommandKind::Group(_)));
    assert!(matches!(kinds[5], CommandKind::Subshell(_)));
    assert!(matches!(kinds[6], CommandKind::Function { .. }));
    assert_eq!(script.redirects().len(), 1);
}

#[test]
fn redirections_and_heredocs() {
    let script = sh("cat <<EOF >out 2>&1 && b\nx $(c) \"\nEOF\nd <<-'E'\n\t$y\n\tE\n");
    let redirects = script.redirects();
    let ops: Vec<_> = redirects.iter().map(|redirect| redirect.op).collect();
    assert_eq!(
        ops,
        [
            RedirectOp::Heredoc,
            RedirectOp::Write,
            RedirectOp::Duplicate,
            RedirectOp::Heredoc
        ]
    );
    assert_eq!(redirects[2].fd, Some(2));
    assert_eq!(script.heredocs[0].body.raw(&script), "x $(c) \"\n");
    assert_eq!(script.heredocs[0].body.substitutions.len(), 1);
    assert_eq!(script.heredocs[1].body.literal.as_deref(), Some("$y\n"));
    let names: Vec<_> = script.calls().map(|call| call.name.unwrap()).collect();
    assert_eq!(names, ["c", "cat", "b", "d"]);
}

#[test]
fn what_only_bash_knows_is_opaque_under_sh() {
    for text in [
        "a &>f",
        "a &>>f",
        "[[ a ]]",
        "A=(1 2)",
        "A+=1",
        "a <(b)",
        "a >(b)",
        "function f { a; }",
        "a {b,c}",
        "a {1..3}",
        "a <<<b",
        "a |& b",
        "((a))",
        "a $'b'",
        "a ${b//c/d}",
        "a ${b:1:2}",
        "a ${b^^}",
    ] {
        opaque(text, Dialect::Sh);
        bash(text);
    }
    sh("find . -exec rm {} +");
    sh("a '{b,c}' \"{b,c}\" {b} {b");
}

#[test]
fn broken_or_unsure_scripts_are_opaque() {
    for text in [
        "a &&",
        "a ||",
        "a |",
        "&& a",
        "; a",
        "a ;; b",
        "(a",
        "a)",
        "{ a }",
        "if a; then",
        "if a; then b",
        "while a; do b",
        "case a in",
        "a 'b",
        "a \"b",
        "a `b",
        "a $(b",
        "a ${b",
        "a $((b",
        "a \\",
        "cat <<EOF\nx\n",
        "cat <<EOF",
        "a >",
        "! ! a",
        "alias a=b; a",
        "a `echo \\`b\\``",
        "a $((1) ) ",
        "a\0b",
        "a\rb",
        "a &\\\n& b",
        "i\\\nf a; then b; fi",
        "a () b",
        "fi",
        "}",
        "time ! a",
        "time",
        "a | ! b",
        "a[",
        "a[1]=2",
        "a $[1 + 2]",
        "a {fd}>b",
        "a 2>&1>b",
    ] {
        opaque(text, Dialect::Sh);
        opaque(text, Dialect::Bash);
    }
}

#[test]
fn an_empty_script_has_no_lists() {
    assert!(sh("").lists.is_empty());
    assert!(sh(" \n# x\n").lists.is_empty());
}

#[test]
fn torture_is_opaque_and_never_overflows() {
    let mega = 1024 * 1024;
    for unit in [
        "$(", "`", "(", "{ ", "${a:-", "$((", "\"$(", "if ", "a | ", "a && ", "\\\n", "<<A\n",
    ] {
        for size in [4 * 1024, 60 * 1024, mega] {
            let text = unit.repeat(size / unit.len());
            for dialect in [Dialect::Sh, Dialect::Bash] {
                let script = parse(&text, dialect);
                let closes_itself = matches!(unit, "`" | "\\\n");
                assert!(script.is_none() || closes_itself, "{unit:?} in {dialect:?}");
            }
        }
    }
    opaque(&"a\n".repeat(32_000), Dialect::Sh);
    opaque(&"a;".repeat(2_001), Dialect::Sh);
    sh(&"a;".repeat(2_000));
    opaque(&format!("a {}", "b".repeat(64 * 1024)), Dialect::Sh);
    let nested = |depth: usize| format!("{}a{}", " (".repeat(depth + 1), ")".repeat(depth + 1));
    sh(&nested(10));
    opaque(&nested(16), Dialect::Sh);
}

#[test]
fn spans_hold_what_they_name() {
    let text = "A=1 B='x y' é \"ü $C\" >f && (cd d; ls | wc) ; echo 'ß' # ö";
    let script = sh(text);
    for call in script.calls() {
        let words = &call.simple.words;
        let raw: Vec<&str> = words.iter().map(|word| word.raw(&script)).collect();
        let first = raw.first().unwrap();
        assert!(text[call.simple.span.range()].contains(first));
    }
    let first = script.lists[0].commands().next().unwrap().simple().unwrap();
    assert_eq!(&text[first.span.range()], "A=1 B='x y' é \"ü $C\" >f");
    assert_eq!(&text[first.assignments[1].span.range()], "B='x y'");
    assert_eq!(first.assignments[1].value.literal.as_deref(), Some("x y"));
    assert_eq!(&text[first.redirects[0].span.range()], ">f");
    assert_eq!(&text[script.comments[0].range()], "# ö");
}
