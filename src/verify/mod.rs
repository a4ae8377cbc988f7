//! Proof by building: the image before and after a rewrite, compared and timed.
//!
//! * [`image`]: archives and layouts -> config and layers, read in one pass, never unpacked
//! * [`layer`], [`tree`]: layers -> the file tree that a container sees
//! * [`compare`]: what differs, path by path and field by field; [`packages`] by name
//! * [`noise`], [`verdict`]: what of it is noise, declared, unexplained
//! * [`builder`], [`log`], [`rebuild`]: the builder on the machine, what it says, how long it takes after an edit
//! * [`touch`]: which file a developer would edit next
//! * [`verify`]: all of it, for one rewrite

pub mod builder;
pub mod compare;
pub mod glob;
pub mod image;
pub mod layer;
pub mod log;
pub mod noise;
pub mod packages;
pub mod rebuild;
mod run;
mod show;
#[cfg(test)]
mod tests;
pub mod touch;
pub mod tree;
pub mod verdict;

pub use run::{Figures, Outcome, Request, Step, VerifyError, verify};
