//! package.json, package-lock.json, yarn.lock, pnpm-workspace.yaml, pnpm-lock.yaml.

use super::super::value::Value;
use super::{is_path, map};

/// Where a dependency comes from, by its spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A range, tag or alias of a registry.
    Registry,
    /// `file:`, or a path alone: a folder or an archive that is copied or linked.
    File(String),
    /// `link:`
    Link(String),
    /// `portal:`
    Portal(String),
    /// `workspace:`, with what follows.
    Workspace(String),
    /// `catalog:`, with the catalog's name or nothing.
    Catalog(String),
    /// `patch:`, with what follows: it names patch files.
    Patch(String),
    /// A repository.
    Git,
    /// An archive at a URL.
    Url,
}

impl Source {
    /// What `spec` is.
    pub fn of(spec: &str) -> Self {
        let spec = spec.trim();
        let rest = |scheme: &str| spec.strip_prefix(scheme).map(str::to_owned);
        let git = [
            "git+",
            "git:",
            "git@",
            "github:",
            "gitlab:",
            "bitbucket:",
            "gist:",
            "ssh:",
        ];
        if let Some(path) = rest("file:") {
            Self::File(path)
        } else if let Some(path) = rest("link:") {
            Self::Link(path)
        } else if let Some(path) = rest("portal:") {
            Self::Portal(path)
        } else if let Some(range) = rest("workspace:") {
            Self::Workspace(range)
        } else if let Some(name) = rest("catalog:") {
            Self::Catalog(name)
        } else if let Some(patch) = rest("patch:") {
            Self::Patch(patch)
        } else if git.iter().any(|scheme| spec.starts_with(scheme)) {
            Self::Git
        } else if spec.starts_with("http://") || spec.starts_with("https://") {
            let path = spec.split(['#', '?']).next().unwrap_or(spec);
            if path.ends_with(".git") {
                Self::Git
            } else {
                Self::Url
            }
        } else if is_path(spec) || spec.ends_with(".tgz") || spec.ends_with(".tar.gz") {
            Self::File(spec.to_owned())
        } else if !spec.starts_with('@') && !spec.contains(':') && spec.matches('/').count() == 1 {
            // `owner/repository`
            Self::Git
        } else {
            Self::Registry
        }
    }

    /// The path that the install reads, when it is one of the build context.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(path) | Self::Link(path) | Self::Portal(path) => Some(path),
            _ => None,
        }
    }
}

/// The list of package.json that a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// `dependencies`
    Runtime,
    /// `devDependencies`
    Dev,
    /// `optionalDependencies`
    Optional,
    /// `peerDependencies`
    Peer,
    /// `overrides`, `resolutions` or `pnpm.overrides`
    Override,
}

/// One dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Its name; of an override, the selector.
    pub name: String,
    /// As written.
    pub spec: String,
    /// What the spec is.
    pub source: Source,
    /// Where it stands.
    pub group: Group,
}

/// A package.json.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageJson {
    /// `name`
    pub name: Option<String>,
    /// `version`
    pub version: Option<String>,
    /// `private`
    pub private: bool,
    /// `type`: `module` or `commonjs`.
    pub module_type: Option<String>,
    /// `main`
    pub main: Option<String>,
    /// `packageManager`, as written: `pnpm@9.1.0+sha…`.
    pub package_manager: Option<String>,
    /// `engines`
    pub engines: Vec<(String, String)>,
    /// `scripts`
    pub scripts: Vec<(String, String)>,
    /// All dependencies, of every group.
    pub dependencies: Vec<Dependency>,
    /// Globs of `workspaces`, in both forms.
    pub workspaces: Vec<String>,
    /// `bin`: command and file.
    pub bin: Vec<(String, String)>,
    /// `directories.bin`: all files in it are commands.
    pub bin_folder: Option<String>,
    /// Patch files of `patchedDependencies`, at the top level and below `pnpm`.
    pub patches: Vec<String>,
    /// `prisma.schema`: where the schema is, when it is told.
    pub prisma_schema: Option<String>,
    /// `prisma.seed`
    pub prisma_seed: Option<String>,
    /// Whether there is a `husky` table, or a script that names husky.
    pub husky: bool,
    /// All of it.
    pub raw: Value,
}

