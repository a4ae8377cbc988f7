//! Writes COPY where ADD only copies.
//!
//! ## Why
//!
//! ADD fetches addresses and unpacks archives: whoever reads it has to find out whether it does. COPY copies (DL3020).
//!
//! ## Example
//!
//! ```file:requirements.txt
//! flask==3.1.2
//! ```
//!
//! ```dockerfile
//! FROM python:3.13
//! ADD requirements.txt /app/
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM python:3.13
//! -ADD requirements.txt /app/
//! +COPY requirements.txt /app/
//! ```
//!
//! ## When it refuses
//!
//! * A source that is not in the build context, is a symbolic link, or is too large to look into.
//! * A source with a variable, quote or escape in it.
//! * A pragma above that is about ADD.
//!
//! Without a build context, and for addresses and archives, it has nothing to say.
//!
//! ## Safety
//!
//! Safe: each source is a folder, or a file that is seen to be no archive by its first bytes, as the builder looks at it.
//!
//! ## Known problems
//!
//! An archive that later takes the place of such a file is copied as it is.

use crate::context::{Context, Kind};
use crate::gate::is_pragma;
use crate::syntax::{Instruction, Keyword, Word};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct CopyNotAdd;

impl Transform for CopyNotAdd {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(context) = scene.context else {
            return Vec::new();
        };
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Add && one.heredocs.is_empty())
            .filter_map(|add| copy(scene, context, add))
            .collect()
    }
}

/// What ADD makes of a source.
enum Source {
    Copied,
    /// Fetched or unpacked.
    More,
    Unclear(String),
}

fn copy(scene: &Scene<'_>, context: &Context, add: &Instruction) -> Option<Proposal> {
    let only_add = ["keep-git-dir", "checksum", "unpack"];
    if add.flags.iter().any(|flag| only_add.contains(&flag.name())) {
        return None;
    }
    let (_, sources) = add.args.words().split_last()?;
    let at = add.source(add.keyword_at);
    let mut unclear = None;
    for source in sources {
        match look(context, source) {
            Source::Copied => {}
            Source::More => return None,
            Source::Unclear(reason) => unclear = Some(reason),
        }
    }
    if let Some(reason) = unclear {
        return Some(Proposal::refuse(at, reason));
    }
    let pragma = |comment: &crate::syntax::Comment| is_pragma(scene.file.bytes(comment.span));
    if scene.file.comments_above(add.index).iter().any(pragma) {
        return Some(Proposal::refuse(at, "the pragma above is about ADD"));
    }
    if !add.logical.in_one_piece(add.keyword_at) {
        return Some(Proposal::refuse(at, "a line end cuts the keyword in two"));
    }
    let lower = add.keyword_text().iter().all(u8::is_ascii_lowercase);
    let reason = "it copies and does nothing else, so say COPY";
    let edit = Edit::replace(at, if lower { "copy" } else { "COPY" });
    Some(Change::new(at, Safety::Safe, reason, vec![edit]).into())
}

fn look(context: &Context, source: &Word) -> Source {
    let text = source.text.as_str();
    if text.contains("://") || text.starts_with("git@") || text.ends_with(".git") {
        return Source::More;
    }
    if text.contains(['$', '"', '\'', '\\', '`']) {
        return Source::Unclear(format!("what `{text}` stands for is not known"));
    }
    let paths = match context.matches(text) {
        Ok(paths) if !paths.is_empty() => paths,
        _ => return Source::Unclear(format!("`{text}` is not in the build context")),
    };
    for path in paths {
        match context.entry(&path).map(|entry| entry.kind) {
            Some(Kind::Dir) => {}
            Some(Kind::File) => match context.read(&path) {
                Some(bytes) if is_archive(&bytes) => return Source::More,
                Some(_) => {}
                None => return Source::Unclear(format!("`{path}` is too large to look into")),
            },
            _ => return Source::Unclear(format!("`{path}` is neither a file nor a folder")),
        }
    }
    Source::Copied
}

/// Whether the builder may unpack it: a tar archive, or anything that is compressed by a program that it knows.
fn is_archive(bytes: &[u8]) -> bool {
    const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) || is_tar(bytes)
}

/// Whether the first block's checksum is that of a tar header (its own field counts as spaces).
fn is_tar(bytes: &[u8]) -> bool {
    const FIELD: std::ops::Range<usize> = 148..156;
    let (Some(block), Some(field)) = (bytes.get(..512), bytes.get(FIELD)) else {
        return false;
    };
    let digits = String::from_utf8_lossy(field);
    let digits = digits.trim_matches(|found: char| found == '\0' || found == ' ');
    let Ok(wanted) = u32::from_str_radix(digits, 8) else {
        return false;
    };
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if FIELD.contains(&at) { b' ' } else { *byte }))
        .sum();
    // Some old programs added signed bytes, which is the same for ASCII.
    sum == wanted
}

#[cfg(test)]
mod tests {
    use super::is_archive;

    #[test]
    fn a_tar_header_is_known_by_its_sum() {
        let mut block = vec![0_u8; 1024];
        block[..5].copy_from_slice(b"a.txt");
        block[257..262].copy_from_slice(b"ustar");
        let sum: u32 = block[..512]
            .iter()
            .map(|byte| u32::from(*byte))
            .sum::<u32>()
            + 8 * 32;
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(is_archive(&block));
        block[0] = b'b';
        assert!(!is_archive(&block));
        assert!(is_archive(b"\x1f\x8b\x08") && !is_archive(b"#!/bin/sh\n") && !is_archive(b""));
    }
}
