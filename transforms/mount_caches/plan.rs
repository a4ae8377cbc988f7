//! Which mounts each RUN is to have.

use crate::knowledge::caches::{CacheMount, Kind, MountSafety, Sharing};
use crate::knowledge::{LanguageAction, LanguageManager};
use crate::packages::{LanguageUse, words};
use crate::shell::Script;
use crate::stage::{Mount, Value};
use crate::syntax::Args;
use crate::transform::Scene;

use super::asks::{Asking, fetches};
use super::ground::Ground;
use super::hazards;

/// A mount to be written.
#[derive(Clone)]
pub(super) struct Planned<'s> {
    /// Whose.
    pub manager: &'s LanguageManager,
    /// Which of its mounts.
    pub mount: &'s CacheMount,
    /// Where, absolute.
    pub target: String,
    /// The folder above that becomes a tmpfs.
    pub tmpfs: Option<String>,
    /// Its id, where the target alone is none.
    pub id: Option<String>,
    /// Owner and group, unless root.
    pub owner: Option<(u32, u32)>,
    /// Whether the image may come out another.
    pub risky: bool,
}

impl Planned<'_> {
    /// The topmost folder that is mounted.
    pub(super) fn top(&self) -> &str {
        self.tmpfs.as_deref().unwrap_or(&self.target)
    }

    /// Whether later steps may need what is in it.
    pub(super) fn is_store(&self) -> bool {
        self.mount.kind == Kind::Store
    }

    /// Whether two builds at once would disturb each other.
    pub(super) fn locked(&self) -> bool {
        self.mount.sharing == Sharing::Locked
    }
}

/// Why a manager gets no mount.
struct No {
    reason: String,
    /// There is a mount, and it does nothing.
    idle: bool,
}

impl From<String> for No {
    fn from(reason: String) -> Self {
        Self {
            reason,
            idle: false,
        }
    }
}

/// What is to become of a RUN.
pub(super) struct Plan<'s> {
    /// Its number.
    pub at: usize,
    /// Its tree of stages.
    pub tree: usize,
    /// Its script.
    pub script: Option<&'s Script>,
    /// Its calls.
    pub uses: &'s [LanguageUse<'s>],
    /// Managers that it downloads for.
    pub managers: &'s [&'s LanguageManager],
    /// What it stands on.
    pub ground: Option<Ground<'s>>,
    /// Mounts to be written.
    pub mounts: Vec<Planned<'s>>,
    /// Why a manager gets none.
    pub refused: Option<String>,
}

impl Plan<'_> {
    /// Whether one of its mounts is a store.
    pub(super) fn has_store(&self) -> bool {
        self.mounts.iter().any(Planned::is_store)
    }
}

/// The plans of all RUNs that download, each by itself.
pub(super) fn all<'s>(scene: &'s Scene<'_>, asking: &'s [Asking<'s>]) -> Vec<Plan<'s>> {
    asking.iter().map(|one| plan(scene, one)).collect()
}

fn plan<'s>(scene: &'s Scene<'_>, asking: &'s Asking<'s>) -> Plan<'s> {
    let mut plan = Plan {
        at: asking.at,
        tree: asking.tree,
        script: asking.script.ok(),
        uses: &asking.uses,
        managers: &asking.managers,
        ground: None,
        mounts: Vec::new(),
        refused: None,
    };
    let script = match asking.script {
        Ok(script) => script,
        Err(reason) => {
            plan.refused = Some(reason.to_owned());
            return plan;
        }
    };
    let ground = match Ground::of(scene, asking.at) {
        Ok(ground) => ground,
        Err(reason) => {
            // A RUN that has its mounts already needs no excuse.
            if !has_cache_mount(scene, asking.at) {
                plan.refused = Some(reason);
            }
            return plan;
        }
    };
    for manager in &asking.managers {
        let one = One {
            scene,
            asking,
            script,
            ground: &ground,
            manager: decided(scene, asking, manager),
        };
        match one.mounts() {
            Ok(mounts) => plan.mounts.extend(mounts),
            // A RUN that has its mounts already needs no excuse, but for one that does nothing.
            Err(no) if no.idle || !has_cache_mount(scene, asking.at) => {
                let (name, reason) = (&one.manager.id, no.reason);
                plan.refused
                    .get_or_insert(format!("no cache mount for {name}: {reason}"));
            }
            Err(_) => {}
        }
    }
    // Two programs with one cache have one mount.
    let mut seen: Vec<String> = Vec::new();
    plan.mounts.retain(|mount| {
        let new = !seen.contains(&mount.target);
        seen.push(mount.target.clone());
        new
    });
    plan.ground = Some(ground);
    plan
}

fn has_cache_mount(scene: &Scene<'_>, at: usize) -> bool {
    scene
        .file
        .instructions
        .get(at)
        .is_some_and(|run| Mount::all(run).iter().any(|mount| mount.kind == "cache"))
}

/// Of two managers of one program, the one whose files are there.
fn decided<'s>(
    scene: &Scene<'_>,
    asking: &Asking<'s>,
    manager: &'s LanguageManager,
) -> &'s LanguageManager {
    let others = asking
        .uses
        .iter()
        .filter(|one| one.language.manager.id == manager.id)
        .flat_map(|one| one.language.or.iter().copied());
    for other in others {
        let there = other.sign_files.iter().any(|file| {
            scene
                .context
                .is_some_and(|context| context.entry(file).is_some())
                || scene.file.instructions.iter().any(|one| {
                    one.args.words().iter().any(|word| {
                        let word = word.text.trim_end_matches('/');
                        word == file
                            || word.ends_with(&format!("/{file}"))
                            || word.contains(&format!("{file}/"))
                    })
                })
        });
        if there {
            return other;
        }
    }
    manager
}

