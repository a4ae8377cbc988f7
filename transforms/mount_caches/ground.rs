//! What a RUN stands on: the base image, who runs it, and where their home is.

use crate::knowledge::BaseImage;
use crate::stage::{Base, Origin, State, Value};
use crate::transform::Scene;

/// Who runs a RUN, and where.
pub(super) struct Ground<'s> {
    /// What the RUN sees.
    pub state: &'s State,
    /// The image at the bottom of its stage, when the tables know it.
    pub image: Option<BaseImage<'s>>,
    /// The name of that image in an id: no build argument changes it.
    pub base: Option<String>,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
    /// Their home by HOME; `None` when it is not known.
    pub home: Option<String>,
    /// Their home by /etc/passwd.
    pub passwd: Option<String>,
}

impl<'s> Ground<'s> {
    /// What instruction `at` stands on.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn of(scene: &'s Scene<'_>, at: usize) -> Result<Self, String> {
        let stages = scene.stages();
        let nowhere = || "it stands outside of a stage".to_owned();
        let state = stages.before(at).ok_or_else(nowhere)?;
        let own = stages.stage_of(at).ok_or_else(nowhere)?;
        let root = stages
            .get(super::asks::root_of(scene, own))
            .ok_or_else(nowhere)?;
        if state.likely_family == crate::knowledge::Family::Windows {
            return Err("Windows containers have no cache mounts".to_owned());
        }
        let reference = match &root.base {
            Base::Image { reference } => Some(reference.as_str()),
            _ => None,
        };
        let image = reference
            .filter(|_| root.repository_certain)
            .and_then(|reference| scene.knowledge.base_image(reference));
        let base = reference.filter(|_| root.certain).map(in_id);
        let user = user_of(scene, at, own, state, image.as_ref())?;
        let home = match value_of(state, "HOME") {
            Value::Known(home) => Some(home.to_string()),
            Value::Default(_) | Value::Optional => {
                return Err("HOME hangs on a build argument".to_owned());
            }
            Value::Unset | Value::Unknown => user.home.clone(),
        };
        Ok(Self {
            state,
            image,
            base,
            uid: user.uid,
            gid: user.gid,
            home,
            passwd: user.home,
        })
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// A build argument may change it.
    pub(super) fn variable(&self, name: &str) -> Result<Option<String>, String> {
        match value_of(self.state, name) {
            Value::Known(value) => Ok(Some(value.to_string())),
            Value::Default(_) | Value::Optional => Err(format!(
                "{name}, which moves the cache, hangs on a build argument"
            )),
            Value::Unset | Value::Unknown => Ok(None),
        }
    }

    /// Whether `folder` is known to be there and to be the user's.
    pub(super) fn owns(&self, folder: &str) -> bool {
        self.uid == 0
            || matches!(folder, "/tmp" | "/var/tmp")
            || self.passwd.as_deref() == Some(folder)
    }
}

/// The value of `name`; what a base image of another tag would set is taken to be alike.
fn value_of(state: &State, name: &str) -> Value {
    match state.env.get(name) {
        Some(variable) if variable.origin == Origin::Base => match &variable.value {
            Value::Default(value) => Value::Known(value.clone()),
            value => value.clone(),
        },
        _ => state.env.value(name),
    }
}

struct Account {
    uid: u32,
    gid: u32,
    home: Option<String>,
}

