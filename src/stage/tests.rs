use super::*;
use crate::shell::Dialect;
use std::sync::Arc;

fn parse(text: &str) -> Dockerfile {
    let file = Dockerfile::parse(text.as_bytes());
    assert_eq!(file.errors, [], "{text}");
    file
}

fn stages(text: &str) -> Stages {
    Stages::of(&parse(text), Knowledge::shipped())
}

/// What is left at the end of the last stage.
fn end(text: &str) -> State {
    let stages = stages(text);
    let last = stages.stages().len() - 1;
    stages.at_end(last).unwrap().clone()
}

fn known(text: &str) -> Value {
    Value::Known(text.into())
}

fn default(text: &str) -> Value {
    Value::Default(text.into())
}

#[test]
fn bases() {
    for (text, base, certain, repository_certain) in [
        ("FROM scratch", Base::Scratch, true, true),
        ("FROM debian:12", image_base("debian:12"), true, true),
        ("FROM Scratch", image_base("Scratch"), true, true),
        ("FROM \"debian\"", image_base("debian"), true, true),
        ("FROM a AS b\nFROM b", Base::Stage(0), true, true),
        ("FROM a AS B\nFROM b", Base::Stage(0), true, true),
        ("FROM a AS b\nFROM B", image_base("B"), true, true),
        (
            "FROM a as b\nFROM x AS b\nFROM b",
            Base::Stage(1),
            true,
            true,
        ),
        ("FROM a AS b\nFROM b AS b", Base::Stage(0), true, true),
        ("FROM b\nFROM a AS b", image_base("a"), true, true),
        ("FROM a\nFROM 0", image_base("0"), true, true),
        (
            "FROM a AS scratch\nFROM scratch",
            Base::Stage(0),
            true,
            true,
        ),
        (
            "ARG V=12\nFROM debian:$V",
            image_base("debian:12"),
            false,
            true,
        ),
        (
            "ARG V=12\nFROM debian:${V}-slim",
            image_base("debian:12-slim"),
            false,
            true,
        ),
        ("ARG B=debian\nFROM $B", image_base("debian"), false, false),
        (
            "ARG B=debian\nFROM ${B}:12",
            image_base("debian:12"),
            false,
            false,
        ),
        (
            "ARG R=host:5000\nFROM $R/debian:12",
            image_base("host:5000/debian:12"),
            false,
            false,
        ),
        (
            "ARG B\nFROM ${B:-debian}",
            image_base("debian"),
            false,
            false,
        ),
        (
            "ARG B=b\nARG C=a$B\nFROM $C",
            image_base("ab"),
            false,
            false,
        ),
        ("ARG B=b C=a$B\nFROM $C", image_base("ab"), false, false),
        ("ARG B\nFROM $B", Base::Unknown, false, false),
        ("FROM $B", Base::Unknown, false, false),
        ("FROM x-$TARGETARCH", Base::Unknown, false, false),
        (
            "FROM scratch\nARG B=debian\nFROM $B",
            Base::Unknown,
            false,
            false,
        ),
        (
            "ARG S=b\nFROM a AS b\nFROM $S",
            Base::Stage(0),
            false,
            false,
        ),
    ] {
        let stages = stages(text);
        let last = stages.final_stage().unwrap();
        assert_eq!(last.base, base, "{text}");
        assert_eq!(last.certain, certain, "{text}");
        assert_eq!(last.repository_certain, repository_certain, "{text}");
    }
}

fn image_base(reference: &str) -> Base {
    Base::Image {
        reference: reference.to_owned(),
    }
}

