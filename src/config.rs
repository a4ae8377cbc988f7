//! `careen.toml`: what the user set, and where a mistake in it stands.

pub mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The name that is looked for.
pub const FILE_NAME: &str = "careen.toml";

/// The levels of unsafe changes that `profile` may name.
pub const PROFILES: [&str; 3] = ["safe", "recommended", "hardened"];

/// The builders that `builder` may name.
pub const BUILDERS: [&str; 5] = ["buildkit", "classic", "podman", "buildah", "kaniko"];

/// What the user set. All of it is optional; the default is an empty file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The level of unsafe changes: one of [`PROFILES`].
    pub profile: Option<String>,
    /// Whether all unsafe changes are applied.
    #[serde(rename = "unsafe")]
    pub unsafe_changes: bool,
    /// Only these transforms.
    pub select: Vec<String>,
    /// Not these transforms.
    pub ignore: Vec<String>,
    /// Globs of files that are left alone, relative to the folder of the file.
    pub exclude: Vec<String>,
    /// The build context, relative to the folder of the file.
    pub context: Option<PathBuf>,
    /// Who builds: one of [`BUILDERS`].
    pub builder: Option<String>,
    /// The user's own package managers, as they are written; `knowledge` reads them.
    pub package_managers: toml::Table,
    /// What each transform may be told, by id.
    pub transforms: toml::Table,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("{}: {problem}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// It is not what a configuration looks like.
    #[error("{}:{line}:{column}: {problem}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// 1-based line.
        line: usize,
        /// 1-based column, in characters.
        column: usize,
        /// What is wrong, and what was perhaps meant.
        problem: String,
    },
}

impl Config {
    /// Reads the configuration `file`. `known` are the ids that transforms have; an empty list means that ids are not
    /// looked at.
    ///
    /// # Errors
    /// Unreadable, no TOML, an unknown key or id (with the nearest known one), or a value that is not allowed.
    pub fn load(file: &Path, known: &[&str]) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
        Self::parse(&text, file, known)
    }

    /// Reads the configuration in `text`; `file` is its name in errors. See [`Config::load`].
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, file: &Path, known: &[&str]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let wrong = |at: usize, problem: String| {
            let (line, column) = line_and_column(text, at);
            ConfigError::Wrong {
                file: file.to_owned(),
                line,
                column,
                problem,
            }
        };
        let config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(at, explained(error.message()))
        })?;
        match config.mistake(known) {
            Some((value, problem)) => Err(wrong(place_of(text, &value), problem)),
            None => Ok(config),
        }
    }

    /// The nearest `careen.toml` at or above `start`, a file or a folder, and what it says. The search ends at the
    /// repository's root, the folder that has a `.git`. See [`Config::load`] for `known`.
    ///
    /// # Errors
    /// As [`Config::load`], for the file that was found.
    pub fn nearest(start: &Path, known: &[&str]) -> Result<Option<(PathBuf, Self)>, ConfigError> {
        let Some(file) = Self::nearest_file(start) else {
            return Ok(None);
        };
        let config = Self::load(&file, known)?;
        Ok(Some((file, config)))
    }

    /// Where the nearest `careen.toml` is. See [`Config::nearest`].
    pub fn nearest_file(start: &Path) -> Option<PathBuf> {
        let real = fs::canonicalize(start)
            .or_else(|_| std::path::absolute(start))
            .ok()?;
        let folder = if real.is_dir() { &real } else { real.parent()? };
        for place in folder.ancestors() {
            let file = place.join(FILE_NAME);
            if file.is_file() {
                return Some(file);
            }
            if place.join(".git").exists() {
                break;
            }
        }
        None
    }

    /// What transform `id` is told: its table.
    pub fn transform(&self, id: &str) -> Option<&toml::Table> {
        self.transforms.get(id)?.as_table()
    }

    /// The boolean `key` of transform `id`.
    pub fn flag(&self, id: &str, key: &str) -> Option<bool> {
        self.transform(id)?.get(key)?.as_bool()
    }

    /// The text `key` of transform `id`.
    pub fn string(&self, id: &str, key: &str) -> Option<&str> {
        self.transform(id)?.get(key)?.as_str()
    }

    /// The list of texts `key` of transform `id`; nothing when any of them is no text.
    pub fn strings(&self, id: &str, key: &str) -> Option<Vec<&str>> {
        let list = self.transform(id)?.get(key)?.as_array()?;
        list.iter().map(toml::Value::as_str).collect()
    }

    /// Who builds, as the user said; `buildkit` when nothing was said.
    pub fn builder(&self) -> &str {
        self.builder.as_deref().unwrap_or("buildkit")
    }

    /// The first thing that is well formed and still wrong: the word that is, and what to say.
    fn mistake(&self, known: &[&str]) -> Option<(String, String)> {
        let one_of = |key: &str, value: &Option<String>, allowed: &[&str]| {
            let value = value.as_deref()?;
            (!allowed.contains(&value)).then(|| {
                let hint = did_you_mean(value, allowed);
                let allowed = allowed.join(", ");
                let problem = format!("`{key}` can't be `{value}`{hint} (one of {allowed})");
                (value.to_owned(), problem)
            })
        };
        let tables = self.transforms.iter();
        let ids = self.select.iter().chain(&self.ignore);
        one_of("profile", &self.profile, &PROFILES)
            .or_else(|| one_of("builder", &self.builder, &BUILDERS))
            .or_else(|| {
                let mut ids = ids.chain(self.transforms.keys());
                let id = ids.find(|id| !known.is_empty() && !known.contains(&id.as_str()))?;
                let hint = did_you_mean(id, known);
                Some((id.clone(), format!("no transform is named `{id}`{hint}")))
            })
            .or_else(|| {
                let (id, _) = tables.into_iter().find(|(_, value)| !value.is_table())?;
                let problem = format!("`transforms.{id}` is to be a table: [transforms.{id}]");
                Some((id.clone(), problem))
            })
    }
}

