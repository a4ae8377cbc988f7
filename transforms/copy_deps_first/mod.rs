//! Copies the manifests and installs the dependencies before it copies the rest.
//!
//! ## Why
//!
//! After `COPY . .`, an edit of any source file makes the next `npm ci` or `pip install` run again. Below a COPY of the
//! manifests alone, it runs again only when they change.
//!
//! ## Example
//!
//! ```file:package.json
//! {"name": "shop", "dependencies": {"express": "^4"}}
//! ```
//!
//! ```file:package-lock.json
//! {"lockfileVersion": 3, "packages": {}}
//! ```
//!
//! ```file:.dockerignore
//! node_modules
//! ```
//!
//! ```file:server.js
//! require("express")
//! ```
//!
//! ```dockerfile
//! FROM node:22
//! WORKDIR /app
//! COPY . .
//! RUN npm ci
//! CMD ["node", "server.js"]
//! ```
//!
//! ```diff
//! @@ -1,5 +1,6 @@
//!  FROM node:22
//!  WORKDIR /app
//! -COPY . .
//! +COPY package.json package-lock.json ./
//!  RUN npm ci
//! +COPY . .
//!  CMD ["node", "server.js"]
//! ```
//!
//! ## When it refuses
//!
//! * No build context is known: it stays silent.
//! * The closure is open: a script of the project runs at install, a package comes from the project itself (`-e .`,
//!   `file:`, `pip install .`), a file is missing, ignored, a symbolic link, or outside of what is copied.
//! * The install writes where the later COPY would put something of the build context: a `node_modules` that is not
//!   ignored. The reason names the line for the ignore file. A line that `write-dockerignore` adds in the same run counts.
//! * A later COPY would take back what the install did: the mode of a workspace's command.
//! * Something between the COPY and the install may read or write what is copied, or the same RUN builds the project.
//! * A flag of the install, or a name, that is not understood.
//!
//! ## Safety
//!
//! Safe when the install keeps its lock (`npm ci`, `--frozen-lockfile`, `uv sync --frozen`, `pip install -r`), and the
//! files that it reads are known to be all. Unsafe when it may write the lock back, or when a folder that it writes
//! is absent now and not ignored. The first build after it runs from the new COPY on again.
//!
//! ## Known problems
//!
//! Packages without exact versions stay as old as the last change of the manifests.

mod calls;
mod closure;
mod copies;
mod lines;
mod node;
mod others;
mod python;

use crate::context::Context;
use crate::context::glob::Glob;
use crate::context::ignore::Ignore;
use crate::knowledge::LanguageManager;
use crate::stage::{Mount, Slot};
use crate::style::{blank_line, top};
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

use calls::Step;
use closure::{Closure, Project, is_in};
use copies::{Copied, is_below};

/// The transform of this page.
pub struct CopyDepsFirst;

impl Transform for CopyDepsFirst {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(context) = scene.context else {
            return Vec::new();
        };
        let mut proposals = Vec::new();
        for stage in scene.stages().stages() {
            for index in stage.instructions.clone() {
                let group = Group {
                    scene,
                    context,
                    start: stage.from + 1,
                    run: index,
                };
                match group.plan() {
                    Plan::Nothing => {}
                    Plan::Refuse(at, reason) => proposals.push(Proposal::refuse(at, reason)),
                    Plan::Change(change) => {
                        proposals.push(Proposal::Change(*change));
                        // What is left of the stage is seen anew in the next round.
                        break;
                    }
                }
            }
        }
        proposals
    }
}

enum Plan {
    Nothing,
    Refuse(Span, String),
    Change(Box<Change>),
}

/// A RUN and what stands above it in its stage.
struct Group<'a> {
    scene: &'a Scene<'a>,
    context: &'a Context,
    /// The stage's first instruction.
    start: usize,
    run: usize,
}

/// Folders of the system where installs write, and COPY of a project has no business.
const SYSTEM: [&str; 16] = [
    "/bin",
    "/etc",
    "/go/bin",
    "/go/pkg",
    "/lib",
    "/opt/conda",
    "/root",
    "/sbin",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/local/bundle",
    "/usr/local/lib",
    "/usr/local/share",
    "/usr/share",
];

/// What installs read and write in a home.
const IN_HOMES: [&str; 13] = [
    ".bundle",
    ".cache",
    ".config",
    ".gem",
    ".gitconfig",
    ".local",
    ".m2",
    ".netrc",
    ".npm",
    ".pip",
    ".pydistutils.cfg",
    ".yarn",
    "go",
];

