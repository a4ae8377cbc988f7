//! Cargo.toml. Source of the fields: The Cargo Book, "The Manifest Format".

use super::super::value::Value;
use super::map;

/// A `[[bin]]`, `[[bench]]`, `[[example]]` or `[[test]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: Option<String>,
    /// Its file, when it is told.
    pub path: Option<String>,
}

/// Whether a package has a build script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// Not told: `build.rs` is one, if it is there.
    #[default]
    Found,
    /// `build = false`
    Never,
    /// `build = "path"`
    At(String),
}

/// A dependency that is not a plain one of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its key.
    pub name: String,
    /// The folder.
    pub path: String,
}

/// A Cargo.toml.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CargoToml {
    /// `package.name`; none in a workspace's root that is no package.
    pub name: Option<String>,
    /// `package.version`, when it is told here.
    pub version: Option<String>,
    /// `package.edition`, when it is told here.
    pub edition: Option<String>,
    /// `package.rust-version`, when it is told here.
    pub rust_version: Option<String>,
    /// The build script.
    pub build: Build,
    /// `package.links`
    pub links: Option<String>,
    /// `package.workspace`: the folder of the root.
    pub workspace_root: Option<String>,
    /// `package.default-run`
    pub default_run: Option<String>,
    /// `package.readme` and `package.license-file`.
    pub named_files: Vec<String>,
    /// Whether there is a `[workspace]`.
    pub has_workspace: bool,
    /// `workspace.members`, globs.
    pub members: Vec<String>,
    /// `workspace.exclude`
    pub exclude: Vec<String>,
    /// `workspace.default-members`
    pub default_members: Vec<String>,
    /// Whether there is a `[lib]`.
    pub has_lib: bool,
    /// `lib.path`
    pub lib_path: Option<String>,
    /// Whether it is a procedural macro.
    pub proc_macro: bool,
    /// `[[bin]]`
    pub bins: Vec<Target>,
    /// `[[bench]]`
    pub benches: Vec<Target>,
    /// `[[example]]`
    pub examples: Vec<Target>,
    /// `[[test]]`
    pub tests: Vec<Target>,
    /// `autobins` and so on that are `false`.
    pub no_auto: Vec<String>,
    /// All dependencies by path: of every kind, target, the workspace, `[patch]` and `[replace]`.
    pub local: Vec<Local>,
    /// Keys of dependencies that come from a repository.
    pub git: Vec<String>,
    /// Keys of all dependencies of the package.
    pub dependencies: Vec<String>,
    /// `profile.release.strip`, as text.
    pub release_strip: Option<String>,
    /// All of it.
    pub raw: Value,
}

impl CargoToml {
    /// Reads a Cargo.toml.
    ///
    /// # Errors
    /// No TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::toml(text)?)?;
        let package = |key: &str| raw.text_at(&["package", key]);
        let targets = |key: &str| {
            let all = raw.get(key).map(Value::items).unwrap_or_default().iter();
            let target = |entry: &Value| Target {
                name: entry.text_at(&["name"]),
                path: entry.text_at(&["path"]),
            };
            all.map(target).collect::<Vec<_>>()
        };
        let mut file = Self {
            name: package("name"),
            version: package("version"),
            edition: package("edition"),
            rust_version: package("rust-version"),
            build: match raw.at(&["package", "build"]) {
                Some(Value::Bool(false)) => Build::Never,
                Some(Value::Text(path)) => Build::At(path.clone()),
                _ => Build::Found,
            },
            links: package("links"),
            workspace_root: package("workspace"),
            default_run: package("default-run"),
            named_files: ["readme", "license-file"]
                .into_iter()
                .filter_map(package)
                .collect(),
            has_workspace: raw.get("workspace").is_some(),
            members: raw.list_at(&["workspace", "members"]),
            exclude: raw.list_at(&["workspace", "exclude"]),
            default_members: raw.list_at(&["workspace", "default-members"]),
            has_lib: raw.get("lib").is_some(),
            lib_path: raw.text_at(&["lib", "path"]),
            proc_macro: raw.at(&["lib", "proc-macro"]).and_then(Value::bool) == Some(true),
            bins: targets("bin"),
            benches: targets("bench"),
            examples: targets("example"),
            tests: targets("test"),
            no_auto: [
                "autobins",
                "autoexamples",
                "autotests",
                "autobenches",
                "autolib",
            ]
            .into_iter()
            .filter(|key| raw.at(&["package", key]).and_then(Value::bool) == Some(false))
            .map(str::to_owned)
            .collect(),
            release_strip: raw
                .at(&["profile", "release", "strip"])
                .and_then(Value::scalar),
            ..Self::default()
        };
        file.read_dependencies(&raw);
        file.raw = raw;
        Ok(file)
    }

    fn read_dependencies(&mut self, raw: &Value) {
        const KINDS: [&str; 5] = [
            "dependencies",
            "dev-dependencies",
            "dev_dependencies",
            "build-dependencies",
            "build_dependencies",
        ];
        let targets = raw.get("target").map(Value::entries).unwrap_or_default();
        let own = std::iter::once(raw).chain(targets.iter().map(|(_, target)| target));
        let own = own.flat_map(|table| KINDS.iter().filter_map(|kind| table.get(kind)));
        let own: Vec<&Value> = own.collect();
        for table in &own {
            let keys = table.entries().iter().map(|(key, _)| key.clone());
            self.dependencies.extend(keys);
        }
        let patches = raw.get("patch").map(Value::entries).unwrap_or_default();
        let others = [raw.at(&["workspace", "dependencies"]), raw.get("replace")];
        let others = others.into_iter().flatten();
        let others = others.chain(patches.iter().map(|(_, table)| table));
        for table in own.into_iter().chain(others) {
            for (name, entry) in table.entries() {
                if let Some(path) = entry.text_at(&["path"]) {
                    let name = name.clone();
                    self.local.push(Local { name, path });
                } else if entry.get("git").is_some() {
                    self.git.push(name.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_toml() {
        let text = "[package]\nname = \"a\"\nversion.workspace = true\nbuild = \"b.rs\"\nreadme = \"R.md\"\nautobins = false\n[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\nw = {path = \"crates/w\"}\n[lib]\nproc-macro = true\n[[bin]]\nname = \"x\"\npath = \"x.rs\"\n[[bench]]\nname = \"y\"\n[dependencies]\np = {path = \"../p\"}\ng = {git = \"https://h/g\"}\ns = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\nt = {path = \"t\"}\n[patch.crates-io]\nq = {path = \"q\"}\n[profile.release]\nstrip = true\n";
        let file = CargoToml::parse(text).unwrap();
        assert_eq!((file.name.as_deref(), file.version), (Some("a"), None));
        assert_eq!(file.build, Build::At("b.rs".into()));
        assert_eq!(file.members, ["crates/*"]);
        assert!(file.proc_macro && file.has_workspace);
        assert_eq!(file.bins[0].path.as_deref(), Some("x.rs"));
        assert_eq!(file.benches[0].path, None);
        let paths: Vec<_> = file.local.iter().map(|local| local.path.as_str()).collect();
        assert_eq!(paths, ["../p", "t", "crates/w", "q"]);
        assert_eq!(file.git, ["g"]);
        assert_eq!(file.dependencies, ["g", "p", "s", "t"]);
        assert_eq!(file.no_auto, ["autobins"]);
        assert_eq!(file.release_strip.as_deref(), Some("true"));
    }
}
