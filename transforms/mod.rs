//! The chain, read top to bottom.
//!
//! A transform is a file here: its page (`//!`) and below it the code. It joins the product by its `pub mod` line and
//! its place in [`CHAIN`].

pub mod keyword_case;
pub mod merge_runs;
pub mod omit_dev_dependencies;
pub mod slim_base;
pub mod split_stages;
pub mod strip_binaries;
pub mod write_dockerignore;

use crate::transform::{Link, Profile};

/// A link whose page is the module's own documentation.
macro_rules! link {
    ($id:literal, $file:literal, $transform:expr) => {
        Link::new($id, include_str!($file), &$transform)
    };
}

/// Every transform, in the order in which it runs.
pub static CHAIN: &[Link] = &[
    // Layers and size
    link!("merge-runs", "merge_runs.rs", merge_runs::MergeRuns).answers(&["DL3059", "DL3009"]),
    // Size
    link!(
        "split-stages",
        "split_stages/mod.rs",
        split_stages::SplitStages
    )
    .profile(Profile::Hardened),
    link!(
        "omit-dev-dependencies",
        "omit_dev_dependencies.rs",
        omit_dev_dependencies::OmitDevDependencies
    )
    .profile(Profile::Hardened),
    link!(
        "strip-binaries",
        "strip_binaries.rs",
        strip_binaries::StripBinaries
    )
    .profile(Profile::Hardened),
    link!("slim-base", "slim_base.rs", slim_base::SlimBase).profile(Profile::Recommended),
    link!(
        "write-dockerignore",
        "write_dockerignore.rs",
        write_dockerignore::WriteDockerignore
    )
    .profile(Profile::Recommended),
    // Modern form
    link!("keyword-case", "keyword_case.rs", keyword_case::KeywordCase)
        .answers(&["ConsistentInstructionCasing"]),
];
