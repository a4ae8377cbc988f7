//! requirements.txt, pyproject.toml, poetry.lock and uv.lock.

use super::super::value::Value;
use super::{is_path, map};

/// A requirements file of pip, without the files that it names.
///
/// Source of the rules: pip's "Requirements File Format". Paths after `-r` and `-c` are relative to the file; all others to
/// the working directory of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Files or URLs after `-r`.
    pub includes: Vec<String>,
    /// Files or URLs after `-c`.
    pub constraints: Vec<String>,
    /// What stands after `-e`: paths and repositories, without extras.
    pub editables: Vec<String>,
    /// Paths of folders and archives that are installed, without extras; those after `-e` are not among them.
    pub locals: Vec<String>,
    /// Paths or URLs after `-f`.
    pub find_links: Vec<String>,
    /// Requirements by name, without the local ones.
    pub packages: Vec<Requirement>,
    /// Other options that have a line of their own, as written.
    pub options: Vec<String>,
    /// Whether a `${VARIABLE}` stands in it.
    pub has_variables: bool,
}

/// One requirement by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name, as written.
    pub name: String,
    /// What follows the name, extras and marker included, as written.
    pub rest: String,
    /// Whether it is one exact version: `==` without a wildcard, or `===`.
    pub pinned: bool,
    /// Whether it has a `--hash`.
    pub hashed: bool,
    /// Whether it is fetched from a URL or a repository.
    pub remote: bool,
}

impl Requirements {
    /// Reads a requirements file.
    ///
    /// # Errors
    /// Never yet; it answers as the other readers do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Self {
            has_variables: text.contains("${"),
            ..Self::default()
        };
        for line in joined_lines(text) {
            requirements.line(&line);
        }
        Ok(requirements)
    }

    /// Whether all that is installed has a hash.
    pub fn is_hashed(&self) -> bool {
        self.editables.is_empty()
            && self.locals.is_empty()
            && self.packages.iter().all(|package| package.hashed)
    }

    /// Whether anything is installed from the project's own folders.
    pub fn has_local(&self) -> bool {
        !self.locals.is_empty() || self.editables.iter().any(|editable| !is_remote(editable))
    }

    fn line(&mut self, line: &str) {
        let options = [
            ("-r", "--requirement"),
            ("-c", "--constraint"),
            ("-e", "--editable"),
            ("-f", "--find-links"),
        ];
        for (short, long) in options {
            let value = match (line.strip_prefix(long), line.strip_prefix(short)) {
                (Some(rest), _) if rest.starts_with(['=', ' ', '\t']) => rest,
                (None, Some(rest)) if !line.starts_with("--") => rest,
                _ => continue,
            };
            let value = value.trim_start_matches(['=', ' ', '\t']).trim();
            let value = value.trim_matches(['"', '\'']);
            let (list, value) = match short {
                "-r" => (&mut self.includes, value),
                "-c" => (&mut self.constraints, value),
                "-e" => (&mut self.editables, without_extras(value)),
                _ => (&mut self.find_links, value),
            };
            if !value.is_empty() {
                list.push(value.to_owned());
            }
            return;
        }
        if line.starts_with('-') {
            self.options.push(line.to_owned());
        } else if let Some(path) = local_path(line) {
            self.locals.push(path);
        } else {
            self.packages.push(requirement(line));
        }
    }
}

/// Lines without comments, those joined that end in a backslash. As in pip, a comment line ends a continuation.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let comment = line.trim_start().starts_with('#');
        if !comment && let Some(begun) = line.strip_suffix('\\') {
            open.push_str(begun);
            continue;
        }
        if !comment {
            open.push_str(line);
        }
        lines.push(std::mem::take(&mut open));
    }
    lines.push(open);
    let stripped = lines.iter().map(|line| {
        let mut end = line.len();
        let mut before_space = true;
        for (at, character) in line.char_indices() {
            if character == '#' && before_space {
                end = at;
                break;
            }
            before_space = character.is_whitespace();
        }
        line.get(..end).unwrap_or(line).trim().to_owned()
    });
    stripped.filter(|line| !line.is_empty()).collect()
}

fn is_remote(spec: &str) -> bool {
    let scheme = spec.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme != "file") || spec.starts_with("git@")
}