impl<'a> Group<'a> {
    fn plan(&self) -> Plan {
        let Some(steps) = calls::steps(self.scene, self.run) else {
            return Plan::Nothing;
        };
        let installs = steps
            .iter()
            .any(|step| matches!(step, Step::Install { .. }));
        let Some(run) = self
            .scene
            .file
            .instructions
            .get(self.run)
            .filter(|_| installs)
        else {
            return Plan::Nothing;
        };
        let copies: Vec<Copied<'_>> = (self.start..self.run)
            .filter_map(|index| Copied::read(self.scene, self.context, index))
            .collect();
        let binds = Mount::all(run).iter().any(|mount| mount.kind == "bind");
        if copies.is_empty() || binds {
            return Plan::Nothing;
        }
        let (places, closure) = match self.closures(&steps, &copies) {
            Ok(Some(found)) => found,
            Ok(None) => return Plan::Nothing,
            Err(reason) => {
                let at = run.span;
                // Files that came apart from the sources, and no source above: there is nothing to gain.
                let sources = copies.iter().any(|copy| self.carries_sources(copy, &steps));
                return match sources {
                    true => Plan::Refuse(at, reason),
                    false => Plan::Nothing,
                };
            }
        };
        match self.change(run, &steps, &copies, &places, closure) {
            Ok(Some(change)) => Plan::Change(Box::new(change)),
            Ok(None) => Plan::Nothing,
            Err(reason) => Plan::Refuse(run.span, reason),
        }
    }

