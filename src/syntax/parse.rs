//! The parser.
use super::{Dockerfile, Piece, PieceKind, Span};
use std::sync::Arc;

/// The longest line that BuildKit reads, in bytes.
pub const MAX_LINE: usize = 65_535;

pub(super) fn parse(source: Arc<[u8]>) -> Dockerfile {
    let all = Span::new(0, source.len());
    Dockerfile {
        escape: b'\\',
        directives: Vec::new(),
        pieces: vec![Piece {
            kind: PieceKind::Unknown,
            span: all,
        }],
        instructions: Vec::new(),
        comments: Vec::new(),
        errors: Vec::new(),
        line_starts: vec![0],
        source,
    }
}
