//! Python: packages in a virtual environment, which is copied.

use super::project::{Plan, Project};
use crate::context::manifests::python::Requirements;
use crate::knowledge::{LanguageAction, SystemAction};
use crate::packages::{system_calls, words};
use crate::project::{copies_context, text_in_workdir};
use crate::syntax::Keyword;
use crate::transform::Edit;

/// Where the environment lies in both stages.
const VENV: &str = "/opt/venv";

/// What a build needs and the linked program doesn't.
const COMPILERS: [&str; 6] = ["gcc", "g++", "libc6-dev", "make", "pkg-config", "python3"];

pub fn plan(project: &Project<'_>) -> Result<Option<Plan>, String> {
    let calls = project.calls();
    let installs: Vec<_> = calls
        .iter()
        .filter(|(_, one)| {
            one.language.manager.ecosystem == "python"
                && matches!(
                    one.language.action,
                    LanguageAction::Install | LanguageAction::Add
                )
        })
        .collect();
    let (Some((first, _)), Some((last, _))) = (installs.first(), installs.last()) else {
        return Ok(None);
    };
    let split = last.index + 1;
    let installs_tools = project
        .instructions()
        .iter()
        .filter(|one| one.index < split && one.keyword == Keyword::Run)
        .any(|one| {
            project
                .scene
                .script(one.index)
                .is_some_and(|script| !system_calls(script, project.scene.knowledge).is_empty())
        });
    if !project.base.has_slim() && !installs_tools {
        return Err(format!(
            "nothing of the build would stay behind: {} has no compilers",
            project.image
        ));
    }
    for (run, one) in &installs {
        let line = run.lines.0;
        let words = words(one.call.simple);
        let id = one.language.manager.id.as_str();
        if id != "pip" {
            return Err(format!("{id} of line {line} keeps its own environment"));
        }
        if !one.language.is_literal() || !one.call.top_level {
            return Err(format!(
                "what pip of line {line} installs is not known before it runs"
            ));
        }
        for flag in [
            "--target",
            "-t",
            "--prefix",
            "--user",
            "--root",
            "--editable",
            "-e",
        ] {
            if words
                .iter()
                .flatten()
                .any(|word| *word == flag || word.starts_with(&format!("{flag}=")))
            {
                return Err(format!("pip of line {line} installs by {flag}"));
            }
        }
        let names = one
            .language
            .operands
            .iter()
            .filter_map(|at| words.get(*at).copied().flatten());
        for name in names {
            if name.starts_with(['.', '/']) {
                return Err(format!("pip of line {line} installs the project itself"));
            }
            linked(
                project,
                name.split(['=', '<', '>', '[', '~', '!', ';', ' '])
                    .next()
                    .unwrap_or(name),
            )?;
        }
        for file in one
            .language
            .values_of(&words, &one.language.manager.manifest_flags)
        {
            let file = file.unwrap_or("the requirements file");
            let text = text_in_workdir(project.scene, run.index, file).ok_or_else(|| {
                format!("{file} is not at hand, so nobody knows what its packages are linked to")
            })?;
            let requirements = Requirements::parse(&text)?;
            if requirements.has_local() || !requirements.includes.is_empty() {
                return Err(format!("{file} names more than packages of an index"));
            }
            for package in &requirements.packages {
                linked(project, &package.name)?;
            }
        }
    }
    if project.instruction_of(Keyword::Cmd).is_none()
        && project.instruction_of(Keyword::Entrypoint).is_none()
    {
        return Err("neither CMD nor ENTRYPOINT says what the image runs".to_owned());
    }
    project.only_builds(split, true)?;
    for one in project
        .instructions()
        .iter()
        .filter(|one| one.index >= split && one.keyword == Keyword::Run)
    {
        let line = one.lines.0;
        let script = project
            .scene
            .script(one.index)
            .ok_or_else(|| format!("the RUN of line {line} is not understood"))?;
        let system = system_calls(script, project.scene.knowledge);
        let installs = system
            .iter()
            .any(|one| one.system.action == SystemAction::Install);
        let updates = system
            .iter()
            .any(|one| one.system.action == SystemAction::Update || one.system.updates);
        if installs && !updates {
            return Err(format!(
                "the install of line {line} needs lists that the first stage has"
            ));
        }
        let needs = script.calls().find_map(|call| {
            let program = call.effective_program()?;
            (project.base.slim_lacks_program(program) == Some(true)).then_some(program)
        });
        if let Some(program) = needs {
            return Err(format!(
                "line {line} calls {program}, which the second stage lacks"
            ));
        }
    }
    for one in project.instructions() {
        let text = project.scene.file.text(one.span);
        let line = one.lines.0;
        if text.contains("/usr/local/bin/")
            || text.contains("site-packages")
            || text.contains("/usr/local/lib")
        {
            return Err(format!("line {line} looks for a package in its old place"));
        }
        if text.contains(VENV) || text.contains("venv") && one.keyword != Keyword::Copy {
            return Err(format!(
                "line {line} speaks of a virtual environment already"
            ));
        }
    }
    let nl = project.scene.file.line_end();
    let path = project.line(Keyword::Env, &format!("PATH=\"{VENV}/bin:$PATH\""));
    let venv = project.line(Keyword::Run, &format!("python -m venv {VENV}"));
    // Above the manifests, so that the environment is made once.
    let above = project
        .instructions()
        .iter()
        .find(|one| copies_context(one))
        .map_or(first.index, |one| one.index.min(first.index));
    let start = project.start_of(above);
    let mut lines = vec![project.copy(VENV, VENV), path.clone()];
    // What the builder was given, the program has too; only manifests were for the install alone.
    for one in project
        .instructions()
        .iter()
        .filter(|one| one.index < split)
    {
        if !matches!(one.keyword, Keyword::Copy | Keyword::Add) {
            continue;
        }
        let words = one.args.words();
        let (Some(to), true) = (words.last(), one.heredocs.is_empty()) else {
            return Err(format!("line {} holds a heredoc", one.lines.0));
        };
        let here = project.state(one.index)?.workdir.path.as_deref();
        let there = project
            .scene
            .stages()
            .before(split.min(project.scene.file.instructions.len() - 1));
        if !to.text.starts_with('/')
            && here != there.and_then(|state| state.workdir.path.as_deref())
        {
            return Err(format!(
                "line {} copies into another working directory",
                one.lines.0
            ));
        }
        let sources = words
            .split_last()
            .map(|(_, sources)| sources)
            .unwrap_or_default();
        let manifests = !sources.is_empty()
            && copies_context(one)
            && sources.iter().all(|source| {
                source.text.contains("requirements") || source.text.contains("constraints")
            });
        if !manifests {
            lines.push(project.scene.file.text(one.span).into_owned());
        }
    }
    let image = project.runtime_image();
    if image == project.image && !installs_tools {
        return Err(
            "what the image runs needs the full base, so nothing of the build would stay behind"
                .to_owned(),
        );
    }
    Ok(Some(Plan {
        split,
        edits: vec![Edit::insert(start, format!("{venv}{nl}{path}{nl}"))],
        added: 2,
        image,
        lines,
        build_variables: &["PIP_*", "POETRY_*"],
        command: None,
        leaves: "compilers and what else only installing needs".to_owned(),
    }))
}

/// Whether a package may be linked to a library that the slim image lacks.
fn linked(project: &Project<'_>, name: &str) -> Result<(), String> {
    let needed = project
        .scene
        .knowledge
        .build_packages("python", name)
        .unwrap_or_default();
    match needed
        .iter()
        .find(|package| !COMPILERS.contains(&package.as_str()))
    {
        Some(package) => Err(format!(
            "{name} may be linked to what {package} brings, which the second stage lacks"
        )),
        None => Ok(()),
    }
}
