//! Node: what was built and the pruned node_modules, on the slim image.

use super::project::{Plan, Project};
use crate::context::Kind;
use crate::context::manifests::javascript::{Group, PackageJson};
use crate::knowledge::LanguageAction;
use crate::packages::words;
use crate::project::{copies_context, source_of, text_in_workdir};
use crate::syntax::Keyword;
use crate::transform::Edit;

/// Folders that builds write.
const OUTPUTS: [&str; 6] = ["dist", "build", "out", "lib", ".output", ".next"];

/// Folders of a project that a running program reads.
const READ: [&str; 12] = [
    "public",
    "views",
    "static",
    "config",
    "locales",
    "migrations",
    "prisma",
    "assets",
    "templates",
    "i18n",
    "data",
    "drizzle",
];

/// Folders that only building, testing and writing needs.
const NOT_READ: [&str; 22] = [
    "src",
    "app",
    "pages",
    "components",
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "e2e",
    "cypress",
    "docs",
    "doc",
    "scripts",
    "types",
    "typings",
    "styles",
    "hooks",
    "utils",
    "node_modules",
    "coverage",
    "tools",
    "patches",
];

pub fn plan(project: &Project<'_>) -> Result<Option<Plan>, String> {
    let calls = project.calls();
    let of = |action: LanguageAction| {
        calls.iter().filter(move |(_, one)| {
            one.language.manager.ecosystem == "javascript" && one.language.action == action
        })
    };
    let Some((run, install)) = of(LanguageAction::Install).next_back() else {
        return Ok(None);
    };
    let build = of(LanguageAction::Build).next_back();
    let last = project.last_step().unwrap_or(run.index);
    let workdir = project.workdir()?;
    if workdir == "/" || !project.state(run.index)?.workdir.explicit {
        return Err("no WORKDIR holds the project apart from the system".to_owned());
    }
    for (run, _) in &calls {
        if project.state(run.index)?.workdir.path.as_deref() != Some(workdir.as_str()) {
            return Err(format!("line {} works in another directory", run.lines.0));
        }
    }
    let text = text_in_workdir(project.scene, run.index, "package.json")
        .ok_or("package.json is not at hand, so nobody knows what is built")?;
    let manifest = PackageJson::parse(&text)?;
    let has = |group: Group| manifest.dependencies.iter().any(|one| one.group == group);
    let entry = entry(project, &manifest)?;
    let folder = entry.split('/').next().unwrap_or(&entry).to_owned();
    let built = build.is_some()
        && OUTPUTS.contains(&folder.as_str())
        && (entry.contains('/') || folder == ".next");

    let full = project.base.has_slim();
    let already = {
        let state = project.state(run.index)?;
        install.language.says(
            &words(install.call.simple),
            &install.language.manager.omit_dev,
        ) || (install.language.manager.id != "pnpm"
            && state.env.value("NODE_ENV").known() == Some("production"))
    };
    let prunes = has(Group::Dev) && !already;
    // Without a slim sibling a flag at the install does as much.
    if !built && !full {
        return Err("nothing of the build would stay behind".to_owned());
    }
    if !manifest.workspaces.is_empty() {
        return Err("packages of a workspace are linked into one another".to_owned());
    }
    project.only_builds(last + 1, true)?;
    if let Some(user) = project
        .instructions()
        .iter()
        .find(|one| one.keyword == Keyword::User && one.index < last)
    {
        return Err(format!(
            "the build runs as the user of line {}",
            user.lines.0
        ));
    }

    let mut copies = Vec::new();
    let owner = project
        .instructions()
        .iter()
        .filter(|one| copies_context(one))
        .find_map(|one| one.flag("chown"))
        .map(|flag| format!("{} ", flag_text(flag.name(), flag.value())));
    let copy = |from: &str, to: &str| {
        let owner = owner.as_deref().unwrap_or_default();
        project.line(Keyword::Copy, &format!("{owner}--from=builder {from} {to}"))
    };
    if built {
        copies.push(copy(&format!("{workdir}/package.json"), "./"));
        if has(Group::Runtime) || has(Group::Optional) {
            copies.push(copy(&format!("{workdir}/node_modules"), "./node_modules"));
        }
        copies.push(copy(&format!("{workdir}/{folder}"), &format!("./{folder}")));
        let context = project.scene.context.ok_or("there is no build context")?;
        let root = source_of(project.scene, last + 1, &format!("{workdir}/package.json"))
            .map(|path| {
                path.trim_end_matches("package.json")
                    .trim_end_matches('/')
                    .to_owned()
            })
            .unwrap_or_default();
        for one in context.list(&root).map_err(|error| error.to_string())? {
            let name = one.name();
            if one.kind != Kind::Dir
                || source_of(project.scene, last + 1, &format!("{workdir}/{name}")).is_none()
            {
                continue;
            }
            if READ.contains(&name) {
                copies.push(copy(&format!("{workdir}/{name}"), &format!("./{name}")));
            } else if !(NOT_READ.contains(&name)
                || OUTPUTS.contains(&name)
                || name.starts_with('.'))
            {
                return Err(format!(
                    "the program may read {name}/ when it runs, and nobody knows"
                ));
            }
        }
    } else {
        copies.push(copy(&workdir, "."));
    }

    let mut edits = Vec::new();
    if prunes {
        let id = install.language.manager.id.as_str();
        let line = match id {
            "npm" if old_npm(&project.image) => "npm prune --production",
            "npm" => "npm prune --omit=dev",
            "pnpm" => "CI=true pnpm prune --prod --ignore-scripts",
            "yarn" if install.language.or.is_empty() || classic(project, run.index) => {
                "yarn install --production --ignore-scripts --prefer-offline --frozen-lockfile"
            }
            _ => {
                return Err(format!(
                    "how {id} drops development dependencies again is not known"
                ));
            }
        };
        let end = project
            .scene
            .file
            .instructions
            .get(last)
            .map_or(0, |one| one.whole.end);
        let ends = project
            .scene
            .file
            .source()
            .get(..end)
            .is_some_and(|text| text.ends_with(b"\n"));
        let nl = project.scene.file.line_end();
        let line = project.line(Keyword::Run, line);
        let text = if ends {
            format!("{line}{nl}")
        } else {
            format!("{nl}{line}")
        };
        edits.push(Edit::insert(end, text));
    }
    let needs_openssl =
        manifest.dependency("prisma").is_some() || manifest.dependency("@prisma/client").is_some();
    let image = if needs_openssl {
        project.image.clone()
    } else {
        project.runtime_image()
    };
    if !built && image == project.image {
        return Err(
            "what the image runs needs the full base, so nothing of the build would stay behind"
                .to_owned(),
        );
    }
    let leaves = match (built, prunes) {
        (true, true) => "sources and development dependencies",
        (true, false) => "sources and build tools",
        (false, true) => "development dependencies and build tools",
        (false, false) => "compilers and caches of the build",
    };
    Ok(Some(Plan {
        split: last + 1,
        added: edits.len(),
        edits,
        image,
        lines: copies,
        build_variables: &["npm_config_*", "NPM_CONFIG_*", "YARN_CACHE_FOLDER", "CI"],
        command: None,
        leaves: leaves.to_owned(),
    }))
}

