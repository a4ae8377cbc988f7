//! One thing in a build context.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{ContextError, MOST_ENTRIES};

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link, and its target as it is written.
    Symlink(String),
    /// A socket, pipe or device.
    Other,
}

/// One thing in a build context.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its path below the root; the root itself is empty. Bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its permission bits, such as `0o644`.
    pub mode: u32,
    /// Its size in bytes; 0 for all but regular files.
    pub size: u64,
}

impl Entry {
    /// The last element of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether anybody may run it as a program.
    pub fn is_executable(&self) -> bool {
        self.kind == Kind::File && self.mode & 0o111 != 0
    }

    pub(super) fn at(path: &str, place: &Path) -> Result<Self, ContextError> {
        let metadata = fs::symlink_metadata(place).map_err(|error| failed(path, &error))?;
        let kind = if metadata.is_symlink() {
            let target = fs::read_link(place).map_err(|error| failed(path, &error))?;
            Kind::Symlink(target.to_string_lossy().into_owned())
        } else if metadata.is_dir() {
            Kind::Dir
        } else if metadata.is_file() {
            Kind::File
        } else {
            Kind::Other
        };
        let size = if kind == Kind::File {
            metadata.len()
        } else {
            0
        };
        Ok(Self {
            path: path.to_owned(),
            mode: mode(&metadata),
            kind,
            size,
        })
    }
}

/// The entries of one folder, by name in byte order, as Go lists them.
pub(super) fn list(dir: &str, place: &Path) -> Result<Arc<[Entry]>, ContextError> {
    let mut names = Vec::new();
    for child in fs::read_dir(place).map_err(|error| failed(dir, &error))? {
        names.push(child.map_err(|error| failed(dir, &error))?.file_name());
        if names.len() > MOST_ENTRIES {
            return Err(ContextError::TooMany(dir.to_owned()));
        }
    }
    names.sort();
    let mut entries = Vec::with_capacity(names.len());
    for name in names {
        let shown = name.to_string_lossy();
        let path = if dir.is_empty() {
            shown.into_owned()
        } else {
            format!("{dir}/{shown}")
        };
        match Entry::at(&path, &place.join(&name)) {
            // It went away between the two looks.
            Err(ContextError::Absent(_)) => {}
            entry => entries.push(entry?),
        }
    }
    Ok(entries.into())
}

fn failed(path: &str, error: &io::Error) -> ContextError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            ContextError::Absent(path.to_owned())
        }
        _ => ContextError::Unreadable {
            path: path.to_owned(),
            problem: error.to_string(),
        },
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o7777
}

/// What BuildKit gives to files from Windows.
#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o755
}
