//! Which Dockerfiles are meant.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};

use super::args::Common;
use crate::report::Problem;

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its real path, links followed.
    pub(super) real: PathBuf,
    /// Seen from the working directory.
    pub(super) path: PathBuf,
    /// Whether it was given by name, and not met in a folder.
    pub(super) by_name: bool,
}

/// A path that can't be worked on, seen from the working directory, and why.
pub(super) type Lost = (PathBuf, Problem);

/// The Dockerfiles that `common.paths` mean, in the order of the arguments, those of a folder sorted, none twice.
pub(super) fn find(cwd: &Path, common: &Common) -> Result<(Vec<Found>, Vec<Lost>), Problem> {
    let excluded = excludes(cwd, &common.exclude)?;
    let real_cwd = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
    let mut finder = Finder {
        cwd: real_cwd,
        seen: HashSet::new(),
        found: Vec::new(),
        lost: Vec::new(),
    };
    let here = [PathBuf::from(".")];
    let paths = match common.paths.as_slice() {
        [] => &here[..],
        paths => paths,
    };
    for path in paths {
        if path.as_os_str() == "-" {
            let problem = Problem::new("standard input can't be mixed with other paths");
            return Err(problem.help("give `-` alone"));
        }
        let absolute = cwd.join(path);
        if absolute.is_dir() {
            finder.walk(&absolute, &excluded);
        } else {
            finder.take(&absolute, path, true);
        }
    }
    Ok((finder.found, finder.lost))
}

/// `--exclude`, from the working directory.
fn excludes(cwd: &Path, globs: &[String]) -> Result<Override, Problem> {
    let wrong = |error: ignore::Error| {
        Problem::new(format!("--exclude: {error}")).help("globs are written as in .gitignore")
    };
    let mut builder = OverrideBuilder::new(cwd);
    for glob in globs {
        builder.add(&format!("!{glob}")).map_err(wrong)?;
    }
    builder.build().map_err(wrong)
}

struct Finder {
    cwd: PathBuf,
    seen: HashSet<PathBuf>,
    found: Vec<Found>,
    lost: Vec<Lost>,
}

impl Finder {
    fn walk(&mut self, folder: &Path, excluded: &Override) {
        let walk = WalkBuilder::new(folder)
            .overrides(excluded.clone())
            .sort_by_file_name(OsStr::cmp)
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => {
                    let is_file = entry
                        .file_type()
                        .is_some_and(|kind| kind.is_file() || kind.is_symlink());
                    if is_file && is_dockerfile(entry.file_name()) && entry.path().is_file() {
                        self.take(entry.path(), entry.path(), false);
                    }
                }
                Err(error) => {
                    let problem = Problem::new(format!("can't be searched: {error}"));
                    self.lost.push((relative(folder, &self.cwd), problem));
                }
            }
        }
    }

    fn take(&mut self, absolute: &Path, given: &Path, by_name: bool) {
        match absolute.canonicalize() {
            Ok(real) => {
                if self.seen.insert(real.clone()) {
                    let path = relative(&real, &self.cwd);
                    self.found.push(Found {
                        real,
                        path,
                        by_name,
                    });
                }
            }
            Err(error) => {
                let problem = Problem::new(format!("can't be read: {error}"));
                self.lost.push((given.to_owned(), problem));
            }
        }
    }
}

/// Whether a file of this name in a folder is one. Templates and what editors leave behind are none.
fn is_dockerfile(name: &OsStr) -> bool {
    const NOT: [&str; 15] = [
        ".dockerignore",
        ".j2",
        ".jinja",
        ".jinja2",
        ".tmpl",
        ".tpl",
        ".gotmpl",
        ".template",
        ".erb",
        ".mustache",
        ".orig",
        ".rej",
        ".bak",
        ".swp",
        "~",
    ];
    let name = name.to_string_lossy();
    if NOT.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    let named = |base: &str| {
        name.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && rest.len() > 1))
    };
    let ended = |end: &str| name.strip_suffix(end).is_some_and(|stem| !stem.is_empty());
    // BuildKit looks for `dockerfile` too when there is no `Dockerfile`.
    name == "dockerfile"
        || named("Dockerfile")
        || named("Containerfile")
        || [
            ".Dockerfile",
            ".dockerfile",
            ".Containerfile",
            ".containerfile",
        ]
        .into_iter()
        .any(ended)
}

/// `path` seen from `from`; both absolute and real. Begins with `..` when it is above.
pub(super) fn relative(path: &Path, from: &Path) -> PathBuf {
    let mut here = from.components().peekable();
    let mut there = path.components().peekable();
    while let (Some(a), Some(b)) = (here.peek(), there.peek()) {
        if a != b {
            break;
        }
        here.next();
        there.next();
    }
    // Another drive: there is no way from here.
    if here
        .clone()
        .any(|part| matches!(part, Component::Prefix(_)))
    {
        return path.to_owned();
    }
    let mut relative: PathBuf = here.map(|_| Component::ParentDir).collect();
    relative.extend(there);
    relative
}

/// A path's bytes, with `/` between its parts.
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if cfg!(windows) {
        bytes
            .iter()
            .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
            .collect()
    } else {
        bytes.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dockerfiles() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.prod",
            "web.Dockerfile",
            "web.dockerfile",
            "Containerfile",
            "Containerfile.x",
            "a.containerfile",
        ] {
            assert!(is_dockerfile(OsStr::new(name)), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "a.Dockerfile.dockerignore",
            "Dockerfile.j2",
            "Dockerfile.",
            "Dockerfile~",
            ".dockerfile",
            "Dockerfiles",
            "MyDockerfile",
            "docker-compose.yml",
            "",
        ] {
            assert!(!is_dockerfile(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn paths_are_seen_from_the_working_directory() {
        let see = |path: &str| relative(Path::new(path), Path::new("/a/b"));
        assert_eq!(see("/a/b/c/D"), Path::new("c/D"));
        assert_eq!(see("/a/D"), Path::new("../D"));
        assert_eq!(see("/x/D"), Path::new("../../x/D"));
        assert_eq!(see("/a/b"), Path::new(""));
    }
}
