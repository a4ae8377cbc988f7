//! Drives the builder that is on the machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::image::{Image, ImageError, Layers};
use super::log::Log;

/// A program that builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `docker build`.
    Docker,
    /// `docker buildx build`.
    Buildx,
    /// `buildctl build`, with the `dockerfile.v0` frontend.
    Buildctl,
    /// `podman build`.
    Podman,
    /// `buildah build`.
    Buildah,
}

impl Program {
    /// All, in the order in which [`Program::found`] looks for them.
    pub const ALL: [Self; 5] = [
        Self::Buildx,
        Self::Docker,
        Self::Podman,
        Self::Buildah,
        Self::Buildctl,
    ];

    /// As it is called on the command line of careen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Buildx => "buildx",
            Self::Buildctl => "buildctl",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// The first one that answers on this machine.
    pub fn found() -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.answers())
    }

    /// Whether it is there and reaches what it needs, such as a daemon.
    pub fn answers(self) -> bool {
        let ask = |program: &str, args: &[&str]| {
            Command::new(program)
                .args(args)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        match self {
            Self::Docker => ask("docker", &["version"]),
            Self::Buildx => ask("docker", &["buildx", "version"]) && ask("docker", &["version"]),
            Self::Buildctl => ask("buildctl", &["debug", "workers"]),
            Self::Podman => ask("podman", &["version"]),
            Self::Buildah => ask("buildah", &["version"]),
        }
    }
}

impl FromStr for Program {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|program| program.name() == name)
            .ok_or_else(|| {
                format!("no builder is called {name}: docker, buildx, buildctl, podman or buildah")
            })
    }
}

/// What to build.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The Dockerfile, wherever it is.
    pub dockerfile: &'a Path,
    /// The build context.
    pub context: &'a Path,
}

/// A builder with its settings.
#[derive(Clone, Debug)]
pub struct Builder {
    /// The program.
    pub program: Program,
    /// Build arguments.
    pub build_args: Vec<(String, String)>,
    /// The stage to build; the last one when it is `None`.
    pub target: Option<String>,
    /// Further arguments for the program, such as `--network=host`.
    pub options: Vec<String>,
    /// A folder where each build leaves its log.
    pub logs: PathBuf,
}

/// An image that was built. Its tag is taken away when this is dropped.
#[derive(Debug)]
pub struct Built {
    /// How long the build took.
    pub took: Duration,
    /// What the log says.
    pub log: Log,
    program: Program,
    /// A tag of our own, or the archive that buildctl wrote.
    place: Place,
}

#[derive(Debug)]
enum Place {
    Tag(String),
    File(PathBuf),
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A command of the Dockerfile, or the builder itself, failed.
    #[error("{}; the log is {}", log.error.as_deref().unwrap_or("the build failed"), path.display())]
    Failed {
        /// What the log says.
        log: Box<Log>,
        /// Where the log is.
        path: PathBuf,
    },
    /// The builder can't be run, or a file can't be written.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// The builder's image can't be read.
    #[error("cannot read the image that was built: {0}")]
    Image(#[from] ImageError),
}

static BUILDS: AtomicUsize = AtomicUsize::new(0);

impl Builder {
    /// A builder without arguments that keeps its logs in `logs`.
    pub fn new(program: Program, logs: impl Into<PathBuf>) -> Self {
        Self {
            program,
            build_args: Vec::new(),
            target: None,
            options: Vec::new(),
            logs: logs.into(),
        }
    }

    /// Builds `source`; `name` is the log's name. With `fresh` nothing comes from the cache.
    ///
    /// # Errors
    /// When the build fails, or the program can't be run.
    pub fn build(&self, name: &str, source: Source<'_>, fresh: bool) -> Result<Built, BuildError> {
        let number = BUILDS.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{}-{number}-{name}", std::process::id());
        fs::create_dir_all(&self.logs).map_err(failed_to("make the folder for logs"))?;
        let path = self.logs.join(format!("{unique}.log"));
        let place = match self.program {
            Program::Buildctl => Place::File(self.logs.join(format!("{unique}.tar"))),
            _ => Place::Tag(format!("careen-verify:{unique}").to_lowercase()),
        };
        let log = File::create(&path).map_err(failed_to("write the log"))?;
        let errors = log.try_clone().map_err(failed_to("write the log"))?;
        let mut command = self.command(source, &place, fresh);
        let started = Instant::now();
        let status = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .status()
            .map_err(failed_to("run the builder"))?;
        let took = started.elapsed();
        let text = fs::read(&path).map_err(failed_to("read the log"))?;
        let log = Log::read(&String::from_utf8_lossy(&text));
        if !status.success() {
            let log = Box::new(log);
            return Err(BuildError::Failed { log, path });
        }
        Ok(Built {
            took,
            log,
            program: self.program,
            place,
        })
    }

