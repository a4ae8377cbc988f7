//! Says how a fresh builder gets the layers that another one has built: by a cache in the registry.
//!
//! ## Why
//!
//! A CI runner starts empty. Without a cache from elsewhere it installs and compiles everything for each commit, however well the
//! Dockerfile is ordered.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM node:22
//! WORKDIR /app
//! COPY package*.json ./
//! RUN npm ci
//! COPY . .
//! CMD ["node", "server.js"]
//! ```
//!
//! ```advice
//! docker buildx build \
//!     --cache-from type=registry,ref=registry.example.com/app:buildcache \
//!     --cache-to type=registry,ref=registry.example.com/app:buildcache,mode=max \
//!     --tag registry.example.com/app:latest \
//!     --push .
//! ```
//!
//! The same is shown as a bake file and as a step of GitHub Actions, with the name of the project's folder. `mode=max` keeps the
//! layers of stages that are not in the image too.
//!
//! ## When it refuses
//!
//! It is silent where nothing is installed or compiled, and where a workflow or bake file names a cache already.
//!
//! ## Safety
//!
//! Advice: it is said where the image is built, not in the Dockerfile.
//!
//! ## Known problems
//!
//! The builder has to be one that can export caches: `docker buildx create --use`, or the containerd image store.

use crate::context::{Context, Kind};
use crate::knowledge::{LanguageAction, SystemAction};
use crate::packages::{language_calls, system_calls};
use crate::shell::Script;
use crate::syntax::{Instruction, Keyword};
use crate::transform::{Change, Proposal, Scene, Transform};

/// The transform of this page.
pub struct UseCacheFrom;

/// Files at the context's root that build images.
const BUILDERS: [&str; 9] = [
    "docker-bake.hcl",
    "docker-bake.json",
    ".gitlab-ci.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "Makefile",
    "compose.yaml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

impl Transform for UseCacheFrom {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        advise(scene).map(Proposal::from).into_iter().collect()
    }
}

fn advise(scene: &Scene<'_>) -> Option<Change> {
    let stages = scene.stages();
    let (run, what) = scene.file.instructions.iter().find_map(|one| {
        let needed = stages.needed(stages.stage_of(one.index)?);
        let script = (needed && one.keyword == Keyword::Run).then(|| scene.script(one.index))??;
        Some((one, works(scene, script)?))
    })?;
    if scene.context.is_some_and(names_a_cache) {
        return None;
    }
    let mode = ",mode=max";
    let project = project(scene);
    let image = format!("registry.example.com/{project}");
    let file = scene
        .path
        .and_then(|path| path.file_name()?.to_str())
        .filter(|name| *name != "Dockerfile");
    let flag = file.map_or_else(String::new, |file| format!("    --file {file} \\\n"));
    let shell = format!(
        "docker buildx build \\\n    --cache-from type=registry,ref={image}:buildcache \\\n    --cache-to type=registry,ref={image}:buildcache{mode} \\\n    --tag {image}:latest \\\n{flag}    --push ."
    );
    let line = file.map_or_else(String::new, |file| format!("  dockerfile = \"{file}\"\n"));
    let bake = format!(
        "target \"{project}\" {{\n  context = \".\"\n{line}  tags = [\"{image}:latest\"]\n  cache-from = [\"type=registry,ref={image}:buildcache\"]\n  cache-to = [\"type=registry,ref={image}:buildcache{mode}\"]\n}}"
    );
    let line = file.map_or_else(String::new, |file| format!("    file: {file}\n"));
    let step = format!(
        "- uses: docker/setup-buildx-action@v3\n- uses: docker/build-push-action@v6\n  with:\n    context: .\n{line}    push: true\n    tags: {image}:latest\n    cache-from: type=registry,ref={image}:buildcache\n    cache-to: type=registry,ref={image}:buildcache{mode}"
    );
    Some(
        Change::advice(run.span, reason(run, what))
            .snippet("shell", shell)
            .snippet("docker-bake.hcl", bake)
            .snippet(".github/workflows", step),
    )
}

fn reason(run: &Instruction, what: &str) -> String {
    format!(
        "a fresh builder {what} on line {} again, unless its cache comes from a registry",
        run.lines.0
    )
}

/// What takes time in a script.
fn works(scene: &Scene<'_>, script: &Script) -> Option<&'static str> {
    let installs = system_calls(script, scene.knowledge)
        .iter()
        .any(|one| one.system.action == SystemAction::Install);
    let mut builds = false;
    let mut brings = installs;
    for one in language_calls(script, scene.knowledge) {
        match one.language.action {
            LanguageAction::Install | LanguageAction::Add => brings = true,
            LanguageAction::Build => builds = true,
            _ => {}
        }
    }
    if brings {
        Some("installs what it needs")
    } else {
        builds.then_some("compiles")
    }
}

/// Whether a file of the project hands a cache over already.
fn names_a_cache(context: &Context) -> bool {
    let workflows = context.list_all(".github/workflows").ok();
    let workflows = workflows
        .iter()
        .flat_map(|entries| entries.iter())
        .filter(|entry| matches!(entry.kind, Kind::File))
        .map(|entry| entry.path.clone());
    BUILDERS
        .into_iter()
        .map(str::to_owned)
        .chain(workflows)
        .any(|path| {
            let text = context.read_beside(&path).ok().flatten();
            text.is_some_and(|text| {
                let text = String::from_utf8_lossy(&text);
                text.contains("cache-from") || text.contains("cache_from")
            })
        })
}

/// The project's name as an image can be called.
fn project(scene: &Scene<'_>) -> String {
    let folder = scene
        .context
        .and_then(|context| context.root().file_name()?.to_str().map(str::to_lowercase))
        .unwrap_or_default();
    let name: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let name = name.trim_matches('-');
    // Folders of this name say nothing of the project.
    if name.is_empty() || ["context", "docker", "build", "src"].contains(&name) {
        "app".to_owned()
    } else {
        name.to_owned()
    }
}
