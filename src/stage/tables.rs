//! The one place where this room asks the tables.
use super::effects::{Paths, Vars};
use super::state::Workdir;
use crate::knowledge::Knowledge;

/// What an operating system is made of, as far as it matters to package managers and paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names speak for themselves")]
pub enum Family {
    /// Debian, Ubuntu.
    Debian,
    /// Alpine, and what else uses apk and busybox (Wolfi).
    Alpine,
    /// Fedora, CentOS, Rocky, Alma, Oracle, Amazon, UBI.
    Rhel,
    Suse,
    Arch,
    Busybox,
    Distroless,
    /// Nothing at all: FROM scratch.
    Scratch,
    Windows,
    #[default]
    Unknown,
}

/// What is known of a base image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its family.
    pub family: Family,
    /// Whether what follows comes from a row of the tables; else nothing is known of the image's config.
    pub known: bool,
    /// Variables of its config; never all of them.
    pub env: Vec<(String, String)>,
    /// WORKDIR of its config; `None` when not known.
    pub workdir: Option<String>,
    /// USER of its config; `None` when not known.
    pub user: Option<String>,
    /// SHELL of its config, when it has one.
    pub shell: Option<Vec<String>>,
    /// Whether it is known to have no SHELL of its own.
    pub no_shell_set: bool,
    /// VOLUMEs of its config.
    pub volumes: Vec<String>,
    /// Whether it has ONBUILD triggers: they run first, and may do anything.
    pub onbuild: bool,
}

/// What the tables say of image `reference`, as FROM names it.
pub fn image(_knowledge: &Knowledge, reference: &str) -> ImageFacts {
    let (repository, tag) = split_reference(reference);
    if looks_like_windows(reference) {
        return ImageFacts {
            family: Family::Windows,
            ..ImageFacts::default()
        };
    }
    let family = match repository {
        "debian" | "ubuntu" | "buildpack-deps" => Family::Debian,
        "alpine" => Family::Alpine,
        "busybox" => Family::Busybox,
        "fedora" | "centos" | "rockylinux" | "almalinux" | "amazonlinux" | "oraclelinux" => {
            Family::Rhel
        }
        "opensuse/leap" | "opensuse/tumbleweed" => Family::Suse,
        "archlinux" => Family::Arch,
        "node" | "python" | "golang" | "ruby" | "rust" | "php" if tag.contains("alpine") => {
            Family::Alpine
        }
        "node" | "python" | "golang" | "ruby" | "rust" | "php" => Family::Debian,
        _ if repository.starts_with("gcr.io/distroless/") => Family::Distroless,
        _ => return ImageFacts::default(),
    };
    let mut facts = ImageFacts {
        family,
        known: true,
        workdir: Some("/".to_owned()),
        user: Some("root".to_owned()),
        no_shell_set: true,
        ..ImageFacts::default()
    };
    match repository {
        "golang" => {
            facts.workdir = Some("/go".to_owned());
            facts.env.push(("GOPATH".to_owned(), "/go".to_owned()));
        }
        "php" => facts.workdir = Some("/var/www/html".to_owned()),
        "rust" => facts
            .env
            .push(("CARGO_HOME".to_owned(), "/usr/local/cargo".to_owned())),
        _ if family == Family::Distroless => {
            facts.user = None;
            facts.workdir = None;
        }
        _ => {}
    }
    facts
}

/// Repository, without Docker Hub's own prefixes, and tag (`latest` when none is written).
pub fn split_reference(reference: &str) -> (&str, &str) {
    let tagged = reference.split('@').next().unwrap_or(reference);
    let (repository, tag) = match tagged.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (tagged, "latest"),
    };
    let repository = ["docker.io/", "index.docker.io/"]
        .into_iter()
        .find_map(|host| repository.strip_prefix(host))
        .unwrap_or(repository);
    (
        repository.strip_prefix("library/").unwrap_or(repository),
        tag,
    )
}

/// Whether an image's name says that it is a Windows image.
pub fn looks_like_windows(reference: &str) -> bool {
    let reference = reference.to_ascii_lowercase();
    ["windows", "nanoserver", "servercore", "dotnet/framework"]
        .iter()
        .any(|word| reference.contains(word))
}

