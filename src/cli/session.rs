//! What one run knows of each Dockerfile: its config, its build context, and what is asked of the engine.
//!
//! All calls into config, context, knowledge and the engine are here.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::args::Common;
use super::build_context;
use super::buys::buys;
use super::paths::relative;
use super::{Program, ids};
use crate::checks;
use crate::config::{self, Config};
use crate::context::Neighbours;
use crate::engine::{EngineError, Input, Options, Report};
use crate::knowledge::Knowledge;
use crate::report::{Problem, shown};
use crate::syntax::{Dockerfile, Span};
use crate::transform::Profile;

/// A config file, ready for use.
struct Settings {
    /// Where its relative paths start.
    folder: PathBuf,
    config: Config,
    options: Options,
    exclude: Gitignore,
    /// The tables with the user's own managers; none when the shipped ones do.
    knowledge: Option<Knowledge>,
}

impl Settings {
    fn knowledge(&self) -> &Knowledge {
        self.knowledge
            .as_ref()
            .unwrap_or_else(|| Knowledge::shipped())
    }
}

/// What the engine said of one text, and where its build context is.
pub(super) struct Ran {
    pub(super) report: Report,
    /// Seen from the working directory; empty when it is that directory, or unknown.
    pub(super) context: PathBuf,
    /// Why the build context is not known.
    pub(super) doubt: Option<&'static str>,
    /// What the changes buy, if that was asked for.
    pub(super) buys: Option<String>,
}

/// One run of the command line.
pub(super) struct Session<'a> {
    program: &'a Program,
    common: &'a Common,
    /// Real path.
    cwd: PathBuf,
    writes_beside: bool,
    /// Whether to say what the changes buy.
    buys: bool,
    /// The file of `--config`.
    given: Option<Arc<Settings>>,
    /// By folder.
    known: Mutex<HashMap<PathBuf, Result<Arc<Settings>, Problem>>>,
    neighbours: Neighbours,
}

