//! The build context as the builder sees it.

/// A read-only view of a build context.
#[derive(Debug)]
pub struct Context {}
