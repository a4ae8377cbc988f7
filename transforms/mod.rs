//! The chain, read top to bottom.
//!
//! A transform is a file here: its page (`//!`) and below it the code. It joins the product by its `pub mod` line and
//! its place in [`CHAIN`].

pub mod copy_deps_first;
pub mod delay_args;
pub mod install_before_copy;
pub mod keyword_case;
pub mod merge_runs;

use crate::transform::Link;

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
    // Cache
    link!(
        "install-before-copy",
        "install_before_copy.rs",
        install_before_copy::InstallBeforeCopy
    ),
    link!("delay-args", "delay_args.rs", delay_args::DelayArgs),
    link!(
        "copy-deps-first",
        "copy_deps_first/mod.rs",
        copy_deps_first::CopyDepsFirst
    ),
    // Modern form
    link!("keyword-case", "keyword_case.rs", keyword_case::KeywordCase)
        .answers(&["ConsistentInstructionCasing"]),
];
