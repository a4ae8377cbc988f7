//! Builds a Dockerfile before and after a rewrite, and says whether the image is the same and how much faster it rebuilds.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::builder::{BuildError, Builder, Built, Placed, Source};
use super::compare::{Difference, compare};
use super::image::{Image, Layers};
use super::noise::Floor;
use super::rebuild::{self, Copied, Rebuild};
use super::verdict::Verdict;

/// What to verify.
#[derive(Clone, Debug)]
pub struct Request {
    /// The original Dockerfile; it is read by the builder and not touched.
    pub dockerfile: PathBuf,
    /// The build context; it is not touched.
    pub context: PathBuf,
    /// The builder.
    pub builder: Builder,
    /// Files below the context whose edits are timed; none are timed when it is empty.
    pub touch: Vec<PathBuf>,
    /// How often each rebuild is timed.
    pub runs: usize,
}

/// An image that was built, in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Bytes of all files in all layers: what is stored and sent, before compression.
    pub size: u64,
    /// Layers, those of the base too.
    pub layers: usize,
    /// How long its build took; steps that the cache had took no time.
    #[serde(serialize_with = "rebuild::seconds")]
    pub took: Duration,
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Whether the image is the same.
    pub verdict: Verdict,
    /// Whether the original was built once more to know the noise.
    pub measured_floor: bool,
    /// The original's image.
    pub before: Figures,
    /// The rewritten one's.
    pub after: Figures,
    /// Rebuilds, one for each file of [`Request::touch`].
    pub rebuilds: Vec<Rebuild>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The original doesn't build: nothing can be said of the rewrite.
    #[error("the original Dockerfile does not build: {0}")]
    Original(#[source] BuildError),
    /// The original builds, the rewritten one doesn't.
    #[error("the original builds, but the rewritten Dockerfile does not: {0}")]
    Rewritten(#[source] BuildError),
    /// A build after an edit failed.
    #[error("a build after an edit failed: {0}")]
    Rebuild(#[source] BuildError),
}

/// What is being done, for whoever waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The original is being built.
    Original,
    /// The rewritten Dockerfile is being built.
    Rewritten,
    /// The images are being compared.
    Compare,
    /// The original is being built once more, from nothing, to know the noise.
    Floor,
    /// Rebuilds after an edit of this file are being timed.
    Rebuild(PathBuf),
}

/// Builds the original and `rewritten` (its new text) and compares the images. `removes` are the globs of absolute paths
/// that the applied changes declare as removed. `watch` is told of each step before it begins.
///
/// # Errors
/// When something doesn't build.
pub fn verify(
    request: &Request,
    rewritten: &[u8],
    removes: &[String],
    watch: &mut dyn FnMut(&Step),
) -> Result<Outcome, VerifyError> {
    let layers = Layers::default();
    let source = |dockerfile| Source {
        dockerfile,
        context: &request.context,
    };
    let builder = &request.builder;
    let read = |built: &Built| built.image(&layers);

    watch(&Step::Original);
    let before_built = builder
        .build("before", source(&request.dockerfile), false)
        .map_err(VerifyError::Original)?;
    watch(&Step::Rewritten);
    let placed = Placed::new(rewritten, &request.dockerfile).map_err(VerifyError::Rewritten)?;
    let placed_path = placed.path();
    let after_built = builder
        .build("after", source(&placed_path), false)
        .map_err(VerifyError::Rewritten)?;

    watch(&Step::Compare);
    let before = read(&before_built).map_err(VerifyError::Original)?;
    let after = read(&after_built).map_err(VerifyError::Rewritten)?;
    let mut verdict = Verdict::of(compare(&before, &after), &Floor::default(), removes);
    let measured_floor = !verdict.unexplained.is_empty();
    if measured_floor {
        watch(&Step::Floor);
        let again_built = builder
            .build("again", source(&request.dockerfile), true)
            .map_err(VerifyError::Original)?;
        let again = read(&again_built).map_err(VerifyError::Original)?;
        verdict = judge(&before, &again, &after, removes);
    }

    let mut rebuilds = Vec::new();
    if !request.touch.is_empty() {
        let copied = Copied::of(&request.context).map_err(VerifyError::Rebuild)?;
        for file in &request.touch {
            watch(&Step::Rebuild(file.clone()));
            let rebuild = rebuild::measure(
                builder,
                &copied,
                &request.dockerfile,
                &placed_path,
                file,
                request.runs,
            );
            rebuilds.push(rebuild.map_err(VerifyError::Rebuild)?);
        }
    }
    Ok(Outcome {
        verdict,
        measured_floor,
        before: figures(&before, &before_built),
        after: figures(&after, &after_built),
        rebuilds,
    })
}

/// The verdict over `after`, where `before` and `again` are two builds of the original. The original that is nearer to
/// it speaks: `before` may have come from an old cache, with packages of another day.
fn judge(before: &Image, again: &Image, after: &Image, removes: &[String]) -> Verdict {
    let noise: Difference = compare(before, again);
    let floor = Floor::measured(noise);
    let first = Verdict::of(compare(before, after), &floor, removes);
    let second = Verdict::of(compare(again, after), &floor, removes);
    if second.unexplained.len() < first.unexplained.len() {
        second
    } else {
        first
    }
}

fn figures(image: &Image, built: &Built) -> Figures {
    Figures {
        size: image.layers.iter().map(|layer| layer.size).sum(),
        layers: image.layers.len(),
        took: built.took,
    }
}
