//! Writes the protocol of EXPOSE in lower case.
//!
//! ## Why
//!
//! BuildKit warns about `EXPOSE 80/TCP` (`ExposeProtoCasing`), and under `# check=error=true` such a file no longer builds.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM debian:12
//! EXPOSE 53/UDP 80/TCP
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM debian:12
//! -EXPOSE 53/UDP 80/TCP
//! +EXPOSE 53/udp 80/tcp
//! ```
//!
//! ## When it refuses
//!
//! * A protocol that a line end cuts in two stays as it is.
//!
//! ## Safety
//!
//! Safe: the image's config holds the protocol in lower case whatever is written.
//!
//! ## Known problems
//!
//! A protocol that comes out of a variable stays as it is.

use crate::syntax::{Instruction, Keyword, Span, Word};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct ExposeCase;

impl Transform for ExposeCase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Expose)
            .flat_map(|expose| {
                let words = expose.args.words().iter();
                words.filter_map(|word| recase(expose, word))
            })
            .collect()
    }
}

fn recase(expose: &Instruction, word: &Word) -> Option<Proposal> {
    let (_, protocol) = word.text.split_once('/')?;
    let wanted = protocol.to_ascii_lowercase();
    if wanted == protocol || !["tcp", "udp", "sctp"].contains(&wanted.as_str()) {
        return None;
    }
    let at = Span::new(word.at.end - protocol.len(), word.at.end);
    let place = expose.source(at);
    if !expose.logical.in_one_piece(at) {
        return Some(Proposal::refuse(
            place,
            "a line end cuts the protocol in two",
        ));
    }
    let reason = format!("write the protocol as `{wanted}`, as the image's config holds it");
    Some(
        Change::new(
            place,
            Safety::Safe,
            reason,
            vec![Edit::replace(place, wanted)],
        )
        .into(),
    )
}