fn flag_text(name: &str, value: Option<&str>) -> String {
    format!("--{name}={}", value.unwrap_or_default())
}

/// The file that node runs, relative to the project.
fn entry(project: &Project<'_>, manifest: &PackageJson) -> Result<String, String> {
    let (one, words) = project.command()?;
    let line = one.lines.0;
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let task = match words.as_slice() {
        ["npm" | "yarn" | "pnpm", "run", task, ..] => Some(*task),
        ["npm" | "yarn" | "pnpm", task, ..] => Some(*task),
        _ => None,
    };
    if let Some(task) = task {
        let script = manifest.script(task).ok_or_else(|| {
            format!("package.json has no script called {task}, which line {line} runs")
        })?;
        words = script.split_whitespace().collect();
        if words
            .iter()
            .any(|word| word.contains(['&', '|', ';', '$', '`']))
        {
            return Err(format!("the script {task} is no plain command"));
        }
    }
    while words.first().is_some_and(|word| {
        matches!(*word, "dumb-init" | "tini" | "--" | "exec") || word.contains('=')
    }) {
        words.remove(0);
    }
    match words.as_slice() {
        ["next", "start", ..] => Ok(".next".to_owned()),
        ["node", rest @ ..] => rest
            .iter()
            .find(|word| !word.starts_with('-'))
            .map(|word| word.trim_start_matches("./").to_owned())
            .filter(|word| !word.starts_with('/') && !word.starts_with(".."))
            .ok_or_else(|| format!("what node of line {line} runs is not known")),
        other => Err(format!(
            "line {line} runs {}, which may be a development dependency",
            other.first().unwrap_or(&"nothing")
        )),
    }
}

/// npm 6 came with node 14 and before.
fn old_npm(image: &str) -> bool {
    let tag = image.rsplit(':').next().unwrap_or_default();
    let major: String = tag.chars().take_while(char::is_ascii_digit).collect();
    major.parse::<u32>().is_ok_and(|major| major < 16)
}

fn classic(project: &Project<'_>, index: usize) -> bool {
    text_in_workdir(project.scene, index, "yarn.lock")
        .is_some_and(|text| text.contains("yarn lockfile v1"))
}