fn user_of(
    scene: &Scene<'_>,
    at: usize,
    stage: usize,
    state: &State,
    image: Option<&BaseImage<'_>>,
) -> Result<Account, String> {
    let root = || Account {
        uid: 0,
        gid: 0,
        home: Some("/root".to_owned()),
    };
    let text = match &state.user.text {
        Some(text) => text.clone(),
        None if state.user.explicit => {
            return Err("USER hangs on a variable of no known value".to_owned());
        }
        // Of an image that nobody knows, nearly all run as root; a mount in root's home does nothing for others.
        None => image
            .and_then(BaseImage::default_user)
            .unwrap_or_default()
            .to_owned(),
    };
    let (name, group) = match text.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (text.as_str(), None),
    };
    if matches!(name, "" | "root" | "0") {
        return Ok(root());
    }
    let number: Option<u32> = name.parse().ok();
    let known = image
        .and_then(BaseImage::ready_user)
        .filter(|user| user.name == name || Some(user.uid) == number)
        .map(|user| Account {
            uid: user.uid,
            gid: user.gid,
            home: Some(format!("/home/{}", user.name)),
        })
        .or_else(|| made(scene, at, stage, name, number));
    let mut account = match (known, number) {
        (Some(account), _) => account,
        // Without an entry in /etc/passwd, the group is 0 and the home is /.
        (None, Some(uid)) => Account {
            uid,
            gid: 0,
            home: None,
        },
        (None, None) => {
            return Err(format!("the number of user {name} is not known"));
        }
    };
    match group.map(str::parse) {
        None => {}
        Some(Ok(gid)) => account.gid = gid,
        Some(Err(_)) if group == Some(name) => {}
        Some(Err(_)) => {
            return Err(format!(
                "the number of the group in USER {text} is not known"
            ));
        }
    }
    Ok(account)
}

/// A user that a RUN above made, with a number of its own.
fn made(
    scene: &Scene<'_>,
    at: usize,
    stage: usize,
    name: &str,
    number: Option<u32>,
) -> Option<Account> {
    let mut lineage = vec![stage];
    while let Some(Base::Stage(parent)) = scene.stages().get(*lineage.last()?).map(|one| &one.base)
        && !lineage.contains(parent)
    {
        lineage.push(*parent);
    }
    let runs = lineage
        .iter()
        .filter_map(|stage| scene.stages().get(*stage))
        .flat_map(|stage| stage.instructions.clone())
        .filter(|index| *index < at);
    for index in runs {
        let Some(script) = scene.script(index) else {
            continue;
        };
        for call in script.calls() {
            if !matches!(call.program(), Some("useradd" | "adduser")) {
                continue;
            }
            let Some(words) = call.literals() else {
                continue;
            };
            let value = |flags: &[&str]| {
                words.iter().enumerate().find_map(|(at, word)| {
                    flags.iter().find_map(|flag| {
                        if word == flag {
                            return words.get(at + 1).copied();
                        }
                        word.strip_prefix(flag)?.strip_prefix('=')
                    })
                })
            };
            let uid: Option<u32> = value(&["-u", "--uid"]).and_then(|uid| uid.parse().ok());
            // adduser NAME GROUP adds to a group; the name is the last word of a useradd.
            let fits = words.contains(&name) || (number.is_some() && uid == number);
            let Some(uid) = uid.filter(|_| fits) else {
                continue;
            };
            let login = if words.contains(&name) {
                name
            } else {
                words.last().copied()?
            };
            let makes_home = call.program() == Some("adduser")
                && !words
                    .iter()
                    .any(|word| matches!(*word, "-H" | "--no-create-home"))
                || call.has_flag(&["-m", "--create-home"]);
            let group = value(&["-g", "--gid", "-G", "--ingroup"]);
            let gid = match group.map(str::parse) {
                None => uid,
                Some(Ok(gid)) => gid,
                Some(Err(_)) => group_number(scene, index, group?)?,
            };
            let home = value(&["-d", "--home", "--home-dir", "-h"])
                .map_or_else(|| format!("/home/{login}"), str::to_owned);
            return Some(Account {
                uid,
                gid,
                home: makes_home.then_some(home),
            });
        }
    }
    None
}

/// The number that a RUN gave to group `name`.
fn group_number(scene: &Scene<'_>, at: usize, name: &str) -> Option<u32> {
    (0..=at)
        .filter_map(|index| scene.script(index))
        .find_map(|script| {
            script.calls().find_map(|call| {
                let words = call.literals()?;
                let makes = matches!(call.program(), Some("groupadd" | "addgroup"));
                let flag = words
                    .iter()
                    .position(|word| matches!(*word, "-g" | "--gid"))?;
                (makes && words.contains(&name))
                    .then(|| words.get(flag + 1)?.parse().ok())
                    .flatten()
            })
        })
}

/// An image's name as a part of an id.
fn in_id(reference: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    reference
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect()
}
