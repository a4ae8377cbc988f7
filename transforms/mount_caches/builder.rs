//! Whether who builds has cache mounts.

use crate::context::Context;
use crate::transform::Scene;

/// Files at the top of a repository that say how images are built.
const CI_FILES: [&str; 12] = [
    ".gitlab-ci.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".circleci/config.yml",
    "Jenkinsfile",
    "Makefile",
    "appveyor.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    "skaffold.yaml",
];

/// Words in them that mean a builder without mounts, and what it is.
const SIGNS: [(&str, &str); 4] = [
    ("DOCKER_BUILDKIT=0", "turns BuildKit off"),
    ("DOCKER_BUILDKIT: 0", "turns BuildKit off"),
    ("DOCKER_BUILDKIT: \"0\"", "turns BuildKit off"),
    ("kaniko", "builds with kaniko"),
];

/// Why mounts can't be written; `None` when they can.
pub(super) fn lacks_mounts(scene: &Scene<'_>) -> Option<String> {
    let builder = scene.config.builder();
    if !matches!(builder, "buildkit" | "podman" | "buildah") {
        return Some(format!(
            "careen.toml says that {builder} builds, which has no cache mounts"
        ));
    }
    if let Some(directive) = scene.file.directive("syntax") {
        let features = crate::stage::Features::of(scene.file);
        if features.foreign {
            return Some(format!(
                "what the frontend {} can do is not known",
                directive.value
            ));
        }
        if !features.mounts {
            return Some(format!(
                "the frontend {} is older than cache mounts",
                directive.value
            ));
        }
    }
    scene.context.and_then(in_ci)
}

fn in_ci(context: &Context) -> Option<String> {
    CI_FILES.iter().find_map(|file| {
        let bytes = context.read_beside(file).ok().flatten()?;
        let text = String::from_utf8_lossy(&bytes);
        let (_, what) = SIGNS.iter().find(|(sign, _)| text.contains(sign))?;
        Some(format!("{file} {what}, which has no cache mounts"))
    })
}