fn without_extras(path: &str) -> &str {
    match path.split_once('[') {
        Some((before, after)) if after.ends_with(']') && !is_remote(path) => before,
        _ => path,
    }
}

/// The path that a line installs, if it is one: `./x`, `x.whl`, `libs/x`, `file:./x`, `name @ file:./x`.
fn local_path(line: &str) -> Option<String> {
    let line = line.split(" --").next().unwrap_or(line);
    let line = line.split(" ;").next().unwrap_or(line).trim();
    let spec = match line.split_once('@') {
        Some((name, url)) if is_name(name.split('[').next().unwrap_or(name).trim()) => {
            // `name @ …` is a URL always.
            return url.trim().strip_prefix("file:").map(file_url);
        }
        _ => without_extras(line),
    };
    if let Some(url) = spec.strip_prefix("file:") {
        return Some(file_url(url));
    }
    if is_remote(spec) {
        return None;
    }
    let archive = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];
    let first = spec
        .split(['=', '<', '>', '~', '!', ';', ' '])
        .next()
        .unwrap_or(spec);
    (is_path(spec) || archive.iter().any(|end| spec.ends_with(end)) || first.contains('/'))
        .then(|| spec.to_owned())
}

fn file_url(url: &str) -> String {
    url.strip_prefix("//localhost")
        .or_else(|| url.strip_prefix("//"))
        .unwrap_or(url)
        .to_owned()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn requirement(line: &str) -> Requirement {
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    let version = rest.split([';', ' ']).next().unwrap_or_default();
    let version = match version
        .strip_prefix('[')
        .and_then(|extras| extras.split_once(']'))
    {
        Some((_, after)) => after,
        None => version,
    };
    let spaced = rest.split(';').next().unwrap_or_default().trim();
    let clause = if version.is_empty() { spaced } else { version };
    let clause = clause.split(" --").next().unwrap_or(clause).trim();
    Requirement {
        pinned: clause.starts_with("===")
            || (clause.starts_with("==") && !clause.contains(['*', ','])),
        hashed: rest.contains("--hash"),
        remote: rest.trim_start().starts_with('@') || line.contains("://"),
        name: name.to_owned(),
        rest: rest.trim().to_owned(),
    }
}

/// A pyproject.toml.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pyproject {
    /// Whether there is a `[build-system]`.
    pub has_build_system: bool,
    /// `build-system.build-backend`
    pub backend: Option<String>,
    /// `build-system.requires`
    pub build_requires: Vec<String>,
    /// `build-system.backend-path`: the backend is in the project.
    pub backend_path: Vec<String>,
    /// Whether there is a `[project]`.
    pub has_project: bool,
    /// `project.name`, or poetry's.
    pub name: Option<String>,
    /// `project.dependencies`
    pub dependencies: Vec<String>,
    /// `project.dynamic`
    pub dynamic: Vec<String>,
    /// Files that the metadata names: readme, license files, files and modules of dynamic fields, version files.
    pub named_files: Vec<String>,
    /// Modules of setuptools' `attr`: they are read to know the version.
    pub dynamic_modules: Vec<String>,
    /// Tools that take the version from the repository's history: setuptools_scm, hatch-vcs, poetry-dynamic-versioning, pdm.
    pub version_from_history: bool,
    /// Whether there is a `[tool.poetry]`.
    pub has_poetry: bool,
    /// poetry's `package-mode`; true when it is not told.
    pub poetry_package: bool,
    /// Whether there is a `[tool.uv]`.
    pub has_uv: bool,
    /// uv's `package`, when it is told.
    pub uv_package: Option<bool>,
    /// uv's `workspace.members`, globs.
    pub workspace: Vec<String>,
    /// uv's `workspace.exclude`, globs.
    pub workspace_exclude: Vec<String>,
    /// Local sources: of poetry, pdm and uv.
    pub local: Vec<String>,
    /// Names that uv takes from the workspace.
    pub from_workspace: Vec<String>,
    /// All of it.
    pub raw: Value,
}

