//! pip, uv, poetry, pdm and pipenv: requirements files, pyproject.toml, locks.

use crate::context::manifests::python::{LockedSource, Pyproject, PythonLock, Requirements};
use crate::context::value::Value;

use super::closure::Project;

/// `pip install -r`
pub fn requirements(project: &mut Project<'_>) -> Result<(), String> {
    let flags = project.manager().manifest_flags.clone();
    let manifests = project.call.values_of(project.words, &flags);
    let constraints = ["-c", "--constraint", "--constraints"].map(str::to_owned);
    let constraints = project.call.values_of(project.words, &constraints);
    if manifests.is_empty() && project.call.verb_text(project.words) != "pip sync" {
        return Err(format!(
            "`{}` without a requirements file builds the project itself",
            project.name()
        ));
    }
    let mut files = Vec::new();
    for file in manifests.into_iter().chain(constraints) {
        let file = file.ok_or("the requirements file hangs on a variable")?;
        files.push(file.to_owned());
    }
    for operand in &project.call.operands {
        let word = project.words.get(*operand).copied().flatten();
        let word = word.unwrap_or_default();
        let local = word.starts_with(['.', '/', '~'])
            || word.contains('/')
            || word.ends_with(".whl")
            || word.ends_with(".txt");
        match project.manager().closure.as_deref() == Some("uv") && word.ends_with(".txt") {
            true => files.push(word.to_owned()),
            false if local => return Err(format!("it installs {word} from the project itself")),
            false => {}
        }
    }
    for file in files {
        requirements_file(project, &file, 0)?;
    }
    Ok(())
}