/// What a command touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFacts {
    /// Paths that it reads.
    pub reads: Paths,
    /// Paths that it writes.
    pub writes: Paths,
    /// Variables that it reads, beyond those that every program reads.
    pub env_reads: Vars,
    /// Whether it uses the network.
    pub network: bool,
    /// Whether it is the package manager of the system.
    pub is_install: bool,
}

/// Folders that no package of a distribution installs into. `*` is any one name.
pub const NO_PACKAGES_HERE: [&str; 8] = [
    "/app",
    "/code",
    "/home/*",
    "/opt/*",
    "/src",
    "/srv/*",
    "/usr/src/*",
    "/workspace",
];

/// Variables that package managers, debconf, and the scripts in packages read.
const SYSTEM_VARIABLES: [&str; 22] = [
    "APT_*",
    "CI",
    "DEBCONF_*",
    "DEBIAN_*",
    "DPKG_*",
    "EDITOR",
    "GNUPGHOME",
    "JAVA_*",
    "LANGUAGE",
    "NEEDRESTART_*",
    "PERL*",
    "PYTHON*",
    "RUNLEVEL",
    "SHELL",
    "SSL_*",
    "SUDO_*",
    "SYSTEMD_*",
    "TERM",
    "TZ",
    "UCF_*",
    "USER",
    "XDG_*",
];