impl Pyproject {
    /// Reads a pyproject.toml.
    ///
    /// # Errors
    /// No TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::toml(text)?)?;
        let has = |keys: &[&str]| raw.at(keys).is_some();
        let bool_at = |keys: &[&str]| raw.at(keys).and_then(Value::bool);
        let mut local = Vec::new();
        let mut from_workspace = Vec::new();
        local_sources(raw.at(&["tool", "poetry"]), &mut local);
        let sources = raw.at(&["tool", "uv", "sources"]).map(Value::entries);
        for (name, source) in sources.unwrap_or_default() {
            for one in std::slice::from_ref(source).iter().chain(source.items()) {
                local.extend(one.text_at(&["path"]));
                if one.get("workspace").and_then(Value::bool) == Some(true) {
                    from_workspace.push(name.clone());
                }
            }
        }
        let dependencies = raw.list_at(&["project", "dependencies"]);
        let groups = ["optional-dependencies"].map(|key| raw.at(&["project", key]));
        let groups = groups.into_iter().chain([raw.get("dependency-groups")]);
        let grouped = groups.flatten().flat_map(Value::entries);
        let grouped = grouped.flat_map(|(_, list)| list.scalars());
        local.extend(
            dependencies
                .iter()
                .cloned()
                .chain(grouped)
                .filter_map(|dependency| local_path(&dependency)),
        );
        let build_requires = raw.list_at(&["build-system", "requires"]);
        let history = [
            "setuptools_scm",
            "setuptools-scm",
            "poetry-dynamic-versioning",
            "hatch-vcs",
            "versioningit",
            "versioneer",
        ];
        let tools = raw.get("tool").map(Value::entries).unwrap_or_default();
        Ok(Self {
            has_build_system: has(&["build-system"]),
            backend: raw.text_at(&["build-system", "build-backend"]),
            backend_path: raw.list_at(&["build-system", "backend-path"]),
            has_project: has(&["project"]),
            name: raw
                .text_at(&["project", "name"])
                .or_else(|| raw.text_at(&["tool", "poetry", "name"])),
            dynamic: raw.list_at(&["project", "dynamic"]),
            named_files: named_files(&raw),
            dynamic_modules: dynamic(&raw, "attr"),
            version_from_history: tools
                .iter()
                .any(|(tool, _)| history.contains(&tool.as_str()))
                || build_requires
                    .iter()
                    .any(|name| history.iter().any(|tool| name.starts_with(tool)))
                || raw
                    .text_at(&["tool", "hatch", "version", "source"])
                    .as_deref()
                    == Some("vcs")
                || raw
                    .text_at(&["tool", "pdm", "version", "source"])
                    .as_deref()
                    == Some("scm"),
            has_poetry: has(&["tool", "poetry"]),
            poetry_package: bool_at(&["tool", "poetry", "package-mode"]).unwrap_or(true),
            has_uv: has(&["tool", "uv"]),
            uv_package: bool_at(&["tool", "uv", "package"]),
            workspace: raw.list_at(&["tool", "uv", "workspace", "members"]),
            workspace_exclude: raw.list_at(&["tool", "uv", "workspace", "exclude"]),
            build_requires,
            dependencies,
            local,
            from_workspace,
            raw,
        })
    }
}

fn local_sources(poetry: Option<&Value>, local: &mut Vec<String>) {
    let Some(poetry) = poetry else {
        return;
    };
    let groups = poetry.get("group").map(Value::entries).unwrap_or_default();
    let groups = groups
        .iter()
        .filter_map(|(_, group)| group.get("dependencies"));
    let own = ["dependencies", "dev-dependencies"].map(|key| poetry.get(key));
    for table in own.into_iter().flatten().chain(groups) {
        for (_, entry) in table.entries() {
            for one in std::slice::from_ref(entry).iter().chain(entry.items()) {
                local.extend(one.text_at(&["path"]));
            }
        }
    }
}

/// The files or modules of setuptools' dynamic fields.
fn dynamic(raw: &Value, key: &str) -> Vec<String> {
    let fields = raw
        .at(&["tool", "setuptools", "dynamic"])
        .map(Value::entries);
    let fields = fields.unwrap_or_default().iter();
    let mut found: Vec<String> = Vec::new();
    for (name, field) in fields {
        found.extend(field.list_at(&[key]));
        if name == "optional-dependencies" {
            let extras = field.entries().iter();
            found.extend(extras.flat_map(|(_, extra)| extra.list_at(&[key])));
        }
    }
    found
}

