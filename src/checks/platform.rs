//! Platforms such as `linux/arm64` (`containerd/platforms`).

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// The machine that builds. Only its being no constant of the file matters.
pub(super) const SYSTEM: &str = "linux";
/// See [`SYSTEM`].
pub(super) const ARCHITECTURE: &str = "amd64";

/// Operating system and architecture of a platform, in their common names; `None` when it is none.
pub(super) fn parse(text: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = text.split('/').collect();
    let (first, others) = parts.split_first()?;
    let system = system(first)?;
    let word = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if !others.iter().all(word) {
        return None;
    }
    match others {
        [] if SYSTEMS.contains(&system.as_str()) => Some((system, ARCHITECTURE.into())),
        [] => {
            let architecture = architecture(first);
            ARCHITECTURES
                .contains(&architecture.as_str())
                .then(|| (SYSTEM.into(), architecture))
        }
        [second] | [second, _] => Some((system, architecture(second))),
        _ => None,
    }
}

/// `linux`, `windows(10.0.17763)`.
fn system(text: &str) -> Option<String> {
    let name = match text.split_once('(') {
        None => text,
        Some((name, version)) => {
            let version = version.strip_suffix(')')?;
            let plain = version
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-+".contains(&byte));
            plain.then_some(name)?
        }
    };
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let name = name.to_ascii_lowercase();
    plain.then(|| {
        if name == "macos" {
            "darwin".into()
        } else {
            name
        }
    })
}

fn architecture(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "i386" | "i486" | "i586" | "i686" => "386".into(),
        "x86_64" | "x86-64" => "amd64".into(),
        "aarch64" => "arm64".into(),
        "armhf" | "armel" => "arm".into(),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn platforms_in_one_to_three_parts() {
        let is = |text: &str, system: &str, architecture: &str| {
            assert_eq!(
                parse(text),
                Some((system.into(), architecture.into())),
                "{text}"
            );
        };
        is("linux/amd64", "linux", "amd64");
        is("linux/arm/v7", "linux", "arm");
        is("windows(10.0.17763)/x86_64", "windows", "amd64");
        is("aarch64", "linux", "arm64");
        is("windows", "windows", "amd64");
        for bad in [
            "",
            "nosuch",
            "a/b/c/d",
            "linux/",
            "linux/*",
            "lin ux/amd64",
            "linux(/amd64",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