/// Folders that are there in every image with a package manager.
const SYSTEM_FOLDERS: [&str; 14] = [
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// Operators of `test` that ask about a file.
const FILE_TESTS: [&str; 20] = [
    "-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-p", "-r", "-s", "-u", "-w", "-x", "-G",
    "-L", "-N", "-O", "-S",
];

/// What `program` touches when it gets `args` (`None`: one of unknown value) in `workdir`. `None` when the program, or
/// something that it is asked to do, is not known.
pub fn command(
    _knowledge: &Knowledge,
    program: &str,
    args: &[Option<String>],
    workdir: &Workdir,
) -> Option<CommandFacts> {
    if let Some(facts) = system_call(program, args) {
        return Some(facts);
    }
    // A path inside of a long option: `--target-directory=/x`.
    if args
        .iter()
        .flatten()
        .any(|arg| arg.starts_with("--") && arg.contains('/'))
    {
        return None;
    }
    let mut facts = CommandFacts::default();
    // The first operand of these is a mode or an owner.
    let skip = usize::from(matches!(program, "chmod" | "chown" | "chgrp"));
    let paths = || {
        args.iter()
            .filter(|arg| !arg.as_deref().is_some_and(|arg| arg.starts_with('-')))
            .skip(skip)
            .map(|arg| arg.as_deref().and_then(|arg| workdir.join(arg)))
    };
    let flag = |letter: char| {
        args.iter()
            .flatten()
            .any(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.contains(letter))
    };
    match program {
        ":" | "true" | "false" | "echo" | "printf" | "sleep" | "exit" | "umask" | "wait" => {}
        // Only for the rest of the script, unless it decides which programs run.
        "export" | "unset" | "readonly" => {
            for arg in args {
                let name = arg.as_deref()?.split('=').next().unwrap_or_default();
                if name.starts_with("LD_") || matches!(name, "PATH" | "BASH_ENV" | "ENV" | "IFS") {
                    return None;
                }
            }
        }
        "cd" => {
            for path in paths() {
                facts.reads.add(path.as_deref());
            }
        }
        "set" => {
            let options_only = args.iter().flatten().all(|arg| {
                arg.starts_with(['-', '+'])
                    || matches!(arg.as_str(), "pipefail" | "errexit" | "nounset" | "xtrace")
            });
            if !options_only || args.iter().any(Option::is_none) {
                return None;
            }
        }
        "cat" | "ls" => {
            for path in paths() {
                facts.reads.add(path.as_deref());
            }
        }
        "[" | "test" => {
            for (index, arg) in args.iter().enumerate() {
                let Some(arg) = arg else {
                    facts.reads = Paths::Everything;
                    break;
                };
                let is_operator = |index: usize, operators: &[&str]| {
                    args.get(index)
                        .and_then(Option::as_deref)
                        .is_some_and(|arg| operators.contains(&arg))
                };
                let before = index.wrapping_sub(1);
                let is_file = is_operator(before, &FILE_TESTS)
                    || is_operator(before, &["-nt", "-ot", "-ef"])
                    || is_operator(index + 1, &["-nt", "-ot", "-ef"]);
                if is_file {
                    facts.reads.add(workdir.join(arg).as_deref());
                }
            }
        }
        "mkdir" => {
            for path in paths() {
                facts
                    .writes
                    .add(path.as_deref().map(first_new_folder).as_deref());
            }
        }
        "rm" | "rmdir" | "touch" | "chmod" | "chown" | "chgrp" | "ln" | "cp" | "mv" => {
            for path in paths() {
                facts.reads.add(path.as_deref());
                facts.writes.add(path.as_deref());
            }
            if matches!(program, "chown" | "chgrp") {
                facts.reads.merge(&Paths::of(["/etc/passwd", "/etc/group"]));
            }
            // What a link leads to can be anywhere.
            if matches!(program, "chmod" | "chown" | "chgrp") && flag('L') {
                facts.writes = Paths::Everything;
            }
        }
        "useradd" | "groupadd" | "usermod" | "groupmod" | "adduser" | "addgroup" => {
            let accounts = Paths::of(["/etc", "/home", "/var"]);
            facts.reads.merge(&accounts);
            facts.writes.merge(&accounts);
            // A home that is named by an argument.
            for arg in args {
                match arg.as_deref() {
                    Some(arg) if arg.contains('/') => return None,
                    Some(_) => {}
                    None => return None,
                }
            }
        }
        _ => return None,
    }
    Some(facts)
}

/// What a call of a distribution's package manager touches: everything but the folders that no package owns, and the
/// variables that such programs read.
fn system_call(program: &str, args: &[Option<String>]) -> Option<CommandFacts> {
    let commands: &[&str] = match program {
        "apt-get" | "apt" => &[
            "update",
            "install",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "remove",
            "purge",
            "autoremove",
            "clean",
            "autoclean",
            "build-dep",
        ],
        "apk" => &["add", "del", "update", "upgrade", "fix"],
        "dnf" | "yum" | "microdnf" | "tdnf" => &[
            "install",
            "update",
            "upgrade",
            "remove",
            "erase",
            "clean",
            "makecache",
            "autoremove",
        ],
        "zypper" => &[
            "install", "in", "refresh", "ref", "update", "up", "remove", "rm", "clean",
        ],
        _ => return None,
    };
    let args: Option<Vec<&str>> = args.iter().map(Option::as_deref).collect();
    let args = args?;
    let command = args.iter().find(|arg| !arg.starts_with('-'))?;
    // A file as a package, another root, another config: not looked into.
    let touches_files = args.iter().any(|arg| {
        let value = arg.split_once('=').map_or(*arg, |(_, value)| value);
        value.starts_with(['/', '.'])
            || [".deb", ".rpm", ".apk"]
                .iter()
                .any(|end| arg.ends_with(end))
            || arg.contains("::")
    });
    if !commands.contains(command) || touches_files {
        return None;
    }
    let system = Paths::but(NO_PACKAGES_HERE);
    Some(CommandFacts {
        reads: system.clone(),
        writes: system,
        env_reads: Vars::of(SYSTEM_VARIABLES),
        network: true,
        is_install: true,
    })
}

/// The topmost folder of `path` that may be new: `mkdir -p` makes it too.
fn first_new_folder(path: &str) -> String {
    let mut folder = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        folder.push('/');
        folder.push_str(part);
        if !SYSTEM_FOLDERS.contains(&folder.as_str()) {
            break;
        }
    }
    if folder.is_empty() {
        "/".to_owned()
    } else {
        folder
    }
}

/// The name of the program that a command's first word runs: without a path when it is one of the system's own
/// folders. A path to anywhere else is a program that nobody knows.
pub fn program_name(word: &str) -> Option<&str> {
    match word.rsplit_once('/') {
        None => Some(word),
        Some((folder, name)) => matches!(
            folder,
            "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" | "/busybox"
        )
        .then_some(name),
    }
}
