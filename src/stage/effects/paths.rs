//! Sets of paths and of variables, some of them endless.
use std::collections::BTreeSet;

/// A set of absolute paths with all that is below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Paths {
    /// Nothing.
    #[default]
    None,
    /// These and what is below.
    Some(BTreeSet<String>),
    /// Everything but these and what is below; a component `*` stands for any name.
    EverythingBut(BTreeSet<String>),
    /// Everything.
    Everything,
}

impl Paths {
    /// A set of paths.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Some(paths.into_iter().map(str::to_owned).collect())
    }

    /// Everything but `paths`.
    pub fn but<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self::EverythingBut(paths.into_iter().map(str::to_owned).collect())
    }

    /// Adds a path; one that is not known may be any.
    pub fn add(&mut self, path: Option<&str>) {
        match path {
            Some(path) => self.merge(&Self::of([path])),
            None => *self = Self::Everything,
        }
    }

    /// Adds a set.
    pub fn merge(&mut self, other: &Self) {
        *self = match (std::mem::take(self), other) {
            (one, Self::None) => one,
            (Self::None, other) => other.clone(),
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Some(mut one), Self::Some(other)) => {
                one.extend(other.iter().cloned());
                Self::Some(one)
            }
            (Self::EverythingBut(but), Self::Some(paths)) => without(but, paths),
            (Self::Some(paths), Self::EverythingBut(but)) => without(but.clone(), &paths),
            (Self::EverythingBut(one), Self::EverythingBut(other)) => {
                let both: BTreeSet<String> = one
                    .into_iter()
                    .filter(|path| other.contains(path))
                    .collect();
                if both.is_empty() {
                    Self::Everything
                } else {
                    Self::EverythingBut(both)
                }
            }
        };
    }

    /// A path that is in both sets, if there is one.
    pub fn overlap(&self, other: &Self) -> Option<String> {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => None,
            (Self::Some(one), Self::Some(other)) => one.iter().find_map(|a| {
                other.iter().find_map(|b| {
                    if below(a, b) {
                        Some(a.clone())
                    } else {
                        below(b, a).then(|| b.clone())
                    }
                })
            }),
            (Self::Some(paths), Self::EverythingBut(but))
            | (Self::EverythingBut(but), Self::Some(paths)) => paths
                .iter()
                .find(|path| !but.iter().any(|but| below(path, but)))
                .cloned(),
            (Self::Some(paths), Self::Everything) | (Self::Everything, Self::Some(paths)) => {
                paths.first().cloned()
            }
            _ => Some("any path".to_owned()),
        }
    }

    /// Whether `path` itself is in it.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::Some(paths) => paths.iter().any(|one| below(path, one)),
            Self::EverythingBut(but) => !but.iter().any(|but| below(path, but)),
            Self::Everything => true,
        }
    }
}

/// All but what is in `but`, and yet `paths`: an exception that meets one of them falls.
fn without(but: BTreeSet<String>, paths: &BTreeSet<String>) -> Paths {
    let left: BTreeSet<String> = but
        .into_iter()
        .filter(|but| {
            !paths
                .iter()
                .any(|path| below(path, but) || above(path, but))
        })
        .collect();
    if left.is_empty() {
        Paths::Everything
    } else {
        Paths::EverythingBut(left)
    }
}

/// Whether `path` is `top` or stands below it; `*` in `top` is any name.
fn below(path: &str, top: &str) -> bool {
    let mut path = path.split('/').filter(|part| !part.is_empty());
    top.split('/')
        .filter(|part| !part.is_empty())
        .all(|part| path.next().is_some_and(|name| part == "*" || part == name))
}

/// Whether something that `pattern` means may stand below `path`.
fn above(path: &str, pattern: &str) -> bool {
    let mut pattern = pattern.split('/').filter(|part| !part.is_empty());
    path.split('/').filter(|part| !part.is_empty()).all(|name| {
        pattern
            .next()
            .is_some_and(|part| part == "*" || part == name)
    })
}

/// A set of variables' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Vars {
    /// Nothing.
    #[default]
    None,
    /// These; a name that ends in `*` means all that start so.
    Some(BTreeSet<String>),
    /// All.
    All,
}

impl Vars {
    /// A set of names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Some(names.into_iter().map(str::to_owned).collect())
    }

    /// Adds names.
    pub fn add(&mut self, names: &[String]) {
        match self {
            Self::All => {}
            Self::Some(all) => all.extend(names.iter().cloned()),
            Self::None if names.is_empty() => {}
            Self::None => *self = Self::Some(names.iter().cloned().collect()),
        }
    }

    /// Adds a set.
    pub fn merge(&mut self, other: &Self) {
        match other {
            Self::None => {}
            Self::Some(names) => self.add(&names.iter().cloned().collect::<Vec<_>>()),
            Self::All => *self = Self::All,
        }
    }

    /// A name of this set that is in `readers` too; only `readers` may have names with `*`.
    pub fn overlap(&self, readers: &Self) -> Option<String> {
        match (self, readers) {
            (Self::None, _) | (_, Self::None) => None,
            (Self::Some(names), Self::Some(readers)) => names
                .iter()
                .find(|name| {
                    readers.contains(*name)
                        || readers.iter().any(|reader| {
                            reader
                                .strip_suffix('*')
                                .is_some_and(|start| name.starts_with(start))
                        })
                })
                .cloned(),
            (Self::Some(names), Self::All) | (Self::All, Self::Some(names)) => {
                names.first().cloned()
            }
            (Self::All, Self::All) => Some("any variable".to_owned()),
        }
    }
}
