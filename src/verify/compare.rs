//! Two images in, a typed difference out. Times, history and the borders of layers are not compared.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::image::Image;
use super::layer::{Kind, Meta};
use super::packages::{self, PackageDifference};

/// One way in which a path that both images have differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// It is of another type.
    Kind {
        /// Before, in a word.
        before: &'static str,
        /// After, in a word.
        after: &'static str,
    },
    /// The bytes of a file.
    Content {
        /// Size before, in bytes.
        before: u64,
        /// Size after, in bytes.
        after: u64,
    },
    /// Permission bits, set-id and sticky.
    Mode {
        /// Before.
        before: u32,
        /// After.
        after: u32,
    },
    /// User and group.
    Owner {
        /// Before.
        before: (u64, u64),
        /// After.
        after: (u64, u64),
    },
    /// Where a symbolic link points.
    Target {
        /// Before.
        before: String,
        /// After.
        after: String,
    },
    /// The number of a device.
    Device,
    /// Extended attributes that came, went or changed.
    Xattrs {
        /// Their names.
        names: Vec<String>,
    },
    /// Which other names the file has.
    Links {
        /// Before.
        before: Vec<String>,
        /// After.
        after: Vec<String>,
    },
}

impl Aspect {
    /// Whether both speak of the same aspect, whatever the values.
    pub fn same_sort(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { before, after } => write!(f, "{before} became {after}"),
            Self::Content { before, after } if before == after => {
                write!(f, "content differs ({before} bytes)")
            }
            Self::Content { before, after } => {
                write!(f, "content differs ({before} bytes, then {after})")
            }
            Self::Mode { before, after } => write!(f, "mode {before:04o} became {after:04o}"),
            Self::Owner { before, after } => write!(
                f,
                "owner {}:{} became {}:{}",
                before.0, before.1, after.0, after.1
            ),
            Self::Target { before, after } => write!(f, "link to {before} became link to {after}"),
            Self::Device => f.write_str("another device"),
            Self::Xattrs { names } => write!(f, "attributes differ: {}", names.join(", ")),
            Self::Links { before, after } => write!(
                f,
                "hard links [{}] became [{}]",
                before.join(", "),
                after.join(", ")
            ),
        }
    }
}

/// What happened to a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only the second image has it.
    Added,
    /// Only the first image has it.
    Removed,
    /// Both have it, and it differs in these ways; never empty.
    Changed(Vec<Aspect>),
}

/// One path that is not the same in both images.
#[derive(Clone, Debug, Serialize)]
pub struct PathDifference {
    /// Absolute; what is not UTF-8 in it is replaced.
    pub path: String,
    /// What happened to it.
    pub change: Change,
    /// In the first image.
    #[serde(skip)]
    pub before: Option<Arc<Meta>>,
    /// In the second image.
    #[serde(skip)]
    pub after: Option<Arc<Meta>>,
}

impl PathDifference {
    /// Bytes of the file, those of the greater one when both images have it.
    pub fn size(&self) -> u64 {
        let size = |meta: &Option<Arc<Meta>>| meta.as_ref().map_or(0, |meta| meta.size());
        size(&self.before).max(size(&self.after))
    }
}

impl fmt::Display for PathDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |meta: &Option<Arc<Meta>>| meta.as_ref().map_or("path", |meta| meta.kind.name());
        match &self.change {
            Change::Added => write!(f, "{}: added ({})", self.path, kind(&self.after)),
            Change::Removed => write!(f, "{}: removed ({})", self.path, kind(&self.before)),
            Change::Changed(aspects) => {
                let aspects: Vec<String> = aspects.iter().map(ToString::to_string).collect();
                write!(f, "{}: {}", self.path, aspects.join("; "))
            }
        }
    }
}

/// One field of the config that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigDifference {
    /// Its name, as in the image config: `Env`, `Healthcheck`, `architecture`.
    pub field: String,
    /// In the first image; null when it is absent.
    pub before: Value,
    /// In the second image; null when it is absent.
    pub after: Value,
}

impl fmt::Display for ConfigDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} became {}", self.field, self.before, self.after)
    }
}

/// All that differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Difference {
    /// By path.
    pub paths: Vec<PathDifference>,
    /// By field.
    pub config: Vec<ConfigDifference>,
    /// Named packages, from the package manager's own records. They explain paths; the paths are listed too.
    pub packages: PackageDifference,
}

impl Difference {
    /// Whether nothing differs at all.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.config.is_empty()
    }
}

/// Compares two images.
pub fn compare(before: &Image, after: &Image) -> Difference {
    Difference {
        paths: paths(before, after),
        config: config(&before.config, &after.config),
        packages: packages::compare(&before.tree, &after.tree),
    }
}

