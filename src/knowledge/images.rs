//! Base images: what their names say, and what they bring.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

/// The kind of operating system that an image has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Debian, Ubuntu.
    Debian,
    /// Alpine.
    Alpine,
    /// Wolfi: apk over glibc.
    Wolfi,
    /// Fedora, CentOS, Rocky, Alma, Oracle, Amazon and Azure Linux, UBI, Photon.
    Rhel,
    /// openSUSE.
    Suse,
    /// Arch.
    Arch,
    /// busybox alone.
    Busybox,
    /// No shell, no package manager.
    Distroless,
    /// Nothing at all.
    Scratch,
    /// Windows.
    Windows,
    /// Nobody knows.
    #[default]
    Unknown,
}

/// Where the word `slim` stands in the tags of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Slim {
    /// `22-bookworm-slim`
    Last,
    /// `3.12-slim-bookworm`
    BeforeCodename,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Os {
    family: Family,
    managers: Vec<String>,
    shells: Vec<String>,
    sh: Option<String>,
    docker_clean: bool,
    add_user: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    tag: String,
    os: String,
    managers: Option<Vec<String>>,
    user: Option<String>,
    ready: Option<String>,
    workdir: Option<String>,
    shells: Option<Vec<String>>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    shell: Option<String>,
    entrypoint: Option<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    drops_rights: bool,
    #[serde(default)]
    onbuild: bool,
    distroless: Option<String>,
    #[serde(default)]
    unknown: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    slim: Option<Slim>,
    #[serde(default)]
    alpine: bool,
    /// It holds its system and nothing else.
    #[serde(default)]
    bare: bool,
    /// Parts of tags that the grammar has no rule for.
    #[serde(default)]
    odd: Vec<String>,
    full: Option<String>,
    #[serde(default)]
    slim_keeps: Vec<String>,
    tags: Vec<Row>,
}

/// What an image holds beside its language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Contents {
    programs: Vec<String>,
    packages: Vec<String>,
}

/// The file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    codenames: Vec<String>,
    contents: BTreeMap<String, Contents>,
    needs: BTreeMap<String, Vec<String>>,
    builds: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    writes: BTreeMap<String, Vec<String>>,
    os: BTreeMap<String, Os>,
    alias: BTreeMap<String, String>,
    image: BTreeMap<String, Image>,
}

impl File {
    /// Puts the entries of `other` over its own.
    pub(super) fn add(&mut self, other: Self) {
        self.codenames.extend(other.codenames);
        self.contents.extend(other.contents);
        self.needs.extend(other.needs);
        for (ecosystem, names) in other.builds {
            self.builds.entry(ecosystem).or_default().extend(names);
        }
        self.writes.extend(other.writes);
        self.os.extend(other.os);
        self.alias.extend(other.alias);
        self.image.extend(other.image);
    }
}

/// An image's name, taken apart. A name that is short for an official image is written short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `python`, `mcr.microsoft.com/dotnet/sdk`, `localhost:5000/x`.
    pub name: String,
    /// The name as it is written.
    pub written: String,
    /// What follows `:`.
    pub tag: Option<String>,
    /// What follows `@`.
    pub digest: Option<String>,
}

/// Spellings of Docker Hub's official images, and copies of them.
const OFFICIAL: [&str; 6] = [
    "docker.io/library/",
    "index.docker.io/library/",
    "registry-1.docker.io/library/",
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
    "library/",
];

/// Spellings of Docker Hub.
const HUB: [&str; 5] = [
    "docker.io/",
    "index.docker.io/",
    "registry-1.docker.io/",
    "registry.hub.docker.com/",
    "mirror.gcr.io/",
];

/// Names under which official images of one architecture are published.
const ARCHITECTURES: [&str; 10] = [
    "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8", "i386", "mips64le", "ppc64le", "riscv64",
    "s390x",
];

impl Reference {
    /// Takes `text` apart: registry/namespace/name:tag@digest. `None` when it holds variables, or is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty()
            || text.contains(|c: char| c == '$' || c == '"' || c == '\'' || c.is_whitespace())
        {
            return None;
        }
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| {
            (rest, Some(digest.to_owned()))
        });
        let after_folder = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.get(after_folder..)?.rfind(':') {
            Some(colon) => (
                rest.get(..after_folder + colon)?,
                Some(rest.get(after_folder + colon + 1..)?.to_owned()),
            ),
            None => (rest, None),
        };
        if name.is_empty() || tag.as_deref() == Some("") {
            return None;
        }
        Some(Self {
            name: short(name).to_owned(),
            written: name.to_owned(),
            tag,
            digest,
        })
    }

    /// The name, as it is written, with another tag and no digest.
    fn with_tag(&self, tag: &str) -> String {
        format!("{}:{tag}", self.written)
    }
}

