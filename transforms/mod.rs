//! The chain, read top to bottom.

use crate::transform::Link;

/// Every transform, in the order in which it runs.
pub static CHAIN: &[Link] = &[];