#[test]
fn graph() {
    let text = "\
ARG X
FROM a AS Base
RUN x
FROM base AS build
COPY --from=BASE /a /b
FROM b AS tools
FROM c
RUN --mount=from=Tools,target=/t x
COPY --from=build /a /b
COPY --from=1 /c /d
COPY --from=nginx:1 /e /f
COPY --from=9 /e /f
RUN --mount=type=bind,from=$X,target=/t x
FROM d AS other
FROM c
COPY --from=3 / /
";
    let stages = stages(text);
    let names: Vec<_> = stages
        .stages()
        .iter()
        .map(|stage| stage.name.as_deref())
        .collect();
    assert_eq!(
        names,
        [
            Some("base"),
            Some("build"),
            Some("tools"),
            None,
            Some("other"),
            None
        ]
    );
    assert_eq!(stages.stages()[0].instructions, 1..3);
    assert_eq!(stages.stages()[5].instructions, 14..16);
    assert_eq!(stages.stage_of(0), None);
    assert_eq!(stages.stage_of(1), Some(0));
    assert_eq!(stages.stage_of(15), Some(5));
    assert_eq!(stages.stage_of(16), None);
    assert!(stages.before(0).is_none());
    assert!(stages.before(16).is_none());
    let parents: Vec<_> = stages
        .stages()
        .iter()
        .map(|stage| stage.parents.clone())
        .collect();
    assert_eq!(
        parents,
        [vec![], vec![0], vec![], vec![1, 2], vec![], vec![3]]
    );
    let dependents: Vec<_> = stages
        .dependents(1)
        .map(|reference| (reference.at, reference.kind))
        .collect();
    assert_eq!(
        dependents,
        [(8, ReferenceKind::Copy), (9, ReferenceKind::Copy)]
    );
    let dependents: Vec<_> = stages
        .dependents(0)
        .map(|reference| (reference.at, reference.kind))
        .collect();
    assert_eq!(
        dependents,
        [(3, ReferenceKind::From), (4, ReferenceKind::Copy)]
    );
    let unresolved: Vec<_> = stages.unresolved().map(|reference| reference.at).collect();
    assert_eq!(unresolved, [11, 12]);
    let ships: Vec<_> = (0..7).map(|stage| stages.ships(stage)).collect();
    assert_eq!(ships, [false, false, false, false, false, true, false]);
    let needed: Vec<_> = (0..7).map(|stage| stages.needed(stage)).collect();
    assert_eq!(needed, [true, true, true, true, false, true, false]);
    assert_eq!(stages.ships_in(1), [true, true, false, false, false, false]);
    assert_eq!(
        stages.needed_by(1),
        [true, true, false, false, false, false]
    );
    assert_eq!(stages.leaves(), [4, 5]);
}

#[test]
fn a_later_stage_of_a_name_wins_for_copies() {
    let stages = stages(
        "FROM a AS x\nFROM x AS y\nFROM b AS X\nFROM c\nCOPY --from=x / /\nCOPY --from=+1 / /",
    );
    assert_eq!(stages.stages()[1].base, Base::Stage(0));
    assert_eq!(stages.stages()[3].parents, [1, 2]);
    assert_eq!(stages.find("X").unwrap().index, 2);
    assert_eq!(stages.find("z"), None);
}

#[test]
fn triggers_run_in_the_stage_that_starts_there() {
    let text = "FROM scratch AS s\nFROM debian AS a\nONBUILD ENV A=1\nONBUILD COPY --from=s / /\nRUN x\nFROM a AS b\nFROM b";
    let stages = stages(text);
    assert_eq!(stages.stages()[1].parents, [] as [usize; 0]);
    assert_eq!(stages.stages()[2].parents, [0, 1]);
    assert_eq!(stages.before(4).unwrap().env.value("A"), Value::Unknown);
    assert_eq!(stages.before(5).unwrap().env.value("A"), known("1"));
    assert_eq!(stages.stages()[3].parents, [2]);
}