    fn command(&self, source: Source<'_>, place: &Place, fresh: bool) -> Command {
        if self.program == Program::Buildctl {
            return self.buildctl(source, place, fresh);
        }
        let (program, start): (_, &[&str]) = match self.program {
            Program::Docker | Program::Buildctl => ("docker", &["build", "--progress=plain"]),
            Program::Buildx => ("docker", &["buildx", "build", "--load", "--progress=plain"]),
            Program::Podman => ("podman", &["build", "--layers"]),
            Program::Buildah => ("buildah", &["build", "--layers"]),
        };
        let mut args: Vec<OsString> = start.iter().map(Into::into).collect();
        let mut add = |arg: &str| args.push(arg.into());
        if fresh {
            add("--no-cache");
        }
        for (key, value) in &self.build_args {
            add("--build-arg");
            add(&format!("{key}={value}"));
        }
        if let Some(target) = &self.target {
            add("--target");
            add(target);
        }
        self.options.iter().for_each(|option| add(option));
        if let Place::Tag(tag) = place {
            add("--tag");
            add(tag);
        }
        args.push("--file".into());
        args.push(source.dockerfile.into());
        let ignore = ignore_file(source.dockerfile);
        if matches!(self.program, Program::Podman | Program::Buildah) && ignore.is_file() {
            args.push("--ignorefile".into());
            args.push(ignore.into());
        }
        args.push(source.context.into());
        let mut command = Command::new(program);
        command.args(args);
        if self.program == Program::Docker {
            command.env("DOCKER_BUILDKIT", "1");
        }
        command
    }

