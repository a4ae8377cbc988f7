//! What makes root necessary.

use std::collections::BTreeSet;

use crate::knowledge::{Entrypoint, Family};
use crate::runtime::{Runtime, commands, name, services};
use crate::shell::Script;
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::Scene;

/// Programs that step down from root by themselves, or start others that do.
const DROPS_RIGHTS: [&str; 14] = [
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "su",
    "sudo",
    "setuidgid",
    "s6-setuidgid",
    "s6-svscan",
    "chpst",
    "init",
    "systemd",
    "supervisord",
    "runsvdir",
];

/// Servers and tools that start as root, bind or mount, or keep their files under root's folders.
const NEEDS_ROOT: [&str; 47] = [
    "nginx",
    "openresty",
    "httpd",
    "httpd-foreground",
    "apache2",
    "apache2ctl",
    "apachectl",
    "apache2-foreground",
    "php-fpm",
    "lighttpd",
    "caddy",
    "haproxy",
    "varnishd",
    "squid",
    "postgres",
    "mysqld",
    "mysqld_safe",
    "mariadbd",
    "mongod",
    "redis-server",
    "memcached",
    "rabbitmq-server",
    "sshd",
    "cron",
    "crond",
    "dcron",
    "dockerd",
    "containerd",
    "buildkitd",
    "openvpn",
    "wg-quick",
    "iptables",
    "tcpdump",
    "named",
    "unbound",
    "dnsmasq",
    "postfix",
    "dovecot",
    "vsftpd",
    "proftpd",
    "smbd",
    "rsyslogd",
    "strongswan",
    "ipsec",
    "mount",
    "chroot",
    "service",
];

/// Words of a start script that ask for rights.
const SCRIPT_NEEDS: [&str; 14] = [
    "chown",
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "setuidgid",
    "sudo",
    "usermod",
    "groupmod",
    "useradd",
    "adduser",
    "apt-get",
    "apk",
    "mount",
];

/// Words of a RUN after which something lies in root's home.
const HOMES: [&str; 9] = [
    "/root",
    "$HOME",
    "${HOME}",
    "~/",
    "--user",
    "nvm.sh",
    "rustup",
    "playwright install",
    "uv python install",
];

