//! The one place where this room asks the tables.
use super::effects::{Paths, Vars};
use super::state::Workdir;
use crate::knowledge::{self, Family, Knowledge, SystemAction, SystemCall};

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
pub fn image(knowledge: &Knowledge, reference: &str) -> ImageFacts {
    let Some(image) = knowledge.base_image(reference) else {
        let family = if looks_like_windows(reference) {
            Family::Windows
        } else {
            Family::Unknown
        };
        return ImageFacts {
            family,
            ..ImageFacts::default()
        };
    };
    ImageFacts {
        family: image.family(),
        known: true,
        env: image
            .env()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        workdir: image.workdir().map(str::to_owned),
        user: image.default_user().map(str::to_owned),
        // A SHELL that nobody has read becomes one that nobody understands.
        shell: image
            .shell()
            .map(|shell| serde_json::from_str(shell).unwrap_or_default()),
        no_shell_set: image.shell().is_none(),
        volumes: image.volumes().to_vec(),
        onbuild: image.has_onbuild() == Some(true),
    }
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

/// Programs that change nothing but what their words name. Of others, the tables tell what they do to their operands,
/// and what else they may change of the system is not written down.
const CHANGE_NOTHING_ELSE: [&str; 37] = [
    "arch",
    "basename",
    "clear",
    "curl",
    "date",
    "dig",
    "dirname",
    "dpkg-architecture",
    "dpkg-query",
    "envsubst",
    "expr",
    "free",
    "getconf",
    "getent",
    "groups",
    "hostname",
    "id",
    "locale",
    "lsb_release",
    "lscpu",
    "nproc",
    "nslookup",
    "ping",
    "pkg-config",
    "printenv",
    "ps",
    "seq",
    "sleep",
    "ssh-keyscan",
    "sync",
    "tr",
    "tty",
    "uname",
    "wget",
    "which",
    "whoami",
    "yes",
];

/// Builtins that decide what later words mean.
const CHANGE_MEANINGS: [&str; 5] = ["alias", "enable", "hash", "setvar", "unalias"];

/// What a command touches that runs in `workdir`; `None` stands for a word of unknown value. `None` as an answer: the
/// program, or something that it is asked to do, is not known.
pub fn command(
    knowledge: &Knowledge,
    words: &[Option<String>],
    workdir: &Workdir,
) -> Option<CommandFacts> {
    let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
    // Past `sudo`, `env X=1` and the like, as long as they have no options.
    let start = knowledge.command_at(&words)?;
    for wrapper in &words[..start.min(words.len())] {
        let word = (*wrapper)?;
        let name = word.split('=').next().unwrap_or_default();
        if word.starts_with('-') || word == "xargs" || finds_programs(name) {
            return None;
        }
        if !word.contains('=') {
            program_name(word)?;
        }
    }
    let words = words.get(start..)?;
    let name = program_name((*words.first()?)?)?;
    if let Some(call) = knowledge.system_call(words) {
        return system_call(&call, words);
    }
    if matches!(name, "[" | "test") {
        return Some(file_test(words.get(1..).unwrap_or_default(), workdir));
    }
    let program = knowledge.program(name)?;
    let sets_programs = program.state
        && words.iter().skip(1).any(|word| {
            word.is_none_or(|word| finds_programs(word.split('=').next().unwrap_or_default()))
        });
    if CHANGE_MEANINGS.contains(&name) || sets_programs {
        return None;
    }
    let touched = program.touches(words)?;
    let path = |at: &usize| {
        let word = words.get(*at).copied().flatten()?;
        let value = match word.strip_prefix("--") {
            Some(long) => long.split_once('=').map_or(word, |(_, value)| value),
            None if word.starts_with('-') && word.len() > 2 => {
                let value = word.get(2..)?;
                value.strip_prefix('=').unwrap_or(value)
            }
            None => word,
        };
        workdir.join(value)
    };
    let mut facts = CommandFacts {
        env_reads: match program.vars.is_empty() {
            true => Vars::None,
            false => Vars::Some(program.vars.iter().cloned().collect()),
        },
        network: program.net,
        ..CommandFacts::default()
    };
    for at in touched.reads.iter().chain(&touched.removes) {
        facts.reads.add(path(at).as_deref());
    }
    for at in touched.writes.iter().chain(&touched.removes) {
        let path = path(at);
        // `mkdir -p` and `install -D` make the folders above too.
        let path = match name {
            "mkdir" | "install" => path.as_deref().map(first_new_folder),
            _ => path,
        };
        facts.writes.add(path.as_deref());
    }
    // An archive may be read, or written.
    if matches!(name, "tar" | "bsdtar" | "zip") {
        facts.writes.merge(&facts.reads.clone());
    }
    // With a place of its own, nothing goes into the working directory.
    let elsewhere = match name {
        "curl" => !words.iter().flatten().any(|word| {
            word.starts_with("--remote")
                || (word.starts_with('-') && !word.starts_with("--") && word.contains(['O', 'J']))
        }),
        "tar" | "unzip" | "wget" => true,
        _ => false,
    };
    if touched.working_dir && (!elsewhere || touched.writes.is_empty()) {
        let folder = workdir.join(".");
        facts.reads.add(folder.as_deref());
        if program.paths != knowledge::programs::Paths::Read {
            facts.writes.add(folder.as_deref());
        }
    }
    let follows_links = matches!(name, "chmod" | "chown" | "chgrp")
        && words
            .iter()
            .flatten()
            .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('L'));
    if follows_links {
        facts.writes = Paths::Everything;
    }
    if matches!(name, "chown" | "chgrp" | "install") {
        facts.reads.merge(&Paths::of(["/etc/passwd", "/etc/group"]));
    }
    if name == "mktemp" {
        facts.writes.merge(&Paths::of(["/tmp"]));
    }
    let names_no_paths = program.paths == knowledge::programs::Paths::None;
    if names_no_paths && !program.builtin && !CHANGE_NOTHING_ELSE.contains(&name) {
        changes_the_system(&mut facts, name, words);
    }
    Some(facts)
}

