//! How long a build takes after an edit.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::builder::{BuildError, Builder, Source, failed_to};

/// Rebuilds of one Dockerfile after the same edit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// The median of the runs.
    #[serde(serialize_with = "seconds")]
    pub median: Duration,
    /// Steps of the Dockerfile, FROM aside.
    pub steps: usize,
    /// Those that came from the cache, in the run where they were fewest.
    pub cached: usize,
}

pub(super) fn seconds<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

/// Rebuilds before and after, for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuild {
    /// The file that was edited, below the build context.
    pub file: PathBuf,
    /// The original.
    pub before: Timing,
    /// The rewritten.
    pub after: Timing,
}

/// A copy of a build context that may be edited.
#[derive(Debug)]
pub struct Copied {
    folder: tempfile::TempDir,
}

impl Copied {
    /// Copies `context`, links as links, with its modes.
    ///
    /// # Errors
    /// When something can't be read or written.
    pub fn of(context: &Path) -> Result<Self, BuildError> {
        let folder = tempfile::tempdir().map_err(failed_to("make a folder for the context"))?;
        copy(context, folder.path()).map_err(failed_to("copy the build context"))?;
        Ok(Self { folder })
    }

    /// Where it is, as long as this lives.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Edits `file`: a few blank lines more, which leave most kinds of text what they mean. Which of them hold a space
    /// tells the time, so that no cache knows the file from an earlier run.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn touch(&self, file: &Path) -> Result<(), BuildError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_micros());
        let lines: String = (0..32)
            .map(|bit| if now >> bit & 1 == 1 { " \n" } else { "\n" })
            .collect();
        OpenOptions::new()
            .append(true)
            .open(self.path().join(file))
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .map_err(failed_to(&format!("edit {}", file.display())))
    }
}

/// Edits `file` in a copy of the context and builds `before`, edits it and builds `after`, `runs` times in turn. Both must
/// have been built already.
///
/// # Errors
/// When a build fails, which an edit may bring about.
pub fn measure(
    builder: &Builder,
    context: &Copied,
    before: &Path,
    after: &Path,
    file: &Path,
    runs: usize,
) -> Result<Rebuild, BuildError> {
    let mut timings = [Timing::default(), Timing::default()];
    let mut times = [Vec::new(), Vec::new()];
    for run in 0..runs.max(1) {
        for (side, dockerfile) in [before, after].into_iter().enumerate() {
            // An edit each: steps that both have would come from the other's build.
            context.touch(file)?;
            let source = Source {
                dockerfile,
                context: context.path(),
            };
            let built = builder.build(["rebuild-before", "rebuild-after"][side], source, false)?;
            let timing = &mut timings[side];
            timing.steps = built.log.steps;
            timing.cached = match run {
                0 => built.log.cached,
                _ => timing.cached.min(built.log.cached),
            };
            times[side].push(built.took);
        }
    }
    for (timing, times) in timings.iter_mut().zip(&mut times) {
        timing.median = median(times);
    }
    let [before, after] = timings;
    let file = file.to_owned();
    Ok(Rebuild {
        file,
        before,
        after,
    })
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let middle = times.len() / 2;
    match times {
        [] => Duration::ZERO,
        _ if times.len() % 2 == 1 => times[middle],
        _ => (times[middle - 1] + times[middle]) / 2,
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else if kind.is_symlink() {
            symlink(&fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let seconds = |list: &[u64]| -> Vec<Duration> {
            list.iter().map(|time| Duration::from_secs(*time)).collect()
        };
        assert_eq!(median(&mut seconds(&[9, 1, 2])), Duration::from_secs(2));
        assert_eq!(median(&mut seconds(&[4, 2])), Duration::from_secs(3));
        assert_eq!(median(&mut []), Duration::ZERO);
    }

    #[test]
    fn a_copy_is_edited_and_not_the_context() {
        let context = tempfile::tempdir().unwrap();
        fs::create_dir(context.path().join("src")).unwrap();
        fs::write(context.path().join("src/app.py"), "pass\n").unwrap();
        symlink(Path::new("src/app.py"), &context.path().join("link")).unwrap();
        let copied = Copied::of(context.path()).unwrap();
        copied.touch(Path::new("src/app.py")).unwrap();
        let edited = fs::read_to_string(copied.path().join("src/app.py")).unwrap();
        assert!(edited.len() > 32 && edited.trim_end() == "pass");
        assert_eq!(
            fs::read(context.path().join("src/app.py")).unwrap(),
            b"pass\n"
        );
        assert_eq!(
            fs::read_link(copied.path().join("link")).unwrap(),
            Path::new("src/app.py")
        );
        assert!(copied.touch(Path::new("nosuch/file")).is_err());
    }
}