/// Programs that write to their home or to the project before they start the app.
const WRITES_AT_START: [(&str, &str); 11] = [
    ("uv", "run"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("go", "run"),
    ("cargo", "run"),
    ("mvn", ""),
    ("mvnw", ""),
    ("gradle", ""),
    ("gradlew", ""),
    ("dotnet", "run"),
    ("dotnet", "watch"),
];

/// Names of stages that are no product.
const WORKSHOPS: [&str; 12] = [
    "test",
    "tests",
    "testing",
    "dev",
    "devel",
    "development",
    "devcontainer",
    "debug",
    "lint",
    "ci",
    "build",
    "builder",
];

/// Why the image has to start as root, or why nobody can say that it need not.
pub(super) fn needed(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Option<String> {
    let say = |reason: &str| Some(reason.to_owned());
    match runtime.state.family {
        Family::Windows => return say("Windows images have users of their own"),
        Family::Unknown => return say("nobody knows what kind of system the base image is"),
        _ => {}
    }
    if runtime.state.user.explicit {
        return say("USER is root on purpose");
    }
    if runtime.state.user.is_root() != Some(true) {
        return say("nobody has read which user the base image has");
    }
    if let Some(image) = &runtime.image {
        match image.drops_rights() {
            Some(false) => {}
            Some(true) => {
                return Some(format!(
                    "`{}` starts as root and steps down by itself",
                    runtime.base
                ));
            }
            None => {
                return say(
                    "nobody has read whether the base image steps down from root by itself",
                );
            }
        }
        if image.has_onbuild() != Some(false) {
            return say("the base image has ONBUILD instructions, or nobody has read whether");
        }
        if let Some(volume) = image.volumes().first() {
            return Some(format!(
                "the base image keeps data in VOLUME {volume}, which is root's"
            ));
        }
        if runtime.entrypoint.is_none() && image.entrypoint() == Entrypoint::Unknown {
            return say("nobody has read what the base image's ENTRYPOINT does");
        }
    }
    if runtime.cmd.is_none() && runtime.entrypoint.is_none() {
        return say("it has no CMD or ENTRYPOINT, so it is an image to build upon");
    }
    if let Some(workshop) = runtime
        .stage
        .name
        .as_deref()
        .filter(|name| WORKSHOPS.contains(name))
    {
        return Some(format!(
            "the final stage is called `{workshop}`, and whoever works in it may need root"
        ));
    }
    low_port(runtime)
        .or_else(|| started(scene, runtime))
        .or_else(|| prepared(scene, runtime))
        .or_else(|| {
            services(scene)
                .iter()
                .any(|service| service.user.is_some())
                .then(|| "a compose file says which user it runs as".to_owned())
        })
}

/// A port that only root may open everywhere.
fn low_port(runtime: &Runtime<'_>) -> Option<String> {
    let low = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let rest = text.get(digits.len()..).unwrap_or_default();
        let port: u32 = digits.parse().ok()?;
        ((1..1024).contains(&port) && (rest.is_empty() || rest.starts_with(['/', '-', ' '])))
            .then_some(port)
    };
    for one in &runtime.instructions {
        if one.keyword == Keyword::Expose {
            for word in one.args.words() {
                if word.text.contains('$') {
                    continue;
                }
                if let Some(port) = low(&word.text) {
                    return Some(format!(
                        "port {port}, and ports below 1024 are root's in many places"
                    ));
                }
            }
        }
        if one.keyword == Keyword::Env {
            for pair in one.args.pairs() {
                let is_port = pair
                    .key
                    .text
                    .to_ascii_uppercase()
                    .split('_')
                    .any(|part| part == "PORT" || part == "PORTS");
                if let Some(port) = low(pair.value.text.trim_matches('"')).filter(|_| is_port) {
                    return Some(format!(
                        "port {port} by ENV, and ports below 1024 are root's in many places"
                    ));
                }
            }
        }
        if matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint) {
            let text = one.rest().unwrap_or_default();
            let words: Vec<&str> = text
                .split(|c: char| c.is_whitespace() || "\"',[]".contains(c))
                .filter(|word| !word.is_empty())
                .collect();
            for (index, word) in words.iter().enumerate() {
                let named = index
                    .checked_sub(1)
                    .and_then(|before| words.get(before))
                    .is_some_and(|before| {
                        let before = before.to_ascii_lowercase();
                        *before == *"-p"
                            || before.starts_with("--") && before.ends_with("port")
                            || before == "http.server"
                    });
                let after = word
                    .rsplit_once([':', '='])
                    .map(|(_, port)| port)
                    .or(named.then_some(*word));
                if let Some(port) = after.and_then(low) {
                    return Some(format!(
                        "it listens on port {port}, and ports below 1024 are root's in many places"
                    ));
                }
            }
        }
    }
    None
}

