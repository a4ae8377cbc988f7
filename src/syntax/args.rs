//! What follows the flags.
use super::Span;

/// A word with its place in the logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As BuildKit hands it on: for words, as written (quotes kept); for JSON, the string's value.
    pub text: String,
    /// In the logical line, quotes included.
    pub at: Span,
}

/// A pair of ENV or LABEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// As written.
    pub key: Word,
    /// As written, quotes kept.
    pub value: Word,
    /// From key to value.
    pub at: Span,
}

/// What follows the flags, read as the keyword reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    /// Nothing.
    None,
    /// A whole text: shell forms, WORKDIR, USER, STOPSIGNAL, MAINTAINER.
    Text(Span),
    /// Words apart by white space: FROM, EXPOSE, COPY, ADD, VOLUME, ARG.
    Words(Vec<Word>),
    /// `name=value` pairs of ENV and LABEL.
    Pairs(Vec<KeyValue>),
    /// The old `ENV name value`.
    OldPair(KeyValue),
    /// The exec form, or COPY and its like as a JSON array.
    Json(Vec<Word>),
    /// What BuildKit's parser refuses.
    Invalid(String),
}
