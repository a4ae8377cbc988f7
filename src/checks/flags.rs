//! The flags of each instruction (BuildKit's `instructions/bflag.go`).
use crate::syntax::{Dockerfile, Flag, Keyword};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `--link`, `--link=true`
    Switch,
    /// `--from=x`, once
    Text,
    /// `--exclude=x`, again and again
    Many,
}

use Kind::{Many, Switch, Text};

const FROM: &[(&str, Kind)] = &[("platform", Text)];
const COPY: &[(&str, Kind)] = &[
    ("chown", Text),
    ("from", Text),
    ("chmod", Text),
    ("link", Switch),
    ("exclude", Many),
    ("parents", Switch),
];
const ADD: &[(&str, Kind)] = &[
    ("chown", Text),
    ("chmod", Text),
    ("link", Switch),
    ("keep-git-dir", Switch),
    ("checksum", Text),
    ("unpack", Switch),
    ("exclude", Many),
];
const RUN: &[(&str, Kind)] = &[
    ("mount", Many),
    ("network", Text),
    ("device", Many),
    ("security", Text),
];
const HEALTHCHECK: &[(&str, Kind)] = &[
    ("interval", Text),
    ("timeout", Text),
    ("start-period", Text),
    ("start-interval", Text),
    ("retries", Text),
];

/// Flags that dockerd 28.5 knows only through a newer or a labs frontend.
const NEEDS_SYNTAX: &[(Keyword, &str)] = &[(Keyword::Copy, "parents"), (Keyword::Run, "security")];

/// Whether the file names its own frontend, which may know more than the one inside the daemon.
pub(super) fn names_frontend(file: &Dockerfile) -> bool {
    super::lint::directive(file, "syntax").is_some()
}

fn allowed(keyword: Keyword) -> &'static [(&'static str, Kind)] {
    match keyword {
        Keyword::From => FROM,
        Keyword::Copy => COPY,
        Keyword::Add => ADD,
        Keyword::Run => RUN,
        Keyword::Healthcheck => HEALTHCHECK,
        _ => &[],
    }
}

/// Checks the flags of an instruction; `frontend` says whether the file names one.
pub(super) fn accept(keyword: Keyword, flags: &[Flag], frontend: bool) -> Result<(), String> {
    let known = allowed(keyword);
    let mut used = [false; 8];
    for flag in flags {
        if flag.text == "--" {
            return Ok(());
        }
        let name = flag.name();
        let found = known.iter().position(|(known, _)| *known == name);
        let Some((at, kind)) = found.and_then(|at| Some((at, known.get(at)?.1))) else {
            return Err(format!("{} has no flag --{name}", keyword.name()));
        };
        if !frontend && NEEDS_SYNTAX.contains(&(keyword, name)) {
            return Err(format!(
                "{} --{name} needs a newer frontend: add a `# syntax=` line",
                keyword.name()
            ));
        }
        if let Some(used) = used.get_mut(at) {
            if *used && kind != Many {
                return Err(format!("{} has --{name} twice", keyword.name()));
            }
            *used = true;
        }
        match (kind, flag.value()) {
            (Switch, None) => {}
            (Switch, Some(value))
                if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") => {}
            (Switch, Some(value)) => {
                return Err(format!("--{name} is true or false, not {value:?}"));
            }
            (Text | Many, None) => return Err(format!("--{name} needs a value")),
            (Text | Many, Some(_)) => {}
        }
    }
    Ok(())
}

/// The value of a flag that was accepted; empty when it isn't there.
pub(super) fn value<'a>(flags: &'a [Flag], name: &str) -> &'a str {
    values(flags, name).next_back().unwrap_or("")
}

/// All values of a flag that was accepted.
pub(super) fn values<'a>(
    flags: &'a [Flag],
    name: &str,
) -> impl DoubleEndedIterator<Item = &'a str> {
    flags
        .iter()
        .filter(move |flag| flag.name() == name)
        .filter_map(Flag::value)
}