impl PackageJson {
    /// Reads a package.json.
    ///
    /// # Errors
    /// No JSON, or no object.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::json(text)?)?;
        let pairs = |key: &str| raw.get(key).map(Value::pairs).unwrap_or_default();
        let name = raw.text_at(&["name"]);
        let scripts = pairs("scripts");
        let workspaces = match raw.get("workspaces") {
            Some(Value::List(_)) => raw.list_at(&["workspaces"]),
            _ => raw.list_at(&["workspaces", "packages"]),
        };
        let mut patches = Vec::new();
        for keys in [
            &["patchedDependencies"][..],
            &["pnpm", "patchedDependencies"],
        ] {
            let table = raw.at(keys).map(Value::pairs).unwrap_or_default();
            patches.extend(table.into_iter().map(|(_, patch)| patch));
        }
        Ok(Self {
            bin: match raw.get("bin") {
                Some(Value::Text(file)) => {
                    let own = name.as_deref().unwrap_or_default();
                    let own = own.rsplit('/').next().unwrap_or_default();
                    vec![(own.to_owned(), file.clone())]
                }
                _ => pairs("bin"),
            },
            version: raw.text_at(&["version"]),
            private: raw.get("private").and_then(Value::bool).unwrap_or(false),
            module_type: raw.text_at(&["type"]),
            main: raw.text_at(&["main"]),
            package_manager: raw.text_at(&["packageManager"]),
            engines: pairs("engines"),
            dependencies: dependencies(&raw),
            bin_folder: raw.text_at(&["directories", "bin"]),
            prisma_schema: raw.text_at(&["prisma", "schema"]),
            prisma_seed: raw.text_at(&["prisma", "seed"]),
            husky: raw.get("husky").is_some()
                || scripts.iter().any(|(_, script)| script.contains("husky")),
            name,
            scripts,
            workspaces,
            patches,
            raw,
        })
    }

    /// The script `name`.
    pub fn script(&self, name: &str) -> Option<&str> {
        let found = self.scripts.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The dependency `name` of any group but overrides.
    pub fn dependency(&self, name: &str) -> Option<&Dependency> {
        let mut all = self.dependencies.iter();
        all.find(|dependency| dependency.name == name && dependency.group != Group::Override)
    }

    /// Name and version of `packageManager`, without its hash.
    pub fn manager(&self) -> Option<(&str, &str)> {
        let (name, version) = self.package_manager.as_deref()?.rsplit_once('@')?;
        Some((name, version.split('+').next().unwrap_or(version)))
    }
}

fn dependencies(raw: &Value) -> Vec<Dependency> {
    let groups: [(&[&str], Group); 7] = [
        (&["dependencies"], Group::Runtime),
        (&["devDependencies"], Group::Dev),
        (&["optionalDependencies"], Group::Optional),
        (&["peerDependencies"], Group::Peer),
        (&["overrides"], Group::Override),
        (&["resolutions"], Group::Override),
        (&["pnpm", "overrides"], Group::Override),
    ];
    let mut found = Vec::new();
    for (keys, group) in groups {
        if let Some(table) = raw.at(keys) {
            collect(table, group, &mut found);
        }
    }
    found
}

/// npm's `overrides` nest; the depth is bounded by the parser's.
fn collect(table: &Value, group: Group, found: &mut Vec<Dependency>) {
    for (name, value) in table.entries() {
        match value {
            Value::Text(spec) => found.push(Dependency {
                name: name.clone(),
                spec: spec.clone(),
                source: Source::of(spec),
                group,
            }),
            nested if group == Group::Override => collect(nested, group, found),
            _ => {}
        }
    }
}

/// One package of a package-lock.json.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedPackage {
    /// Where it is installed: `node_modules/a/node_modules/b`; a folder of the project; the project itself is empty.
    pub path: String,
    /// `version`
    pub version: Option<String>,
    /// `resolved`; of a link, the folder that it leads to.
    pub resolved: Option<String>,
    /// Whether it is a link into the project.
    pub link: bool,
    /// Whether it has an install script; `None` when the lock does not say (version 1).
    pub has_install_script: Option<bool>,
    /// Whether only development needs it.
    pub dev: bool,
    /// Whether it is optional.
    pub optional: bool,
}