/// The short name of an official image, or of one on Docker Hub.
fn short(name: &str) -> &str {
    let official = OFFICIAL
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .filter(|rest| !rest.contains('/'));
    let name = official
        .or_else(|| HUB.iter().find_map(|prefix| name.strip_prefix(prefix)))
        .unwrap_or(name);
    match name.split_once('/') {
        Some((architecture, rest))
            if !rest.contains('/') && ARCHITECTURES.contains(&architecture) =>
        {
            rest
        }
        _ => name,
    }
}

/// A user of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'k> {
    /// Its name.
    pub name: &'k str,
    /// Its number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

/// The entrypoint of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrypoint<'k> {
    /// There is none.
    Absent,
    /// It is this, in JSON form.
    Is(&'k str),
    /// Nobody has read it.
    Unknown,
}

/// What is known of an image. `None` from a question always means: not known.
#[derive(Clone, Debug)]
pub struct BaseImage<'k> {
    /// Its name, as it was asked for.
    pub reference: Reference,
    image: &'k Image,
    row: &'k Row,
    os: &'k Os,
    codenames: &'k [String],
    full: Option<&'k Contents>,
}

impl<'k> BaseImage<'k> {
    fn knows(&self, key: &str) -> bool {
        !self.row.unknown.iter().any(|unknown| unknown == key)
    }

    /// The kind of operating system.
    pub fn family(&self) -> Family {
        self.os.family
    }