    fn buildctl(&self, source: Source<'_>, place: &Place, fresh: bool) -> Command {
        let mut command = Command::new("buildctl");
        let folder = source
            .dockerfile
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let pair = |key: &str, value: &std::ffi::OsStr| {
            let mut pair = OsString::from(key);
            pair.push("=");
            pair.push(value);
            pair
        };
        command
            .args(["build", "--progress=plain", "--frontend=dockerfile.v0"])
            .arg("--local")
            .arg(pair("context", source.context.as_os_str()))
            .arg("--local")
            .arg(pair("dockerfile", folder.as_os_str()));
        if let Some(name) = source.dockerfile.file_name() {
            command.arg("--opt").arg(pair("filename", name));
        }
        for (key, value) in &self.build_args {
            command.args(["--opt", &format!("build-arg:{key}={value}")]);
        }
        if let Some(target) = &self.target {
            command.args(["--opt", &format!("target={target}")]);
        }
        if fresh {
            command.arg("--no-cache");
        }
        command.args(&self.options);
        if let Place::File(path) = place {
            command
                .arg("--output")
                .arg(pair("type=docker,dest", path.as_os_str()));
        }
        command
    }
}

impl Built {
    /// Reads the image; layers that `layers` knows are not read again.
    ///
    /// # Errors
    /// When the program can't hand the image out.
    pub fn image(&self, layers: &Layers) -> Result<Image, BuildError> {
        let tag = match &self.place {
            Place::File(path) => return Ok(Image::open(path, layers)?),
            Place::Tag(tag) => tag,
        };
        let mut command = match self.program {
            Program::Podman => {
                let mut command = Command::new("podman");
                command.args(["save", "--format=docker-archive", tag]);
                command
            }
            Program::Buildah => {
                let folder =
                    tempfile::tempdir().map_err(failed_to("make a folder for the image"))?;
                let path = folder.path().join("image.tar");
                let status = Command::new("buildah")
                    .args([
                        "push",
                        "--quiet",
                        tag,
                        &format!("docker-archive:{}", path.display()),
                    ])
                    .stdin(Stdio::null())
                    .status()
                    .map_err(failed_to("run buildah"))?;
                if !status.success() {
                    return Err(failed_to("save the image")(io::Error::other(
                        status.to_string(),
                    )));
                }
                return Ok(Image::open(&path, layers)?);
            }
            Program::Docker | Program::Buildx | Program::Buildctl => {
                let mut command = Command::new("docker");
                command.args(["save", tag]);
                command
            }
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed_to("save the image"))?;
        let mut image = Err(ImageError::NotAnImage);
        if let Some(mut output) = child.stdout.take() {
            image = Image::read(io::BufReader::with_capacity(1 << 20, &mut output), layers);
            // What follows the archive's end must be taken, or the program fails on a closed pipe.
            let _ = io::copy(&mut output, &mut io::sink());
        }
        let status = child.wait().map_err(failed_to("save the image"))?;
        let image = image?;
        if status.success() {
            Ok(image)
        } else {
            Err(failed_to("save the image")(io::Error::other(
                status.to_string(),
            )))
        }
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let (program, args) = match (&self.place, self.program) {
            (Place::File(path), _) => {
                let _ = fs::remove_file(path);
                return;
            }
            (Place::Tag(tag), Program::Podman) => ("podman", ["image", "rm", tag]),
            (Place::Tag(tag), Program::Buildah) => ("buildah", ["rmi", "--", tag]),
            (Place::Tag(tag), _) => ("docker", ["image", "rm", tag]),
        };
        let _ = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Where BuildKit looks for the ignore file of a Dockerfile before it takes the context's `.dockerignore`.
fn ignore_file(dockerfile: &Path) -> PathBuf {
    let mut name = dockerfile.as_os_str().to_owned();
    name.push(".dockerignore");
    name.into()
}

/// A rewritten Dockerfile in a folder of its own, beside an untouched context: `COPY . .` may bring the Dockerfile itself
/// into the image.
#[derive(Debug)]
pub struct Placed {
    folder: tempfile::TempDir,
    name: OsString,
}

impl Placed {
    /// Writes `text` under the name of `original`, with its ignore file beside it if it has one.
    ///
    /// # Errors
    /// When the files can't be written.
    pub fn new(text: &[u8], original: &Path) -> Result<Self, BuildError> {
        let write = "write the rewritten Dockerfile beside its context";
        let folder = tempfile::tempdir().map_err(failed_to(write))?;
        let name = original.file_name().unwrap_or("Dockerfile".as_ref());
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(failed_to(write))?;
        let ignore = ignore_file(original);
        if ignore.is_file() {
            fs::copy(ignore, ignore_file(&path)).map_err(failed_to(write))?;
        }
        let name = name.to_owned();
        Ok(Self { folder, name })
    }

    /// Where it is, as long as this lives.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }
}

pub(super) fn failed_to(what: &str) -> impl Fn(io::Error) -> BuildError {
    move |source| BuildError::Io {
        what: what.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ignore_file_travels_along() {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("app.Dockerfile");
        fs::write(&original, "FROM scratch\n").unwrap();
        assert!(!ignore_file(&Placed::new(b"", &original).unwrap().path()).exists());
        fs::write(folder.path().join("app.Dockerfile.dockerignore"), "secret").unwrap();
        let placed = Placed::new(b"FROM scratch\n\n", &original).unwrap();
        assert_eq!(placed.path().file_name(), original.file_name());
        assert_eq!(fs::read(ignore_file(&placed.path())).unwrap(), b"secret");
    }

    #[test]
    fn arguments() {
        let mut builder = Builder::new(Program::Buildx, "logs");
        builder.build_args.push(("A".into(), "1".into()));
        builder.target = Some("run".into());
        builder.options.push("--network=host".into());
        let source = Source {
            dockerfile: Path::new("/x/Dockerfile"),
            context: Path::new("/c"),
        };
        let command = builder.command(source, &Place::Tag("careen-verify:1".into()), true);
        let args: Vec<String> = command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            args.join(" "),
            "buildx build --load --progress=plain --no-cache --build-arg A=1 --target run --network=host --tag careen-verify:1 --file /x/Dockerfile /c"
        );
        builder.program = Program::Buildctl;
        let command = builder.command(source, &Place::File("/o.tar".into()), false);
        let args: Vec<String> = command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            args.join(" "),
            "build --progress=plain --frontend=dockerfile.v0 --local context=/c --local dockerfile=/x --opt filename=Dockerfile --opt build-arg:A=1 --opt target=run --network=host --output type=docker,dest=/o.tar"
        );
    }
}
