//! Which build context a Dockerfile is built in: what the compose and bake files around it say, else its own folder.
//!
//! Source of the rules: the Compose specification ("build", "Interpolation") and the reference of bake files.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::LARGEST_FILE;
use super::value::Value;

/// How many folders above the Dockerfile's are looked into when no repository root is found.
const LEVELS: usize = 3;

/// From how many names on a folder is not searched for compose files of other than the usual names.
const MOST_NAMES: usize = 4_096;

/// From how many ancestors a service may take.
const MOST_PARENTS: usize = 16;

const USUAL: [&str; 6] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "docker-bake.json",
    "docker-bake.override.json",
];

/// How a context was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No file names the Dockerfile: its folder is the context.
    Folder,
    /// A compose file does.
    Compose {
        /// The compose file.
        file: PathBuf,
        /// The service.
        service: String,
    },
    /// A bake file does.
    Bake {
        /// The bake file.
        file: PathBuf,
        /// The target.
        target: String,
    },
}

/// The build that a Dockerfile is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundContext {
    /// The root of the build context.
    pub root: PathBuf,
    /// Build arguments; `None` for those that come from the environment of the builder or from a variable that is not known.
    pub args: Vec<(String, Option<String>)>,
    /// The stage that is built; `None` is the last.
    pub target: Option<String>,
    /// Who says so.
    pub origin: Origin,
    /// Whether all files around agree about the context. When not, `root` is the Dockerfile's folder if one of them says
    /// so, else the first that was found.
    pub agreed: bool,
    /// All services and bake targets that build this Dockerfile, nearest file first.
    pub services: Vec<Service>,
}

/// A compose service, or a bake target, that builds the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it stands.
    pub origin: Origin,
    /// Its build context.
    pub context: PathBuf,
    /// Its build arguments, as in [`FoundContext::args`].
    pub args: Vec<(String, Option<String>)>,
    /// The stage that it builds.
    pub target: Option<String>,
    /// Compose's `init`.
    pub init: Option<bool>,
    /// Compose's `read_only`.
    pub read_only: Option<bool>,
    /// Compose's `user`, as written.
    pub user: Option<String>,
    /// Compose's `ports`, in the short form or as `published:target/protocol`.
    pub ports: Vec<String>,
    /// Compose's `command`: the words of a list, or one string.
    pub command: Option<Command>,
    /// Compose's `entrypoint`.
    pub entrypoint: Option<Command>,
    /// Compose's `cap_drop`.
    pub cap_drop: Vec<String>,
}

/// A command in a compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One string, which compose cuts into words.
    Text(String),
    /// A list of words.
    Words(Vec<String>),
}

/// The compose and bake files of the folders that were looked into, each read once: many Dockerfiles of a run share
/// their folders. Files that are written later are not seen.
#[derive(Debug, Default)]
pub struct Neighbours {
    /// By the folder's real path.
    known: Mutex<HashMap<PathBuf, Arc<[Project]>>>,
}

impl Neighbours {
    /// Finds the context of `dockerfile`. See [`super::Context::find`].
    pub fn find(&self, dockerfile: &Path, boundary: Option<&Path>) -> FoundContext {
        find(self, dockerfile, boundary)
    }

    /// The files of `folder` that can be read, those with the usual names first.
    fn projects(&self, folder: &Path) -> Arc<[Project]> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(projects) = known().get(folder) {
            return Arc::clone(projects);
        }
        // Read without the lock: others may go on meanwhile, and at worst read the same.
        let files = project_files(folder).into_iter();
        let projects: Arc<[Project]> = files.filter_map(Project::read).collect();
        Arc::clone(known().entry(folder.to_owned()).or_insert(projects))
    }
}