/// What ENTRYPOINT and CMD start.
fn started(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Option<String> {
    let mut any = false;
    for one in runtime.entrypoint.into_iter().chain(runtime.cmd) {
        let arguments = runtime
            .entrypoint
            .is_some_and(|entrypoint| entrypoint.is_json() && entrypoint.index != one.index);
        let Some(all) = commands(scene, one) else {
            return Some("what it starts is not understood".to_owned());
        };
        for words in all {
            // Past `tini --` and its like.
            let words = match words.iter().position(|word| word == "--") {
                Some(at) if words.len() > at + 1 => words.get(at + 1..).unwrap_or_default(),
                _ => &words,
            };
            let Some(program) = words.first() else {
                continue;
            };
            if let Some(reason) = program_needs(scene, runtime, program, words, arguments) {
                return Some(reason);
            }
            any = true;
        }
    }
    (!any).then(|| "it starts nothing by itself".to_owned())
}

fn program_needs(
    scene: &Scene<'_>,
    runtime: &Runtime<'_>,
    program: &str,
    words: &[String],
    arguments: bool,
) -> Option<String> {
    let base = name(program);
    if base.is_empty() {
        return Some("the program that it starts hangs on a variable".to_owned());
    }
    if DROPS_RIGHTS.contains(&base) {
        return Some(format!("`{base}` starts as root and steps down by itself"));
    }
    if NEEDS_ROOT.contains(&base) || base.starts_with("php-fpm") {
        return Some(format!("`{base}` is made to start as root"));
    }
    let shell = ["sh", "bash", "ash", "dash", "zsh"].contains(&base);
    if shell && !words.iter().skip(1).any(|word| !word.starts_with('-')) && !arguments {
        return Some("it starts a shell, and whoever works in it may need root".to_owned());
    }
    if WRITES_AT_START.iter().any(|(known, verb)| {
        *known == base && (verb.is_empty() || words.get(1).is_some_and(|word| word == verb))
    }) {
        return Some(format!(
            "`{base}` writes to its home or to the project before the app starts"
        ));
    }
    // A script of the project.
    let script = if shell {
        words
            .iter()
            .skip(1)
            .find(|word| !word.starts_with('-'))?
            .as_str()
    } else {
        program
    };
    let named = script.ends_with(".sh")
        || ["entrypoint", "start", "run", "init", "docker-entrypoint"].contains(&name(script))
            && script.contains('/');
    if !named {
        return None;
    }
    let Some(text) = read(scene, runtime, script) else {
        return Some(format!("nobody can read here what `{}` does", name(script)));
    };
    let words: BTreeSet<&str> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
        .collect();
    SCRIPT_NEEDS
        .iter()
        .chain(&NEEDS_ROOT)
        .find(|word| words.contains(**word))
        .map(|word| format!("`{}` calls `{word}`, which needs root", name(script)))
}

/// A script of the build context that ends as `path` in the image.
fn read(scene: &Scene<'_>, runtime: &Runtime<'_>, path: &str) -> Option<String> {
    let context = scene.context?;
    for one in runtime.instructions.iter().rev() {
        if !matches!(one.keyword, Keyword::Copy | Keyword::Add) || one.flag("from").is_some() {
            continue;
        }
        let words = one.args.words();
        let Some((_, sources)) = words.split_last() else {
            continue;
        };
        for source in sources {
            let source = source.text.trim_start_matches("./").trim_end_matches('/');
            let wanted = name(path);
            let candidates = [
                source.to_owned(),
                format!("{source}/{wanted}"),
                path.trim_start_matches("./").to_owned(),
            ];
            for candidate in candidates {
                if name(&candidate) == wanted
                    && let Some(text) = context
                        .read_text(candidate.trim_start_matches("./").trim_start_matches('/'))
                {
                    return Some(text);
                }
            }
        }
    }
    None
}

/// What the file does before, that asks for root later.
fn prepared(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Option<String> {
    for one in &runtime.instructions {
        let line = one.lines.0;
        match one.keyword {
            Keyword::Run => {
                let text = one.rest().unwrap_or_default();
                let bodies: String = one
                    .heredocs
                    .iter()
                    .map(|heredoc| scene.file.text(heredoc.body))
                    .collect();
                let script = scene.script(one.index);
                if let Some(tool) = script.and_then(accounts) {
                    return Some(format!(
                        "line {line} makes or changes a user by `{tool}`, and no USER names it"
                    ));
                }
                if let Some(tool) = words(text).chain(words(&bodies)).find(|word| {
                    [
                        "gosu",
                        "su-exec",
                        "s6-overlay",
                        "setcap",
                        "supervisor",
                        "cron",
                        "openssh-server",
                        "sudo",
                    ]
                    .contains(word)
                }) {
                    return Some(format!(
                        "line {line} brings `{tool}`, which belongs to programs that start as root"
                    ));
                }
                if let Some(home) = HOMES
                    .iter()
                    .find(|home| mentions(text, home) || mentions(&bodies, home))
                {
                    return Some(format!(
                        "line {line} may keep something in root's home (`{home}`), which others can't read"
                    ));
                }
            }
            Keyword::Copy
            | Keyword::Add
            | Keyword::Env
            | Keyword::Workdir
            | Keyword::Volume
            | Keyword::Cmd
            | Keyword::Entrypoint
                if mentions(one.rest().unwrap_or_default(), "/root")
                    && (one.flag("from").is_none() || ends_in_root(one)) =>
            {
                return Some(format!(
                    "line {line} uses root's home, which others can't read"
                ));
            }
            Keyword::Onbuild => {
                return Some("it has ONBUILD, so it is an image to build upon".to_owned());
            }
            _ => {}
        }
    }
    None
}

fn ends_in_root(one: &Instruction) -> bool {
    match &one.args {
        Args::Words(words) | Args::Json(words) => words
            .last()
            .is_some_and(|word| mentions(&word.text, "/root")),
        _ => true,
    }
}

/// The program of `script` that makes or changes users.
fn accounts(script: &Script) -> Option<&str> {
    script
        .calls()
        .filter_map(|call| call.effective_program())
        .find(|program| ["useradd", "adduser", "addgroup", "groupadd", "usermod"].contains(program))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"',;()=".contains(c))
}

/// Whether `text` has `what` as a path or word, not as a part of a longer name.
fn mentions(text: &str, what: &str) -> bool {
    text.match_indices(what).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + what.len()..)
            .and_then(|text| text.chars().next());
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
        !part(before) && (what.ends_with('/') || !part(after))
    })
}