impl LockedPackage {
    /// The folder or archive of the project that it comes from, if it does.
    pub fn local(&self) -> Option<&str> {
        let resolved = self.resolved.as_deref().or(self.version.as_deref())?;
        match resolved.strip_prefix("file:") {
            Some(path) => Some(path),
            None if self.link => Some(resolved),
            None => None,
        }
    }
}

/// A package-lock.json or npm-shrinkwrap.json.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageLock {
    /// `lockfileVersion`; 1 when it is absent.
    pub version: u32,
    /// All packages, in the order of the file.
    pub packages: Vec<LockedPackage>,
}

impl PackageLock {
    /// Reads a package-lock.json.
    ///
    /// # Errors
    /// No JSON, or no object.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::json(text)?)?;
        let version = raw.get("lockfileVersion").and_then(Value::scalar);
        let mut lock = Self {
            version: version.and_then(|text| text.parse().ok()).unwrap_or(1),
            packages: Vec::new(),
        };
        match raw.get("packages") {
            Some(packages) => {
                for (path, entry) in packages.entries() {
                    lock.packages.push(locked(path.clone(), entry, true));
                }
            }
            None => nested("", &raw, &mut lock.packages),
        }
        Ok(lock)
    }
}

fn nested(parent: &str, entry: &Value, found: &mut Vec<LockedPackage>) {
    let children = entry.get("dependencies").map(Value::entries);
    for (name, child) in children.unwrap_or_default() {
        let path = match parent {
            "" => format!("node_modules/{name}"),
            parent => format!("{parent}/node_modules/{name}"),
        };
        found.push(locked(path.clone(), child, false));
        nested(&path, child, found);
    }
}

fn locked(path: String, entry: &Value, tells_scripts: bool) -> LockedPackage {
    let flag = |key: &str| entry.get(key).and_then(Value::bool).unwrap_or(false);
    LockedPackage {
        path,
        version: entry.text_at(&["version"]),
        resolved: entry.text_at(&["resolved"]),
        link: flag("link"),
        has_install_script: tells_scripts.then(|| flag("hasInstallScript")),
        dev: flag("dev") || flag("devOptional"),
        optional: flag("optional"),
    }
}

/// Which yarn wrote a yarn.lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YarnKind {
    /// Yarn 1.
    Classic,
    /// Yarn 2 and later.
    Berry,
}

/// A yarn.lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YarnLock {
    /// Who wrote it.
    pub kind: YarnKind,
    /// Berry's `__metadata.version`.
    pub version: Option<u32>,
    /// Entries that come from the project: `file:`, `link:`, `portal:`, `patch:` with a file. Workspaces are not among them.
    pub local: Vec<Source>,
}

impl YarnLock {
    /// Reads a yarn.lock.
    ///
    /// # Errors
    /// Neither yarn's header nor its metadata are there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let berry = text.lines().any(|line| line.starts_with("__metadata:"));
        let classic = text
            .lines()
            .take(5)
            .any(|line| line.contains("yarn lockfile v1"));
        let kind = match (berry, classic) {
            (true, _) => YarnKind::Berry,
            (false, true) => YarnKind::Classic,
            (false, false) => {
                return Err("no yarn.lock: it has neither header nor metadata".to_owned());
            }
        };
        let mut local = Vec::new();
        let mut version = None;
        let mut metadata = false;
        for line in text.lines() {
            if !line.starts_with(char::is_whitespace) && !line.starts_with('#') {
                metadata = line.starts_with("__metadata:");
                for key in line.trim_end_matches(':').split(',') {
                    let key = key.trim().trim_matches('"');
                    let spec = key.get(1..).and_then(|rest| rest.split_once('@'));
                    let source = spec.map_or(Source::Registry, |(_, spec)| {
                        Source::of(spec.split("::").next().unwrap_or(spec))
                    });
                    if source.path().is_some() || matches!(source, Source::Patch(_)) {
                        local.push(source);
                    }
                }
            } else if metadata && let Some(number) = line.trim().strip_prefix("version:") {
                version = number.trim().parse().ok();
            }
        }
        Ok(Self {
            kind,
            version,
            local,
        })
    }
}

