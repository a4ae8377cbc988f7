//! Go, Bundler, Composer and Maven.

use crate::context::manifests::go::{GoMod, GoWork};
use crate::context::manifests::java::Pom;
use crate::context::manifests::php::ComposerJson;
use crate::context::manifests::ruby::{Gemfile, GemfileLock};

use super::closure::Project;

/// `go mod download`
pub fn go(project: &mut Project<'_>) -> Result<(), String> {
    project.alone(&["go.work", "go.mod"])?;
    let off = project.state.env.value("GOWORK").likely() == Some("off");
    if project.has("go.work") && !off {
        project.file("go.work")?;
        let work = GoWork::parse(&project.text("go.work")?)
            .map_err(|error| format!("go.work: {error}"))?;
        // Without it, the download writes one.
        project.file("go.work.sum")?;
        for folder in &work.uses {
            module(project, folder)?;
        }
        for replace in work.replaces.iter().filter(|one| one.is_local()) {
            project.file(&format!("{}/go.mod", replace.with))?;
        }
        return Ok(());
    }
    module(project, ".")
}

fn module(project: &mut Project<'_>, folder: &str) -> Result<(), String> {
    let manifest = format!("{folder}/go.mod");
    project.file(&manifest)?;
    let module =
        GoMod::parse(&project.text(&manifest)?).map_err(|error| format!("go.mod: {error}"))?;
    let sum = format!("{folder}/go.sum");
    if !project.if_there(&sum)? && !module.requires.is_empty() {
        return Err("without go.sum the download writes one that is not whole".to_owned());
    }
    for local in module.local() {
        let manifest = format!("{folder}/{local}/go.mod");
        let missing = |error| format!("go.mod replaces a module with {local}: {error}");
        project.file(&manifest).map_err(missing)?;
    }
    Ok(())
}

/// `bundle install`
pub fn bundler(project: &mut Project<'_>) -> Result<(), String> {
    project.file("Gemfile")?;
    if project.has("gems.rb") {
        return Err("gems.rb stands beside the Gemfile".to_owned());
    }
    let mut open = vec!["Gemfile".to_owned()];
    while let Some(name) = open.pop() {
        let gemfile = Gemfile::parse(&project.text(&name)?)?;
        if gemfile.gemspec {
            return Err(format!("{name} reads a gemspec, and that may read sources"));
        }
        if let Some(path) = gemfile.paths.first() {
            return Err(format!("{name} takes a gem from {path}"));
        }
        if let Some(line) = gemfile.other_lines.first() {
            return Err(format!("line {line} of {name} may run any Ruby"));
        }
        if let Some(file) = &gemfile.ruby_file {
            project.file(file)?;
        }
        for file in gemfile.evaluates {
            if !project.found.files.contains(&project.path(&file)?) {
                project.file(&file)?;
                open.push(file);
            }
        }
    }
    project.if_there(".ruby-version")?;
    project.if_there("vendor/cache")?;
    let frozen = project.is_frozen()
        || project.manager().frozen_variables.iter().any(|name| {
            let value = project.state.env.value(name);
            value
                .known()
                .is_some_and(|value| !matches!(value, "" | "0" | "false"))
        });
    if frozen {
        project.file("Gemfile.lock")?;
    } else {
        project.if_there("Gemfile.lock")?;
        project.thaw("Gemfile.lock");
    }
    if project.has("Gemfile.lock") {
        let lock = GemfileLock::parse(&project.text("Gemfile.lock")?)
            .map_err(|error| format!("Gemfile.lock: {error}"))?;
        if let Some(path) = lock.paths.first() {
            return Err(format!("Gemfile.lock takes a gem from {path}"));
        }
    }
    project.leaves(&[".bundle", "vendor/bundle"]);
    Ok(())
}

/// `composer install --no-scripts --no-autoloader`
pub fn composer(project: &mut Project<'_>) -> Result<(), String> {
    project.file("composer.json")?;
    project.file("composer.lock")?;
    project.if_there("auth.json")?;
    let file = ComposerJson::parse(&project.text("composer.json")?)
        .map_err(|error| format!("composer.json: {error}"))?;
    let runs = file.scripts.iter().any(|(name, _)| {
        let ends = [
            "-install-cmd",
            "-autoload-dump",
            "-package-install",
            "-operations-exec",
        ];
        ends.iter().any(|end| name.ends_with(end)) || name == "init" || name == "command"
    });
    if runs && !project.says(&["--no-scripts"]) {
        return Err("composer.json has scripts that run at install".to_owned());
    }
    if !project.says(&["--no-autoloader"]) {
        return Err("the autoloader is made of the sources; with --no-autoloader, and `composer dump-autoload` after the COPY, it would be made there".to_owned());
    }
    if let Some(path) = file.path_repositories.first() {
        return Err(format!("composer.json takes packages from {path}"));
    }
    if let Some(plugin) = file
        .plugins
        .first()
        .filter(|_| !project.says(&["--no-plugins"]))
    {
        return Err(format!("the plugin {plugin} may read sources"));
    }
    project.keep_out(".git", "composer");
    let vendor = file.vendor_dir.clone();
    project.leaves(&[vendor.as_deref().unwrap_or("vendor")]);
    Ok(())
}

/// `mvn dependency:go-offline`
pub fn maven(project: &mut Project<'_>) -> Result<(), String> {
    project.alone(&["pom.xml", ".mvn"])?;
    let closed = &project.manager().closed;
    for goal in &project.call.operands {
        let goal = project
            .words
            .get(*goal)
            .copied()
            .flatten()
            .unwrap_or_default();
        if !closed.iter().any(|one| one == goal) {
            return Err(format!("it also runs {goal}"));
        }
    }
    project.if_there(".mvn")?;
    project.if_there("mvnw")?;
    let mut open = vec!["pom.xml".to_owned()];
    while let Some(name) = open.pop() {
        if project.found.files.contains(&project.path(&name)?) {
            continue;
        }
        project.file(&name)?;
        let pom = Pom::parse(&project.text(&name)?).map_err(|error| format!("{name}: {error}"))?;
        if !pom.system_paths.is_empty() {
            return Err(format!("{name} takes archives from the project itself"));
        }
        if !pom.extensions.is_empty() {
            return Err(format!("the extensions in {name} may read anything"));
        }
        let folder = name.rsplit_once('/').map_or(".", |(folder, _)| folder);
        if pom.has_parent {
            let parent = pom.parent_path.as_deref().unwrap_or("../pom.xml");
            let parent = format!("{folder}/{parent}");
            if !parent.ends_with('/') && project.has(&parent) {
                project.file(&parent)?;
            }
        }
        for module in &pom.modules {
            if open.len() > 500 {
                return Err("it has too many modules".to_owned());
            }
            let place = format!("{folder}/{module}");
            open.push(match place.ends_with(".xml") {
                true => place,
                false => format!("{place}/pom.xml"),
            });
        }
        project.leaves(&[&format!("{folder}/target")]);
    }
    Ok(())
}
