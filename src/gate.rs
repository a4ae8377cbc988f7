//! What every write must pass.
