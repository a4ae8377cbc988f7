//! composer.json. Source of the fields: Composer's "The composer.json schema".

use super::super::value::Value;
use super::map;

/// A composer.json.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComposerJson {
    /// `name`
    pub name: Option<String>,
    /// `require`: names and constraints, `php` and `ext-…` included.
    pub requires: Vec<(String, String)>,
    /// `require-dev`
    pub dev_requires: Vec<(String, String)>,
    /// `scripts`: each event or command with its lines.
    pub scripts: Vec<(String, Vec<String>)>,
    /// Folders of `repositories` of type `path`; globs.
    pub path_repositories: Vec<String>,
    /// Files and folders of `classmap`, of both autoload tables.
    pub classmap: Vec<String>,
    /// `files` of both autoload tables: they are read when the autoloader is loaded.
    pub autoload_files: Vec<String>,
    /// Folders of `psr-4` and `psr-0`, of both autoload tables.
    pub autoload_folders: Vec<String>,
    /// `config.vendor-dir`
    pub vendor_dir: Option<String>,
    /// `config.allow-plugins`: the plugins that may run; `*` when all may.
    pub plugins: Vec<String>,
    /// All of it.
    pub raw: Value,
}

impl ComposerJson {
    /// Reads a composer.json.
    ///
    /// # Errors
    /// No JSON, or no object.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::json(text)?)?;
        let pairs = |key: &str| raw.get(key).map(Value::pairs).unwrap_or_default();
        let scripts = raw.get("scripts").map(Value::entries).unwrap_or_default();
        let mut file = Self {
            name: raw.text_at(&["name"]),
            requires: pairs("require"),
            dev_requires: pairs("require-dev"),
            scripts: scripts
                .iter()
                .map(|(name, lines)| (name.clone(), lines.scalars()))
                .collect(),
            vendor_dir: raw.text_at(&["config", "vendor-dir"]),
            plugins: plugins(raw.at(&["config", "allow-plugins"])),
            path_repositories: path_repositories(raw.get("repositories")),
            ..Self::default()
        };
        for table in ["autoload", "autoload-dev"] {
            file.classmap.extend(raw.list_at(&[table, "classmap"]));
            file.autoload_files.extend(raw.list_at(&[table, "files"]));
            for kind in ["psr-4", "psr-0"] {
                let folders = raw.at(&[table, kind]).map(Value::entries);
                for (_, folder) in folders.unwrap_or_default() {
                    file.autoload_folders.extend(folder.scalars());
                }
            }
        }
        file.raw = raw;
        Ok(file)
    }

    /// The lines of script `name`.
    pub fn script(&self, name: &str) -> Option<&[String]> {
        let found = self.scripts.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}

/// `repositories` is a list, or a map by name.
fn path_repositories(value: Option<&Value>) -> Vec<String> {
    let value = value.unwrap_or(&Value::Null);
    let named = value.entries().iter().map(|(_, repository)| repository);
    let all = value.items().iter().chain(named);
    all.filter(|repository| repository.get("type").and_then(Value::text) == Some("path"))
        .filter_map(|repository| repository.text_at(&["url"]))
        .collect()
}

fn plugins(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Bool(true)) => vec!["*".to_owned()],
        Some(table) => {
            let allowed = table.entries().iter();
            let allowed = allowed.filter(|(_, yes)| yes.bool() == Some(true));
            allowed.map(|(name, _)| name.clone()).collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composer_json() {
        let file = ComposerJson::parse(
            r#"{"require": {"php": ">=8.1"}, "require-dev": {"a/b": "^1"},
            "scripts": {"post-install-cmd": ["@php artisan x"], "one": "y"},
            "repositories": [{"type": "path", "url": "packages/*"}, {"type": "vcs", "url": "https://h"}],
            "autoload": {"classmap": ["database"], "psr-4": {"App\\": ["app/", "lib/"]}, "files": ["h.php"]},
            "config": {"allow-plugins": {"p/q": true, "r/s": false}}}"#,
        )
        .unwrap();
        assert_eq!(file.path_repositories, ["packages/*"]);
        assert_eq!(file.classmap, ["database"]);
        assert_eq!(file.autoload_folders, ["app/", "lib/"]);
        assert_eq!(file.autoload_files, ["h.php"]);
        assert_eq!(file.script("one"), Some(&["y".to_owned()][..]));
        assert_eq!(file.plugins, ["p/q"]);
        let named =
            r#"{"repositories": {"x": {"type": "path", "url": "./x"}, "packagist.org": false}}"#;
        assert_eq!(
            ComposerJson::parse(named).unwrap().path_repositories,
            ["./x"]
        );
    }
}
