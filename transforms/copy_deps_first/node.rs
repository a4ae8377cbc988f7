//! npm, yarn, pnpm and bun: package.json, its lock, workspaces, local packages, scripts.

use crate::context::Kind;
use crate::context::manifests::javascript::{
    PackageJson, PackageLock, PnpmLock, PnpmWorkspace, Source, YarnKind, YarnLock,
};
use crate::context::value::Value;

use super::closure::Project;

/// Scripts of a project that an install runs, in any of the managers.
const SCRIPTS: [&str; 12] = [
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "predependencies",
    "dependencies",
    "postdependencies",
    "postshrinkwrap",
];

/// Keys of .npmrc and its like that make the install read or write elsewhere.
const MOVING_KEYS: [&str; 9] = [
    "modules-dir",
    "virtual-store-dir",
    "lockfile-dir",
    "global-dir",
    "pnpmfile",
    "global-pnpmfile",
    "workspace-dir",
    "modules-folder",
    "lockfile",
];

/// The closure of an install.
pub fn install(project: &mut Project<'_>) -> Result<(), String> {
    let kind = project.manager().closure.clone().unwrap_or_default();
    project.alone(&[
        "package.json",
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        "pnpm-workspace.yaml",
        "bunfig.toml",
    ])?;
    project.file("package.json")?;
    let root = package(project, "package.json")?;
    lock(project, &kind)?;
    configuration(project, &kind)?;
    let globs = workspaces(project, &kind, &root)?;
    scripts(project, &root, ".", true)?;
    dependencies(project, &kind, ".", &root, 0)?;
    for patch in &root.patches {
        project.file(patch)?;
    }
    for folder in members(project, &kind, &globs)? {
        member(project, &kind, &folder, 0)?;
    }
    project.leaves(&["node_modules"]);
    Ok(())
}

fn package(project: &Project<'_>, name: &str) -> Result<PackageJson, String> {
    PackageJson::parse(&project.text(name)?).map_err(|error| format!("{name}: {error}"))
}

