//! What programs touch, and who is behind a wrapper.

use super::*;

#[test]
fn programs_are_told_apart() {
    let k = knowledge();
    for name in [
        "echo",
        "printf",
        "test",
        "[",
        "true",
        "false",
        "cat",
        "curl",
        "/usr/bin/tar",
        "apt-get",
        "make",
    ] {
        assert!(
            k.program(name).is_some_and(Program::spares_the_shell),
            "{name}"
        );
    }
    for name in [
        "cd", "export", "set", "exec", ".", "source", "eval", "ulimit", "umask", "trap", "read",
        "command",
    ] {
        assert!(
            !k.program(name).is_some_and(Program::spares_the_shell),
            "{name}"
        );
        assert!(k.is_builtin(name), "{name}");
    }
    for name in [
        "apt-get", "pip3.11", "npm", "python3", "cargo", "make", "sh", "gem",
    ] {
        assert!(
            k.program(name)
                .is_some_and(|program| program.installs && program.code),
            "{name}"
        );
    }
    for name in ["chmod", "chown", "sed", "setcap", "strip"] {
        assert!(
            k.program(name).is_some_and(|program| program.in_place),
            "{name}"
        );
    }
    for name in ["gpg", "bazel", "service", "dbus-daemon"] {
        assert!(
            k.program(name).is_some_and(|program| program.stays),
            "{name}"
        );
    }
    for name in ["./make", "/app/git", "whatever", "./gradlew", ""] {
        assert!(k.program(name).is_none(), "{name}");
    }
    assert!(!k.is_builtin("cat"));
    assert!(k.program("envsubst").unwrap().reads_variable("VERSION"));
    assert!(k.program("git").unwrap().reads_variable("GIT_SHA"));
    assert!(!k.program("mkdir").unwrap().reads_variable("VERSION"));
}

#[test]
fn programs_name_the_paths_that_they_touch() {
    let touched = |text: &str| {
        let words: Vec<Word<'static>> = text
            .split_whitespace()
            .map(|word| (!word.starts_with('$')).then(|| &*word.to_owned().leak()))
            .collect();
        let name = words[0].unwrap_or_default();
        knowledge()
            .program(name)
            .and_then(|program| program.touches(&words))
            .map(|t| {
                let show = |list: &[usize]| {
                    list.iter()
                        .map(|at| words[*at].unwrap_or("$"))
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                (
                    show(&t.reads),
                    show(&t.writes),
                    show(&t.removes),
                    t.working_dir,
                )
            })
    };
    let some = |reads: &str, writes: &str, removes: &str, here: bool| {
        Some((
            reads.to_owned(),
            writes.to_owned(),
            removes.to_owned(),
            here,
        ))
    };
    assert_eq!(
        touched("mkdir -p -m 755 /a /b"),
        some("", "/a /b", "", false)
    );
    assert_eq!(touched("cp -r a b /dest"), some("a b", "/dest", "", false));
    assert_eq!(touched("cp -t /dest a b"), some("a b", "/dest", "", false));
    assert_eq!(touched("mv a /b"), some("a", "/b", "a", false));
    assert_eq!(touched("rm -rf /a $X"), some("", "", "/a $", false));
    assert_eq!(touched("ln -s /a /b"), some("/a", "/b", "", false));
    assert_eq!(touched("chmod +x /a"), some("/a", "/a", "", false));
    assert_eq!(
        touched("chown --reference=/r /a"),
        some("--reference=/r /a", "/a", "", false)
    );
    assert_eq!(
        touched("sed -i s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(
        touched("sed -i -e s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(
        touched("grep -q x /etc/passwd"),
        some("/etc/passwd", "", "", false)
    );
    assert_eq!(
        touched("curl -fsSLo /x.tgz https://x/y"),
        some("", "/x.tgz", "", true)
    );
    assert_eq!(touched("wget -qO /x https://x/y"), some("", "/x", "", true));
    assert_eq!(
        touched("tar -xzf /x.tgz -C /opt --strip-components=1"),
        some("/x.tgz", "/opt", "", true)
    );
    assert_eq!(
        touched("find /usr -name *.pyc -delete"),
        some("/usr", "", "/usr", false)
    );
    assert_eq!(touched("find . -exec rm {} +"), None);
    assert_eq!(
        touched("find $WHERE -name x"),
        None,
        "a word that isn't literal may be -exec"
    );
    assert_eq!(touched("echo hello"), some("", "", "", false));
    assert_eq!(
        touched("sed s/a/b/ /etc/x"),
        some("/etc/x", "", "", false),
        "without -i it only reads"
    );
    assert_eq!(
        touched("sed -Ei s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(
        touched("sed --in-place=.bak s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(touched("install -d /a /b"), some("", "/a /b", "", false));
    assert_eq!(touched("install -m 755 a /b"), some("a", "/b", "", false));
    assert_eq!(touched("tar xf /x.tar"), some("xf /x.tar", "", "", true));
    for packs in [
        "tar cf /x.tar a",
        "tar -czf /x.tar a",
        "tar --create -f /x a",
        "tar -xPf /x.tar",
        "tar xfC /x.tar /d",
        "tar $X",
    ] {
        assert_eq!(touched(packs), None, "{packs}");
    }
    let sed = knowledge().program("sed").unwrap();
    assert!(
        sed.changes_in_place(&words("sed -i s/a/b/ x"))
            && !sed.changes_in_place(&words("sed s/a/b/ x"))
    );
    assert!(sed.changes_in_place(&words("sed $X s/a/b/ x")));
    assert_eq!(touched("make install"), None);
    assert_eq!(
        touched("awk {print$1} /etc/passwd"),
        some("/etc/passwd", "", "", false)
    );
    assert_eq!(touched("awk {system($1)} /etc/passwd"), None);
    assert_eq!(
        touched("sudo rm /a"),
        None,
        "ask for the command behind sudo"
    );
}

#[test]
fn wrappers_are_seen_through() {
    let at = |text: &str| knowledge().command_at(&words(text));
    assert_eq!(at("rm -rf /a"), Some(0));
    assert_eq!(at("sudo -u app -E rm -rf /a"), Some(4));
    assert_eq!(at("env -u X A=b rm /a"), Some(4));
    assert_eq!(at("nice -n 10 timeout -k 5 60 make"), Some(7));
    assert_eq!(at("command -v git"), Some(0));
    assert_eq!(at("exec"), Some(0));
    assert_eq!(at("sudo $CMD"), None);
    assert_eq!(at("$CMD"), None);
}

#[test]
fn who_may_call_the_system_manager() {
    let may = |text: &str| knowledge().may_call_system_manager(&words(text));
    for text in [
        "apt-get update",
        "sudo apk add x",
        "bash setup.sh",
        "./setup.sh",
        "make",
        "whatever",
        "npm run deps",
        "npx playwright install --with-deps",
        "$CMD x",
        "sudo $CMD",
        "find / -exec apt-get {} +",
        "python3 x.py",
        "docker-php-ext-install gd",
    ] {
        assert!(may(text), "{text}");
    }
    for text in [
        "mkdir -p /a",
        "curl -o /a https://x",
        "pip install -r requirements.txt",
        "python -m pip install x",
        "npm ci",
        "go build ./...",
        "cargo build --release",
        "useradd app",
        "gcc -c x.c",
        "sudo rm -rf /a",
        "find / -name x -delete",
        "cd /a",
        "echo apt-get",
    ] {
        assert!(!may(text), "{text}");
    }
}
