//! What several test binaries share.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

use careen::config::Config;
use careen::context::Context;
use careen::engine::{self, Input, Options, Report};
use careen::knowledge::Knowledge;
use careen::transforms::CHAIN;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder below `tests/fixtures/<transform>/`.
pub struct Fixture {
    pub transform: String,
    pub case: String,
    pub folder: PathBuf,
}

/// All fixtures, in order.
pub fn fixtures() -> Vec<Fixture> {
    let mut all = Vec::new();
    for transform in folders(&root().join("tests/fixtures")) {
        for folder in folders(&transform) {
            let name = |path: &Path| {
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            all.push(Fixture {
                transform: name(&transform),
                case: name(&folder),
                folder,
            });
        }
    }
    all
}

/// The folders in `path`, sorted.
pub fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).map(|entries| {
        entries
            .flatten()
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    });
    let mut found: Vec<_> = entries
        .unwrap_or_default()
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

impl Fixture {
    /// `merge-runs/keeps-cd`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.transform, self.case)
    }

    /// The input.
    pub fn source(&self) -> Vec<u8> {
        fs::read(self.folder.join("Dockerfile"))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    /// Runs the chain as `options` say, over the case's Dockerfile.
    pub fn run(&self, options: &Options) -> Result<Report, String> {
        self.run_on(&self.source(), options)
    }

    /// Runs the chain as `options` say, over another text in the case's place.
    pub fn run_on(&self, source: &[u8], options: &Options) -> Result<Report, String> {
        let folder = self.folder.join("context");
        let path = folder.join("Dockerfile");
        let context = folder
            .is_dir()
            .then(|| Context::open(&folder, Some(&path)).map_err(|error| error.to_string()));
        let context = context.transpose()?;
        let toml = self.folder.join("careen.toml");
        let config = if toml.exists() {
            Config::load(&toml, &ids()).map_err(|error| error.to_string())?
        } else {
            Config::default()
        };
        let input = Input {
            source,
            path: context.as_ref().map(|_| path.as_path()),
            context: context.as_ref(),
            knowledge: Knowledge::shipped(),
            config: &config,
        };
        engine::run(CHAIN, &input, options).map_err(|error| error.to_string())
    }
}

/// Runs the whole chain over a text without a place.
pub fn run(source: &[u8], options: &Options) -> Result<Report, String> {
    let config = Config::default();
    let input = Input {
        source,
        path: None,
        context: None,
        knowledge: Knowledge::shipped(),
        config: &config,
    };
    engine::run(CHAIN, &input, options).map_err(|error| error.to_string())
}

/// The corpus: name and bytes. `None`, said aloud, when it was not fetched.
pub fn corpus() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = root().join("target/corpus");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: no corpus in target/corpus; tests/corpus/fetch brings it");
        return None;
    };
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "Dockerfile")
        })
        .filter_map(|path| {
            Some((
                path.file_stem()?.to_string_lossy().into_owned(),
                fs::read(&path).ok()?,
            ))
        })
        .collect();
    files.sort();
    Some(files)
}

/// The ids of the chain.
pub fn ids() -> Vec<&'static str> {
    CHAIN.iter().map(|link| link.id).collect()
}
