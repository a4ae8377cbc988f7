//! Two images in, a typed difference out.
