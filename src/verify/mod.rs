//! Two images in, a typed difference out.
//!
//! * [`image`]: archives and layouts -> config and layers, read in one pass, never unpacked
//! * [`layer`], [`tree`]: layers -> the file tree that a container sees
//! * [`compare`]: what differs, path by path and field by field; [`packages`] by name
//! * [`noise`], [`verdict`]: what of it is noise, declared, unexplained

pub mod compare;
pub mod glob;
pub mod image;
pub mod layer;
pub mod noise;
pub mod packages;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod verdict;
