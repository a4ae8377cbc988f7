//! What the builder's Dockerfile frontend can do, by the `# syntax=` line.
use crate::syntax::Dockerfile;

/// What may be written into the file. Without a `# syntax=` line the frontend is the builder's own, and a recent one
/// is assumed; a line that names an old one, or one that is not Docker's, is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// `(1, 7)` of `docker/dockerfile:1.7`; `None` for `:1`, other channels, and no line at all.
    pub version: Option<(u32, u32)>,
    /// A version that lacks something below, or a digest that says nothing.
    pub pinned_old: bool,
    /// A frontend that is not Docker's: nothing is known of what it can do.
    pub foreign: bool,
    /// `RUN --mount` (1.2).
    pub mounts: bool,
    /// `COPY --chmod` (1.2).
    pub copy_chmod: bool,
    /// `RUN --network` (1.3).
    pub run_network: bool,
    /// Heredocs (1.4).
    pub heredocs: bool,
    /// `COPY --link` (1.4).
    pub copy_link: bool,
    /// `ADD --checksum` (1.6).
    pub add_checksum: bool,
    /// `COPY --exclude` (1.19; 1.7-labs).
    pub copy_exclude: bool,
    /// `COPY --parents` (1.20; 1.7-labs).
    pub copy_parents: bool,
}

/// The newest version that is assumed of a frontend that names none.
const RECENT: (u32, u32) = (1, 18);

impl Default for Features {
    fn default() -> Self {
        Self::of_version(RECENT, false, None)
    }
}

impl Features {
    /// What the file's `# syntax=` line says.
    pub fn of(file: &Dockerfile) -> Self {
        file.directive("syntax")
            .map_or_else(Self::default, |directive| Self::of_image(&directive.value))
    }

    /// What frontend image `reference` can do.
    pub fn of_image(reference: &str) -> Self {
        // What follows the reference are options.
        let reference = reference.split_whitespace().next().unwrap_or_default();
        let (tagged, digest) = match reference.split_once('@') {
            Some((tagged, digest)) => (tagged, Some(digest)),
            None => (reference, None),
        };
        let (name, tag) = match tagged.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (tagged, None),
        };
        let name = name
            .strip_prefix("docker.io/")
            .or_else(|| name.strip_prefix("index.docker.io/"))
            .unwrap_or(name);
        if !matches!(name, "docker/dockerfile" | "docker/dockerfile-upstream") {
            return Self {
                foreign: true,
                ..Self::of_version((0, 0), false, None)
            };
        }
        let Some(tag) = tag else {
            return match digest {
                Some(_) => Self::of_version((0, 0), false, None),
                None => Self::default(),
            };
        };
        let (numbers, channel) = match tag.split_once('-') {
            Some((numbers, channel)) => (numbers, channel),
            None if tag.starts_with(|first: char| first.is_ascii_digit()) => (tag, ""),
            None => ("", tag),
        };
        let labs = channel.contains("labs") || channel.contains("experimental");
        let mut parts = numbers.split('.').map(str::parse::<u32>);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => {
                Self::of_version((major, minor), labs, Some((major, minor)))
            }
            // `:1` moves, unless a digest holds it.
            _ if digest.is_some() => Self::of_version((0, 0), labs, None),
            _ => Self::of_version(RECENT, labs, None),
        }
    }

    fn of_version(has: (u32, u32), labs: bool, version: Option<(u32, u32)>) -> Self {
        let experimental = labs && has >= (1, 0);
        let mounts = has >= (1, 2) || experimental;
        let heredocs = has >= (1, 4) || (labs && has >= (1, 3));
        Self {
            version,
            pinned_old: !heredocs,
            foreign: false,
            mounts,
            copy_chmod: has >= (1, 2),
            run_network: has >= (1, 3) || experimental,
            heredocs,
            copy_link: has >= (1, 4),
            add_checksum: has >= (1, 6),
            copy_exclude: has >= (1, 19) || (labs && has >= (1, 7)),
            copy_parents: has >= (1, 20) || (labs && has >= (1, 7)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (image, version, mounts, heredocs, exclude, pinned_old) in [
            ("docker/dockerfile:1", None, true, true, false, false),
            ("docker/dockerfile", None, true, true, false, false),
            (
                "docker.io/docker/dockerfile:1.20.1",
                Some((1, 20)),
                true,
                true,
                true,
                false,
            ),
            (
                "docker/dockerfile:1.2",
                Some((1, 2)),
                true,
                false,
                false,
                true,
            ),
            (
                "docker/dockerfile:1.0.0",
                Some((1, 0)),
                false,
                false,
                false,
                true,
            ),
            (
                "docker/dockerfile:1.0-experimental",
                Some((1, 0)),
                true,
                false,
                false,
                true,
            ),
            (
                "docker/dockerfile:1.7-labs",
                Some((1, 7)),
                true,
                true,
                true,
                false,
            ),
            (
                "docker/dockerfile:1.3-labs",
                Some((1, 3)),
                true,
                true,
                false,
                false,
            ),
            (
                "docker/dockerfile:experimental",
                None,
                true,
                true,
                true,
                false,
            ),
            ("docker/dockerfile:labs", None, true, true, true, false),
            (
                "docker/dockerfile-upstream:master",
                None,
                true,
                true,
                false,
                false,
            ),
            (
                "docker/dockerfile:1@sha256:00",
                None,
                false,
                false,
                false,
                true,
            ),
            (
                "docker/dockerfile:1.9@sha256:00",
                Some((1, 9)),
                true,
                true,
                false,
                false,
            ),
            (
                "docker/dockerfile@sha256:00",
                None,
                false,
                false,
                false,
                true,
            ),
            (
                "host:5000/docker/dockerfile",
                None,
                false,
                false,
                false,
                true,
            ),
        ] {
            let features = Features::of_image(image);
            assert_eq!(features.version, version, "{image}");
            assert_eq!(features.mounts, mounts, "{image}");
            assert_eq!(features.heredocs, heredocs, "{image}");
            assert_eq!(features.copy_exclude, exclude, "{image}");
            assert_eq!(features.pinned_old, pinned_old, "{image}");
            assert_eq!(features.foreign, image.starts_with("host"), "{image}");
        }
    }
}