    /// The package managers of the system that are in it, by their names in the table; empty: there is none.
    pub fn managers(&self) -> Option<&'k [String]> {
        if !self.knows("managers")
            || (self.row.managers.is_none() && self.os.family == Family::Unknown)
        {
            return None;
        }
        Some(self.row.managers.as_ref().unwrap_or(&self.os.managers))
    }

    /// Its USER.
    pub fn default_user(&self) -> Option<&'k str> {
        (self.knows("user") && self.os.family != Family::Windows || self.row.user.is_some())
            .then(|| self.row.user.as_deref().unwrap_or("root"))
    }

    /// A user for programs that is there already, such as node's `node`.
    pub fn ready_user(&self) -> Option<User<'k>> {
        let mut parts = self.row.ready.as_deref()?.split(':');
        Some(User {
            name: parts.next()?,
            uid: parts.next()?.parse().ok()?,
            gid: parts.next()?.parse().ok()?,
        })
    }

    /// The program that makes users there: `useradd` or busybox's `adduser`.
    pub fn add_user(&self) -> Option<&'k str> {
        self.os.add_user.as_deref()
    }

    /// The shells in it: absolute paths, or names for those that a single image adds; empty: there is none.
    pub fn shells(&self) -> Option<&'k [String]> {
        if !self.knows("shells") || (self.row.shells.is_none() && self.os.family == Family::Unknown)
        {
            return None;
        }
        Some(self.row.shells.as_ref().unwrap_or(&self.os.shells))
    }

    /// Whether it has the shell called `name` (`sh`, `bash`), or at that absolute path.
    pub fn has_shell(&self, name: &str) -> Option<bool> {
        Some(self.shells()?.iter().any(|shell| {
            shell == name
                || shell.rsplit('/').next() == Some(name)
                || name.rsplit('/').next() == Some(shell.as_str())
        }))
    }

    /// What /bin/sh is: `dash`, `bash` or `busybox`.
    pub fn sh(&self) -> Option<&'k str> {
        self.has_shell("sh").filter(|has| *has)?;
        self.os.sh.as_deref()
    }

    /// Its WORKDIR.
    pub fn workdir(&self) -> Option<&'k str> {
        (self.knows("workdir") && self.os.family != Family::Windows || self.row.workdir.is_some())
            .then(|| self.row.workdir.as_deref().unwrap_or("/"))
    }

    /// Variables that it sets; not all of them.
    pub fn env(&self) -> &'k BTreeMap<String, String> {
        &self.row.env
    }

    /// Its SHELL, in JSON form: `None` when it sets none, `Some("other")` when nobody has read it.
    pub fn shell(&self) -> Option<&'k str> {
        self.row.shell.as_deref()
    }

    /// Its ENTRYPOINT.
    pub fn entrypoint(&self) -> Entrypoint<'k> {
        match &self.row.entrypoint {
            _ if !self.knows("entrypoint") => Entrypoint::Unknown,
            Some(entrypoint) => Entrypoint::Is(entrypoint),
            None => Entrypoint::Absent,
        }
    }

    /// Its VOLUMEs.
    pub fn volumes(&self) -> &'k [String] {
        &self.row.volumes
    }

    /// Whether its entrypoint starts as root and steps down by itself.
    pub fn drops_rights(&self) -> Option<bool> {
        self.knows("drops_rights").then_some(self.row.drops_rights)
    }

    /// Whether it has ONBUILD instructions.
    pub fn has_onbuild(&self) -> Option<bool> {
        self.knows("onbuild").then_some(self.row.onbuild)
    }

    /// Whether apt's docker-clean is known to be in it.
    pub fn docker_clean(&self) -> bool {
        self.os.docker_clean && self.knows("managers")
    }

    /// A run-time image without a shell that fits, as advice.
    pub fn distroless(&self) -> Option<&'k str> {
        self.row.distroless.as_deref()
    }

    /// Whether the tag says that it is slim.
    pub fn is_slim(&self) -> bool {
        self.parts().contains(&"slim")
    }

    /// Whether there is a slim sibling to it, tags and digests set aside.
    pub fn has_slim(&self) -> bool {
        self.image.slim.is_some() && self.os.family == Family::Debian && !self.is_slim()
    }

    /// Whether it was read what its slim sibling lacks.
    pub fn knows_contents(&self) -> bool {
        self.full.is_some()
    }

    /// Whether its slim sibling lacks the program called `name`, which it has itself. `None`: nobody has read what it holds.
    pub fn slim_lacks_program(&self, name: &str) -> Option<bool> {
        let full = self.full?;
        Some(
            full.programs.iter().any(|program| program == name)
                && !self.image.slim_keeps.iter().any(|kept| kept == name),
        )
    }

    /// Whether its slim sibling lacks the Debian package called `name`, which it has itself. `None`: nobody has read what it holds.
    pub fn slim_lacks_package(&self, name: &str) -> Option<bool> {
        let full = self.full?;
        Some(
            full.packages.iter().any(|package| package == name)
                && !self.image.slim_keeps.iter().any(|kept| kept == name),
        )
    }

    /// Whether this image lacks the Debian package called `name`: a slim one whose full sibling has been read, or one that holds no more
    /// than the system. `None`: nobody has read what it holds.
    pub fn lacks_package(&self, name: &str) -> Option<bool> {
        match self.full {
            Some(_) if self.is_slim() => {
                Some(!self.image.slim_keeps.iter().any(|kept| kept == name))
            }
            Some(_) => None,
            None => self.image.bare.then_some(true),
        }
    }

    fn parts(&self) -> Vec<&str> {
        self.reference
            .tag
            .as_deref()
            .unwrap_or("latest")
            .split('-')
            .collect()
    }

    fn is_codename(&self, part: &str) -> bool {
        self.codenames.iter().any(|codename| codename == part)
    }

    /// The slim image of the same version, by the grammar of its tags. Moving names (`latest`, no tag) and digests have none here.
    pub fn slim_sibling(&self) -> Option<String> {
        let slim = self.image.slim?;
        let tag = self.movable_tag()?;
        if self.os.family != Family::Debian || self.is_slim() {
            return None;
        }
        let tag = match (slim, tag.rsplit_once('-')) {
            (Slim::BeforeCodename, Some((version, last))) if self.is_codename(last) => {
                format!("{version}-slim-{last}")
            }
            (Slim::BeforeCodename, None) if self.is_codename(tag) => format!("slim-{tag}"),
            _ => format!("{tag}-slim"),
        };
        Some(self.reference.with_tag(&tag))
    }

    /// The Alpine image of the same version: another libc, so never a mere swap.
    pub fn alpine_sibling(&self) -> Option<String> {
        let tag = self.movable_tag()?;
        if !self.image.alpine || self.os.family != Family::Debian {
            return None;
        }
        let kept: Vec<&str> = tag
            .split('-')
            .filter(|part| *part != "slim" && !self.is_codename(part))
            .collect();
        if kept.is_empty() || kept.contains(&"apache") {
            return None;
        }
        Some(
            self.reference
                .with_tag(&format!("{}-alpine", kept.join("-"))),
        )
    }

    /// The tag, when it names a version and nothing that the grammars here don't know.
    fn movable_tag(&self) -> Option<&str> {
        let tag = self.reference.tag.as_deref()?;
        let odd = |part: &str| {
            part == "onbuild"
                || ["windows", "nanoserver", "alpine"]
                    .iter()
                    .any(|start| part.starts_with(start))
                || self.image.odd.iter().any(|odd| odd == part)
        };
        (self.reference.digest.is_none() && tag != "latest" && !tag.split('-').any(odd))
            .then_some(tag)
    }
}