fn named_files(raw: &Value) -> Vec<String> {
    let mut files = Vec::new();
    for keys in [
        &["project", "readme"][..],
        &["project", "readme", "file"],
        &["project", "license", "file"],
        &["project", "license-files"],
        &["project", "license-files", "paths"],
        &["project", "license-files", "globs"],
        &["tool", "poetry", "readme"],
        &["tool", "poetry", "license-files"],
        &["tool", "hatch", "version", "path"],
        &["tool", "pdm", "version", "path"],
        &["tool", "flit", "metadata", "description-file"],
        &["tool", "setuptools", "license-files"],
    ] {
        files.extend(raw.list_at(keys));
    }
    files.extend(dynamic(raw, "file"));
    files
}

/// Where a locked package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockedSource {
    /// An index.
    Index,
    /// A folder or archive of the project; `editable` when it is linked.
    Local {
        /// As written: relative to the lock.
        path: String,
        /// Whether it is linked rather than built.
        editable: bool,
    },
    /// A folder that is not installed itself: uv's `virtual`.
    Virtual(String),
    /// A repository.
    Git,
    /// An archive at a URL.
    Url,
}

/// One package of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedPython {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: LockedSource,
    /// File names of its wheels.
    pub wheels: Vec<String>,
    /// Whether the lock lists a source archive.
    pub has_sdist: bool,
}

/// A poetry.lock or a uv.lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonLock {
    /// All packages, in the order of the file.
    pub packages: Vec<LockedPython>,
}

impl PythonLock {
    /// Reads a poetry.lock or a uv.lock.
    ///
    /// # Errors
    /// No TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw = map(Value::toml(text)?)?;
        let packages = raw.get("package").map(Value::items).unwrap_or_default();
        Ok(Self {
            packages: packages.iter().map(locked).collect(),
        })
    }

    /// The packages that come from the project's own folders.
    pub fn local(&self) -> impl Iterator<Item = (&LockedPython, &str)> {
        self.packages
            .iter()
            .filter_map(|package| match &package.source {
                LockedSource::Local { path, .. } => Some((package, path.as_str())),
                _ => None,
            })
    }
}

fn locked(entry: &Value) -> LockedPython {
    let name_of = |file: &Value| {
        let url = file.text_at(&["url"]).or_else(|| file.text_at(&["path"]));
        let name = file
            .text_at(&["file"])
            .or_else(|| file.text_at(&["filename"]));
        let name = name.or(url)?;
        name.rsplit('/').next().map(str::to_owned)
    };
    // poetry lists `files`, uv `wheels` and `sdist`.
    let files = ["files", "wheels"].map(|key| entry.get(key).map(Value::items));
    let files = files.into_iter().flatten().flatten();
    let names: Vec<String> = files.filter_map(name_of).collect();
    let has_sdist =
        entry.get("sdist").is_some() || names.iter().any(|name| !name.ends_with(".whl"));
    LockedPython {
        name: entry.text_at(&["name"]).unwrap_or_default(),
        version: entry.text_at(&["version"]),
        source: source(entry),
        wheels: names
            .into_iter()
            .filter(|name| name.ends_with(".whl"))
            .collect(),
        has_sdist,
    }
}