/// A pnpm-workspace.yaml.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PnpmWorkspace {
    /// Globs of member folders; a leading `!` leaves out.
    pub packages: Vec<String>,
    /// Patch files.
    pub patches: Vec<String>,
    /// Packages whose build scripts may run: `onlyBuiltDependencies`, and the `true` ones of `allowBuilds`.
    pub allowed_builds: Vec<String>,
    /// Overrides.
    pub overrides: Vec<Dependency>,
    /// `storeDir`
    pub store: Option<String>,
    /// All of it.
    pub raw: Value,
}

impl PnpmWorkspace {
    /// Reads a pnpm-workspace.yaml.
    ///
    /// # Errors
    /// No YAML, or no map.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::yaml(text)?)?;
        let pairs = |key: &str| raw.get(key).map(Value::pairs).unwrap_or_default();
        let mut allowed_builds = raw.list_at(&["onlyBuiltDependencies"]);
        let allowed = pairs("allowBuilds").into_iter();
        allowed_builds.extend(
            allowed
                .filter(|(_, yes)| yes == "true")
                .map(|(name, _)| name),
        );
        let mut overrides = Vec::new();
        if let Some(table) = raw.get("overrides") {
            collect(table, Group::Override, &mut overrides);
        }
        Ok(Self {
            packages: raw.list_at(&["packages"]),
            patches: pairs("patchedDependencies")
                .into_iter()
                .map(|(_, file)| file)
                .collect(),
            store: raw.text_at(&["storeDir"]),
            allowed_builds,
            overrides,
            raw,
        })
    }
}

/// A pnpm-lock.yaml, as far as it tells of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PnpmLock {
    /// `lockfileVersion`, as written: `9.0`, `6.0`.
    pub version: String,
    /// Folders of the workspace's members; `.` is the root.
    pub importers: Vec<String>,
    /// Paths of patch files.
    pub patches: Vec<String>,
    /// Sources of importers' dependencies that come from the project.
    pub local: Vec<Source>,
    /// Packages with a build script, where the lock says so.
    pub built: Vec<String>,
}

