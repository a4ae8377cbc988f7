use super::super::env::Origin;
use super::*;

/// FOO, EMPTY, and a few that the patterns need; MISSING is not set.
fn env() -> Env {
    Env::from([
        ("FOO", "xxyy"),
        ("EMPTY", ""),
        ("BAR", "x"),
        ("SPACES", " a  b "),
        ("FILE", "/tmp/a.tar.gz"),
        ("TREE", "/tmp/tmp/bar.txt"),
        ("STARS", "a***yy*"),
        ("SLASH", "/tmp"),
        ("STAR", r"\*"),
        ("한", "국"),
    ])
}

fn text(word: &str) -> String {
    let expanded = expand(word, &env(), b'\\').unwrap_or_else(|error| panic!("{word}: {error}"));
    assert!(expanded.certain, "{word}");
    expanded.text.unwrap_or_else(|| panic!("{word}: unknown"))
}

#[test]
fn words_that_expand() {
    for (word, wanted) in [
        ("plain", "plain"),
        ("$FOO", "xxyy"),
        ("a$FOO.b", "axxyy.b"),
        ("$FOO_b", ""),
        ("${FOO}_b", "xxyy_b"),
        ("$MISSING", ""),
        ("${MISSING}", ""),
        ("$", "$"),
        ("$.", "$."),
        ("a$", "a$"),
        ("$ FOO", "$ FOO"),
        ("$$FOO", "FOO"),
        ("$1FOO", "FOO"),
        ("$12a", "a"),
        ("$@a$*b$#c$?d$-e$!f", "abcdef"),
        ("${@}", ""),
        ("${1}", ""),
        ("$한", "국"),
        ("${FOO:-a}", "xxyy"),
        ("${FOO-a}", "xxyy"),
        ("${EMPTY:-a}", "a"),
        ("${EMPTY-a}", ""),
        ("${MISSING:-a}", "a"),
        ("${MISSING-a}", "a"),
        ("${MISSING:-}", ""),
        ("${MISSING:-$BAR}", "x"),
        ("${MISSING:-${EMPTY:-${BAR}z}}", "xz"),
        ("${MISSING:-a b}", "a b"),
        (r"${MISSING:-a\}b}", "a}b"),
        ("${MISSING:-'a}b'}", "a}b"),
        ("${FOO:+a}", "a"),
        ("${FOO+a}", "a"),
        ("${EMPTY:+a}", ""),
        ("${EMPTY+a}", "a"),
        ("${MISSING:+a}", ""),
        ("${MISSING+a}", ""),
        ("${FOO:?a}", "xxyy"),
        ("${FOO?a}", "xxyy"),
        ("${EMPTY?a}", ""),
        ("${FOO#x}", "xyy"),
        ("${FOO#*x*y}", "y"),
        ("${FOO#*}", "xxyy"),
        ("${FOO##*}", ""),
        ("${FOO#$BAR}", "xyy"),
        ("${FOO#$EMPTY}", "xxyy"),
        ("${FOO#}", "xxyy"),
        ("${FOO##}", "xxyy"),
        ("${FOO##*x}", "yy"),
        ("${FOO:#x}", "xyy"),
        ("${FOO%y}", "xxy"),
        ("${FOO%}", "xxyy"),
        ("${FOO%%$EMPTY}", "xxyy"),
        ("${MISSING%x}", ""),
        ("${FILE%.*}", "/tmp/a.tar"),
        ("${FILE%%.*}", "/tmp/a"),
        ("${FILE##*/}", "a.tar.gz"),
        (r"${STARS%%\**\*}", "a"),
        ("${FOO/x/z}", "zxyy"),
        ("${FOO//x/z}", "zzyy"),
        ("${FOO//x/}", "yy"),
        ("${FOO/$EMPTY/ww}", "wwxxyy"),
        ("${FOO///}", "xxyy"),
        ("${MISSING///}", ""),
        ("${TREE/$SLASH/}", "/tmp/bar.txt"),
        ("${TREE//$SLASH/}", "/bar.txt"),
        (r"${SLASH//\//\/}", r"\/tmp"),
        ("${STARS//$STAR/-}", "a---yy-"),
        (r"${FOO/x/\}}", r"\}xyy"),
        ("${FOO/x*y/$BAR}", "x"),
        // Quotes.
        ("'a $FOO'", "a $FOO"),
        (r"'a\'", r"a\"),
        ("\"a $FOO\"", "a xxyy"),
        ("\"it's\"", "it's"),
        ("'say \"hi\"'", "say \"hi\""),
        (r#""a\"b\$c\\d\e""#, r#"a"b$c\d\e"#),
        ("''", ""),
        ("a'b'\"c\"d", "abcd"),
        // Escapes.
        (r"\$FOO", "$FOO"),
        (r"\\$FOO", r"\xxyy"),
        (r"\a\ b\'", "a b'"),
        (r"a\", "a"),
        ("\u{feff}a", "a"),
    ] {
        assert_eq!(text(word), wanted, "{word}");
    }
}

#[test]
fn words_that_are_refused() {
    for (word, wanted) in [
        ("'a", ExpandError::Quote("single")),
        ("\"a", ExpandError::Quote("double")),
        ("\"a'", ExpandError::Quote("double")),
        ("${", ExpandError::Brace),
        ("${}", ExpandError::Name),
        ("${:-a}", ExpandError::Name),
        ("${{a}}", ExpandError::Name),
        ("${FOO", ExpandError::Brace),
        ("${FOO:", ExpandError::Brace),
        ("${FOO:-a", ExpandError::Brace),
        ("${FOO:}", ExpandError::Brace),
        ("${FOO=a}", ExpandError::Operator("=".into())),
        ("${FOO:=a}", ExpandError::Operator(":=".into())),
        ("${FOO^}", ExpandError::Operator("^".into())),
        ("${ FOO}", ExpandError::Operator(" ".into())),
        ("${FOO//x}", ExpandError::Slash),
        ("${FOO/x/y", ExpandError::Brace),
        (r"${FOO#\x}", ExpandError::Pattern(r"\x".into())),
        (
            "${MISSING?}",
            ExpandError::Required("MISSING".into(), "is not allowed to be unset".into()),
        ),
        (
            "${EMPTY:?}",
            ExpandError::Required("EMPTY".into(), "is not allowed to be empty".into()),
        ),
        (
            "${MISSING:?message here$BAR}",
            ExpandError::Required("MISSING".into(), "message herex".into()),
        ),
    ] {
        assert_eq!(expand(word, &env(), b'\\'), Err(wanted), "{word}");
    }
}

#[test]
fn the_escape_character_is_the_files() {
    let expanded = expand("`$FOO\\$FOO", &env(), b'`').unwrap();
    assert_eq!(expanded.text.as_deref(), Some("$FOO\\xxyy"));
}

#[test]
fn heredoc_bodies_keep_their_quotes() {
    let expanded = expand_raw("'$FOO' \"\\$FOO\"", &env()).unwrap();
    assert_eq!(expanded.text.as_deref(), Some("'xxyy' \"$FOO\""));
}

#[test]
fn splitting_comes_after_expanding() {
    for (source, wanted) in [
        ("a b", &["a", "b"][..]),
        ("  a\t b  ", &["a", "b"]),
        ("$SPACES", &["a", "b"]),
        ("x$SPACES", &["x", "a", "b"]),
        ("\"$SPACES\"", &[" a  b "]),
        ("'a b' c", &["a b", "c"]),
        (r"a\ b c", &["a b", "c"]),
        ("$EMPTY", &[]),
        ("'' a", &["a"]),
        ("", &[]),
        ("${MISSING:-a b}", &["a", "b"]),
    ] {
        let words = expand_words(source, &env(), b'\\').unwrap();
        assert_eq!(
            words.words.as_deref(),
            Some(
                &wanted
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>()[..]
            ),
            "{source}"
        );
    }
}

#[test]
fn what_is_not_known() {
    let mut env = Env::open();
    env.set("DEFAULT", Value::Default("d".into()), Origin::Arg, None);
    env.set("OPTIONAL", Value::Optional, Origin::Arg, None);
    env.set("UNKNOWN", Value::Unknown, Origin::Arg, None);
    let of = |word: &str| {
        let expanded = expand(word, &env, b'\\').unwrap();
        (expanded.text, expanded.certain)
    };
    assert_eq!(of("a"), (Some("a".into()), true));
    assert_eq!(of("$DEFAULT"), (Some("d".into()), false));
    assert_eq!(of("$OPTIONAL"), (Some(String::new()), false));
    assert_eq!(of("${OPTIONAL:-a}"), (Some("a".into()), false));
    assert_eq!(of("${OPTIONAL:?a}").0, None);
    assert_eq!(of("a$UNKNOWN").0, None);
    assert_eq!(of("${UNKNOWN:-a}").0, None);
    assert_eq!(of("${DEFAULT#$UNKNOWN}").0, None);
    // The base image may define any name, but no positional parameter.
    assert_eq!(of("$HOME").0, None);
    assert_eq!(of("$1"), (Some(String::new()), true));
    let expanded = expand("$DEFAULT$HOME$OPTIONAL$DEFAULT", &env, b'\\').unwrap();
    assert_eq!(expanded.used, ["DEFAULT", "HOME", "OPTIONAL"]);
    assert_eq!(expanded.unset, ["HOME"]);
}

#[test]
fn costs_are_bounded() {
    let long = "a".repeat(MAX_TEXT);
    let env = Env::from([("LONG", long.as_str())]);
    for word in [
        "$LONG$LONG".to_owned(),
        format!("${{LONG//a/{}}}", "b".repeat(1_000)),
        format!("${{LONG##{}}}", "*b".repeat(1_000)),
        "${LONG//*b/c}".to_owned(),
        "b".repeat(MAX_TEXT + 1),
    ] {
        assert_eq!(expand(&word, &env, b'\\').unwrap().text, None);
    }
    let deep = "${A:-".repeat(100_000);
    assert!(expand(&deep, &env, b'\\').is_err());
}