fn paths(before: &Image, after: &Image) -> Vec<PathDifference> {
    let (old, new) = (before.tree.nodes(), after.tree.nodes());
    // A name that one image lacks is told as such, not once more for each other name of its file.
    let old_links = before.tree.links(|path| new.contains_key(path));
    let new_links = after.tree.links(|path| old.contains_key(path));
    let mut all: BTreeMap<&[u8], ()> = BTreeMap::new();
    all.extend(old.keys().map(|path| (path.as_slice(), ())));
    all.extend(new.keys().map(|path| (path.as_slice(), ())));
    let mut differences = Vec::new();
    for path in all.into_keys() {
        let (a, b) = (old.get(path), new.get(path));
        let change = match (a, b) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(a), Some(b)) => {
                let mut aspects = Vec::new();
                if !Arc::ptr_eq(&a.meta, &b.meta) {
                    metas(&a.meta, &b.meta, &mut aspects);
                }
                let (a, b) = (old_links.get(path), new_links.get(path));
                if a != b {
                    aspects.push(Aspect::Links {
                        before: others(a, path),
                        after: others(b, path),
                    });
                }
                if aspects.is_empty() {
                    continue;
                }
                Change::Changed(aspects)
            }
        };
        differences.push(PathDifference {
            path: shown(path),
            change,
            before: a.map(|node| Arc::clone(&node.meta)),
            after: b.map(|node| Arc::clone(&node.meta)),
        });
    }
    differences
}

fn metas(a: &Meta, b: &Meta, aspects: &mut Vec<Aspect>) {
    match (&a.kind, &b.kind) {
        (
            Kind::File { size, digest },
            Kind::File {
                size: new_size,
                digest: new_digest,
            },
        ) => {
            if digest != new_digest {
                aspects.push(Aspect::Content {
                    before: *size,
                    after: *new_size,
                });
            }
        }
        (Kind::Symlink { target }, Kind::Symlink { target: new }) => {
            if target != new {
                aspects.push(Aspect::Target {
                    before: String::from_utf8_lossy(target).into_owned(),
                    after: String::from_utf8_lossy(new).into_owned(),
                });
            }
        }
        (a, b) if a == b => {}
        (Kind::Device { block, .. }, Kind::Device { block: new, .. }) if block == new => {
            aspects.push(Aspect::Device);
        }
        (a, b) => aspects.push(Aspect::Kind {
            before: a.name(),
            after: b.name(),
        }),
    }
    if a.mode != b.mode {
        aspects.push(Aspect::Mode {
            before: a.mode,
            after: b.mode,
        });
    }
    if (a.uid, a.gid) != (b.uid, b.gid) {
        aspects.push(Aspect::Owner {
            before: (a.uid, a.gid),
            after: (b.uid, b.gid),
        });
    }
    if a.xattrs != b.xattrs {
        let mut names: Vec<String> = a
            .xattrs
            .iter()
            .filter(|(name, value)| b.xattrs.get(*name) != Some(value))
            .map(|(name, _)| name.clone())
            .chain(
                b.xattrs
                    .keys()
                    .filter(|name| !a.xattrs.contains_key(*name))
                    .cloned(),
            )
            .collect();
        names.sort();
        aspects.push(Aspect::Xattrs { names });
    }
}

fn others(group: Option<&Arc<Vec<&[u8]>>>, path: &[u8]) -> Vec<String> {
    group
        .into_iter()
        .flat_map(|group| group.iter())
        .filter(|other| **other != path)
        .map(|other| shown(other))
        .collect()
}

fn shown(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// What the config says beside `config`, as far as whoever runs the image can tell.
const OUTER: [&str; 6] = [
    "architecture",
    "variant",
    "os",
    "os.version",
    "os.features",
    "author",
];

/// Left behind by old builders: the container that the last step ran in.
const LEFT_BEHIND: [&str; 5] = [
    "Image",
    "Hostname",
    "Domainname",
    "AttachStdout",
    "AttachStderr",
];

fn config(before: &Value, after: &Value) -> Vec<ConfigDifference> {
    let mut differences = Vec::new();
    let mut compare = |field: &str, a: Option<&Value>, b: Option<&Value>| {
        let (a, b) = (present(a), present(b));
        if a != b {
            differences.push(ConfigDifference {
                field: field.to_owned(),
                before: a.cloned().unwrap_or(Value::Null),
                after: b.cloned().unwrap_or(Value::Null),
            });
        }
    };
    for field in OUTER {
        compare(field, before.get(field), after.get(field));
    }
    let settings = |image: &Value| {
        let settings = image.get("config").and_then(Value::as_object);
        settings.cloned().unwrap_or_default()
    };
    let (old, new) = (settings(before), settings(after));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        if !LEFT_BEHIND.contains(&name.as_str()) {
            compare(name, old.get(name), new.get(name));
        }
    }
    differences
}

/// A value that says something: to a runtime, null, false, an empty string, list or map is the same as an absent one.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Number(_) => true,
    })
}
