//! Puts a cache mount in front of every RUN that downloads for a language, and takes out what would defeat it.
//!
//! ## Why
//!
//! A layer is all or nothing: one new line in `requirements.txt`, and every package is fetched again. A cache mount
//! keeps what a package manager has downloaded from build to build, outside of the image, so a rerun fetches only what
//! is new. It is also the change that is most often made wrong: on the manager's home rather than its cache, with wheels
//! that were built for another image, or on a folder that a later step still reads.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.12-slim
//! COPY requirements.txt .
//! RUN pip install --no-cache-dir -r requirements.txt
//! ```
//!
//! ```diff
//! @@ -1,3 +1,5 @@
//!  FROM python:3.12-slim
//!  COPY requirements.txt .
//! -RUN pip install --no-cache-dir -r requirements.txt
//! +RUN --mount=type=tmpfs,target=/root/.cache/pip \
//! +    --mount=type=cache,target=/root/.cache/pip/http-v2 \
//! +    pip install -r requirements.txt
//! ```
//!
//! The first mount makes pip forget the wheels that it builds, the second keeps what it downloads.
//!
//! ## What is mounted
//!
//! The pure cache, where it is in force (ENV, HOME, base image), by the tables: never the manager's home. A place that
//! several users or images can't share has an `id` that says whose it is. `sharing=locked` where two at once would fail.
//! Stores that later steps read (modules of Go, the registry of cargo, Maven's repository, NuGet's packages) are mounted
//! in each step of the stage that uses them, or in none.
//!
//! ## When it refuses
//!
//! * The builder has no cache mounts: an old `# syntax`, Windows, `builder = "kaniko"` or `"classic"` in `careen.toml`,
//!   CI files that say `DOCKER_BUILDKIT=0` or call kaniko.
//! * The user's number or home is not known, or the folder above the target would be made as root's.
//! * ENV, a flag, or a file of settings turns the cache off or moves it to where nobody sees it.
//! * A step or COPY writes there, names it, or cleans it in a way that cannot be taken out exactly.
//! * A later step works offline, or may use the store in a script that nobody sees; CMD runs the manager itself.
//! * `mvn install` puts the project's own jars into the store; Plug'n'Play runs the program from the cache; Poetry keeps
//!   its environments beside it; an `npx` in the step keeps its program there.
//! * Exec form, heredocs and ONBUILD.
//!
//! ## Safety
//!
//! Safe: the image lacks the download cache, and nothing else. Unsafe for caches that hold what was *built*, under a key
//! that names neither the system nor the environment (uv, the artifacts of Poetry, PDM), and for what is known to leave
//! a trace in the image (bun): these wait for `--unsafe`. `whole = true` under `[transforms.mount-caches]` takes the
//! familiar whole mounts, pip's too.
//!
//! The first build after it runs from the first of these RUNs on again.
//!
//! ## Known problems
//!
//! pip before 23.1 keeps its downloads in another folder: it works, and gains nothing. Go takes a file of the same name,
//! size and time for the same file: a context whose times are all alike should not have the mount of the build cache.

mod asks;
mod builder;
mod cleaning;
mod ground;
mod hazards;
mod plan;
mod stores;
mod write;

use std::collections::BTreeMap;

use crate::transform::{Proposal, Scene, Transform};

/// The transform of this page.
pub struct MountCaches;

/// Its table in careen.toml.
const ID: &str = "mount-caches";

impl Transform for MountCaches {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let asking = asks::all(scene);
        if asking.is_empty() {
            return Vec::new();
        }
        let plans = plan::all(scene, &asking);
        // A builder without mounts is said once, and only where there was something to say it of.
        if let Some(reason) = builder::lacks_mounts(scene) {
            let first = plans
                .iter()
                .find(|plan| !plan.mounts.is_empty() || plan.refused.is_some())
                .and_then(|plan| scene.file.instructions.get(plan.at));
            return first
                .map(|run| Proposal::refuse(run.span, reason))
                .into_iter()
                .collect();
        }
        let (plans, mut refusals) = stores::settle(scene, plans);
        let mut proposals = Vec::new();
        for plan in &plans {
            if let (Some(reason), Some(run)) = (&plan.refused, scene.file.instructions.get(plan.at))
            {
                refusals.push((run.span.start, Proposal::refuse(run.span, reason.clone())));
            }
        }
        // What is in a store stands or falls together: one change for all steps of a tree of stages that have one.
        let mut together: BTreeMap<(bool, usize), Vec<&plan::Plan<'_>>> = BTreeMap::new();
        for plan in plans.iter().filter(|plan| !plan.mounts.is_empty()) {
            let key = if plan.has_store() {
                (true, plan.tree)
            } else {
                (false, plan.at)
            };
            together.entry(key).or_default().push(plan);
        }
        for group in together.values() {
            match write::change(scene, group) {
                Ok(change) => proposals.push((change.at.start, change.into())),
                Err((at, reason)) => proposals.push((at.start, Proposal::refuse(at, reason))),
            }
        }
        proposals.append(&mut refusals);
        proposals.sort_by_key(|(at, _)| *at);
        proposals
            .into_iter()
            .map(|(_, proposal)| proposal)
            .collect()
    }
}
