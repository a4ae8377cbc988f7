//! What an instruction sees before it runs.
use super::env::Env;
use super::features::Features;
use super::persistent::Persistent;
use super::shell_form::Shell;
use crate::knowledge::Family;
use crate::shell::Dialect;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workdir {
    /// Absolute and clean; `None` when it is not known, or a build argument can change it.
    pub path: Option<String>,
    /// The path of a build without build arguments, also when one can change it.
    pub likely: Option<String>,
    /// Whether it does not hang on a base image's WORKDIR that nobody knows.
    pub known_base: bool,
    /// Whether a WORKDIR stands in this file (a parent stage's counts).
    pub explicit: bool,
}

impl Workdir {
    /// `path` as this working directory makes it absolute, clean, without a slash at its end. `None` when that is not
    /// known.
    pub fn join(&self, path: &str) -> Option<String> {
        join(self.path.as_deref(), path)
    }
}

/// Who runs RUN, CMD and ENTRYPOINT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// `user[:group]`, by USER or by the base image's config. `None` when it is not known (the base's default), or a
    /// build argument can change it. Empty means root.
    pub text: Option<String>,
    /// Its number, when it is one, or root.
    pub uid: Option<u32>,
    /// The group's number, when one is written.
    pub gid: Option<u32>,
    /// Whether a USER stands in this file (a parent stage's counts).
    pub explicit: bool,
}

impl User {
    /// The user of a `user[:group]` text.
    pub fn of(text: &str, explicit: bool) -> Self {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let number = |name: &str| match name {
            "root" => Some(0),
            name => name.parse().ok(),
        };
        Self {
            text: Some(text.to_owned()),
            uid: if user.is_empty() {
                Some(0)
            } else {
                number(user)
            },
            gid: group.and_then(number),
            explicit,
        }
    }

    /// Whether it is root; `None` when that is not known.
    pub fn is_root(&self) -> Option<bool> {
        match (self.uid, &self.text) {
            (Some(uid), _) => Some(uid == 0),
            // A name other than root could still have the number 0, but nobody does that.
            (None, Some(_)) => Some(false),
            (None, None) => None,
        }
    }
}

/// What an instruction sees. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct State {
    /// Variables: those of ENV, and the ARGs in scope.
    pub env: Env,
    /// The working directory.
    pub workdir: Arc<Workdir>,
    /// The user.
    pub user: Arc<User>,
    /// The shell of the shell form.
    pub shell: Arc<Shell>,
    /// The system of the base image. [`Family::Unknown`] also when a build argument chooses the image.
    pub family: Family,
    /// The system of the base image in a build without build arguments.
    pub likely_family: Family,
    /// Whether no build argument can choose another base image.
    pub base_certain: bool,
    /// Whether the base image is known to have ONBUILD triggers, which may have done anything.
    pub onbuild_base: bool,
    /// What the builder can do.
    pub features: Arc<Features>,
    /// Folders that this file puts into PATH, beside those of the base image. `None` when some of them are not known.
    pub program_folders: Option<Arc<BTreeSet<String>>>,
    pub(super) volumes: Persistent<()>,
}

impl State {
    /// The dialect of the shell form; `None` when the shell is none that is understood.
    pub fn dialect(&self) -> Option<Dialect> {
        self.shell.dialect
    }

    /// Declared VOLUMEs, sorted.
    pub fn volumes(&self) -> impl Iterator<Item = &str> {
        self.volumes.iter().map(|(path, ())| path)
    }
}

/// Joins and cleans as Go's `path.Join` does; `None` for a relative path below an unknown one, and for paths longer
/// than a system takes.
pub(super) fn join(base: Option<&str>, path: &str) -> Option<String> {
    /// Linux's PATH_MAX.
    const MAX: usize = 4_096;
    let base = if path.starts_with('/') { "" } else { base? };
    if base.len() + path.len() > MAX {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining() {
        for (base, path, wanted) in [
            (Some("/"), "a", Some("/a")),
            (Some("/a"), "b/", Some("/a/b")),
            (Some("/a"), "/b//c/./d", Some("/b/c/d")),
            (Some("/a/b"), "../../../c", Some("/c")),
            (Some("/a"), ".", Some("/a")),
            (Some("/a"), "", Some("/a")),
            (None, "a", None),
            (None, "/a", Some("/a")),
            (None, "/", Some("/")),
        ] {
            assert_eq!(join(base, path).as_deref(), wanted, "{base:?} {path}");
        }
    }

    #[test]
    fn users() {
        for (text, uid, gid, root) in [
            ("root", Some(0), None, Some(true)),
            ("", Some(0), None, Some(true)),
            ("0:0", Some(0), Some(0), Some(true)),
            ("1000:1001", Some(1000), Some(1001), Some(false)),
            ("node", None, None, Some(false)),
            ("node:root", None, Some(0), Some(false)),
        ] {
            let user = User::of(text, true);
            assert_eq!(
                (user.uid, user.gid, user.is_root()),
                (uid, gid, root),
                "{text}"
            );
        }
        assert_eq!(User::default().is_root(), None);
    }
}
