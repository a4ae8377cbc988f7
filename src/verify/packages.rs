//! The installed packages, from the records of dpkg and apk in an image.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::tree::Tree;

/// Where dpkg keeps its records; distroless images have one file a package in the second place.
const DPKG: (&str, &str) = ("var/lib/dpkg/status", "var/lib/dpkg/status.d/");
/// Where apk keeps its records: until and since apk 3.
const APK: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// Whether the content of `path` (no slash in front) is a record of installed packages.
pub(super) fn is_record(path: &[u8]) -> bool {
    path == DPKG.0.as_bytes()
        || path.starts_with(DPKG.1.as_bytes())
        || APK.iter().any(|record| record.as_bytes() == path)
}

/// Packages that differ, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageDifference {
    /// Only the second image has them.
    pub added: Vec<String>,
    /// Only the first image has them.
    pub removed: Vec<String>,
    /// In another version: name, version before and after.
    pub changed: Vec<(String, String, String)>,
}

impl PackageDifference {
    /// Whether both images have the same packages.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl fmt::Display for PackageDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if !self.added.is_empty() {
            lines.push(format!("packages added: {}", self.added.join(", ")));
        }
        if !self.removed.is_empty() {
            lines.push(format!("packages removed: {}", self.removed.join(", ")));
        }
        if !self.changed.is_empty() {
            let changed: Vec<String> = self
                .changed
                .iter()
                .map(|(name, before, after)| format!("{name} ({before}, then {after})"))
                .collect();
            lines.push(format!(
                "packages of another version: {}",
                changed.join(", ")
            ));
        }
        f.write_str(&lines.join("\n"))
    }
}

/// The packages that `before` and `after` do not share.
pub fn compare(before: &Tree, after: &Tree) -> PackageDifference {
    let (old, new) = (installed(before), installed(after));
    let mut difference = PackageDifference::default();
    for (name, version) in &old {
        match new.get(name) {
            None => difference.removed.push(name.clone()),
            Some(other) if other != version => {
                let change = (name.clone(), version.clone(), other.clone());
                difference.changed.push(change);
            }
            Some(_) => {}
        }
    }
    difference.added = new
        .into_keys()
        .filter(|name| !old.contains_key(name))
        .collect();
    difference
}

/// Installed packages and their versions.
pub fn installed(tree: &Tree) -> BTreeMap<String, String> {
    let mut packages = BTreeMap::new();
    let end = "var/lib/dpkg/status.d0".as_bytes().to_vec();
    let dpkg = tree
        .nodes()
        .range(DPKG.0.as_bytes().to_vec()..end)
        .filter(|(path, _)| is_record(path));
    for (_, node) in dpkg {
        if let Some(content) = &node.meta.content {
            read(
                &String::from_utf8_lossy(content),
                "Package",
                "Version",
                &mut packages,
            );
        }
    }
    for path in APK {
        if let Some(content) = tree
            .get(path.as_bytes())
            .and_then(|node| node.meta.content.as_ref())
        {
            read(&String::from_utf8_lossy(content), "P", "V", &mut packages);
        }
    }
    packages
}

/// Stanzas of `KEY: value` (dpkg) or `K:value` (apk) lines. A stanza of dpkg whose status is not `installed` is a package
/// that was removed and left its settings.
fn read(text: &str, name: &str, version: &str, packages: &mut BTreeMap<String, String>) {
    for stanza in text.split("\n\n") {
        let field = |key: &str| {
            stanza
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
                .map(str::trim)
        };
        let gone = field("Status").is_some_and(|status| !status.ends_with(" installed"));
        if let (Some(name), Some(version), false) = (field(name), field(version), gone) {
            packages.insert(name.to_owned(), version.to_owned());
        }
    }
}