impl<'a> Session<'a> {
    /// Checks the flags. `writes_beside`: whether files beside the Dockerfile can be written, or shown as a diff.
    pub(super) fn new(
        program: &'a Program,
        common: &'a Common,
        cwd: &Path,
        writes_beside: bool,
    ) -> Result<Self, Problem> {
        ids::known(program.chain, &common.select, "--select")?;
        ids::known(program.chain, &common.ignore, "--ignore")?;
        if common.stdin_filename.is_some() && !common.reads_stdin() {
            let problem = Problem::new("--stdin-filename: nothing is read from standard input");
            return Err(problem.help("give `-` as the path"));
        }
        let mut session = Self {
            program,
            common,
            cwd: cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned()),
            writes_beside,
            buys: false,
            given: None,
            known: Mutex::default(),
            neighbours: Neighbours::default(),
        };
        if let Some(context) = &common.context
            && !session.cwd.join(context).is_dir()
        {
            let problem = Problem::new(format!("--context: {} is no folder", shown_path(context)));
            return Err(problem);
        }
        if let Some(path) = &common.config {
            let settings = session.read(&session.cwd.join(path))?;
            session.given = Some(Arc::new(settings));
        }
        Ok(session)
    }

    /// Whether to work out what the changes buy, which walks the build context once more.
    pub(super) fn with_buys(self, buys: bool) -> Self {
        Self { buys, ..self }
    }

    /// The working directory's real path.
    pub(super) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Whether the config leaves the Dockerfile at real path `dockerfile` out.
    pub(super) fn excludes(&self, dockerfile: &Path) -> bool {
        // A broken config is reported when the file is run.
        let Ok(settings) = self.settings(dockerfile) else {
            return false;
        };
        dockerfile.starts_with(&settings.folder)
            && settings
                .exclude
                .matched_path_or_any_parents(dockerfile, false)
                .is_ignore()
    }

    /// Runs the chain over `source`, the text of the Dockerfile at `dockerfile`, an absolute path if it has one.
    pub(super) fn run(&self, source: &[u8], dockerfile: Option<&Path>) -> Result<Ran, Problem> {
        let settings = self.settings(dockerfile.unwrap_or(&self.cwd.join("Dockerfile")))?;
        let given = match (&self.common.context, &settings.config.context) {
            (Some(given), _) => Some(self.cwd.join(given)),
            (None, Some(given)) => Some(settings.folder.join(given)),
            (None, None) => None,
        };
        let picked = build_context::pick(source, dockerfile, given.as_deref(), &self.neighbours)?;
        let input = Input {
            source,
            path: dockerfile,
            context: picked.context.as_ref(),
            knowledge: settings.knowledge(),
            config: &settings.config,
        };
        let options = Options {
            // Where such files would be is not known without a context.
            writes_beside: self.writes_beside && input.context.is_some(),
            ..settings.options.clone()
        };
        let (chain, engine) = (self.program.chain, self.program.engine);
        let run = AssertUnwindSafe(|| {
            let report = engine(chain, &input, &options)?;
            let buys = match input.context {
                Some(context) if self.buys => buys(&report, context, input.knowledge),
                _ => None,
            };
            Ok::<_, EngineError>((report, buys))
        });
        let (report, buys) = match catch_unwind(run) {
            Ok(Ok(ran)) => ran,
            Ok(Err(error)) => return Err(Problem::new(error.to_string())),
            Err(_) => {
                let problem = Problem::new("careen came to a place that it should never reach");
                return Err(problem.help("nothing is written; please report this with the file"));
            }
        };
        if report.skipped.is_some()
            && let Some(problem) = rejection(source)
        {
            return Err(problem);
        }
        let context = match &picked.context {
            Some(context) => relative(context.root(), &self.cwd),
            None => PathBuf::new(),
        };
        Ok(Ran {
            report,
            context,
            doubt: picked.doubt,
            buys,
        })
    }

    /// What holds for the Dockerfile at `dockerfile`.
    fn settings(&self, dockerfile: &Path) -> Result<Arc<Settings>, Problem> {
        match (&self.given, dockerfile.parent()) {
            (Some(given), _) => Ok(Arc::clone(given)),
            (None, Some(folder)) => self.nearest(folder),
            (None, None) => self.nearest(&self.cwd),
        }
    }

    /// The nearest config from `folder` upwards, as [`Config::nearest`] finds it; the default when there is none.
    /// What was read for one folder holds for all that were passed on the way.
    fn nearest(&self, folder: &Path) -> Result<Arc<Settings>, Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut passed = Vec::new();
        let mut settings = None;
        for folder in folder.ancestors() {
            if let Some(found) = known.get(folder) {
                settings = Some(found.clone());
                break;
            }
            passed.push(folder.to_owned());
            let path = folder.join(config::FILE_NAME);
            if path.is_file() {
                settings = Some(self.read(&path).map(Arc::new));
                break;
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        let settings =
            settings.unwrap_or_else(|| self.prepare(Config::default(), None).map(Arc::new));
        for folder in passed {
            known.insert(folder, settings.clone());
        }
        settings
    }

    fn read(&self, path: &Path) -> Result<Settings, Problem> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = relative(&path, &self.cwd);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Problem::new(format!("{}: can't be read: {error}", shown_path(&name)))
        })?;
        let known: Vec<&str> = self.program.chain.iter().map(|link| link.id).collect();
        let config =
            Config::parse(&text, &name, &known).map_err(|error| Problem::new(error.to_string()))?;
        self.prepare(config, Some(&path))
    }

    /// Puts the flags over a config.
    fn prepare(&self, mut config: Config, path: Option<&Path>) -> Result<Settings, Problem> {
        let folder = path.and_then(Path::parent).unwrap_or(&self.cwd).to_owned();
        if let Some(builder) = &self.common.builder {
            config.builder = Some(builder.clone());
        }
        let profile = match (self.common.profile, config.profile.as_deref()) {
            (Some(level), _) => level.into(),
            (None, Some("recommended")) => Profile::Recommended,
            (None, Some("hardened")) => Profile::Hardened,
            // The config takes no other word than these and `safe`.
            (None, _) => Profile::Safe,
        };
        let select = match self.common.select.as_slice() {
            [] => config.select.clone(),
            given => given.to_vec(),
        };
        let options = Options {
            // A level on the command line is narrower than what the config allows.
            unsafe_changes: self.common.unsafe_changes
                || (config.unsafe_changes && self.common.profile.is_none()),
            profile,
            select,
            ignore: [config.ignore.clone(), self.common.ignore.clone()].concat(),
            writes_beside: false,
        };
        let name = shown_path(&path.map_or(PathBuf::new(), |path| relative(path, &self.cwd)));
        let wrong = |error: ignore::Error| Problem::new(format!("{name}: exclude: {error}"));
        let mut exclude = GitignoreBuilder::new(&folder);
        for glob in &config.exclude {
            exclude.add_line(None, glob).map_err(wrong)?;
        }
        let exclude = exclude.build().map_err(wrong)?;
        let knowledge = match config.package_managers.clone() {
            own if own.is_empty() => None,
            own => {
                let tables = toml::Table::from_iter([("package_managers".to_owned(), own.into())]);
                Some(Knowledge::with(&tables).map_err(|error| {
                    Problem::new(
                        format!("{name}: {error}").replace("package_managers", "package-managers"),
                    )
                })?)
            }
        };
        Ok(Settings {
            folder,
            config,
            options,
            exclude,
            knowledge,
        })
    }
}

/// Why BuildKit refuses `source`, with its place, if it does.
fn rejection(source: &[u8]) -> Option<Problem> {
    let rejection = checks::accepts(&Dockerfile::parse(source)).err()?;
    let span = Span::new(
        rejection.span.start.min(source.len()),
        rejection.span.end.min(source.len()),
    );
    let problem = Problem::new(rejection.message).at(source, span);
    Some(problem.help("`docker build` refuses this file too: make it build, then run careen again"))
}

fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}