    /// The closure of all installs of the RUN, and where the projects lie: folder of the context, folder of the image.
    #[allow(clippy::type_complexity, reason = "one use")]
    fn closures(
        &self,
        steps: &[Step<'a>],
        copies: &[Copied<'_>],
    ) -> Result<Option<(Vec<(String, String)>, Closure)>, String> {
        let mut all = Closure::default();
        let mut places = Vec::new();
        let Some(state) = self.scene.stages().before(self.run) else {
            return Ok(None);
        };
        for step in steps {
            let Step::Install {
                call,
                words,
                folder,
            } = step
            else {
                continue;
            };
            let names = |manager: &LanguageManager, name: &str| {
                let listed = manager.manifests.iter().chain(&manager.locks);
                listed.into_iter().any(|one| {
                    one.rsplit('/')
                        .next()
                        .is_some_and(|one| Glob::new(one).is_ok_and(|glob| glob.matches(name)))
                })
            };
            let is_manifest = |name: &str| {
                names(call.manager, name)
                    || words
                        .iter()
                        .flatten()
                        .any(|word| word.rsplit('/').next() == Some(name))
            };
            let Some(root) = copies
                .iter()
                .rev()
                .find_map(|copy| copy.project(folder, &is_manifest))
            else {
                return Ok(None);
            };
            let place = (root.clone(), folder.clone());
            let brought = |path: &str| brought(self.context, copies, &place, path);
            let mut errors = Vec::new();
            let mut found = None;
            for manager in std::iter::once(call.manager).chain(call.or.iter().copied()) {
                let mut call = (**call).clone();
                call.manager = manager;
                let goals = call
                    .operands
                    .iter()
                    .filter_map(|at| words.get(*at).copied().flatten());
                let verb = call.verb_text(words);
                let closed = |verb: &str| manager.closed.iter().any(|one| one == verb);
                let known = closed(&verb) || manager.goals && goals.clone().any(closed);
                if !known {
                    errors.push(format!("what `{} {verb}` reads is not known", manager.id));
                    continue;
                }
                let project = Project {
                    context: self.context,
                    root: root.clone(),
                    folder: folder.clone(),
                    brought: &brought,
                    state,
                    call: &call,
                    words,
                    found: Closure::default(),
                };
                match closure::find(project) {
                    Ok(closure) => {
                        found = Some(closure);
                        break;
                    }
                    Err(error) => errors.push(error),
                }
            }
            let Some(closure) = found else {
                // Of two managers of one name, the one that got furthest knows best.
                let known = errors
                    .iter()
                    .rev()
                    .find(|error| !error.contains("another yarn"));
                return Err(known.or(errors.last()).cloned().unwrap_or_default());
            };
            all.join(closure);
            places.push(place);
        }
        Ok((!places.is_empty()).then_some((places, all)))
    }

    /// Whether `copy` brings sources to where an install runs.
    fn carries_sources(&self, copy: &Copied<'_>, steps: &[Step<'_>]) -> bool {
        steps.iter().any(|step| match step {
            Step::Install {
                folder,
                call,
                words,
            } => {
                let mut listed = Closure::default();
                let manager = call.manager;
                for pattern in manager
                    .manifests
                    .iter()
                    .chain(&manager.locks)
                    .chain(&manager.config)
                {
                    if let Ok(paths) = self.context.matches(pattern) {
                        listed.files.extend(paths);
                    }
                }
                listed
                    .files
                    .extend(words.iter().flatten().map(|word| (*word).to_owned()));
                (is_below(&copy.target, folder) || is_below(folder, &copy.target))
                    && copy.brings_more(self.context, &listed)
            }
            _ => false,
        })
    }

    fn change(
        &self,
        run: &Instruction,
        steps: &[Step<'_>],
        copies: &[Copied<'_>],
        places: &[(String, String)],
        closure: Closure,
    ) -> Result<Option<Change>, String> {
        let beside = |copy: &Copied<'_>| {
            places
                .iter()
                .any(|(_, folder)| is_below(&copy.target, folder) || is_below(folder, &copy.target))
        };
        let candidates: Vec<&Copied<'_>> = copies
            .iter()
            .filter(|copy| beside(copy) && copy.brings_more(self.context, &closure))
            .collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        let movers = self.movers(steps, &candidates)?;
        let mut absent = Vec::new();
        for copy in &movers {
            if !self.stays_clear(run, copy, places, &closure)? {
                absent.push(copy);
            }
        }
        let unignored = self.unignored(&movers, places, &closure);
        let is_mover = |index: usize| movers.iter().any(|copy| copy.instruction.index == index);
        // Files that an instruction which stays brings already.
        let place = |path: &str| places.iter().map(|place| expected(place, path)).next();
        let stays = |path: &String| {
            let Some(at) = place(path) else { return false };
            copies.iter().any(|copy| {
                let index = copy.instruction.index;
                !is_mover(index)
                    && copy.origins(&at).contains(path)
                    && (index + 1..self.run)
                        .filter(|other| !is_mover(*other))
                        .all(|other| !self.may_write(other, &at))
            })
        };
        let files: Vec<String> = closure
            .files
            .iter()
            .filter(|path| !stays(path))
            .cloned()
            .collect();
        let in_folder = |path: &str| {
            closure
                .folders
                .iter()
                .any(|folder| path != folder && is_in(path, folder))
        };
        let files: Vec<String> = files.into_iter().filter(|path| !in_folder(path)).collect();
        let folders: Vec<String> = closure
            .folders
            .iter()
            .filter(|path| !stays(path) && !in_folder(path))
            .cloned()
            .collect();
        // As people write them: the manifest, its lock, the rest.
        let mut files = files;
        files.sort_by_key(|path| self.rank(steps, path));
        let mut provider: Option<&Copied<'_>> = None;
        for path in files.iter().chain(&folders) {
            let at = place(path).unwrap_or_default();
            let from = movers
                .iter()
                .rev()
                .find(|copy| copy.origins(&at).contains(path));
            let from =
                *from.ok_or_else(|| format!("{path} comes by a COPY that stays where it is"))?;
            let other = provider.replace(from);
            if other.is_some_and(|other| other.instruction.index != from.instruction.index) {
                return Err("its manifests come by several COPYs together with sources".to_owned());
            }
        }
        // A COPY makes its target with mode 755 and its own owner, be it of a folder or of a file that goes there.
        for copy in absent {
            let same = provider.is_some_and(|one| one.instruction.index == copy.instruction.index);
            let made = files.iter().any(|path| {
                let at = place(path).unwrap_or_default();
                at.rsplit_once('/')
                    .is_some_and(|(folder, _)| folder == copy.target)
            });
            if !same || !made {
                return Err(format!("nothing above it makes {}", copy.target));
            }
        }
        let mut edits = Vec::new();
        let mut written = 0;
        let first = movers.iter().map(|copy| copy.instruction.index).min();
        if let Some(copy) = provider {
            if closure.has_commands && copy.instruction.flag("chmod").is_some() {
                return Err("`--chmod` changes the mode of a workspace's command".to_owned());
            }
            let lines = lines::write(copy, &files, &folders)?;
            written = lines.len();
            let at = self.moved(copy.instruction).start;
            let indent = Span::new(copy.instruction.whole.start, copy.instruction.span.start);
            let indent = self.scene.file.text(indent).into_owned();
            let end = self.scene.file.line_end();
            let text: String = lines
                .iter()
                .map(|line| format!("{indent}{line}{end}"))
                .collect();
            edits.push(Edit::insert(at, text));
        }
        let source = self.scene.file.source();
        let mut to = run.whole.end;
        if !source.get(..to).is_some_and(|text| text.ends_with(b"\n")) {
            return Err("the file ends without a line end right behind it".to_owned());
        }
        // A blank line that set the COPY apart sets it apart below, too.
        let gap = movers.last().map_or(0, |copy| {
            blank_line(self.scene.file, copy.instruction.whole.end)
        });
        let gap = gap.min(blank_line(self.scene.file, to));
        to += gap;
        for (number, copy) in movers.iter().enumerate() {
            let mut range = self.moved(copy.instruction);
            if number + 1 == movers.len() {
                range.end += gap;
            }
            edits.push(Edit::Move { range, to });
        }
        let names: Vec<&str> = files.iter().chain(&folders).map(String::as_str).collect();
        let shown = match names.as_slice() {
            [] => "install before the sources are copied".to_owned(),
            names => format!(
                "copy {} first, and install before the rest is copied",
                listing(names)
            ),
        };
        let installs: Vec<String> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Install { words, .. } => {
                    let words: Vec<&str> = words.iter().flatten().copied().collect();
                    Some(calls::short(&words.join(" ")))
                }
                _ => None,
            })
            .collect();
        let all: Vec<&str> = closure
            .files
            .iter()
            .filter(|path| !in_folder(path))
            .chain(&closure.folders)
            .map(String::as_str)
            .collect();
        let mut reason = format!(
            "{shown}: `{}` reads only {}, so an edit elsewhere no longer runs it again; the next build runs from there",
            installs.join("` and `"),
            match names.len() == all.len() {
                true => "that".to_owned(),
                false => listing(&all),
            }
        );
        let mut safety = Safety::Safe;
        for doubt in closure.thaws.iter().chain(&unignored) {
            safety = Safety::Unsafe;
            reason = format!("{reason}; {doubt}");
        }
        let at = first.and_then(|first| self.scene.file.instructions.get(first));
        let at = Span::new(
            at.map_or(run.span.start, |first| first.span.start),
            run.span.end,
        );
        let fewer = -isize::try_from(written).unwrap_or_default();
        Ok(Some(Change::new(at, safety, reason, edits).fewer(fewer)))
    }

