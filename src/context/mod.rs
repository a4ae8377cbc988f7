//! The build context as the builder sees it: through its ignore file, read-only, and only what is asked for.
//!
//! Paths are `/`-separated and relative to the root, which is the empty string; `/a`, `./a` and `../a` all mean `a`, as in a
//! COPY. Symbolic links are entries, never ways: nothing outside of the root is read.

mod entry;
pub mod glob;
pub mod ignore;
pub mod manifests;
pub mod pattern;
pub mod projects;
pub mod value;
mod walk;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use entry::{Entry, Kind};
pub use projects::{FoundContext, Neighbours, Origin, Service};
pub use walk::Walk;

use glob::{Glob, below_root, has_wildcards};
use ignore::{Ignore, Rule, Verdict};

/// Files over this many bytes are not read.
pub const LARGEST_FILE: u64 = 1 << 20;

/// A folder, a walk or a pattern that gives more entries than this is an error.
pub const MOST_ENTRIES: usize = 200_000;

/// From how many entries on a folder is a big one: [`Context::has_many`].
pub const MANY: usize = 1_000;

/// Why an answer about the context can't be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The root is no folder that can be read.
    #[error("{}: {problem}", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The ignore file is wrong, or beyond what is understood.
    #[error("{}: {rule}", path.display())]
    Ignore {
        /// The ignore file.
        path: PathBuf,
        /// The line.
        rule: ignore::BadRule,
    },
    /// There is nothing at this path.
    #[error("{0}: not in the build context")]
    Absent(String),
    /// The ignore file leaves it out.
    #[error("{path}: left out by line {line} of the ignore file")]
    Ignored {
        /// The path.
        path: String,
        /// 1-based line of the ignore file.
        line: usize,
    },
    /// A parent is a symbolic link, which is not followed.
    #[error("{path}: leads through the symbolic link {link}")]
    ThroughLink {
        /// The path that was asked for.
        path: String,
        /// The link.
        link: String,
    },
    /// It is something else than what was asked for: a folder, a link, a device.
    #[error("{0}: not a regular file")]
    NotAFile(String),
    /// It is not a folder.
    #[error("{0}: not a folder")]
    NotAFolder(String),
    /// It is over [`LARGEST_FILE`].
    #[error("{path}: {size} bytes, too large to read")]
    TooLarge {
        /// The path.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// More than [`MOST_ENTRIES`].
    #[error("{0}: too many entries to look at")]
    TooMany(String),
    /// The system would not let it be read.
    #[error("{path}: {problem}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        problem: String,
    },
    /// `filepath.Match` refuses the pattern; so does the builder.
    #[error("{0}: syntax error in pattern")]
    BadPattern(String),
}

/// The ignore file that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl IgnoreFile {
    /// The file's own name: `.dockerignore`, `Dockerfile.dockerignore`.
    pub fn name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(".dockerignore")
    }
}

type Known<T> = Mutex<HashMap<String, Result<T, ContextError>>>;

/// A read-only view of a build context. What was read once is not read again.
#[derive(Debug)]
pub struct Context {
    root: PathBuf,
    ignore: Ignore,
    ignore_file: Option<IgnoreFile>,
    entries: Known<Entry>,
    folders: Known<Arc<[Entry]>>,
    files: Known<Arc<[u8]>>,
}

impl Context {
    /// Opens the context in folder `root` for the build of `dockerfile`.
    ///
    /// Only the ignore file is read: `<dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` in the root.
    ///
    /// # Errors
    /// When the root can't be read as a folder, or when the ignore file is one that the builder refuses.
    pub fn open(root: &Path, dockerfile: Option<&Path>) -> Result<Self, ContextError> {
        let wrong = |problem: String| ContextError::Root {
            path: root.to_owned(),
            problem,
        };
        let real = fs::canonicalize(root).map_err(|error| wrong(error.to_string()))?;
        if !real.is_dir() {
            return Err(wrong("not a folder".to_owned()));
        }
        let (ignore, ignore_file) = match find_ignore_file(&real, dockerfile)? {
            Some(file) => {
                let ignore = Ignore::parse(&file.bytes).map_err(|rule| ContextError::Ignore {
                    path: file.path.clone(),
                    rule,
                })?;
                (ignore, Some(file))
            }
            None => (Ignore::default(), None),
        };
        Ok(Self {
            root: real,
            ignore,
            ignore_file,
            entries: Mutex::default(),
            folders: Mutex::default(),
            files: Mutex::default(),
        })
    }

