//! The noise floor: where two builds of one Dockerfile differ, with the reason for each kind, as seen by building.

use sha2::{Digest as _, Sha256};

use super::compare::{Aspect, Change, Difference, PathDifference};
use super::glob;
use super::layer::{Digest, Meta};
use super::packages;

/// What may differ at a path of the known floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Differs {
    /// The bytes of the file; it is in both images, with the same mode and owner.
    Content,
    /// The bytes of the file, but not those that [`Mask`] keeps.
    Masked,
    /// The order of the stanzas in the file.
    Order,
    /// All: names hold the time of the build.
    Anything,
}

/// The known floor.
const KNOWN: &[(&str, Differs, &str)] = &[
    (
        "/**/*.pyc",
        Differs::Masked,
        "compiled Python holds the time of its source file",
    ),
    (
        "/var/cache/ldconfig/aux-cache",
        Differs::Content,
        "ldconfig's own cache holds inode numbers and times",
    ),
    (
        "/var/log/alternatives.log",
        Differs::Content,
        "a log with times",
    ),
    ("/var/log/dpkg.log", Differs::Content, "a log with times"),
    (
        "/var/log/bootstrap.log",
        Differs::Content,
        "a log with times",
    ),
    (
        "/var/log/apt/history.log",
        Differs::Content,
        "a log with times",
    ),
    (
        "/var/log/apt/term.log",
        Differs::Content,
        "a log with times",
    ),
    (
        "/var/log/apt/eipp.log.xz",
        Differs::Content,
        "what apt's last run planned: a merged run plans once",
    ),
    (
        "/var/lib/dpkg/status-old",
        Differs::Content,
        "dpkg's state before its last step: a merged run has other steps",
    ),
    (
        "/var/lib/apt/extended_states",
        Differs::Order,
        "apt writes its stanzas in no fixed order",
    ),
    (
        "/var/cache/apt/*.bin",
        Differs::Content,
        "apt's parsed lists hold times",
    ),
    (
        "/**/go-build/*/*-a",
        Differs::Content,
        "entries of Go's build cache hold times",
    ),
    (
        "/**/go-build/trim.txt",
        Differs::Content,
        "when Go last trimmed its build cache",
    ),
    (
        "/**/.npm/_logs/**",
        Differs::Anything,
        "npm's logs, with the time in their names",
    ),
    (
        "/**/.npm/_cacache/index-v5/**",
        Differs::Content,
        "npm's cache index holds times",
    ),
    (
        "/**/.npm/_update-notifier-last-checked",
        Differs::Anything,
        "when npm last asked for a new version of itself",
    ),
];

/// Whether the meaning of the content at `path` (no slash in front) is compared, so that it must be kept.
pub(super) fn keeps_content(path: &[u8]) -> bool {
    packages::is_record(path) || path == b"var/lib/apt/extended_states"
}

/// Hashes a file with the noise in it left out.
pub(super) struct Mask {
    hash: Sha256,
    head: Vec<u8>,
    hashed_head: bool,
}

/// Bytes of the header of a `.pyc` file (PEP 552): magic, flags, time of the source, size of the source.
const PYC_HEAD: usize = 16;

impl Mask {
    /// A mask for the file at `path`, when there is noise in files of its kind.
    pub fn of(path: &[u8]) -> Option<Self> {
        path.ends_with(b".pyc").then(|| Self {
            hash: Sha256::new(),
            head: Vec::with_capacity(PYC_HEAD),
            hashed_head: false,
        })
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, mut bytes: &[u8]) {
        if !self.hashed_head {
            let missing = (PYC_HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.head.len() < PYC_HEAD {
                return;
            }
            // Flags other than 0: it is checked by the hash of its source, and no time is in it.
            if self.head[4..8] == [0; 4] {
                self.head[8..12].fill(0);
            }
            self.hash.update(&self.head);
            self.hashed_head = true;
        }
        self.hash.update(bytes);
    }

    /// The digest.
    pub fn finish(mut self) -> Digest {
        if !self.hashed_head {
            self.hash.update(&self.head);
        }
        self.hash.finalize().into()
    }
}

/// The noise floor of one Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    measured: Vec<PathDifference>,
}

/// The reason for what was measured.
const MEASURED: &str = "two builds of the original differ here too";

impl Floor {
    /// The known floor, and where two builds of the original (`measured`) differ.
    pub fn measured(mut measured: Difference) -> Self {
        measured.paths.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            measured: measured.paths,
        }
    }

    /// Why `difference` lies inside of the floor; `None` when it doesn't.
    pub fn reason(&self, difference: &PathDifference) -> Option<&'static str> {
        KNOWN
            .iter()
            .find(|(pattern, differs, _)| {
                glob::matches(pattern, &difference.path) && covers(*differs, difference)
            })
            .map(|(_, _, reason)| *reason)
            .or_else(|| self.was_measured(difference).then_some(MEASURED))
    }

    fn was_measured(&self, difference: &PathDifference) -> bool {
        let found = self
            .measured
            .binary_search_by(|measured| measured.path.cmp(&difference.path));
        let Some(measured) = found.ok().and_then(|at| self.measured.get(at)) else {
            return false;
        };
        match (&measured.change, &difference.change) {
            // What comes and goes from build to build.
            (Change::Added | Change::Removed, Change::Added | Change::Removed) => true,
            (Change::Changed(seen), Change::Changed(aspects)) => aspects
                .iter()
                .all(|aspect| seen.iter().any(|seen| seen.same_sort(aspect))),
            _ => false,
        }
    }
}

fn covers(differs: Differs, difference: &PathDifference) -> bool {
    if differs == Differs::Anything {
        return true;
    }
    let Change::Changed(aspects) = &difference.change else {
        return false;
    };
    let (Some(before), Some(after)) = (&difference.before, &difference.after) else {
        return false;
    };
    aspects
        .iter()
        .all(|aspect| matches!(aspect, Aspect::Content { .. }))
        && match differs {
            Differs::Content | Differs::Anything => true,
            Differs::Masked => before.masked.is_some() && before.masked == after.masked,
            Differs::Order => {
                let stanzas = stanzas(before);
                stanzas.is_some() && stanzas == self::stanzas(after)
            }
        }
}

/// The stanzas of a file, sorted.
fn stanzas(meta: &Meta) -> Option<Vec<&[u8]>> {
    let content = meta.content.as_deref()?;
    let mut stanzas = Vec::new();
    let mut rest = content;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\n\n") {
        stanzas.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    stanzas.push(rest.trim_ascii_end());
    stanzas.retain(|stanza| !stanza.is_empty());
    stanzas.sort_unstable();
    Some(stanzas)
}