    /// The COPYs that may move below the RUN, from the last one up to the first that may not.
    fn movers<'c, 'd>(
        &self,
        steps: &[Step<'_>],
        candidates: &[&'c Copied<'d>],
    ) -> Result<Vec<&'c Copied<'d>>, String> {
        let mut movers: Vec<&Copied<'_>> = Vec::new();
        for copy in candidates.iter().rev() {
            let moved = |index: usize| movers.iter().any(|one| one.instruction.index == index);
            let between = (copy.instruction.index + 1..self.run).filter(|index| !moved(*index));
            let mut passes = Ok(());
            for index in between {
                let line = self
                    .scene
                    .file
                    .instructions
                    .get(index)
                    .map_or(0, |one| one.lines.0);
                if self.enters_target(index, copy) {
                    continue;
                }
                passes = passes.and_then(|()| {
                    calls::passes(self.scene, index, &copy.effects).map_err(|reason| {
                        format!("line {line} stands between COPY and install: {reason}")
                    })
                });
            }
            for step in steps
                .iter()
                .filter(|step| !matches!(step, Step::Install { .. }))
            {
                passes = passes.and_then(|()| {
                    calls::beside(step, &copy.effects)
                        .map_err(|reason| format!("the same RUN does more than install: {reason}"))
                });
            }
            match passes {
                Ok(()) => movers.push(copy),
                Err(reason) if movers.is_empty() => return Err(reason),
                Err(_) => break,
            }
        }
        movers.reverse();
        Ok(movers)
    }

    /// Whether it is a WORKDIR to where `copy` goes: the files that come first make that folder as `copy` would.
    fn enters_target(&self, index: usize, copy: &Copied<'_>) -> bool {
        let file = self.scene.file;
        let is_workdir = |one: &Instruction| one.keyword == Keyword::Workdir;
        let after = self.scene.stages().before(index + 1);
        file.instructions.get(index).is_some_and(is_workdir)
            && !copy.effects.slots_read.contains(&Slot::Workdir)
            && after.and_then(|state| state.workdir.path.as_deref()) == Some(copy.target.as_str())
    }

    /// The later COPY must not write where the install does. Whether its target is there before it.
    fn stays_clear(
        &self,
        run: &Instruction,
        copy: &Copied<'_>,
        places: &[(String, String)],
        closure: &Closure,
    ) -> Result<bool, String> {
        let target = copy.target.as_str();
        let system = |folder: &&&str| {
            is_below(folder, target) || (is_below(target, folder) && **folder != "/usr/share")
        };
        if let Some(folder) = SYSTEM.iter().find(system) {
            return Err(format!(
                "it copies to {target}, and installs may write to {folder}"
            ));
        }
        let state = self.scene.stages().before(copy.instruction.index);
        let there = state.is_some_and(|state| {
            let path = state.workdir.path.as_deref();
            state.workdir.explicit
                && path.is_some_and(|path| is_below(path, target) || is_below(target, path))
        });
        for mount in Mount::all(run) {
            let path = mount.target.as_deref().unwrap_or("/run");
            let path = state.and_then(|state| state.workdir.join(path));
            if path.is_none_or(|path| is_below(&path, target)) {
                return Err("a mount of the RUN lies in what is copied".to_owned());
            }
        }
        // A virtual environment in the project, by PATH or by its own variable.
        let mut written: Vec<String> = Vec::new();
        if let Some(state) = self.scene.stages().before(self.run) {
            let Some(folders) = &state.program_folders else {
                return Err(
                    "PATH hangs on something unknown, and so does where it installs to".to_owned(),
                );
            };
            written.extend(folders.iter().filter_map(|path| {
                let folder = path.strip_suffix("/bin").unwrap_or(path);
                (folder != target && !folder.is_empty()).then(|| folder.to_owned())
            }));
            written.extend(state.env.value("VIRTUAL_ENV").likely().map(str::to_owned));
        }
        // The copied folder may hold somebody's home, where caches and settings lie.
        let home = state.map(|state| state.env.value("HOME"));
        let home = home.as_ref().and_then(|home| home.likely());
        let named = home.filter(|home| is_below(home, target));
        for home in named
            .into_iter()
            .chain(Some(target).filter(|path| path.starts_with("/home/")))
        {
            written.extend(IN_HOMES.iter().map(|name| format!("{home}/{name}")));
        }
        for leaf in &closure.leaves {
            written.extend(places.iter().map(|place| expected(place, leaf)));
        }
        for place in written.iter().filter(|place| !place.is_empty()) {
            if is_below(target, place) && target != "/" {
                return Err(format!("it copies into {place}, which the install writes"));
            }
            let carried = copy
                .origins(place)
                .into_iter()
                .find(|path| self.context.entry(path).is_some() && !self.leaves_out_now(path));
            if let Some(path) = carried.filter(|path| !path.is_empty()) {
                return Err(format!(
                    "the later COPY would lay the {path} of the build context over the fresh one: it would do with the line `{}` in {}",
                    ignoring(&path),
                    self.ignore_file()
                ));
            }
        }
        for (path, who) in &closure.keep_out {
            for place in places {
                let at = expected(place, path);
                if copy
                    .origins(&at)
                    .iter()
                    .any(|path| self.context.entry(path).is_some())
                {
                    let way_out = match path.rsplit('/').next() {
                        Some(".git") => {
                            format!(
                                ": it would do with the line `.git` in {}",
                                self.ignore_file()
                            )
                        }
                        _ => String::new(),
                    };
                    return Err(format!("{who} reads {path} at install{way_out}"));
                }
            }
        }
        Ok(there)
    }

    /// A folder that the install writes, that is absent now and would be copied once it is there.
    fn unignored(
        &self,
        movers: &[&Copied<'_>],
        places: &[(String, String)],
        closure: &Closure,
    ) -> Option<String> {
        let leaf = closure.leaves.iter().find(|leaf| {
            let carried = |copy: &&Copied<'_>| {
                places
                    .iter()
                    .any(|place| !copy.origins(&expected(place, leaf)).is_empty())
            };
            !self.context.is_ignored(leaf)
                && !self.leaves_out_now(leaf)
                && movers.iter().any(carried)
        })?;
        Some(format!(
            "safe once the line `{}` stands in {}, or a {leaf} of the build context would be laid over the fresh one",
            ignoring(leaf),
            self.ignore_file()
        ))
    }

    /// Whether the ignore file, as this run leaves it, keeps `path` and all below it out of the context.
    fn leaves_out_now(&self, path: &str) -> bool {
        let file = match self.context.ignore_file() {
            None => Some(".dockerignore"),
            Some(file) => file
                .path
                .strip_prefix(self.context.root())
                .ok()
                .and_then(|path| path.to_str()),
        };
        let Some(text) = file.and_then(|file| self.scene.beside(file)) else {
            return false;
        };
        Ignore::parse(&text).is_ok_and(|ignore| {
            ignore.judge_on_the_way(path).ignored && !ignore.may_hold_more(path)
        })
    }

    fn ignore_file(&self) -> &str {
        self.context
            .ignore_file()
            .map_or(".dockerignore", |file| file.name())
    }

    fn may_write(&self, index: usize, place: &str) -> bool {
        let Some(instruction) = self.scene.file.instructions.get(index) else {
            return true;
        };
        let Some(state) = self.scene.stages().before(index) else {
            return true;
        };
        let script = self.scene.script(index);
        let effects = crate::stage::Effects::of(
            self.scene.file,
            instruction,
            state,
            script,
            self.scene.knowledge,
        );
        effects.writes.covers(place)
    }

    /// Manifests before locks before the rest.
    fn rank(&self, steps: &[Step<'_>], path: &str) -> (bool, bool, String) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let listed = |list: fn(&LanguageManager) -> &[String]| {
            steps.iter().any(|step| match step {
                Step::Install { call, .. } => list(call.manager).iter().any(|one| one == name),
                _ => false,
            })
        };
        let manifest = listed(|manager| &manager.manifests);
        let lock = listed(|manager| &manager.locks);
        (!manifest, !lock, path.to_owned())
    }

    /// What moves: the COPY with the comments right above it that speak of it.
    fn moved(&self, instruction: &Instruction) -> Span {
        let file = self.scene.file;
        let above = file.comments_above(instruction.index);
        let about_install = above.iter().any(|comment| {
            let text = file.text(comment.span).to_lowercase();
            !crate::gate::is_pragma(file.bytes(comment.span))
                && ["install", "depend", "requirement", "package"]
                    .iter()
                    .any(|word| text.contains(word))
        });
        let start = match about_install {
            true => instruction.whole.start,
            false => top(file, instruction),
        };
        Span::new(start, instruction.whole.end)
    }
}

/// The line of an ignore file that leaves out `path` and its like.
fn ignoring(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((_, name)) => format!("**/{name}"),
        None => path.to_owned(),
    }
}