    /// Finds the context in which `dockerfile` is built: what a compose or bake file says, else its folder.
    /// Nothing above `boundary` is looked at, when one is given.
    pub fn find(dockerfile: &Path, boundary: Option<&Path>) -> FoundContext {
        Neighbours::default().find(dockerfile, boundary)
    }

    /// The real path of the root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The ignore file in force, if there is one.
    pub fn ignore_file(&self) -> Option<&IgnoreFile> {
        self.ignore_file.as_ref()
    }

    /// The rules of the ignore file.
    pub fn ignore_rules(&self) -> &[Rule] {
        self.ignore.rules()
    }

    /// Whether the ignore file leaves `path` out. It need not exist.
    ///
    /// An ignored folder may still be there for a child that a `!` brings back: [`Context::entry`] knows.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignore.judge_on_the_way(&below_root(path)).ignored
    }

    /// The rule that leaves `path` out.
    pub fn ignored_by(&self, path: &str) -> Option<&Rule> {
        let verdict = self.ignore.judge_on_the_way(&below_root(path));
        let by = verdict.by.filter(|_| verdict.ignored)?;
        self.ignore.rules().get(by)
    }

    /// What is at `path`, as the builder sees it.
    pub fn entry(&self, path: &str) -> Option<Entry> {
        self.try_entry(path).ok()
    }

    /// What is at `path`, or why that can't be said.
    ///
    /// # Errors
    /// Nothing there, left out, behind a link, or unreadable.
    pub fn try_entry(&self, path: &str) -> Result<Entry, ContextError> {
        let path = below_root(path);
        let entry = self.raw_entry(&path)?;
        let verdict = self.ignore.judge_on_the_way(&path);
        if self.sees(&entry, &verdict)? {
            Ok(entry)
        } else {
            Err(self.left_out(path, &verdict))
        }
    }

    /// The bytes of the regular file `path`.
    pub fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.try_read(path).ok()
    }

    /// The bytes of the regular file `path`, or why they can't be had.
    ///
    /// # Errors
    /// As [`Context::try_entry`]; no regular file; larger than [`LARGEST_FILE`].
    pub fn try_read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        let entry = self.try_entry(path)?;
        self.raw_read(&entry.path)
    }

    /// The text of the regular file `path`; `None` when it is not UTF-8 either. A byte order mark is dropped.
    pub fn read_text(&self, path: &str) -> Option<String> {
        let bytes = self.read(path)?;
        let text = std::str::from_utf8(&bytes).ok()?;
        Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
    }

    /// The bytes of `path` whether it is ignored or not, for files that are written beside the Dockerfile;
    /// `Ok(None)` when nothing is there.
    ///
    /// # Errors
    /// When something is there that can't be read as a file: it must not be taken for an empty one.
    pub fn read_beside(&self, path: &str) -> Result<Option<Arc<[u8]>>, ContextError> {
        match self.raw_read(&below_root(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ContextError::Absent(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The entries of folder `dir`, by name, without what is left out.
    ///
    /// # Errors
    /// No folder, left out with all that is in it, too many entries, or unreadable.
    pub fn list(&self, dir: &str) -> Result<Vec<Entry>, ContextError> {
        let dir = below_root(dir);
        let verdict = self.ignore.judge_on_the_way(&dir);
        if self.is_shut(&dir, &verdict) {
            return Err(self.left_out(dir, &verdict));
        }
        let seen = self.seen_in(&dir, &verdict)?;
        if seen.is_empty() && verdict.ignored && !dir.is_empty() {
            return Err(self.left_out(dir, &verdict));
        }
        Ok(seen)
    }

    /// The entries of folder `dir`, what is left out included: what a new ignore file would have to be about.
    ///
    /// # Errors
    /// As [`Context::list`].
    pub fn list_all(&self, dir: &str) -> Result<Arc<[Entry]>, ContextError> {
        self.raw_list(&below_root(dir))
    }

    /// All that is below `dir`, parents before children, by name. Each folder is read when the walk comes to it.
    pub fn walk(&self, dir: &str) -> Walk<'_> {
        Walk::new(self, below_root(dir))
    }

    /// The paths that a COPY source `pattern` stands for, by name: itself, when it has no wildcards and is there.
    /// What lies in a folder that matches is not named again.
    ///
    /// # Errors
    /// [`ContextError::BadPattern`]; a folder of the pattern that is a link or can't be listed.
    pub fn matches(&self, pattern: &str) -> Result<Vec<String>, ContextError> {
        let pattern = below_root(pattern);
        if !has_wildcards(&pattern) {
            return match self.try_entry(&pattern) {
                Ok(entry) => Ok(vec![entry.path]),
                Err(ContextError::Absent(_) | ContextError::Ignored { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let bad = |_| ContextError::BadPattern(pattern.clone());
        let elements: Vec<&str> = pattern.split('/').collect();
        let plain = elements.iter().take_while(|e| !has_wildcards(e)).count();
        let base = elements.get(..plain).unwrap_or_default().join("/");
        let wild = elements.get(plain..).unwrap_or_default();
        let whole = Glob::new(&wild.join("/")).map_err(bad)?;
        match self.try_entry(&base) {
            Ok(entry) if entry.kind == Kind::Dir => {}
            Ok(Entry {
                path,
                kind: Kind::Symlink(_),
                ..
            }) => {
                return Err(ContextError::ThroughLink {
                    path: pattern.clone(),
                    link: path,
                });
            }
            Ok(_) | Err(ContextError::Absent(_) | ContextError::Ignored { .. }) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        }
        if wild.iter().any(|element| element.contains('[')) {
            return self.matches_by_walk(&base, &whole);
        }
        let mut folders = vec![base];
        for (index, element) in wild.iter().enumerate() {
            let glob = Glob::new(element).map_err(bad)?;
            let mut next = Vec::new();
            for folder in &folders {
                for entry in self.list(folder)? {
                    if glob.matches(entry.name())
                        && (index + 1 == wild.len() || entry.kind == Kind::Dir)
                    {
                        next.push(entry.path);
                    }
                    if next.len() > MOST_ENTRIES {
                        return Err(ContextError::TooMany(pattern));
                    }
                }
            }
            folders = next;
        }
        Ok(folders)
    }

    /// A class matches `/` in Go, so such a pattern can't be taken element by element.
    fn matches_by_walk(&self, base: &str, glob: &Glob) -> Result<Vec<String>, ContextError> {
        let mut found = Vec::new();
        let mut walk = self.walk(base);
        let skip = if base.is_empty() { 0 } else { base.len() + 1 };
        while let Some(entry) = walk.next() {
            let entry = entry?;
            if glob.matches(entry.path.get(skip..).unwrap_or_default()) {
                if entry.kind == Kind::Dir {
                    walk.skip_folder();
                }
                found.push(entry.path);
            }
        }
        Ok(found)
    }

    /// Whether there are [`MANY`] entries or more below `dir`, ignored or not. It counts no further.
    pub fn has_many(&self, dir: &str) -> bool {
        self.has_more_than(dir, MANY - 1)
    }

    /// Whether there are more than `count` entries below `dir`, ignored or not. It counts no further, and asks only for
    /// names.
    pub fn has_more_than(&self, dir: &str, count: usize) -> bool {
        let dir = below_root(dir);
        if !self
            .raw_entry(&dir)
            .is_ok_and(|entry| entry.kind == Kind::Dir)
        {
            return false;
        }
        let mut folders = vec![self.place(&dir)];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for child in fs::read_dir(folder).into_iter().flatten().flatten() {
                seen += 1;
                if seen > count {
                    return true;
                }
                if child.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(child.path());
                }
            }
        }
        false
    }

    fn left_out(&self, path: String, verdict: &Verdict) -> ContextError {
        let rule = verdict.by.and_then(|by| self.ignore.rules().get(by));
        ContextError::Ignored {
            path,
            line: rule.map_or(0, |rule| rule.line),
        }
    }

    /// Whether the builder does not even look into folder `dir`.
    fn is_shut(&self, dir: &str, verdict: &Verdict) -> bool {
        let ignored = verdict.ignored && !dir.is_empty();
        verdict.skipped || ignored && !self.ignore.may_hold_more(dir)
    }

    /// Whether the builder sees `entry`: it is not ignored, or it is the folder of something that is not.
    fn sees(&self, entry: &Entry, verdict: &Verdict) -> Result<bool, ContextError> {
        if !verdict.ignored || entry.path.is_empty() {
            return Ok(true);
        }
        if entry.kind != Kind::Dir || self.is_shut(&entry.path, verdict) {
            return Ok(false);
        }
        Walk::new(self, entry.path.clone())
            .next()
            .transpose()
            .map(|first| first.is_some())
    }

    fn seen_in(&self, dir: &str, verdict: &Verdict) -> Result<Vec<Entry>, ContextError> {
        let mut seen = Vec::new();
        for entry in self.raw_list(dir)?.iter() {
            let verdict = self.ignore.judge(&entry.path, verdict);
            if self.sees(entry, &verdict)? {
                seen.push(entry.clone());
            }
        }
        Ok(seen)
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn raw_entry(&self, path: &str) -> Result<Entry, ContextError> {
        for (end, _) in path.match_indices('/') {
            let parent = path.get(..end).unwrap_or(path);
            match self.entry_itself(parent)?.kind {
                Kind::Dir => {}
                Kind::Symlink(_) => {
                    return Err(ContextError::ThroughLink {
                        path: path.to_owned(),
                        link: parent.to_owned(),
                    });
                }
                _ => return Err(ContextError::Absent(path.to_owned())),
            }
        }
        self.entry_itself(path)
    }

    fn entry_itself(&self, path: &str) -> Result<Entry, ContextError> {
        remembered(&self.entries, path, || Entry::at(path, &self.place(path)))
    }

    fn raw_list(&self, dir: &str) -> Result<Arc<[Entry]>, ContextError> {
        if self.raw_entry(dir)?.kind != Kind::Dir {
            return Err(ContextError::NotAFolder(dir.to_owned()));
        }
        remembered(&self.folders, dir, || entry::list(dir, &self.place(dir)))
    }

    fn raw_read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        let entry = self.raw_entry(path)?;
        if entry.kind != Kind::File {
            return Err(ContextError::NotAFile(entry.path));
        }
        remembered(&self.files, path, || read_file(path, &self.place(path)))
    }
}

fn remembered<T: Clone>(
    known: &Known<T>,
    key: &str,
    find: impl FnOnce() -> Result<T, ContextError>,
) -> Result<T, ContextError> {
    if let Ok(known) = known.lock()
        && let Some(answer) = known.get(key)
    {
        return answer.clone();
    }
    let answer = find();
    if let Ok(mut known) = known.lock() {
        known.insert(key.to_owned(), answer.clone());
    }
    answer
}

/// Reads a file that was seen to be a regular one, up to [`LARGEST_FILE`].
fn read_file(path: &str, place: &Path) -> Result<Arc<[u8]>, ContextError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ContextError::Absent(path.to_owned()),
        _ => ContextError::Unreadable {
            path: path.to_owned(),
            problem: error.to_string(),
        },
    };
    let size = fs::metadata(place).map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    if size <= LARGEST_FILE {
        fs::File::open(place)
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
    }
    if size > LARGEST_FILE || bytes.len() as u64 > LARGEST_FILE {
        let path = path.to_owned();
        return Err(ContextError::TooLarge { path, size });
    }
    Ok(bytes.into())
}

/// Rule of BuildKit's `dockerui`: the file named after the Dockerfile, beside it, hides the context's own.
fn find_ignore_file(
    root: &Path,
    dockerfile: Option<&Path>,
) -> Result<Option<IgnoreFile>, ContextError> {
    let named = dockerfile.map(|dockerfile| {
        let mut name = OsString::from(dockerfile);
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    for path in named.into_iter().chain([root.join(".dockerignore")]) {
        if !path.is_file() {
            continue;
        }
        let shown = path.to_string_lossy().into_owned();
        let bytes = read_file(&shown, &path)?;
        return Ok(Some(IgnoreFile { path, bytes }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
