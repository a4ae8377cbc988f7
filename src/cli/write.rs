//! Writes a Dockerfile and the files beside it: each whole or not at all, and all of them or none.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use crate::engine::Report;
use crate::report::{Problem, shown};

/// Why nothing was written.
pub(super) enum Failure {
    /// A file is not what it was when it was read: running again helps.
    Stale(Problem),
    /// Anything else.
    Failed(Problem),
}

/// A file that is ready beside the one that it replaces.
struct Ready {
    target: PathBuf,
    /// What the target held; `None` when it was not there.
    before: Option<Vec<u8>>,
    new: NamedTempFile,
}

/// Writes what `report` changes: the Dockerfile at `dockerfile` (links followed) and files below the folder `root`.
pub(super) fn write(dockerfile: &Path, root: &Path, report: &Report) -> Result<(), Failure> {
    let mut ready = Vec::new();
    if report.original != report.rewritten {
        ready.push(prepare(
            dockerfile,
            Some(&report.original),
            &report.rewritten,
        )?);
    }
    for beside in &report.beside {
        let target = below(root, &beside.path)?;
        ready.push(prepare(&target, beside.before.as_deref(), &beside.after)?);
    }
    let mut written: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for file in ready {
        match file.new.persist(&file.target) {
            Ok(_) => written.push((file.target, file.before)),
            Err(error) => {
                let problem = cannot(&file.target, &error.error);
                return Err(Failure::Failed(undo(written, problem)));
            }
        }
    }
    // The names are safe once their folders are on disk; a system that can't do that has written all the same.
    for (target, _) in &written {
        let _ = target.parent().map(|folder| File::open(folder)?.sync_all());
    }
    Ok(())
}

/// The path of a file beside the Dockerfile, which never leaves the context.
fn below(root: &Path, path: &str) -> Result<PathBuf, Failure> {
    let inside = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside || path.is_empty() {
        let problem = Problem::new(format!("{path}: not below the build context"));
        return Err(Failure::Failed(problem));
    }
    Ok(root.join(path))
}

/// Writes `after` to a temporary file in the folder of the file that `path` leads to, with that one's mode and owner.
fn prepare(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Result<Ready, Failure> {
    let failed = |error: io::Error| Failure::Failed(cannot(path, &error));
    let target = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let now = match fs::read(&target) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if now.as_deref() != before {
        let problem = Problem::new(format!("{} was changed meanwhile", name(path)));
        return Err(Failure::Stale(
            problem.help("nothing is written; run careen again"),
        ));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".careen-");
    let mut new = match &now {
        Some(_) => builder.tempfile_in(folder),
        None => new_file(&mut builder).tempfile_in(folder),
    }
    .map_err(failed)?;
    new.write_all(after).map_err(failed)?;
    if now.is_some() {
        let metadata = fs::metadata(&target).map_err(failed)?;
        // A rename would go through all the same.
        if metadata.permissions().readonly() {
            let problem = Problem::new(format!("{} is marked read-only", name(path)));
            return Err(Failure::Failed(
                problem.help("nothing is written; make it writable first"),
            ));
        }
        keep_owner(new.path(), &metadata);
        new.as_file()
            .set_permissions(metadata.permissions())
            .map_err(failed)?;
    }
    new.as_file().sync_all().map_err(failed)?;
    let before = now;
    Ok(Ready {
        target,
        before,
        new,
    })
}

/// A new file's mode is what the user's umask makes of it.
#[cfg(unix)]
fn new_file<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'static>,
) -> &'a mut tempfile::Builder<'b, 'static> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'static>,
) -> &'a mut tempfile::Builder<'b, 'static> {
    builder
}

/// Owner and group, as far as the system lets us: that is no reason not to write.
#[cfg(unix)]
fn keep_owner(path: &Path, metadata: &Metadata) {
    use std::os::unix::fs::{MetadataExt, chown};
    if chown(path, Some(metadata.uid()), Some(metadata.gid())).is_err() {
        let _ = chown(path, None, Some(metadata.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _metadata: &Metadata) {}

/// Puts back what was there.
fn undo(written: Vec<(PathBuf, Option<Vec<u8>>)>, mut problem: Problem) -> Problem {
    for (target, before) in written {
        let undone = match before {
            Some(bytes) => fs::write(&target, bytes),
            None => fs::remove_file(&target),
        };
        if let Err(error) = undone {
            problem.message += &format!("; {} can't be put back: {error}", name(&target));
        }
    }
    problem
}

fn cannot(path: &Path, error: &io::Error) -> Problem {
    Problem::new(format!("{} can't be written: {error}", name(path)))
}

fn name(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}