/// The images, by name.
#[derive(Debug, Default)]
pub(super) struct Table {
    codenames: Vec<String>,
    contents: BTreeMap<String, Contents>,
    needs: BTreeMap<String, Vec<String>>,
    builds: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    writes: BTreeMap<String, Vec<String>>,
    os: BTreeMap<String, Os>,
    alias: BTreeMap<String, String>,
    images: Vec<Image>,
    names: HashMap<String, usize>,
    /// Names with `*`, those with the most literal characters first.
    patterns: Vec<(String, usize)>,
}

impl Table {
    pub(super) fn new(file: File) -> Self {
        let mut table = Self {
            codenames: file.codenames,
            contents: file.contents,
            needs: file.needs,
            builds: file.builds,
            writes: file.writes,
            os: file.os,
            alias: file.alias,
            ..Self::default()
        };
        for (name, image) in file.image {
            let at = table.images.len();
            table.images.push(image);
            let (folder, last) = name
                .rfind('/')
                .map_or(("", name.as_str()), |slash| name.split_at(slash + 1));
            for choice in last.split('|') {
                let name = format!("{folder}{choice}");
                if name.contains('*') {
                    table.patterns.push((name, at));
                } else {
                    table.names.insert(name, at);
                }
            }
        }
        table
            .patterns
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        table
    }

    pub(super) fn needs(&self, program: &str) -> Option<&[String]> {
        self.needs.get(program).map(Vec::as_slice)
    }

    pub(super) fn writes(&self, name: &str) -> Option<&[String]> {
        self.writes.get(name).map(Vec::as_slice)
    }

    pub(super) fn builds(&self, ecosystem: &str, name: &str) -> Option<&[String]> {
        self.builds
            .get(ecosystem)?
            .get(&name.to_ascii_lowercase())
            .map(Vec::as_slice)
    }

    pub(super) fn get(&self, reference: &Reference) -> Option<BaseImage<'_>> {
        let name = self.alias.get(&reference.name).unwrap_or(&reference.name);
        let at = self.names.get(name).copied().or_else(|| {
            self.patterns
                .iter()
                .find(|(pattern, _)| matches(pattern, name))
                .map(|(_, at)| *at)
        })?;
        let image = self.images.get(at)?;
        let row = match &reference.tag {
            // A digest alone may be any of the image's variants.
            None if reference.digest.is_some() => {
                image.tags.first().filter(|_| image.tags.len() == 1)?
            }
            tag => best_row(&image.tags, tag.as_deref().unwrap_or("latest"))?,
        };
        Some(BaseImage {
            reference: reference.clone(),
            image,
            row,
            os: self.os.get(&row.os)?,
            codenames: &self.codenames,
            full: image.full.as_ref().and_then(|full| self.contents.get(full)),
        })
    }
}

/// The row whose pattern fits `tag` with the most literal characters.
fn best_row<'k>(rows: &'k [Row], tag: &str) -> Option<&'k Row> {
    let literal = |pattern: &str| pattern.chars().filter(|c| *c != '*').count();
    rows.iter()
        .filter_map(|row| {
            row.tag
                .split('|')
                .filter(|pattern| matches(pattern, tag))
                .map(literal)
                .max()
                .map(|score| (score, row))
        })
        .max_by_key(|(score, _)| *score)
        .map(|(_, row)| row)
}

/// Whether `text` fits `pattern`, in which `*` stands for anything and `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, t));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == b'*'))
}

#[cfg(test)]
impl Table {
    /// All rows, with the number of their image.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, RowFacts)> {
        self.images.iter().enumerate().flat_map(|(at, image)| {
            image.tags.iter().map(move |row| {
                (
                    at,
                    RowFacts {
                        os: row.os.clone(),
                        managers: row.managers.clone(),
                        ready: row.ready.clone(),
                    },
                )
            })
        })
    }

    /// Whether there is a profile called `os`.
    pub(super) fn has_profile(&self, os: &str) -> bool {
        self.os.contains_key(os)
    }
}

/// What tests look at.
#[cfg(test)]
pub(super) struct RowFacts {
    pub(super) os: String,
    pub(super) managers: Option<Vec<String>>,
    pub(super) ready: Option<String>,
}