/// What serde says of an unknown key, with a suggestion instead of a list.
fn explained(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(key) if message.starts_with("unknown field") => {
            let allowed: Vec<&str> = quoted.collect();
            let hint = did_you_mean(key, &allowed);
            let allowed = allowed.join(", ");
            format!("unknown key `{key}`{hint} (known: {allowed})")
        }
        _ => message.trim().replace('\n', "; "),
    }
}

fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest_word(word, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The known word that `word` is a slip of, if there is one: at most a third of its letters differ.
pub fn nearest_word<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let slip = word.replace('_', "-").to_lowercase();
    let distances = known.iter().map(|&near| (distance(&slip, near), near));
    let (distance, near) = distances.min_by_key(|&(distance, _)| distance)?;
    (distance <= allowed).then_some(near)
}

/// Insertions, deletions and replacements from `one` to `other`.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((right, pair), last) in other.iter().zip(row.windows(2)).zip(1..) {
            let [diagonal, above] = pair else { continue };
            let before = next.get(last - 1).copied().unwrap_or(last);
            let replaced = diagonal + usize::from(left != *right);
            next.push(replaced.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Byte offset of the first place in `text` where `word` stands as a whole word and not in a comment.
fn place_of(text: &str, word: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut found = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        !before.ends_with(part) && !after.starts_with(part) && !line.contains('#')
    });
    found.next().map_or(0, |(at, _)| at)
}

/// 1-based line and column, in characters, of byte `at`.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["first-thing", "second-thing"];

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("careen.toml"), KNOWN)
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse(""), Ok(Config::default()));
        assert_eq!(Config::default().builder(), "buildkit");
    }

    #[test]
    fn every_key_is_read() {
        let config = parse(
            "profile = \"hardened\"\nunsafe = true\nselect = [\"first-thing\"]\nignore = [\"second-thing\"]\nexclude = [\"vendor/**\"]\ncontext = \"..\"\nbuilder = \"kaniko\"\n[package-managers.mine]\ninstall = \"x\"\n[transforms.first-thing]\nlevel = \"all\"\ndeep = true\nnames = [\"a\", \"b\"]\n",
        )
        .unwrap();
        assert_eq!(config.profile.as_deref(), Some("hardened"));
        assert!(config.unsafe_changes);
        assert_eq!(config.select, ["first-thing"]);
        assert_eq!(config.ignore, ["second-thing"]);
        assert_eq!(config.exclude, ["vendor/**"]);
        assert_eq!(config.context.as_deref(), Some(Path::new("..")));
        assert_eq!(config.builder(), "kaniko");
        assert!(config.package_managers.contains_key("mine"));
        assert_eq!(config.string("first-thing", "level"), Some("all"));
        assert_eq!(config.flag("first-thing", "deep"), Some(true));
        assert_eq!(config.strings("first-thing", "names"), Some(vec!["a", "b"]));
        assert_eq!(config.flag("first-thing", "level"), None);
        assert_eq!(config.flag("second-thing", "deep"), None);
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        for (text, message) in [
            (
                "# x\nprofil = \"safe\"\n",
                "careen.toml:2:1: unknown key `profil`, did you mean `profile`? (known: ",
            ),
            (
                "profile = \"hard\"\n",
                "careen.toml:1:12: `profile` can't be `hard` (one of safe, recommended, hardened)",
            ),
            (
                "builder = \"kanico\"\n",
                "careen.toml:1:12: `builder` can't be `kanico`, did you mean `kaniko`? (one of ",
            ),
            (
                "# first-thin\nselect = [\"first-thing\",\n  \"first-thin\"]\n",
                "careen.toml:3:4: no transform is named `first-thin`, did you mean `first-thing`?",
            ),
            (
                "[transforms.seconds_thing]\n",
                "careen.toml:1:13: no transform is named `seconds_thing`, did you mean `second-thing`?",
            ),
            (
                "[transforms]\nfirst-thing = 1\n",
                "careen.toml:2:1: `transforms.first-thing` is to be a table: [transforms.first-thing]",
            ),
            (
                "unsafe = 1\n",
                "careen.toml:1:10: invalid type: integer `1`, expected a boolean",
            ),
            ("x =\n", "careen.toml:1:4: "),
            (
                "package_managers = 1\n",
                "careen.toml:1:1: unknown key `package_managers`, did you mean `package-managers`?",
            ),
        ] {
            let error = parse(text).map_err(|error| error.to_string());
            let error = error.err().unwrap_or_default();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_nearest_file_counts_up_to_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("repo/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(root.path().join("repo/.git")).unwrap();
        fs::write(root.path().join(FILE_NAME), "unsafe = true\n").unwrap();
        assert_eq!(Config::nearest(&deep, &[]), Ok(None));
        fs::write(root.path().join("repo").join(FILE_NAME), "unsafe = true\n").unwrap();
        let (file, config) = Config::nearest(&deep.join("Dockerfile"), &[])
            .unwrap()
            .unwrap();
        assert!(file.ends_with("repo/careen.toml"));
        assert!(config.unsafe_changes);
    }

    #[test]
    fn slips_are_told_from_other_words() {
        assert_eq!(nearest_word("selct", &["select", "ignore"]), Some("select"));
        assert_eq!(nearest_word("colour", &["select", "ignore"]), None);
        assert_eq!(nearest_word("", &["select"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