#[test]
fn variables() {
    for (text, name, value) in [
        ("FROM scratch", "A", Value::Unset),
        (
            "FROM scratch",
            "PATH",
            known("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ),
        ("FROM debian", "A", Value::Unknown),
        ("FROM golang", "GOPATH", known("/go")),
        ("ARG V=1\nFROM golang:$V", "GOPATH", default("/go")),
        ("ARG G=golang\nFROM $G", "GOPATH", Value::Unknown),
        ("FROM scratch\nENV A=1", "A", known("1")),
        ("FROM scratch\nENV A 1 2", "A", known("1 2")),
        ("FROM scratch\nENV A \"1 2\" 3", "A", known("1 2 3")),
        ("FROM scratch\nENV A=1 B=$A", "B", known("")),
        ("FROM scratch\nENV A=1\nENV A=2 B=$A", "B", known("1")),
        ("FROM scratch\nENV A=x\nENV $A=1", "x", known("1")),
        (
            "FROM scratch\nENV PATH=/x:$PATH",
            "PATH",
            known("/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ),
        ("FROM debian\nENV A=$HOME/x", "A", Value::Unknown),
        ("FROM scratch\nARG A", "A", Value::Optional),
        ("FROM scratch\nARG A=1", "A", default("1")),
        ("FROM scratch\nARG A=1 B=$A", "B", default("1")),
        ("FROM scratch\nARG A=1\nENV B=$A", "B", default("1")),
        ("FROM scratch\nARG A=1\nENV A=$A", "A", default("1")),
        ("FROM scratch\nENV A=1\nARG A=2", "A", default("2")),
        ("FROM scratch\nENV A=1\nARG A", "A", default("1")),
        ("FROM scratch\nARG A=2\nENV A=1", "A", known("1")),
        ("ARG A=1\nFROM scratch", "A", Value::Unset),
        ("ARG A=1\nFROM scratch\nARG A", "A", default("1")),
        ("ARG A=1\nFROM scratch\nARG A=2", "A", default("2")),
        ("ARG A\nFROM scratch\nARG A", "A", Value::Optional),
        ("ARG A=1\nARG A\nFROM scratch\nARG A", "A", default("1")),
        ("FROM scratch\nARG TARGETARCH", "TARGETARCH", Value::Unknown),
        ("FROM scratch\nRUN x", "TARGETARCH", Value::Unset),
        (
            "FROM scratch AS a\nARG A=1\nENV B=2\nFROM a",
            "A",
            default("1"),
        ),
        (
            "FROM scratch AS a\nARG A=1\nENV B=2\nFROM a",
            "B",
            known("2"),
        ),
        (
            "FROM scratch AS a\nENV A=1\nFROM scratch",
            "A",
            Value::Unset,
        ),
        ("FROM scratch\nENV A='$x' B=\"a\\\"b\"", "A", known("$x")),
        ("# escape=`\nFROM scratch\nENV A=a` b", "A", known("a b")),
    ] {
        assert_eq!(end(text).env.value(name), value, "{text}");
    }
}

#[test]
fn where_variables_come_from() {
    let state = end("FROM golang\nENV A=1\nARG B=2\nARG A");
    let variable = state.env.get("A").unwrap();
    assert_eq!(
        (variable.origin, variable.in_config, variable.is_arg),
        (Origin::Arg, true, true)
    );
    assert_eq!(variable.at, Some(3));
    let variable = state.env.get("B").unwrap();
    assert_eq!(
        (variable.origin, variable.in_config, variable.is_arg),
        (Origin::Arg, false, true)
    );
    assert_eq!(state.env.get("GOPATH").unwrap().origin, Origin::Base);
    let args: Vec<&str> = state.env.args().map(|(name, _)| name).collect();
    assert_eq!(args, ["A", "B"]);
}

#[test]
fn working_directories() {
    for (text, path, likely, known_base) in [
        ("FROM scratch", Some("/"), Some("/"), true),
        ("FROM debian", Some("/"), Some("/"), true),
        ("FROM golang", Some("/go"), Some("/go"), true),
        ("FROM unheard/of", None, None, false),
        ("FROM unheard/of\nWORKDIR a", None, None, false),
        ("FROM unheard/of\nWORKDIR /a", Some("/a"), Some("/a"), true),
        (
            "FROM unheard/of\nWORKDIR /a\nWORKDIR b/../c/",
            Some("/a/c"),
            Some("/a/c"),
            true,
        ),
        (
            "FROM golang\nWORKDIR src",
            Some("/go/src"),
            Some("/go/src"),
            true,
        ),
        ("ARG V\nFROM golang:${V:-1}", None, Some("/go"), true),
        (
            "FROM debian\nENV A=/a\nWORKDIR $A/b",
            Some("/a/b"),
            Some("/a/b"),
            true,
        ),
        (
            "FROM debian\nARG A=/a\nWORKDIR $A/b",
            None,
            Some("/a/b"),
            true,
        ),
        (
            "FROM debian\nARG A=/a\nWORKDIR $A\nWORKDIR c",
            None,
            Some("/a/c"),
            true,
        ),
        ("FROM debian\nWORKDIR $HOME/x", None, None, true),
        (
            "FROM debian\nWORKDIR /a b",
            Some("/a b"),
            Some("/a b"),
            true,
        ),
        (
            "FROM debian AS a\nWORKDIR /a\nFROM a\nWORKDIR b",
            Some("/a/b"),
            Some("/a/b"),
            true,
        ),
        (
            "FROM mcr.microsoft.com/windows/servercore\nWORKDIR /a",
            None,
            None,
            false,
        ),
    ] {
        let workdir = end(text).workdir;
        assert_eq!(workdir.path.as_deref(), path, "{text}");
        assert_eq!(workdir.likely.as_deref(), likely, "{text}");
        assert_eq!(workdir.known_base, known_base, "{text}");
        assert_eq!(workdir.explicit, text.contains("WORKDIR"), "{text}");
    }
}

#[test]
fn users() {
    for (text, user, uid, root) in [
        ("FROM scratch", Some(""), Some(0), Some(true)),
        ("FROM debian", Some("root"), Some(0), Some(true)),
        ("FROM unheard/of", None, None, None),
        ("FROM debian\nUSER node", Some("node"), None, Some(false)),
        (
            "FROM debian\nUSER 1000:1000",
            Some("1000:1000"),
            Some(1000),
            Some(false),
        ),
        ("FROM debian\nARG U=1000\nUSER $U", None, None, None),
        (
            "FROM debian\nENV U=1000\nUSER ${U}:0",
            Some("1000:0"),
            Some(1000),
            Some(false),
        ),
        (
            "FROM debian AS a\nUSER x\nFROM a",
            Some("x"),
            None,
            Some(false),
        ),
        (
            "FROM debian AS a\nUSER x\nFROM a\nUSER root",
            Some("root"),
            Some(0),
            Some(true),
        ),
    ] {
        let found = end(text).user;
        assert_eq!(found.text.as_deref(), user, "{text}");
        assert_eq!(found.uid, uid, "{text}");
        assert_eq!(found.is_root(), root, "{text}");
        assert_eq!(found.explicit, text.contains("USER"), "{text}");
    }
}

#[test]
fn shells_and_families() {
    use Dialect::{Bash, Sh};
    for (text, family, dialect, certain) in [
        ("FROM scratch", Family::Scratch, Some(Sh), true),
        ("FROM debian", Family::Debian, Some(Sh), true),
        (
            "FROM docker.io/library/ubuntu:24.04@sha256:00",
            Family::Debian,
            Some(Sh),
            true,
        ),
        ("FROM node:22-alpine", Family::Alpine, Some(Sh), true),
        ("FROM unheard/of", Family::Unknown, Some(Sh), false),
        (
            "FROM unheard/of\nSHELL [\"/bin/bash\", \"-c\"]",
            Family::Unknown,
            Some(Bash),
            true,
        ),
        (
            "FROM debian\nSHELL [\"powershell\"]",
            Family::Debian,
            None,
            true,
        ),
        (
            "FROM debian AS a\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nFROM a",
            Family::Debian,
            Some(Bash),
            true,
        ),
        (
            "FROM golang:windowsservercore",
            Family::Windows,
            None,
            false,
        ),
        (
            "FROM --platform=windows/amd64 golang",
            Family::Windows,
            None,
            false,
        ),
        ("# escape=`\nFROM unheard/of", Family::Unknown, None, false),
        ("# escape=`\nFROM debian", Family::Debian, Some(Sh), true),
        ("ARG B=debian\nFROM $B", Family::Unknown, Some(Sh), false),
        ("ARG B=12\nFROM debian:$B", Family::Debian, Some(Sh), true),
        ("FROM $B", Family::Unknown, Some(Sh), false),
    ] {
        let state = end(text);
        assert_eq!(state.family, family, "{text}");
        assert_eq!(state.dialect(), dialect, "{text}");
        assert_eq!(state.shell.certain, certain, "{text}");
        assert_eq!(state.shell.explicit, text.contains("SHELL"), "{text}");
    }
    let state = end("ARG B=debian\nFROM $B AS x\nFROM x");
    assert_eq!(
        (state.family, state.likely_family),
        (Family::Unknown, Family::Debian)
    );
    assert!(!state.base_certain);
}

#[test]
fn volumes() {
    let state = end("FROM debian AS a\nVOLUME /b /a\nFROM a\nENV C=/c\nVOLUME [\"$C\"]");
    assert_eq!(state.volumes().collect::<Vec<_>>(), ["/a", "/b", "/c"]);
}

#[test]
fn features() {
    assert!(
        end("# syntax=docker/dockerfile:1.2\nFROM a")
            .features
            .pinned_old
    );
    assert!(end("FROM a").features.heredocs);
}

#[test]
fn instructions_that_change_nothing_share_a_state() {
    let file = parse(&format!("FROM scratch\nENV A=1\n{}", "RUN x\n".repeat(100)));
    let stages = Stages::of(&file, Knowledge::shipped());
    assert_eq!(stages.walk.states.len(), 2);
    assert!(std::ptr::eq(
        stages.before(2).unwrap(),
        stages.before(101).unwrap()
    ));
}

/// Each of these would take hours, or all memory, if something was not linear or not bounded.
#[test]
fn cost_is_linear() {
    let many = 20_000;
    let mut texts = vec![
        format!("FROM scratch\n{}", "WORKDIR aaaaaaaaaa\n".repeat(many)),
        format!("FROM scratch\nENV A=aaaa\n{}", "ENV A=$A$A\n".repeat(many)),
        format!(
            "FROM scratch\nENV A=aaaa\n{}",
            "ENV A=${A}aaaaaaaaaa\n".repeat(many)
        ),
        format!(
            "FROM scratch\nENV A={}\n{}",
            "a".repeat(30_000),
            "ENV B=${A%a*a*a*b}\n".repeat(2_000)
        ),
    ];
    let numbered = |line: &dyn Fn(usize) -> String| (0..many).map(line).collect::<String>();
    texts.push(format!(
        "FROM scratch\n{}",
        numbered(&|n| format!("ENV A{n}=$A{}\n", n / 2))
    ));
    texts.push(format!(
        "FROM scratch\n{}",
        numbered(&|n| format!("VOLUME /{n}\n"))
    ));
    texts.push(format!(
        "FROM a AS s0\n{}",
        numbered(&|n| format!("FROM s{n} AS s{}\n", n + 1))
    ));
    texts.push(format!(
        "FROM a AS s\n{}",
        numbered(&|n| format!("ONBUILD ENV A{n}=1\n"))
    ));
    for text in &texts {
        let start = std::time::Instant::now();
        let file = Dockerfile::parse(text.as_bytes());
        let stages = Stages::of(&file, Knowledge::shipped());
        assert!(stages.final_stage().is_some());
        assert!(start.elapsed().as_secs() < 20, "{}", &text[..60]);
    }
}

#[test]
fn nonsense_does_no_harm() {
    for text in [
        "",
        "RUN x",
        "FROM",
        "FROM a AS",
        "FROM a b c d e",
        "FROM ${",
        "FROM a\nENV A",
        "FROM a\nENV A=${",
        "FROM a\nARG",
        "FROM a\nARG =",
        "FROM a\nWORKDIR",
        "FROM a\nWORKDIR ${x:",
        "FROM a\nSHELL x",
        "FROM a\nSHELL []",
        "FROM a\nVOLUME",
        "FROM a\nCOPY --from= x y",
        "FROM a\nCOPY --from=-1 x y",
        "FROM a\nCOPY --from=99999999999999999999 x y",
        "FROM a\nRUN --mount x",
        "FROM a\nRUN --mount=,,\"from=x x",
        "FROM a\nONBUILD",
        "FROM a AS a\nCOPY --from=a / /",
        "FROM a\nNOTHING x\nENV A=\u{fffd}",
        "ARG A=${A\nFROM $A",
    ] {
        let file = Dockerfile::parse(text.as_bytes());
        let stages = Stages::of(&file, Knowledge::shipped());
        for instruction in &file.instructions {
            if let Some(state) = stages.before(instruction.index) {
                Effects::of(&file, instruction, state, None, Knowledge::shipped());
            }
        }
    }
    let arc: Arc<[u8]> = Arc::from(&b"FROM a\nENV A=\xff\nWORKDIR \xff\nARG \xff\nUSER \xff"[..]);
    let file = Dockerfile::parse(arc);
    Stages::of(&file, Knowledge::shipped());
}