fn find(neighbours: &Neighbours, dockerfile: &Path, boundary: Option<&Path>) -> FoundContext {
    let folder = match dockerfile.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut services = Vec::new();
    if let Ok(real) = fs::canonicalize(&folder)
        && let Some(name) = dockerfile.file_name()
    {
        let wanted = real.join(name);
        let boundary = boundary.and_then(|boundary| fs::canonicalize(boundary).ok());
        for place in places(&real, boundary.as_deref()) {
            let projects = neighbours.projects(place);
            let base = projects
                .iter()
                .find(|project| !project.bake && project.is_plain());
            for project in projects.iter() {
                let base = base.filter(|_| !project.bake && !project.is_plain());
                services.extend(project.builders(base, &wanted));
            }
        }
        if let Some(first) = services.iter().find(|service| service.context == real) {
            return found(first.clone(), services);
        }
    }
    match services.first() {
        Some(first) => found(first.clone(), services),
        None => FoundContext {
            root: folder,
            args: Vec::new(),
            target: None,
            origin: Origin::Folder,
            agreed: true,
            services,
        },
    }
}

fn found(chosen: Service, services: Vec<Service>) -> FoundContext {
    FoundContext {
        agreed: services
            .iter()
            .all(|service| service.context == chosen.context),
        root: chosen.context,
        args: chosen.args,
        target: chosen.target,
        origin: chosen.origin,
        services,
    }
}

/// The Dockerfile's folder and those above it: up to the repository's root, or [`LEVELS`] when there is none near.
fn places<'a>(folder: &'a Path, boundary: Option<&Path>) -> Vec<&'a Path> {
    let mut places = Vec::new();
    for place in folder.ancestors().take(LEVELS + 1) {
        places.push(place);
        if boundary == Some(place) || place.join(".git").exists() {
            break;
        }
    }
    places
}

fn project_files(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<String> = Vec::new();
    let mut count = 0;
    for child in fs::read_dir(folder).into_iter().flatten().flatten() {
        count += 1;
        if count > MOST_NAMES {
            names = USUAL.map(str::to_owned).to_vec();
            break;
        }
        if let Ok(name) = child.file_name().into_string()
            && is_project_file(&name)
        {
            names.push(name);
        }
    }
    // The plain names first, then the variants, by name.
    names.sort_by_key(|name| {
        (
            USUAL
                .iter()
                .position(|usual| usual == name)
                .unwrap_or(USUAL.len()),
            name.clone(),
        )
    });
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn is_project_file(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"));
    USUAL.contains(&name)
        || stem
            .is_some_and(|stem| stem.starts_with("docker-compose") || stem.starts_with("compose."))
}

fn read(file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return None;
    }
    String::from_utf8(fs::read(file).ok()?).ok()
}

/// The tables of one project file.
#[derive(Debug)]
struct Project {
    file: PathBuf,
    bake: bool,
    entries: Vec<(String, Value)>,
}

impl Project {
    fn read(file: PathBuf) -> Option<Self> {
        let text = read(&file)?;
        let bake = file.extension().is_some_and(|end| end == "json");
        let (table, parsed) = if bake {
            ("target", Value::json(&text))
        } else {
            ("services", Value::yaml(&text))
        };
        let entries = parsed.ok()?.get(table)?.entries().to_vec();
        Some(Self {
            file,
            bake,
            entries,
        })
    }

    /// Whether it has one of the usual names, and is laid over nothing.
    fn is_plain(&self) -> bool {
        let name = self.file.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| USUAL.contains(&name))
    }

    fn entry(&self, name: &str) -> Option<&Value> {
        let found = self.entries.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The services and targets that build `wanted`. `base` is the plain compose file of the folder, which the variants
    /// are laid over.
    fn builders(&self, base: Option<&Self>, wanted: &Path) -> Vec<Service> {
        let services = self.entries.iter().filter_map(|(name, entry)| {
            let mut lineage = Lineage::of(self, entry);
            lineage
                .values
                .extend(base.and_then(|base| base.entry(name)));
            lineage.service(self, name, wanted)
        });
        services.collect()
    }
}

/// A service or target, and those that it takes from, nearest first.
struct Lineage<'a> {
    bake: bool,
    values: Vec<&'a Value>,
    /// Whether all that it takes from is here.
    complete: bool,
}