/// The lock: it must be there for an install that keeps it, and may name local packages.
fn lock(project: &mut Project<'_>, kind: &str) -> Result<(), String> {
    let mut names: Vec<String> = project.manager().locks.clone();
    if kind == "npm" {
        // npm-shrinkwrap.json goes before package-lock.json.
        names.reverse();
    }
    let found = names.iter().find(|name| project.has(name)).cloned();
    let frozen = project.is_frozen();
    let Some(name) = found else {
        if frozen {
            let first = project.manager().locks.first().cloned();
            let first = first.unwrap_or_default();
            return project.file(&first);
        }
        project.thaw("a lock");
        return Ok(());
    };
    for name in names {
        project.if_there(&name)?;
    }
    if !frozen {
        project.thaw(&name);
    }
    let ignores_scripts = project
        .call
        .says(project.words, &project.manager().skip_scripts);
    let readers = project.manager().project_readers.clone();
    match kind {
        "npm" => {
            let lock = PackageLock::parse(&project.text(&name)?)
                .map_err(|error| format!("{name}: {error}"))?;
            for locked in &lock.packages {
                let package = locked.path.rsplit_once("node_modules/");
                let package = package.map_or("", |(_, package)| package);
                if let Some(files) = readers.get(package).filter(|_| !ignores_scripts) {
                    for file in files {
                        project.keep_out(file, package);
                    }
                }
            }
        }
        "yarn" | "yarn-berry" => {
            let lock = YarnLock::parse(&project.text(&name)?)
                .map_err(|error| format!("{name}: {error}"))?;
            let berry = lock.kind == YarnKind::Berry;
            if berry != (kind == "yarn-berry") {
                return Err(format!("{name} was written by another yarn"));
            }
        }
        "pnpm" => {
            let lock = PnpmLock::parse(&project.text(&name)?)
                .map_err(|error| format!("{name}: {error}"))?;
            for patch in &lock.patches {
                project.file(patch)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Files of the manager's own configuration, and what they name.
fn configuration(project: &mut Project<'_>, kind: &str) -> Result<(), String> {
    let names = project.manager().config.clone();
    for name in names.iter().filter(|name| !name.contains('*')) {
        if !project.has(name) {
            continue;
        }
        match name.as_str() {
            "binding.gyp" => return Err("binding.gyp makes the install compile sources".to_owned()),
            "yarn.lock" => return Err("npm rewrites the yarn.lock beside its own lock".to_owned()),
            ".pnp.js" | ".pnp.cjs" | ".pnp.loader.mjs" | ".yarn/cache" | ".yarn/unplugged" => {
                return Err(format!("{name} stands in the build context"));
            }
            _ => {}
        }
        project.if_there(name)?;
        if name.starts_with(".pnpmfile") || name.starts_with(".npm-extension") {
            return Err(format!("{name} is a program that may read anything"));
        }
        if !matches!(name.as_str(), ".npmrc" | ".yarnrc" | ".yarnrc.yml") {
            continue;
        }
        for line in project.text(name)?.lines() {
            let (key, value) = line.split_once([':', '=', ' ']).unwrap_or((line, ""));
            let key = key.trim().trim_matches('"').trim_start_matches("--");
            let value = value.trim().trim_matches(['"', '\'']);
            if MOVING_KEYS.contains(&key) {
                return Err(format!("{name} sets {key}"));
            }
            if matches!(key, "yarnPath" | "yarn-path") {
                project.file(value)?;
            }
        }
    }
    if kind == "yarn-berry" {
        let text = match project.has(".yarnrc.yml") {
            true => project.text(".yarnrc.yml")?,
            false => String::new(),
        };
        let settings = Value::yaml(&text).unwrap_or(Value::Null);
        if settings.text_at(&["nodeLinker"]).as_deref() != Some("node-modules") {
            return Err(
                "without `nodeLinker: node-modules` the program runs from yarn's cache".to_owned(),
            );
        }
        project.leaves(&[
            ".pnp.cjs",
            ".pnp.loader.mjs",
            ".yarn/cache",
            ".yarn/unplugged",
            ".yarn/install-state.gz",
            ".yarn/build-state.yml",
        ]);
    }
    Ok(())
}

/// The globs of the workspaces' folders.
fn workspaces(
    project: &mut Project<'_>,
    kind: &str,
    root: &PackageJson,
) -> Result<Vec<String>, String> {
    if kind != "pnpm" {
        return Ok(root.workspaces.clone());
    }
    if !project.has("pnpm-workspace.yaml") {
        return Ok(Vec::new());
    }
    project.file("pnpm-workspace.yaml")?;
    let workspace = PnpmWorkspace::parse(&project.text("pnpm-workspace.yaml")?)
        .map_err(|error| format!("pnpm-workspace.yaml: {error}"))?;
    for patch in &workspace.patches {
        project.file(patch)?;
    }
    for dependency in &workspace.overrides {
        if dependency.source.path().is_some() {
            return Err(format!(
                "pnpm-workspace.yaml overrides {} with a folder",
                dependency.name
            ));
        }
    }
    Ok(workspace.packages)
}

/// The workspaces' folders, from the project's folder.
fn members(project: &Project<'_>, kind: &str, globs: &[String]) -> Result<Vec<String>, String> {
    let mut folders = Vec::new();
    let (without, with): (Vec<&String>, Vec<&String>) =
        globs.iter().partition(|glob| glob.starts_with('!'));
    let below = match project.root.as_str() {
        "" => 0,
        root => root.len() + 1,
    };
    let expand = |glob: &str| -> Result<Vec<String>, String> {
        let glob = glob.trim_start_matches('!').trim_start_matches("./");
        let glob = glob.trim_end_matches('/');
        if glob.contains("**") || glob.contains(['{', '\\', '(']) {
            return Err(format!("the workspaces' glob {glob} is too wide to follow"));
        }
        let found = project.context.matches(&project.path(glob)?);
        let found = found.map_err(|error| error.to_string())?;
        let found = found
            .iter()
            .map(|path| path.get(below..).unwrap_or_default());
        Ok(found
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect())
    };
    for glob in with {
        if kind == "pnpm" && matches!(glob.as_str(), "." | "./") {
            continue;
        }
        folders.extend(expand(glob)?);
    }
    for glob in without {
        let out = expand(glob)?;
        folders.retain(|folder| !out.contains(folder));
    }
    folders.sort();
    folders.dedup();
    folders.retain(|folder| project.has(&format!("{folder}/package.json")));
    Ok(folders)
}

/// A workspace, or a package that is linked to: its manifest, and the files of its commands.
fn member(project: &mut Project<'_>, kind: &str, folder: &str, depth: usize) -> Result<(), String> {
    let manifest = format!("{folder}/package.json");
    project.file(&manifest)?;
    let package = package(project, &manifest)?;
    scripts(project, &package, folder, false)?;
    if kind == "pnpm" {
        project.if_there(&format!("{folder}/.npmrc"))?;
    }
    if let Some(bin) = &package.bin_folder {
        return Err(format!("{manifest} makes commands of all that is in {bin}"));
    }
    for (_, file) in &package.bin {
        let name = format!("{folder}/{file}");
        if project.has(&name) {
            command(project, kind, &name)?;
        }
    }
    project.leaves(&[&format!("{folder}/node_modules")]);
    dependencies(project, kind, folder, &package, depth + 1)
}

/// The file of a local package's command. The install makes it executable and its line ends plain, which a later COPY
/// would take back: it must be so already.
fn command(project: &mut Project<'_>, kind: &str, name: &str) -> Result<(), String> {
    let path = project.path(name)?;
    let entry = project
        .context
        .try_entry(&path)
        .map_err(|e| e.to_string())?;
    if entry.kind != Kind::File || entry.mode & 0o777 != 0o755 || kind == "bun" {
        return Err(format!(
            "the install makes the command {path} executable, and the later COPY would take that back"
        ));
    }
    let first = project.text(name)?;
    if first
        .lines()
        .next()
        .is_some_and(|line| line.ends_with('\r'))
        || first
            .split('\n')
            .next()
            .is_some_and(|line| line.ends_with('\r'))
    {
        return Err(format!("the install rewrites the first line of {path}"));
    }
    project.found.has_commands = true;
    project.file(name)
}

/// Packages that come from the project itself.
fn dependencies(
    project: &mut Project<'_>,
    kind: &str,
    folder: &str,
    package: &PackageJson,
    depth: usize,
) -> Result<(), String> {
    if depth > 16 {
        return Err("its local packages name each other in a circle".to_owned());
    }
    let ignores_scripts = project
        .call
        .says(project.words, &project.manager().skip_scripts);
    let readers = project.manager().project_readers.clone();
    for dependency in &package.dependencies {
        let name = &dependency.name;
        if let Some(files) = readers.get(name).filter(|_| !ignores_scripts) {
            for file in files {
                project.keep_out(file, name);
            }
            if let Some(schema) = package.prisma_schema.as_deref() {
                project.keep_out(schema, name);
            }
        }
        let (path, whole) = match &dependency.source {
            Source::Registry | Source::Git | Source::Url => continue,
            Source::Workspace(_) | Source::Catalog(_) => continue,
            Source::Patch(spec) => {
                let patch = spec.rsplit('#').next().unwrap_or_default();
                let patch = patch.split("::").next().unwrap_or_default();
                if !patch.starts_with("~builtin") {
                    project.file(&format!("{folder}/{}", patch.trim_start_matches("~/")))?;
                }
                continue;
            }
            Source::Portal(path) => return Err(format!("{name} is a portal to {path}")),
            Source::Link(path) => (path, false),
            Source::File(path) => (path, kind != "npm"),
        };
        let place = format!("{folder}/{path}");
        if path.ends_with(".tgz") || path.ends_with(".tar.gz") {
            project.file(&place)?;
        } else if !project.has(&place) {
            return Err(match project.path(&place) {
                Ok(path) => format!(
                    "the local package {name} is in {path}, which no COPY above brings to its place"
                ),
                Err(error) => format!("the local package {name}: {error}"),
            });
        } else if kind == "bun" {
            return Err(format!("bun links the files of the local package {name}"));
        } else {
            if whole {
                project.if_there(&place)?;
            }
            member(project, kind, &place, depth + 1)?;
        }
    }
    Ok(())
}

/// Scripts that the install runs: those that are known to read nothing but manifests may stay.
fn scripts(
    project: &mut Project<'_>,
    package: &PackageJson,
    folder: &str,
    root: bool,
) -> Result<(), String> {
    let ignored = project
        .call
        .says(project.words, &project.manager().skip_scripts);
    for name in SCRIPTS {
        // npm 7 to 10 run a workspace's `prepare` whatever the flag says.
        if ignored && (root || name != "prepare") {
            continue;
        }
        let Some(script) = package.script(name) else {
            continue;
        };
        let script = script.trim();
        match script {
            "" | "true" | "exit 0" | ":" => {}
            "husky" | "husky install" | "husky || true" | "husky install || true" if root => {
                project.keep_out(".git", "husky");
            }
            "patch-package" if root => {
                project.if_there("patches")?;
            }
            "npx only-allow npm"
            | "npx only-allow pnpm"
            | "npx only-allow yarn"
            | "npx -y only-allow pnpm"
            | "only-allow pnpm" => {}
            _ => {
                let place = match folder {
                    "." => String::new(),
                    folder => format!(" of {folder}"),
                };
                return Err(format!(
                    "its `{name}` script{place} runs `{script}`, which may read sources"
                ));
            }
        }
    }
    Ok(())
}