/// Whether `path` is `folder` or stands in it.
pub(super) fn inside(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct One<'g, 'a, 's> {
    scene: &'s Scene<'a>,
    asking: &'s Asking<'s>,
    script: &'s Script,
    ground: &'g Ground<'s>,
    manager: &'s LanguageManager,
}

impl<'s> One<'_, '_, 's> {
    fn uses(&self) -> impl Iterator<Item = &LanguageUse<'s>> {
        self.asking.uses.iter().filter(|one| {
            one.language.manager.id == self.manager.id
                || one
                    .language
                    .or
                    .iter()
                    .any(|other| other.id == self.manager.id)
        })
    }

    fn mounts(&self) -> Result<Vec<Planned<'s>>, No> {
        let whole = self.scene.config.flag(super::ID, "whole") == Some(true);
        let builds_nothing = self.uses().filter(|one| fetches(&one.language)).all(|one| {
            one.language
                .says(&words(one.call.simple), &self.manager.builds_nothing)
        });
        let mut planned: Vec<Planned<'s>> = Vec::new();
        let mut covered = false;
        let mut reason = None;
        for mount in &self.manager.mounts {
            let risky = match mount.mount {
                MountSafety::Safe => false,
                MountSafety::Unsafe => !(whole || builds_nothing),
                MountSafety::Never => continue,
            };
            let replaced = mount.instead_of.as_deref();
            if replaced.is_some() && mount.mount == MountSafety::Unsafe && !whole {
                continue;
            }
            let wanted = self.planned(mount, risky)?;
            let Some(wanted) = wanted else {
                continue;
            };
            match self.already(&wanted)? {
                true => {
                    covered = true;
                    continue;
                }
                false if covered && replaced.is_some() => continue,
                false => {}
            }
            if let Some(replaced) = replaced {
                let at = planned.iter().position(|one| one.mount.name == replaced);
                match at {
                    // The whole mount was asked for, or a cleanup names just this folder.
                    Some(at)
                        if whole && mount.mount == MountSafety::Unsafe
                            || self.removes(wanted.top()) =>
                    {
                        planned.remove(at);
                    }
                    Some(_) => continue,
                    None => {}
                }
                if mount.mount == MountSafety::Safe && self.keeps_programs() {
                    reason = Some(
                        "npx and its like keep the programs that they run in the cache".to_owned(),
                    );
                    continue;
                }
            }
            if !self.ground.owns(parent(wanted.top())) {
                reason = Some(format!(
                    "the folder above {} is not known to be there as the user's, and would be made as root's",
                    wanted.top()
                ));
                continue;
            }
            planned.push(wanted);
        }
        if planned.is_empty() {
            return match reason {
                Some(reason) if !covered => Err(reason.into()),
                _ => Ok(planned),
            };
        }
        self.sure()?;
        for wanted in &planned {
            if let Some(reason) = hazards::of(self.scene, self.asking, self.ground, wanted) {
                return Err(reason.into());
            }
        }
        Ok(planned)
    }

    /// Where `mount` goes; `None` when nobody can say.
    fn planned(&self, mount: &'s CacheMount, risky: bool) -> Result<Option<Planned<'s>>, String> {
        for name in mount.moved_by() {
            self.ground.variable(name)?;
        }
        let home = if mount.home_of_uid() {
            &self.ground.passwd
        } else {
            &self.ground.home
        };
        let variable = |name: &str| self.ground.variable(name).ok().flatten();
        let Some(target) = mount.target(variable, home.as_deref(), self.ground.uid == 0) else {
            let needs_home = mount.places.iter().any(|place| place.starts_with('~'));
            return if needs_home {
                Err("the user's home is not known".to_owned())
            } else {
                Ok(None)
            };
        };
        if !target.starts_with('/') {
            return Err(format!(
                "its cache is at {target}, which is no absolute path"
            ));
        }
        if target.contains(|c: char| c.is_whitespace() || c.is_control() || "$,\"'\\`".contains(c))
        {
            return Err(format!(
                "its cache is at {target}, a name with special characters"
            ));
        }
        let target = self.ground.state.workdir.join(&target).unwrap_or(target);
        let tmpfs = mount.tmpfs.as_ref().map(|above| match above.as_str() {
            ".." => parent(&target).to_owned(),
            path => path.to_owned(),
        });
        let mut id = Vec::new();
        if mount.by.as_deref() == Some("base") {
            let Some(base) = &self.ground.base else {
                // Which image it is hangs on a build argument: nothing to name it by.
                return Ok(None);
            };
            id.push(format!("{}-{}", self.manager.id, mount.name));
            id.push(base.clone());
        } else if mount.by.is_some() {
            return Ok(None);
        }
        let owner = (self.ground.uid != 0).then_some((self.ground.uid, self.ground.gid));
        if let Some((uid, _)) = owner {
            if id.is_empty() {
                id.push(format!("{}-{}", self.manager.id, mount.name));
            }
            id.push(format!("uid{uid}"));
        }
        Ok(Some(Planned {
            manager: self.manager,
            mount,
            target,
            tmpfs,
            id: (!id.is_empty()).then(|| id.join("-")),
            owner,
            risky,
        }))
    }

    /// Whether a mount of the author's is there already, or above, or below.
    fn already(&self, wanted: &Planned<'_>) -> Result<bool, No> {
        let Some(run) = self.scene.file.instructions.get(self.asking.at) else {
            return Ok(true);
        };
        for mount in Mount::all(run) {
            let Some(target) = &mount.target else {
                continue;
            };
            if target.contains('$') {
                return Err("the target of a mount that is there hangs on a variable"
                    .to_owned()
                    .into());
            }
            let target = self.ground.state.workdir.join(target).unwrap_or_default();
            if wanted.mount.exact
                && mount.kind == "cache"
                && target != wanted.target
                && inside(&target, &wanted.target)
            {
                return Err(No {
                    reason: format!(
                        "the mount at {target} sends the store elsewhere: it must be exactly at {}",
                        wanted.target
                    ),
                    idle: true,
                });
            }
            if inside(&target, wanted.top()) || inside(wanted.top(), &target) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the step removes just `folder`.
    fn removes(&self, folder: &str) -> bool {
        self.script.calls().any(|call| {
            call.name == Some("rm")
                && call.args().iter().any(|word| {
                    hazards::path_of(word, self.script, self.ground).is_some_and(|path| {
                        path.trim_end_matches("/*").trim_end_matches('/') == folder
                    })
                })
        })
    }

    /// Whether the step runs programs that the manager keeps in its cache.
    fn keeps_programs(&self) -> bool {
        self.uses().any(|one| {
            let words = words(one.call.simple);
            let program = words
                .get(one.language.program)
                .copied()
                .flatten()
                .unwrap_or_default();
            one.language.action == LanguageAction::Run
                && (self.manager.run_programs.iter().any(|name| name == program)
                    || matches!(
                        one.language.verb_text(&words).as_str(),
                        "exec" | "x" | "dlx"
                    ))
        })
    }

    /// Whether the cache is in use, and where the tables say.
    fn sure(&self) -> Result<(), String> {
        let manager = self.manager;
        if let [file, text] = manager.mount_needs.as_slice() {
            let found = self
                .scene
                .context
                .and_then(|context| context.read_text(file));
            if !found.is_some_and(|found| found.contains(text.as_str())) {
                let why = manager
                    .mounts
                    .first()
                    .map_or("", |mount| mount.why.as_str());
                return Err(format!("{why}, and {file} doesn't say so"));
            }
        }
        for (name, variable) in self.ground.state.env.iter() {
            let value = variable.value.likely();
            let off = match value {
                Some(value) => manager.turned_off_by(name, value),
                None => {
                    variable.value == Value::Optional
                        && manager.no_cache_variables.iter().any(|other| other == name)
                }
            };
            if off {
                return Err(format!("{name} turns its cache off"));
            }
            if value.is_some_and(|value| manager.offline_by(name, value)) {
                return Err(format!("{name} forbids it the network"));
            }
            if let Some(value) = variable.value.likely()
                && manager
                    .wrong_with_mount
                    .contains(&format!("{name}={value}"))
            {
                return Err(format!("{name}={value} makes a mounted cache wrong"));
            }
        }
        self.sure_of_words()?;
        if !manager.environments_elsewhere.is_empty() && !self.environments_elsewhere() {
            return Err("its environments are in its cache folder".to_owned());
        }
        let flagged = self.scene.file.instructions.get(self.asking.at);
        if flagged.and_then(|run| run.flag("network")?.value()) == Some("none") {
            return Err("the step has no network".to_owned());
        }
        Ok(())
    }

    fn sure_of_words(&self) -> Result<(), String> {
        let manager = self.manager;
        let moves = |name: &str| {
            matches!(name, "HOME" | "XDG_CACHE_HOME" | "XDG_DATA_HOME")
                || manager
                    .mounts
                    .iter()
                    .any(|mount| mount.moved_by().any(|other| other == name))
                || manager.no_cache_variables.iter().any(|other| other == name)
        };
        let exported = self
            .script
            .calls()
            .filter(|call| matches!(call.name, Some("export" | "env" | "unset")));
        let exported =
            exported.flat_map(|call| call.args().iter().map(|word| word.raw(self.script)));
        let assigned = self.script.assignments();
        let assigned = assigned.iter().map(|one| one.name.as_str());
        if let Some(name) = exported
            .map(|text| text.split('=').next().unwrap_or(text))
            .chain(assigned)
            .find(|name| moves(name))
        {
            return Err(format!("the step sets {name} itself"));
        }
        for one in self.uses() {
            let words = words(one.call.simple);
            let before = words.get(..one.language.program).unwrap_or_default();
            if let Some(wrapper) = before.iter().flatten().find(|word| {
                matches!(
                    **word,
                    "sudo" | "su" | "gosu" | "su-exec" | "runuser" | "chroot" | "setpriv" | "doas"
                )
            }) {
                return Err(format!("{wrapper} runs it as another user"));
            }
            let language = &one.language;
            for flag in &language.flags {
                let Some(text) = words.get(flag.start).copied().flatten() else {
                    continue;
                };
                let name = text.split('=').next().unwrap_or(text);
                if manager.cache_flags.iter().any(|other| other == name) {
                    return Err(format!("{name} moves its cache"));
                }
                // Reading the cache first is no harm when it is empty.
                if manager.offline.iter().any(|other| other == text) && text != "--prefer-offline" {
                    return Err(format!("{text} works offline, and a mount may be empty"));
                }
                if manager.wrong_with_mount.iter().any(|other| other == text) {
                    return Err(format!("{text} makes a mounted cache wrong"));
                }
            }
            let goals = language.verb.iter().chain(&language.operands);
            let published = goals
                .filter_map(|at| words.get(*at).copied().flatten())
                .find(|goal| manager.goals && manager.publishes.iter().any(|other| other == goal));
            if let Some(goal) = published {
                return Err(format!(
                    "`{goal}` puts what the project itself made into the store, where other builds would find it"
                ));
            }
        }
        Ok(())
    }

    fn environments_elsewhere(&self) -> bool {
        let wanted = &self.manager.environments_elsewhere;
        let by_variable = self.ground.state.env.iter().any(|(name, variable)| {
            let value = variable
                .value
                .known()
                .unwrap_or_default()
                .to_ascii_lowercase();
            wanted.contains(&format!("{name}={value}"))
        });
        let here = self.scene.stages().stage_of(self.asking.at);
        by_variable
            || self
                .scene
                .file
                .instructions
                .iter()
                .filter(|one| one.index <= self.asking.at)
                .filter(|one| {
                    self.scene
                        .stages()
                        .stage_of(one.index)
                        .is_some_and(|stage| {
                            Some(stage) == here
                                || super::asks::root_of(self.scene, stage) == self.asking.tree
                        })
                })
                .filter(|one| !matches!(one.args, Args::None))
                .filter_map(|one| self.scene.script(one.index))
                .any(|script| {
                    script.calls().any(|call| {
                        let words: Vec<_> = words(call.simple).into_iter().flatten().collect();
                        let text = words.join(" ").to_ascii_lowercase();
                        wanted
                            .iter()
                            .any(|want| want.contains(' ') && text.contains(want.as_str()))
                    })
                })
    }
}

/// The folder that `path` is in.
pub(super) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}