fn source(entry: &Value) -> LockedSource {
    let Some(source) = entry.get("source") else {
        return LockedSource::Index;
    };
    let local = |path: String, editable: bool| LockedSource::Local { path, editable };
    let url = source.text_at(&["url"]).unwrap_or_default();
    match source.text_at(&["type"]).as_deref() {
        Some("directory") => {
            let develop = entry.get("develop").and_then(Value::bool);
            return local(url, develop.unwrap_or(false));
        }
        Some("file") => return local(url, false),
        Some("git") => return LockedSource::Git,
        Some("url") => return LockedSource::Url,
        Some(_) => return LockedSource::Index,
        None => {}
    }
    if let Some(path) = source.text_at(&["editable"]) {
        return local(path, true);
    }
    for key in ["directory", "path"] {
        if let Some(path) = source.text_at(&[key]) {
            return local(path, false);
        }
    }
    if let Some(path) = source.text_at(&["virtual"]) {
        return LockedSource::Virtual(path);
    }
    match (source.get("git"), source.get("url")) {
        (Some(_), _) => LockedSource::Git,
        (_, Some(_)) => LockedSource::Url,
        _ => LockedSource::Index,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements() {
        let text = "\u{feff}# c\n-r base.txt\n--requirement=more.txt  # why\n-cconstraints.txt\n-e .\n-e ./lib[test]\n-e git+https://h/x#egg=x\n--find-links ./wheels\n--index-url https://h/simple\n./a\nlibs/b\nx.whl\nn @ file:./c\nm @ https://h/m.whl\nrequests==2.31.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nflask[async] >= 2\nurl#nocomment==1\nz == 1.*\nq[x]==1 ; python_version < '3'\n${EXTRA}\n";
        let all = Requirements::parse(text).unwrap();
        assert_eq!(all.includes, ["base.txt", "more.txt"]);
        assert_eq!(all.constraints, ["constraints.txt"]);
        assert_eq!(all.editables, [".", "./lib", "git+https://h/x#egg=x"]);
        assert_eq!(all.find_links, ["./wheels"]);
        assert_eq!(all.options, ["--index-url https://h/simple"]);
        assert_eq!(all.locals, ["./a", "libs/b", "x.whl", "./c"]);
        assert!(all.has_variables && all.has_local() && !all.is_hashed());
        let find = |name: &str| all.packages.iter().find(|p| p.name == name).unwrap();
        assert!(find("requests").pinned && find("requests").hashed);
        assert!(!find("flask").pinned && !find("z").pinned && find("q").pinned);
        assert!(find("m").remote && !find("q").remote);
        let hashed = Requirements::parse("a==1 --hash=sha256:x\n").unwrap();
        assert!(hashed.is_hashed() && hashed.packages[0].pinned);
    }

    #[test]
    fn pyproject() {
        let text = "[build-system]\nrequires = [\"setuptools\", \"setuptools-scm>=8\"]\nbuild-backend = \"setuptools.build_meta\"\n[project]\nname = \"x\"\nreadme = {file = \"README.md\"}\ndynamic = [\"version\"]\ndependencies = [\"a\", \"b @ file:./b\"]\n[tool.setuptools.dynamic]\nversion = {attr = \"x.v\"}\ndependencies = {file = [\"req.txt\"]}\n[tool.uv.workspace]\nmembers = [\"libs/*\"]\n[tool.uv.sources]\na = {workspace = true}\nc = [{path = \"../c\", editable = true}]\n[tool.poetry]\npackage-mode = false\n[tool.poetry.group.dev.dependencies]\nd = {path = \"d\"}\n";
        let project = Pyproject::parse(text).unwrap();
        assert_eq!(project.backend.as_deref(), Some("setuptools.build_meta"));
        assert_eq!(project.named_files, ["README.md", "req.txt"]);
        assert_eq!(project.dynamic_modules, ["x.v"]);
        assert_eq!(project.local, ["d", "../c", "./b"]);
        assert_eq!(project.from_workspace, ["a"]);
        assert_eq!(project.workspace, ["libs/*"]);
        assert!(project.version_from_history && !project.poetry_package && project.has_uv);
    }

    #[test]
    fn locks() {
        let poetry = "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{file = \"a-1-py3-none-any.whl\", hash = \"x\"}, {file = \"a-1.tar.gz\", hash = \"y\"}]\n[[package]]\nname = \"b\"\nversion = \"0\"\nfiles = []\ndevelop = true\n[package.source]\ntype = \"directory\"\nurl = \"libs/b\"\n";
        let lock = PythonLock::parse(poetry).unwrap();
        assert_eq!(lock.packages[0].wheels, ["a-1-py3-none-any.whl"]);
        assert!(lock.packages[0].has_sdist);
        let local: Vec<_> = lock
            .local()
            .map(|(package, path)| (package.name.as_str(), path))
            .collect();
        assert_eq!(local, [("b", "libs/b")]);
        let uv = "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {registry = \"https://h\"}\nsdist = {url = \"https://h/a-1.tar.gz\"}\n[[package]]\nname = \"b\"\nsource = {editable = \"libs/b\"}\n[[package]]\nname = \"c\"\nsource = {virtual = \".\"}\n";
        let lock = PythonLock::parse(uv).unwrap();
        assert!(lock.packages[0].has_sdist && lock.packages[0].wheels.is_empty());
        assert_eq!(lock.packages[0].source, LockedSource::Index);
        assert_eq!(lock.local().count(), 1);
        assert_eq!(lock.packages[2].source, LockedSource::Virtual(".".into()));
    }
}