impl PnpmLock {
    /// Reads a pnpm-lock.yaml.
    ///
    /// # Errors
    /// No YAML, or no map.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::yaml(text)?)?;
        let entries = |key: &str| raw.get(key).map(Value::entries).unwrap_or_default();
        let importers = entries("importers");
        let mut local = Vec::new();
        for (_, importer) in importers.iter().chain([&(String::from("."), raw.clone())]) {
            for group in ["dependencies", "devDependencies", "optionalDependencies"] {
                for (_, entry) in importer.get(group).map(Value::entries).unwrap_or_default() {
                    let version = entry.get("version").unwrap_or(entry);
                    let source = Source::of(version.text().unwrap_or_default());
                    if source.path().is_some() {
                        local.push(source);
                    }
                }
            }
        }
        let patches = entries("patchedDependencies").iter();
        let packages = entries("packages").iter();
        Ok(Self {
            version: raw
                .get("lockfileVersion")
                .and_then(Value::scalar)
                .unwrap_or_default(),
            importers: match importers {
                [] => vec![".".to_owned()],
                some => some.iter().map(|(folder, _)| folder.clone()).collect(),
            },
            patches: patches
                .filter_map(|(_, entry)| entry.text_at(&["path"]))
                .collect(),
            built: packages
                .filter(|(_, entry)| entry.get("requiresBuild").and_then(Value::bool) == Some(true))
                .map(|(name, _)| name.clone())
                .collect(),
            local,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_told_apart() {
        let text = str::to_owned;
        for (spec, source) in [
            ("^1.2", Source::Registry),
            ("latest", Source::Registry),
            ("npm:@a/b@1", Source::Registry),
            ("1.x || >=2 <3", Source::Registry),
            ("file:../a", Source::File(text("../a"))),
            ("./a", Source::File(text("./a"))),
            ("a.tgz", Source::File(text("a.tgz"))),
            ("link:a", Source::Link(text("a"))),
            ("portal:a", Source::Portal(text("a"))),
            ("workspace:*", Source::Workspace(text("*"))),
            ("catalog:", Source::Catalog(text(""))),
            ("user/repo", Source::Git),
            ("user/repo#v1", Source::Git),
            ("github:user/repo", Source::Git),
            ("git+ssh://git@h/a.git", Source::Git),
            ("https://h/a.git#v1", Source::Git),
            ("https://h/a.tgz", Source::Url),
        ] {
            assert_eq!(Source::of(spec), source, "{spec}");
        }
    }

    #[test]
    fn package_json() {
        let package = PackageJson::parse(
            r#"{"name": "@me/app", "type": "module", "bin": "cli.js", "packageManager": "pnpm@9.1.0+sha512.aa",
            "engines": {"node": ">=20"}, "scripts": {"prepare": "husky", "n": 1},
            "workspaces": {"packages": ["packages/*"]}, "dependencies": {"a": "file:./a", "b": 1},
            "devDependencies": {"c": "^1"}, "overrides": {"x": {"y": "file:./y"}},
            "pnpm": {"patchedDependencies": {"q@1": "patches/q.patch"}}, "prisma": {"schema": "db/s.prisma"}}"#,
        )
        .unwrap();
        assert_eq!(package.bin, [("app".to_owned(), "cli.js".to_owned())]);
        assert_eq!(package.manager(), Some(("pnpm", "9.1.0")));
        assert_eq!(package.script("prepare"), Some("husky"));
        assert!(package.husky);
        assert_eq!(package.workspaces, ["packages/*"]);
        assert_eq!(package.patches, ["patches/q.patch"]);
        assert_eq!(package.prisma_schema.as_deref(), Some("db/s.prisma"));
        let paths: Vec<_> = package
            .dependencies
            .iter()
            .filter_map(|d| d.source.path())
            .collect();
        assert_eq!(paths, ["./a", "./y"]);
        assert_eq!(package.dependency("c").map(|d| d.group), Some(Group::Dev));
        assert_eq!(package.dependency("y"), None);
        assert!(PackageJson::parse("[]").is_err());
    }

    #[test]
    fn package_lock() {
        let lock = PackageLock::parse(
            r#"{"lockfileVersion": 3, "packages": {"": {"name": "x"}, "node_modules/a": {"resolved": "a", "link": true},
            "node_modules/b": {"version": "1.0.0", "hasInstallScript": true, "dev": true}}}"#,
        )
        .unwrap();
        assert_eq!(lock.version, 3);
        assert_eq!(lock.packages[1].local(), Some("a"));
        assert_eq!(lock.packages[2].has_install_script, Some(true));
        assert_eq!(lock.packages[2].local(), None);
        let old = PackageLock::parse(
            r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1", "dependencies": {"b": {"version": "file:b"}}}}}"#,
        )
        .unwrap();
        assert_eq!(old.packages[1].path, "node_modules/a/node_modules/b");
        assert_eq!(old.packages[1].local(), Some("b"));
        assert_eq!(old.packages[1].has_install_script, None);
    }

    #[test]
    fn yarn_lock() {
        let classic = "# THIS IS AN AUTOGENERATED FILE.\n# yarn lockfile v1\n\n\n\"a@file:./a\", b@^1:\n  version \"1\"\n";
        let lock = YarnLock::parse(classic).unwrap();
        assert_eq!(lock.kind, YarnKind::Classic);
        assert_eq!(lock.local, [Source::File("./a".into())]);
        let berry = "# x\n\n__metadata:\n  version: 8\n  cacheKey: 10\n\n\"@s/a@link:./a::locator=x\":\n  version: 0\n\n\"x@workspace:.\":\n  version: 1\n";
        let lock = YarnLock::parse(berry).unwrap();
        assert_eq!((lock.kind, lock.version), (YarnKind::Berry, Some(8)));
        assert_eq!(lock.local, [Source::Link("./a".into())]);
        assert!(YarnLock::parse("").is_err());
    }

    #[test]
    fn pnpm_files() {
        let workspace = PnpmWorkspace::parse(
            "packages:\n  - 'packages/*'\n  - '!x'\nallowBuilds:\n  esbuild: true\n  core: false\npatchedDependencies:\n  a@1: patches/a.patch\n",
        )
        .unwrap();
        assert_eq!(workspace.packages, ["packages/*", "!x"]);
        assert_eq!(workspace.allowed_builds, ["esbuild"]);
        assert_eq!(workspace.patches, ["patches/a.patch"]);
        let lock = PnpmLock::parse(
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: link:a\n        version: link:a\n  packages/b: {}\n",
        )
        .unwrap();
        assert_eq!(lock.version, "9.0");
        assert_eq!(lock.importers, [".", "packages/b"]);
        assert_eq!(lock.local, [Source::Link("a".into())]);
    }
}
