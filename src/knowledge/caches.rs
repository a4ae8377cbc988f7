//! Folders that a cache mount may cover.

use serde::Deserialize;

/// Whether a folder may be missing in later steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It may be missing later.
    #[default]
    Cache,
    /// Later steps, or the running program, read it: mounted in each of them, or in none.
    Store,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// What was downloaded, addressed by content or version.
    Downloads,
    /// What was built, under a key that names all that went in.
    BuiltKeyed,
    /// What was built, under a key that leaves libc, environment or system libraries out.
    BuiltUnkeyed,
}

/// The `sharing` that a mount needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// Several builds at once are fine.
    Shared,
    /// One build at a time.
    Locked,
}

/// What a mount does to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSafety {
    /// The image stays the same.
    Safe,
    /// The image may come out another one.
    Unsafe,
    /// It would be wrong.
    Never,
}

/// What a manager does when the mount belongs to another user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WrongOwner {
    /// It stops.
    Fails,
    /// It goes on without cache.
    Silent,
    /// It uses it all the same.
    Works,
}

/// A folder that a cache mount may cover.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheMount {
    /// Its name among those of the manager.
    pub name: String,
    /// Where it is: the first whose variables are all set. See [`CacheMount::target`].
    pub places: Vec<String>,
    /// Where it is for uid 0 when no variable moves it.
    #[serde(default)]
    pub root: Option<String>,
    /// Whose home `~` is: `env` (HOME) or `passwd` (that of the uid, whatever HOME says).
    #[serde(default)]
    pub home: Option<String>,
    /// Whether it may be missing later.
    #[serde(default)]
    pub kind: Kind,
    /// What it holds.
    pub holds: Holds,
    /// How builds share it.
    pub sharing: Sharing,
    /// What its id must name beside the manager: `base` (the image) or `project`.
    #[serde(default)]
    pub by: Option<String>,
    /// What the mount does to the image.
    pub mount: MountSafety,
    /// A folder above that must be a tmpfs mount (`..` is the parent), so that what is built there is forgotten.
    #[serde(default)]
    pub tmpfs: Option<String>,
    /// The mount of the same manager that this one stands in for where that can't be.
    #[serde(default)]
    pub instead_of: Option<String>,
    /// Only a mount exactly there is used: one above sends the cache elsewhere.
    #[serde(default)]
    pub exact: bool,
    /// What happens when it belongs to another user; `None`: not known.
    #[serde(default)]
    pub wrong_owner: Option<WrongOwner>,
    /// Why, in a clause.
    pub why: String,
}

impl CacheMount {
    /// Where it is, with the variables in force (`variable`), the home folder that [`CacheMount::home`] asks for, and whether the user
    /// is uid 0. `None`: the home is needed and not known. A variable that is set to nothing counts as not set.
    pub fn target(
        &self,
        variable: impl Fn(&str) -> Option<String>,
        home: Option<&str>,
        uid_0: bool,
    ) -> Option<String> {
        for place in &self.places {
            if let Some(rest) = place.strip_prefix('$') {
                let (name, rest) = rest
                    .find('/')
                    .map_or((rest, ""), |slash| rest.split_at(slash));
                if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                    return Some(format!("{}{rest}", value.trim_end_matches('/')));
                }
                continue;
            }
            if uid_0 && let Some(root) = &self.root {
                return Some(root.clone());
            }
            if let Some(rest) = place.strip_prefix("~/") {
                return home.map(|home| format!("{}/{rest}", home.trim_end_matches('/')));
            }
            return Some(place.clone());
        }
        None
    }

    /// Whether `~` is the home of the uid, whatever HOME says.
    pub fn home_of_uid(&self) -> bool {
        self.home.as_deref() == Some("passwd")
    }

    /// The names of the variables that move it.
    pub fn moved_by(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter_map(|place| {
            let name = place.strip_prefix('$')?;
            Some(name.split('/').next().unwrap_or(name))
        })
    }

    /// The folder that must be a tmpfs mount when the mount is on `target`.
    pub fn tmpfs_above<'a>(&self, target: &'a str) -> Option<&'a str> {
        self.tmpfs.as_ref()?;
        target.rsplit_once('/').map(|(parent, _)| parent)
    }
}
