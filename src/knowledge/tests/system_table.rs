//! Commands of system package managers, as people write them.

use super::*;

#[test]
fn system_commands_as_people_write_them() {
    for (text, manager, action, packages, flags) in [
        ("apt-get update", "apt-get", S::Update, "", 0),
        ("apt-get -qq update", "apt-get", S::Update, "", 1),
        (
            "/usr/bin/apt-get -y install curl git",
            "apt-get",
            S::Install,
            "curl git",
            1,
        ),
        (
            "apt-get install -yqq --no-install-recommends curl=7.* git/bookworm",
            "apt-get",
            S::Install,
            "curl=7.* git/bookworm",
            2,
        ),
        (
            "apt-get -t bookworm-backports install -y golang",
            "apt-get",
            S::Install,
            "golang",
            2,
        ),
        (
            "apt-get install -y -o Dpkg::Options::=--force-confold nginx",
            "apt-get",
            S::Install,
            "nginx",
            2,
        ),
        (
            "apt-get install -oDebug=1 nginx",
            "apt-get",
            S::Install,
            "nginx",
            1,
        ),
        (
            "apt-get install -yt stretch-backports nginx",
            "apt-get",
            S::Install,
            "nginx",
            1,
        ),
        (
            "apt-get install -y -- nginx",
            "apt-get",
            S::Install,
            "nginx",
            2,
        ),
        (
            "apt-get purge -y --auto-remove gcc",
            "apt-get",
            S::Remove,
            "gcc",
            2,
        ),
        ("apt-get dist-upgrade -y", "apt-get", S::Upgrade, "", 1),
        ("apt-get clean", "apt-get", S::Clean, "", 0),
        ("apt install -y jq", "apt", S::Install, "jq", 1),
        ("apt list", "apt", S::Other, "", 0),
        ("sudo -E apt-get update", "apt-get", S::Update, "", 0),
        (
            "env DEBIAN_FRONTEND=noninteractive apt-get install -y x",
            "apt-get",
            S::Install,
            "x",
            1,
        ),
        (
            "sudo DEBIAN_FRONTEND=noninteractive apt-get install -y x",
            "apt-get",
            S::Install,
            "x",
            1,
        ),
        ("timeout 60 apt-get update", "apt-get", S::Update, "", 0),
        (
            "apk add --no-cache --virtual .build-deps gcc musl-dev",
            "apk",
            S::Install,
            "gcc musl-dev",
            2,
        ),
        (
            "apk --no-cache add -t .deps gcc",
            "apk",
            S::Install,
            "gcc",
            2,
        ),
        ("apk --update add bash", "apk", S::Install, "bash", 1),
        ("apk del .build-deps", "apk", S::Remove, ".build-deps", 0),
        (
            "apk add -X https://x/edge/testing foo",
            "apk",
            S::Install,
            "foo",
            1,
        ),
        (
            "dnf -y install --setopt=install_weak_deps=False gcc",
            "dnf",
            S::Install,
            "gcc",
            2,
        ),
        (
            "dnf install -y --enablerepo crb ninja-build",
            "dnf",
            S::Install,
            "ninja-build",
            2,
        ),
        ("dnf clean all", "dnf", S::Clean, "all", 0),
        (
            "dnf config-manager --set-enabled crb",
            "dnf",
            S::Other,
            "crb",
            1,
        ),
        (
            "dnf group install -y 'Development",
            "dnf",
            S::Install,
            "'Development",
            1,
        ),
        ("dnf group list", "dnf", S::Other, "list", 0),
        ("yum -y update", "yum", S::Upgrade, "", 1),
        ("yum groupinstall -y x", "yum", S::Install, "x", 1),
        (
            "microdnf install --nodocs -y tar",
            "microdnf",
            S::Install,
            "tar",
            2,
        ),
        ("tdnf install -y tar", "tdnf", S::Install, "tar", 1),
        ("zypper -n in -r repo gcc", "zypper", S::Install, "gcc", 2),
        (
            "zypper --non-interactive refresh",
            "zypper",
            S::Update,
            "",
            1,
        ),
        (
            "zypper -C /cache in -C libfoo.so",
            "zypper",
            S::Install,
            "libfoo.so",
            2,
        ),
        (
            "pacman -Syu --noconfirm git",
            "pacman",
            S::Install,
            "git",
            2,
        ),
        ("pacman -Syu --noconfirm", "pacman", S::Upgrade, "", 2),
        ("pacman -Sy", "pacman", S::Update, "", 1),
        (
            "pacman -S --noconfirm --needed base-devel",
            "pacman",
            S::Install,
            "base-devel",
            3,
        ),
        ("pacman -Scc --noconfirm", "pacman", S::Clean, "", 2),
        ("pacman -Rns --noconfirm gcc", "pacman", S::Remove, "gcc", 2),
        ("pacman -Ss git", "pacman", S::Other, "git", 1),
        ("pacman -Qi git", "pacman", S::Other, "git", 1),
    ] {
        let words = words(text);
        let call = knowledge()
            .system_call(&words)
            .unwrap_or_else(|| panic!("{text}: no call"));
        let found: Vec<&str> = call.package_names(&words).collect();
        assert_eq!(
            (
                call.manager.id.as_str(),
                call.action,
                found.join(" ").as_str(),
                call.flags.len()
            ),
            (manager, action, packages, flags),
            "{text}"
        );
        assert!(call.is_literal(), "{text}");
    }
}