fn requirements_file(project: &mut Project<'_>, name: &str, depth: usize) -> Result<(), String> {
    if depth > 16 {
        return Err("its requirements files name each other in a circle".to_owned());
    }
    if name.contains("://") {
        return Ok(());
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    if base == "pyproject.toml" {
        project.file(name)?;
        let file = pyproject(project, name)?;
        return match file.dynamic.iter().any(|field| field.contains("depend")) {
            true => Err(format!("the dependencies in {name} come from other files")),
            false => Ok(()),
        };
    }
    if base == "-" || [".py", ".cfg"].iter().any(|end| base.ends_with(end)) {
        return Err(format!("it takes its requirements from {name}"));
    }
    project.file(name)?;
    let path = project.path(name)?;
    let file = Requirements::parse(&project.text(name)?)?;
    if let Some(editable) = file.editables.iter().find(|one| !one.contains("://")) {
        return Err(format!(
            "{path} installs `-e {editable}`, the sources themselves"
        ));
    }
    if let Some(local) = file.locals.first() {
        return Err(format!("{path} installs {local} from the project itself"));
    }
    if let Some(links) = file.find_links.iter().find(|one| !one.contains("://")) {
        return Err(format!("{path} looks for packages in {links}"));
    }
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    for include in file.includes.iter().chain(&file.constraints) {
        if include.contains('$') {
            return Err(format!("{path} names {include}"));
        }
        let nested = match folder {
            _ if include.starts_with('/') || include.contains("://") => include.clone(),
            "" => include.clone(),
            folder => format!("{folder}/{include}"),
        };
        requirements_file(project, &nested, depth + 1)?;
    }
    Ok(())
}

fn pyproject(project: &Project<'_>, name: &str) -> Result<Pyproject, String> {
    Pyproject::parse(&project.text(name)?).map_err(|error| format!("{name}: {error}"))
}

/// `uv sync` and `uv pip install -r`
pub fn uv(project: &mut Project<'_>) -> Result<(), String> {
    project.alone(&["pyproject.toml", "uv.toml"])?;
    if project.call.verb_text(project.words).starts_with("pip") {
        project.if_there("pyproject.toml")?;
        project.if_there("uv.toml")?;
        return requirements(project);
    }
    project.file("pyproject.toml")?;
    for name in ["uv.toml", ".python-version"] {
        project.if_there(name)?;
    }
    let file = pyproject(project, "pyproject.toml")?;
    let frozen = project.is_frozen();
    if frozen {
        project.file("uv.lock")?;
    } else {
        project.if_there("uv.lock")?;
        project.thaw("uv.lock");
    }
    if !project.has("uv.lock") {
        return Err("without uv.lock nobody knows what it installs from the project".to_owned());
    }
    let lock = PythonLock::parse(&project.text("uv.lock")?)
        .map_err(|error| format!("uv.lock: {error}"))?;
    let virtual_root = !lock
        .packages
        .iter()
        .any(|package| matches!(&package.source, LockedSource::Local { path, .. } if path == "."));
    let without_project = project.says(&[
        "--no-install-project",
        "--no-install-workspace",
        "--no-install-local",
    ]);
    if !virtual_root && !without_project {
        return Err(format!(
            "`{}` builds the project itself; with --no-install-project it would not",
            project.name()
        ));
    }
    let without_local = project.says(&["--no-install-local"]) && project.says(&["--frozen"]);
    let others = lock.local().find(|(_, path)| *path != ".");
    if let Some((package, path)) = others.filter(|_| !without_local) {
        return Err(format!("it builds {} from {path}", package.name));
    }
    if !file.workspace.is_empty() && !without_local {
        return Err("it reads the members of the workspace".to_owned());
    }
    let dynamic = file.dynamic.iter().any(|field| field.contains("depend"));
    if dynamic && !project.says(&["--frozen"]) {
        return Err("the dependencies in pyproject.toml come from other files".to_owned());
    }
    let elsewhere = project.state.env.value("UV_PROJECT_ENVIRONMENT");
    match elsewhere.likely() {
        Some(path) if path.starts_with('/') => {
            let inside = path.strip_prefix(project.folder.as_str());
            if let Some(inside) = inside.and_then(|rest| rest.strip_prefix('/')) {
                project.leaves(&[inside]);
            }
        }
        Some(path) => project.leaves(&[path]),
        None => project.leaves(&[".venv"]),
    }
    Ok(())
}

/// `poetry install --no-root`
pub fn poetry(project: &mut Project<'_>) -> Result<(), String> {
    project.file("pyproject.toml")?;
    project.file("poetry.lock")?;
    project.if_there("poetry.toml")?;
    if project.has(".poetry") {
        return Err("poetry reads plugins from .poetry".to_owned());
    }
    let file = pyproject(project, "pyproject.toml")?;
    if file.poetry_package && !project.says(&["--no-root"]) {
        return Err(
            "`poetry install` installs the project itself; with --no-root it would not".to_owned(),
        );
    }
    python_locals(project, "poetry.lock", &file)?;
    project.leaves(&[".venv"]);
    Ok(())
}

/// `pdm sync --no-self` and its like
pub fn pdm(project: &mut Project<'_>) -> Result<(), String> {
    project.alone(&["pyproject.toml"])?;
    project.file("pyproject.toml")?;
    project.file("pdm.lock")?;
    for name in ["pdm.toml", ".pdm.toml", "pylock.toml", ".python-version"] {
        project.if_there(name)?;
    }
    if project.has(".pdm-plugins") {
        return Err("pdm reads plugins from .pdm-plugins".to_owned());
    }
    if !project.says(&["--no-self"]) {
        return Err("it installs the project itself; with --no-self it would not".to_owned());
    }
    if !project.is_frozen() {
        project.thaw("pdm.lock");
    }
    let file = pyproject(project, "pyproject.toml")?;
    python_locals(project, "pdm.lock", &file)?;
    project.leaves(&[".venv", "venv", "env", ".pdm-python", "__pypackages__"]);
    Ok(())
}

fn python_locals(project: &Project<'_>, lock: &str, file: &Pyproject) -> Result<(), String> {
    if let Some(path) = file.local.first() {
        return Err(format!("pyproject.toml takes a dependency from {path}"));
    }
    let lock =
        PythonLock::parse(&project.text(lock)?).map_err(|error| format!("{lock}: {error}"))?;
    match lock.local().next() {
        Some((package, path)) => Err(format!("it builds {} from {path}", package.name)),
        None => Ok(()),
    }
}

/// `pipenv install --deploy` and `pipenv sync`
pub fn pipenv(project: &mut Project<'_>) -> Result<(), String> {
    project.alone(&["Pipfile"])?;
    project.file("Pipfile")?;
    project.file("Pipfile.lock")?;
    if project.has(".env") {
        return Err("pipenv loads .env into the environment".to_owned());
    }
    if !project.is_frozen() {
        project.thaw("Pipfile.lock");
    }
    let file =
        Value::toml(&project.text("Pipfile")?).map_err(|error| format!("Pipfile: {error}"))?;
    for (_, table) in file.entries() {
        for (name, entry) in table.entries() {
            let local = ["path", "file", "editable"];
            if local.iter().any(|key| entry.get(key).is_some()) {
                return Err(format!("Pipfile takes {name} from the project itself"));
            }
        }
    }
    project.leaves(&[".venv"]);
    Ok(())
}
