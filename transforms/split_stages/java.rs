//! Java: the archive, on a run-time image of the same vendor.

use super::project::{Plan, Project};
use crate::knowledge::LanguageAction;
use crate::project::text_in_workdir;
use crate::syntax::Keyword;

pub fn plan(project: &Project<'_>) -> Result<Option<Plan>, String> {
    let calls = project.calls();
    let build = calls.iter().rfind(|(_, one)| {
        one.language.manager.ecosystem == "java" && one.language.action == LanguageAction::Build
    });
    let Some((run, build)) = build else {
        return Ok(None);
    };
    let (one, command) = project.command()?;
    let line = one.lines.0;
    if command.first().map(String::as_str) != Some("java") {
        return Err(format!("line {line} runs something else than java"));
    }
    let jar = command
        .iter()
        .position(|word| word == "-jar")
        .and_then(|at| Some((at + 1, command.get(at + 1)?)));
    let Some((at, jar)) = jar else {
        return Err(format!("line {line} names no archive with -jar"));
    };
    let workdir = project.workdir()?;
    let output = match jar.starts_with('/') {
        true => jar.clone(),
        false => format!(
            "{}/{}",
            workdir.trim_end_matches('/'),
            jar.trim_start_matches("./")
        ),
    };
    let built = project
        .state(run.index)?
        .workdir
        .path
        .clone()
        .ok_or("the working directory of the build is not known")?;
    let below = output
        .strip_prefix(&format!("{}/", built.trim_end_matches('/')))
        .unwrap_or_default();
    let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
    if !matches!(folder, "target" | "build/libs")
        || !name.ends_with(".jar")
        || name.contains(['*', '$'])
    {
        return Err(format!(
            "{jar} of line {line} is not what {} writes",
            build.language.manager.id
        ));
    }
    let manifest = match folder {
        "target" => text_in_workdir(project.scene, run.index, "pom.xml"),
        _ => text_in_workdir(project.scene, run.index, "build.gradle")
            .or_else(|| text_in_workdir(project.scene, run.index, "build.gradle.kts")),
    }
    .ok_or(
        "the build file is not at hand, so nobody knows whether the archive holds its dependencies",
    )?;
    let whole = [
        "spring-boot",
        "maven-shade-plugin",
        "maven-assembly-plugin",
        "shadow",
        "com.gradleup",
    ]
    .iter()
    .any(|sign| manifest.contains(sign));
    if !whole && manifest.contains("<dependency>") {
        return Err("nothing in the build file packs dependencies into the archive".to_owned());
    }
    let last = project.last_step().unwrap_or(run.index);
    project.only_builds(last + 1, true)?;
    if let Some(health) = project.instruction_of(Keyword::Healthcheck) {
        return Err(format!(
            "the health check of line {} may need what the second stage lacks",
            health.lines.0
        ));
    }
    if let Some(user) = project.instruction_of(Keyword::User) {
        let text = user.rest().unwrap_or_default().trim();
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':')
        {
            return Err(format!("the second stage knows no user called {text}"));
        }
    }
    let image = runtime(&project.image)
        .ok_or_else(|| format!("which run-time image fits {} is not known", project.image))?;
    let place = format!("{}/{name}", workdir.trim_end_matches('/'));
    let lines = vec![project.copy(&output, &place)];
    let mut command = command.clone();
    if let Some(word) = command.get_mut(at) {
        *word = place;
    }
    Ok(Some(Plan {
        split: last + 1,
        edits: Vec::new(),
        added: 0,
        image,
        lines,
        build_variables: &["MAVEN_*", "GRADLE_*"],
        command: Some((one.index, command)),
        leaves: "compiler, build tool and sources".to_owned(),
    }))
}

/// `maven:3.9-eclipse-temurin-21-alpine` -> `eclipse-temurin:21-jre-alpine`.
fn runtime(image: &str) -> Option<String> {
    let (name, tag) = image.rsplit_once(':')?;
    let short = name.rsplit('/').next()?;
    let version = match short {
        "maven" => tag.split_once("eclipse-temurin-")?.1.split('-').next()?,
        "gradle" => tag.split_once("jdk")?.1.split('-').next()?,
        "eclipse-temurin" => tag.split(['-', '.', '_']).next()?,
        _ => return None,
    };
    let major = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty();
    let alpine = if tag.contains("alpine") {
        "-alpine"
    } else {
        ""
    };
    (major && !tag.contains("jre")).then(|| format!("eclipse-temurin:{version}-jre{alpine}"))
}