/// Where `path` of the context should lie when the project's folder lies where it does.
fn expected((root, folder): &(String, String), path: &str) -> String {
    let (mut root, mut folder) = (root.as_str(), folder.as_str());
    while !is_in(path, root) {
        root = root.rsplit_once('/').map_or("", |(above, _)| above);
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    let rest = path
        .strip_prefix(root)
        .unwrap_or(path)
        .trim_start_matches('/');
    match rest {
        "" => folder.to_owned(),
        rest => format!("{}/{rest}", folder.trim_end_matches('/')),
    }
}

/// Whether the COPYs bring `path` of the context to its place, and nothing else to that place.
fn brought(context: &Context, copies: &[Copied<'_>], place: &(String, String), path: &str) -> bool {
    let at = expected(place, path);
    let last = copies.iter().rev().find_map(|copy| {
        let mut origins = copy.origins(&at);
        origins.retain(|origin| context.entry(origin).is_some());
        (!origins.is_empty()).then_some(origins)
    });
    last.is_some_and(|origins| origins.iter().all(|origin| origin == path))
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 5 more`.
fn listing(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [all @ .., last] if all.len() < 5 => format!("{} and {last}", all.join(", ")),
        many => {
            let shown: Vec<&str> = many.iter().take(4).copied().collect();
            format!("{} and {} more", shown.join(", "), many.len() - 4)
        }
    }
}
