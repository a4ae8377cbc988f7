//! careen rewrites Dockerfiles: faster rebuilds, smaller and safer images, and a diff that a reviewer can trust.
//!
//! Data flows one way, down this list; nothing below knows what stands under it.
//!
//! * [`syntax`]: bytes -> a lossless [`syntax::Dockerfile`]
//! * [`shell`]: a RUN script -> commands and words, and the rules of exact joining
//! * [`knowledge`]: package managers, programs and base images, as tables
//! * [`packages`]: questions about scripts that need the tables
//! * [`stage`]: what each instruction sees
//! * [`context`]: the build context as the builder sees it
//! * [`checks`]: what BuildKit accepts, and what `docker build --check` says
//! * [`cache`]: which steps of a build run again after an edit
//! * [`transform`]: what a transform is, [`style`]: how what it writes looks, [`runtime`]: the image as it runs, and
//!   [`project`]: the project inside of the image
//! * [`engine`], with [`splice`], [`gate`] and [`pragma`]: rounds of a chain, and what every write must pass
//! * [`transforms`]: the chain itself
//! * [`report`], [`verify`], [`cli`]: doors onto the same engine

pub mod cache;
pub mod checks;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod context;
pub mod engine;
pub mod gate;
pub mod knowledge;
pub mod packages;
pub mod pragma;
pub mod project;
pub mod report;
pub mod runtime;
pub mod shell;
pub mod splice;
pub mod stage;
pub mod style;
pub mod syntax;
pub mod transform;
#[path = "../transforms/mod.rs"]
pub mod transforms;
#[cfg(feature = "verify")]
pub mod verify;