/// What programs such as `useradd`, `ldconfig` and `a2enmod` may change.
fn changes_the_system(facts: &mut CommandFacts, name: &str, words: &[Option<&str>]) {
    let but = NO_PACKAGES_HERE;
    let mut system = Paths::but(but);
    if name.contains("user") || name.contains("group") || name == "passwd" {
        system.merge(&Paths::of(["/home"]));
    }
    // A home or another folder that a word names.
    if words
        .iter()
        .skip(1)
        .any(|word| word.is_none_or(|word| word.contains('/')))
    {
        system = Paths::Everything;
    }
    facts.reads.merge(&system);
    facts.writes.merge(&system);
    facts.env_reads.merge(&Vars::of(SYSTEM_VARIABLES));
}

/// `test` reads what its operators ask about.
fn file_test(args: &[Option<&str>], workdir: &Workdir) -> CommandFacts {
    let mut facts = CommandFacts::default();
    if args.iter().any(Option::is_none) {
        facts.reads = Paths::Everything;
        return facts;
    }
    let args: Vec<&str> = args.iter().flatten().copied().collect();
    let is = |index: Option<usize>, operators: &[&str]| {
        index
            .and_then(|index| args.get(index))
            .is_some_and(|arg| operators.contains(arg))
    };
    for (index, arg) in args.iter().enumerate() {
        let compares = ["-nt", "-ot", "-ef"];
        let before = index.checked_sub(1);
        if is(before, &FILE_TESTS) || is(before, &compares) || is(Some(index + 1), &compares) {
            facts.reads.add(workdir.join(arg).as_deref());
        }
    }
    facts
}

/// What a call of a distribution's package manager touches: everything but the folders that no package owns, and the
/// variables that such programs read.
fn system_call(call: &SystemCall<'_>, words: &[Option<&str>]) -> Option<CommandFacts> {
    // A file as a package, another root, another config: not looked into.
    let touches_files = words.iter().skip(1).any(|word| {
        let Some(word) = word else { return true };
        let value = word.split_once('=').map_or(*word, |(_, value)| value);
        ["/", "./", "../"]
            .iter()
            .any(|start| value.starts_with(start))
            || [".deb", ".rpm", ".apk"]
                .iter()
                .any(|end| word.ends_with(end))
            || word.contains("::")
    });
    if call.action == SystemAction::Other || !call.is_literal() || touches_files {
        return None;
    }
    let system = Paths::but(NO_PACKAGES_HERE);
    let mut env_reads = Vars::of(SYSTEM_VARIABLES);
    env_reads.add(&call.manager.quiet_variables);
    Some(CommandFacts {
        reads: system.clone(),
        writes: system,
        env_reads,
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

/// Whether a variable decides which programs run.
pub fn finds_programs(name: &str) -> bool {
    matches!(name, "PATH" | "BASH_ENV" | "ENV" | "IFS") || name.starts_with("LD_")
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
