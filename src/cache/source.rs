//! What of the context a step takes in.
use crate::context::glob::{Glob, below_root, has_wildcards};
use crate::context::pattern::Pattern;
use crate::context::{Context, ContextError, Kind};

/// How many links are followed, as Linux does.
const MOST_LINKS: usize = 40;

/// A source of COPY or ADD, or of a bind mount.
#[derive(Clone, Debug)]
pub(super) struct Source {
    what: What,
    /// `--exclude`
    excludes: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum What {
    /// The whole context.
    All,
    /// A path and what is below it.
    Path(String),
    /// What matches, and what is below it; the number of elements in front that hold no wildcard.
    Glob(Glob, usize),
}

impl Source {
    /// The whole context.
    pub(super) fn all() -> Self {
        Self {
            what: What::All,
            excludes: Vec::new(),
        }
    }

    /// A path, taken as it is written.
    pub(super) fn path(path: &str) -> Self {
        let path = below_root(path);
        Self {
            what: if path.is_empty() {
                What::All
            } else {
                What::Path(path)
            },
            excludes: Vec::new(),
        }
    }

    /// A source of COPY. A pattern that the builder refuses matches everything.
    pub(super) fn pattern(pattern: &str, excludes: &[String]) -> Self {
        let mut source = match has_wildcards(pattern) {
            false => Self::path(pattern),
            true => {
                let pattern = below_root(pattern);
                let plain = pattern
                    .split('/')
                    .take_while(|part| !has_wildcards(part))
                    .count();
                Self {
                    what: Glob::new(&pattern).map_or(What::All, |glob| What::Glob(glob, plain)),
                    excludes: Vec::new(),
                }
            }
        };
        // A pattern that brings back what another one leaves out is not followed.
        if !excludes.iter().any(|exclude| exclude.starts_with('!')) {
            let cleaned = excludes.iter().map(|exclude| below_root(exclude));
            source.excludes = cleaned
                .filter_map(|exclude| Pattern::new(&exclude).ok())
                .collect();
        }
        source
    }

    /// Whether an edit of file `path` is one of what it takes in.
    pub(super) fn matches(&self, path: &str) -> bool {
        let rest = match &self.what {
            What::All => path,
            What::Path(own) if path == own => "",
            What::Path(own) => match path
                .strip_prefix(own.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
            {
                Some(rest) => rest,
                None => return false,
            },
            What::Glob(glob, plain) => {
                let ends = path
                    .match_indices('/')
                    .map(|(end, _)| end)
                    .chain([path.len()]);
                let Some(end) = ends
                    .into_iter()
                    .find(|end| path.get(..*end).is_some_and(|head| glob.matches(head)))
                else {
                    return false;
                };
                match path.get(end + 1..) {
                    Some(rest) => rest,
                    // A file that matches by itself is left out by its place below the fixed folders.
                    None => path.splitn(plain + 1, '/').last().unwrap_or(path),
                }
            }
        };
        !self.leaves_out(rest)
    }

    fn leaves_out(&self, path: &str) -> bool {
        let mut heads = path
            .match_indices('/')
            .map(|(end, _)| end)
            .chain([path.len()]);
        !path.is_empty()
            && heads.any(|end| {
                let head = path.get(..end).unwrap_or(path);
                self.excludes.iter().any(|exclude| exclude.matches(head))
            })
    }
}

/// The sources that links on the way to `path` add: the links themselves, and where they lead in the end.
pub(super) fn through_links(context: &Context, path: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut path = below_root(path);
    for _ in 0..MOST_LINKS {
        let link = match context.try_entry(&path) {
            Ok(entry) if matches!(entry.kind, Kind::Symlink(_)) => entry.path,
            Err(ContextError::ThroughLink { link, .. }) => link,
            _ => break,
        };
        let Some(Kind::Symlink(target)) = context.entry(&link).map(|entry| entry.kind) else {
            break;
        };
        let rest = path.get(link.len()..).unwrap_or_default();
        let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Links lead nowhere but below the context's root.
        let next = match target.starts_with('/') {
            true => below_root(&format!("{target}{rest}")),
            false => below_root(&format!("{folder}/{target}{rest}")),
        };
        found.push(Source::path(&link));
        path = next;
    }
    if !found.is_empty() {
        found.push(Source::path(&path));
    }
    found
}

impl Source {
    /// The path of a file that it may take in; `None` for patterns.
    pub(super) fn example(&self) -> Option<String> {
        match &self.what {
            What::All => Some("any file".to_owned()),
            What::Path(path) => Some(path.clone()),
            What::Glob(..) => None,
        }
    }
}