impl<'a> Lineage<'a> {
    fn of(project: &'a Project, entry: &'a Value) -> Self {
        let mut lineage = Self {
            bake: project.bake,
            values: vec![entry],
            complete: true,
        };
        let mut at = 0;
        while let Some(&value) = lineage.values.get(at) {
            at += 1;
            if at > MOST_PARENTS {
                lineage.complete = false;
                break;
            }
            let parents = if project.bake {
                value.list_at(&["inherits"])
            } else if let Some(extends) = value.get("extends") {
                lineage.complete &= extends.get("file").is_none();
                let named = extends.get("service").unwrap_or(extends);
                named.scalars()
            } else {
                Vec::new()
            };
            // The last one wins.
            for name in parents.iter().rev() {
                match project.entry(name) {
                    Some(parent) => lineage.values.push(parent),
                    None => lineage.complete = false,
                }
            }
        }
        lineage
    }

    fn builds(&self) -> impl Iterator<Item = &'a Value> {
        let bake = self.bake;
        let values = self.values.clone().into_iter();
        values.filter_map(move |value| {
            if bake {
                Some(value)
            } else {
                value.get("build")
            }
        })
    }

    /// The text of a key of the build. `None`: it can't be known. `Some(None)`: nobody says it.
    fn text(&self, key: &str) -> Option<Option<String>> {
        let said = self.builds().find_map(|build| match build.get(key) {
            Some(Value::Null) => None,
            None if key == "context" && build.text().is_some() => Some(build),
            other => other,
        });
        match said {
            Some(value) => interpolate(&value.scalar()?).map(Some),
            None => self.complete.then_some(None),
        }
    }

    /// A key of a compose service.
    fn compose(&self, key: &str) -> Option<&'a Value> {
        let mut values = self.values.iter().filter(|_| !self.bake);
        values.find_map(|value| value.get(key))
    }

    fn args(&self) -> Vec<(String, Option<String>)> {
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for (name, value) in self
            .builds()
            .filter_map(|build| build.get("args"))
            .flat_map(args)
        {
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, value));
            }
        }
        found
    }

    fn service(&self, project: &Project, name: &str, wanted: &Path) -> Option<Service> {
        let own = self.values.first()?;
        if !project.bake && own.get("build").is_none() && own.get("extends").is_none() {
            return None;
        }
        let inline = ["dockerfile_inline", "dockerfile-inline"];
        self.builds().next()?;
        if self
            .builds()
            .any(|build| inline.iter().any(|key| build.get(key).is_some()))
        {
            return None;
        }
        let context = self.text("context")?.unwrap_or_else(|| ".".to_owned());
        if context.contains("://") || context.starts_with("git@") {
            return None;
        }
        let context = tidy(&project.file.parent()?.join(context));
        let dockerfile = self
            .text("dockerfile")?
            .unwrap_or_else(|| "Dockerfile".to_owned());
        let dockerfile = context.join(dockerfile);
        if tidy(&dockerfile) != wanted && !same_file(&dockerfile, wanted) {
            return None;
        }
        let list = |key: &str| self.compose(key).map(Value::scalars).unwrap_or_default();
        let (file, name) = (project.file.clone(), name.to_owned());
        Some(Service {
            origin: if project.bake {
                Origin::Bake { file, target: name }
            } else {
                Origin::Compose {
                    file,
                    service: name,
                }
            },
            context,
            args: self.args(),
            target: self.text("target").flatten(),
            init: self.compose("init").and_then(Value::bool),
            read_only: self.compose("read_only").and_then(Value::bool),
            user: self.compose("user").and_then(Value::scalar),
            ports: self.compose("ports").map(ports).unwrap_or_default(),
            command: self.compose("command").and_then(command),
            entrypoint: self.compose("entrypoint").and_then(command),
            cap_drop: list("cap_drop"),
        })
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// `path` without `.` and `..`, links unread: compose joins paths so.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

/// `args` as a map or as a list of `NAME=value`.
fn args(value: &Value) -> Vec<(String, Option<String>)> {
    if let Value::List(items) = value {
        let items = items.iter().filter_map(Value::scalar);
        return items
            .map(|item| match item.split_once('=') {
                Some((name, value)) => (name.to_owned(), interpolate(value)),
                None => (item, None),
            })
            .collect();
    }
    let entries = value.entries().iter();
    entries
        .map(|(name, value)| {
            let value = value.scalar().and_then(|value| interpolate(&value));
            (name.clone(), value)
        })
        .collect()
}

fn ports(value: &Value) -> Vec<String> {
    let port = |item: &Value| {
        let Some(target) = item.get("target").and_then(Value::scalar) else {
            return item.scalar();
        };
        let protocol = item.get("protocol").and_then(Value::scalar);
        let protocol = protocol.map(|protocol| format!("/{protocol}"));
        let published = item.get("published").and_then(Value::scalar);
        let published = published.map(|published| format!("{published}:"));
        let (before, after) = (published.unwrap_or_default(), protocol.unwrap_or_default());
        Some(format!("{before}{target}{after}"))
    };
    value.items().iter().filter_map(port).collect()
}

fn command(value: &Value) -> Option<Command> {
    match value {
        Value::List(_) => Some(Command::Words(value.scalars())),
        other => other.scalar().map(Command::Text),
    }
}

/// `text` with `$$` and variables that have a default replaced; `None` when it holds a variable whose value is not known.
/// Defaults count: an environment may say otherwise, the file alone does not.
fn interpolate(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(braced) = after.strip_prefix('{') {
            let (inner, after) = braced.split_once('}')?;
            let default = inner
                .split_once(":-")
                .or_else(|| inner.split_once('-'))
                .map(|(_, default)| default)?;
            if default.contains('$') {
                return None;
            }
            out.push_str(default);
            rest = after;
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> std::io::Result<tempfile::TempDir> {
        let root = tempfile::tempdir()?;
        for (path, text) in files {
            let path = root.path().join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text)?;
        }
        Ok(root)
    }

    fn found_in(files: &[(&str, &str)], dockerfile: &str) -> (PathBuf, FoundContext) {
        let root = tree(files).unwrap();
        let found = find(
            &Neighbours::default(),
            &root.path().join(dockerfile),
            Some(root.path()),
        );
        (fs::canonicalize(root.path()).unwrap(), found)
    }

    #[test]
    fn without_a_project_file_the_folder_is_the_context() {
        let (_, found) = found_in(&[("a/Dockerfile", "")], "a/Dockerfile");
        assert!(found.root.ends_with("a"));
        assert_eq!(found.origin, Origin::Folder);
    }

    #[test]
    fn compose_names_context_dockerfile_args_and_target() {
        let compose = "services:\n  db:\n    image: postgres\n  web:\n    build:\n      context: ..\n      dockerfile: docker/web/Dockerfile\n      target: dev\n      args:\n        NODE: 22\n        TOKEN:\n        V: ${V:-1.2}\n        W: ${W}\n    init: true\n    read_only: true\n    user: \"1000:1000\"\n    cap_drop: [ALL]\n    command: [\"node\", \"x.js\"]\n    ports:\n      - 80:8080\n      - {target: 53, published: 5353, protocol: udp}\n";
        let files = [
            ("docker/compose.yaml", compose),
            ("docker/web/Dockerfile", ""),
        ];
        let (root, found) = found_in(&files, "docker/web/Dockerfile");
        assert_eq!(found.root, root);
        assert_eq!(found.target.as_deref(), Some("dev"));
        let value = |text: &str| Some(text.to_owned());
        let args = [
            ("NODE", value("22")),
            ("TOKEN", None),
            ("V", value("1.2")),
            ("W", None),
        ];
        assert_eq!(
            found.args,
            args.map(|(name, value)| (name.to_owned(), value))
        );
        let service = &found.services[0];
        assert_eq!(service.init, Some(true));
        assert_eq!(service.read_only, Some(true));
        assert_eq!(service.user.as_deref(), Some("1000:1000"));
        assert_eq!(service.cap_drop, ["ALL"]);
        assert_eq!(service.ports, ["80:8080", "5353:53/udp"]);
        let words = vec!["node".to_owned(), "x.js".to_owned()];
        assert_eq!(service.command, Some(Command::Words(words)));
    }

    #[test]
    fn the_short_form_means_dockerfile_in_the_context() {
        let files = [
            ("docker-compose.dev.yml", "services: {a: {build: ./a}}"),
            ("a/Dockerfile", ""),
            ("a/Dockerfile.dev", ""),
        ];
        let (root, found) = found_in(&files, "a/Dockerfile");
        assert_eq!(found.root, root.join("a"));
        assert!(matches!(found.origin, Origin::Compose { .. }));
        let (_, other) = found_in(&files, "a/Dockerfile.dev");
        assert_eq!(other.origin, Origin::Folder);
    }

    #[test]
    fn what_is_not_known_or_not_here_is_left_out() {
        for build in [
            "${DIR}",
            "https://example.org/x.git",
            "{context: ., dockerfile_inline: 'FROM a'}",
            "{context: ., dockerfile: '${F}'}",
            "[",
        ] {
            let compose = format!("services: {{a: {{build: {build}}}}}");
            let files = [("compose.yml", compose.as_str()), ("Dockerfile", "")];
            let (_, found) = found_in(&files, "Dockerfile");
            assert_eq!(found.origin, Origin::Folder, "{build}");
        }
    }

    #[test]
    fn two_answers_are_told() {
        let compose =
            "services:\n  a: {build: {context: ., dockerfile: d/Dockerfile}}\n  b: {build: d}\n";
        let files = [("compose.yml", compose), ("d/Dockerfile", "")];
        let (root, found) = found_in(&files, "d/Dockerfile");
        assert_eq!(found.root, root.join("d"));
        assert!(!found.agreed);
        assert_eq!(found.services.len(), 2);
    }

    #[test]
    fn a_bake_file_counts() {
        let bake = r#"{"target": {"x": {"context": ".", "dockerfile": "d/Dockerfile", "args": {"A": "b"}, "target": "t"}}}"#;
        let files = [("docker-bake.json", bake), ("d/Dockerfile", "")];
        let (root, found) = found_in(&files, "d/Dockerfile");
        assert_eq!(found.root, root);
        assert_eq!(found.target.as_deref(), Some("t"));
    }

    #[test]
    fn what_is_inherited_counts() {
        let base = "services:\n  a:\n    build: {context: ., dockerfile: d/Dockerfile, args: {X: 1, Y: 2}}\n  b:\n    extends: {service: a}\n    build: {args: {X: 3}}\n  c:\n    extends: {file: other.yml, service: z}\n    build: {args: {X: 4}}\n";
        let variant = "services: {a: {build: {target: dev}, init: true}}";
        let files = [
            ("compose.yml", base),
            ("compose.override.yml", variant),
            ("d/Dockerfile", ""),
            ("Dockerfile", ""),
        ];
        let (root, found) = found_in(&files, "d/Dockerfile");
        assert!(found.agreed);
        let names: Vec<_> = found.services.iter().map(|s| s.origin.clone()).collect();
        let origin = |file: &str, service: &str| Origin::Compose {
            file: root.join(file),
            service: service.to_owned(),
        };
        let expected = [
            origin("compose.yml", "a"),
            origin("compose.yml", "b"),
            origin("compose.override.yml", "a"),
        ];
        assert_eq!(names, expected);
        let arg = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        assert_eq!(found.services[1].args, [arg("X", "3"), arg("Y", "2")]);
        assert_eq!(found.services[2].target.as_deref(), Some("dev"));
        assert_eq!(found.services[2].init, Some(true));
        let (_, other) = found_in(&files, "Dockerfile");
        assert_eq!(other.origin, Origin::Folder);
    }

    #[test]
    fn bake_targets_inherit_and_circles_end() {
        let bake = r#"{"target": {"base": {"dockerfile": "d/Dockerfile"}, "x": {"inherits": ["base"], "target": "t"},
            "y": {"inherits": ["z"]}, "z": {"inherits": ["y"]}}}"#;
        let files = [("docker-bake.json", bake), ("d/Dockerfile", "")];
        let (_, found) = found_in(&files, "d/Dockerfile");
        assert_eq!(found.services.len(), 2);
        assert_eq!(found.services[1].target.as_deref(), Some("t"));
    }

    #[test]
    fn nothing_above_the_boundary_or_the_repository_counts() {
        let compose = "services: {a: {build: {context: ., dockerfile: r/d/Dockerfile}}}";
        let files = [
            ("compose.yml", compose),
            ("r/.git/HEAD", ""),
            ("r/d/Dockerfile", ""),
        ];
        let (_, found) = found_in(&files, "r/d/Dockerfile");
        assert_eq!(found.origin, Origin::Folder);
    }
}