#[test]
fn other_commands_are_no_system_calls() {
    for text in [
        "echo apt-get install",
        "apt-cache search x",
        "apt-key add -",
        "bash -c apt-get",
        "$APT install x",
        "command -v apt-get",
        "",
        "sudo $CMD apt-get update",
    ] {
        assert!(knowledge().system_call(&words(text)).is_none(), "{text}");
    }
}

#[test]
fn words_that_are_not_literal_prove_nothing() {
    let call = |text: &str| {
        let words: Vec<Word<'static>> = text
            .split_whitespace()
            .map(|word| (!word.starts_with('$')).then(|| &*word.to_owned().leak()))
            .collect();
        knowledge().system_call(&words).unwrap()
    };
    assert_eq!(call("apt-get $ACTION curl").action, S::Other);
    assert_eq!(
        call("apt-get $ARGS install curl").action,
        S::Other,
        "$ARGS may be `remove`"
    );
    let install = call("apt-get install -y $PACKAGES git");
    assert_eq!(
        (install.action, &install.opaque[..], &install.packages[..]),
        (S::Install, &[3][..], &[4][..])
    );
    assert!(!install.is_literal());
    let dated = call("apt-get -t $SUITE install git");
    assert_eq!(
        (dated.action, &dated.opaque[..]),
        (S::Install, &[2][..]),
        "the value of a flag hides no verb, but may be more than one word"
    );
    assert!(call("xargs apt-get install -y").open);
    assert!(call("xargs -a list apt-get install -y").open);
    assert_eq!(call("pacman $FLAGS git").action, S::Other);
}

#[test]
fn system_flags_and_clean_words() {
    let says = |text: &str, list: fn(&SystemManager) -> &Vec<String>| {
        let words = words(text);
        let call = knowledge().system_call(&words).unwrap();
        call.says(&words, list(call.manager))
    };
    assert!(says("apt-get install -yq x", |m| &m.assume_yes));
    assert!(
        says("apt-get install -qq x", |m| &m.assume_yes),
        "-qq implies -y (apt-get(8))"
    );
    assert!(!says("apt-get install -q x", |m| &m.assume_yes));
    assert!(!says("apt-get install --no-install-suggests x", |m| &m
        .no_recommends));
    assert!(says(
        "dnf install --setopt install_weak_deps=False x",
        |m| &m.no_recommends
    ));
    assert!(says("apk add -s x", |m| &m.idle));
    assert!(
        !says("apt-get install -tstretch -y x", |m| &m.idle),
        "what follows -t is its value"
    );
    let call = |text: &str| {
        let words = words(text);
        let call = knowledge().system_call(&words).unwrap();
        (call.updates, call.cleans_lists)
    };
    assert_eq!(call("apk add bash"), (false, false));
    assert_eq!(call("apk add --no-cache bash"), (true, false));
    assert_eq!(call("apk -U add bash"), (true, false));
    assert_eq!(call("dnf -y install bash"), (true, false));
    assert_eq!(call("dnf clean all"), (false, true));
    assert_eq!(call("dnf -y clean packages"), (false, false));
    assert_eq!(
        call("apt-get clean"),
        (false, false),
        "it leaves all of the lists"
    );
    assert_eq!(call("apt-get dist-clean"), (false, true));
    assert_eq!(call("zypper clean --all"), (false, true));
    assert_eq!(call("zypper clean"), (false, false));
    assert_eq!(call("pacman -Sy git"), (true, false));
}

#[test]
fn lists_are_cleaned_in_many_spellings() {
    let apt = knowledge().system_manager("apt-get").unwrap();
    for path in [
        "/var/lib/apt/lists/*",
        "/var/lib/apt/lists",
        "/var/lib/apt/lists/",
        "//var/lib/apt/lists//*",
        "/var/lib/apt/*",
        "/var/lib/apt/lists/*_*",
        "/var/lib/{apt,dpkg,cache,log}/",
        "/var/lib/{apt/lists,cache}",
    ] {
        assert!(apt.cleaned_by_removing(path), "{path}");
    }
    for path in [
        "/var/lib/apt/lists/partial",
        "/var/lib/dpkg",
        "var/lib/apt/lists",
        "/var/lib/apt/lists-old",
        "/var/cache/apt/*",
        "/var/lib/{dpkg,log}",
    ] {
        assert!(!apt.cleaned_by_removing(path), "{path}");
    }
    assert!(apt.mount_hides_state("/var/lib/apt") && apt.mount_hides_state("/var/lib"));
    assert!(!apt.mount_hides_state("/var/lib/apt/lists"));
    assert!(apt.keeps_in("/var/lib/apt/lists/x") && !apt.keeps_in("/var/lib/apt"));
}
