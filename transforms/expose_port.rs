//! Writes the container's port alone in EXPOSE: no address, no host port.
//!
//! ## Why
//!
//! EXPOSE says on which port the container listens. Where it is published is decided by whoever runs it, so BuildKit
//! throws the address and the host port of `EXPOSE 127.0.0.1:8080:80` away and warns (`ExposeInvalidFormat`).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM nginx:1.29
//! EXPOSE 8080:80 127.0.0.1:8443:443/tcp
//! ```
//!
//! ```diff
//! @@ -1,2 +1,2 @@
//!  FROM nginx:1.29
//! -EXPOSE 8080:80 127.0.0.1:8443:443/tcp
//! +EXPOSE 80 443/tcp
//! ```
//!
//! ## When it refuses
//!
//! * A variable, quote or escape in the word: what stands behind it is not known.
//! * A line end cuts the word in two.
//!
//! ## Safety
//!
//! Safe: the image's config holds the container's port alone, before and after. The reason names the port that is
//! left, since whoever wrote `8080:80` may have meant the other one.
//!
//! ## Known problems
//!
//! None.

use std::net::IpAddr;

use crate::syntax::{Instruction, Keyword, Span, Word};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct ExposePort;

impl Transform for ExposePort {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Expose)
            .flat_map(|expose| {
                let words = expose.args.words().iter();
                words.filter_map(|word| shorten(expose, word))
            })
            .collect()
    }
}

fn shorten(expose: &Instruction, word: &Word) -> Option<Proposal> {
    let place = expose.source(word.at);
    let (mapped, port) = word.text.rsplit_once(':')?;
    if word.text.contains(['$', '"', '\'', '\\', '`']) {
        // `${PORT:-80}` has a colon and is no mapping.
        let plain = word.text.contains("}:") || mapped.bytes().all(|byte| byte != b'{');
        return plain.then(|| {
            Proposal::refuse(
                place,
                "what stands for its ports is known only when it is built",
            )
        });
    }
    if !fits(mapped, port) {
        return None;
    }
    if !expose.logical.in_one_piece(word.at) {
        return Some(Proposal::refuse(place, "a line end cuts the port in two"));
    }
    let gone = expose.source(Span::new(word.at.start, word.at.end - port.len()));
    let reason = format!(
        "name the container's port `{port}` alone, since the image keeps nothing of `{mapped}`"
    );
    Some(Change::new(place, Safety::Safe, reason, vec![Edit::delete(gone)]).into())
}

/// Whether BuildKit takes `[address:]host` and `port[/protocol]`, and keeps the port.
fn fits(mapped: &str, port: &str) -> bool {
    let (address, host) = mapped.rsplit_once(':').unwrap_or(("", mapped));
    let bare = address
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(address);
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let Some((from, to)) = range(number) else {
        return false;
    };
    let host_fits = host.is_empty()
        || range(host).is_some_and(|(start, end)| from == to || end - start == to - from);
    host_fits
        && (address.is_empty() || bare.parse::<IpAddr>().is_ok())
        && ["tcp", "udp", "sctp"].contains(&protocol.to_ascii_lowercase().as_str())
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let digits = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<u16>().ok())?
    };
    let (start, end) = (digits(start)?, digits(end)?);
    (start <= end).then_some((start, end))
}
