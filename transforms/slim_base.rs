//! Starts the image that ships from the slim sibling of its base.
//!
//! ## Why
//!
//! `node:22` and `python:3.12` hold compilers, version control and the headers of forty libraries: about a gigabyte, of which a
//! running program reads nothing. `node:22-slim` and `python:3.12-slim` hold the same language on the same Debian.
//!
//! ## Example
//!
//! ```file:app.py
//! print("hello")
//! ```
//!
//! ```dockerfile
//! FROM python:3.12-bookworm
//! WORKDIR /app
//! COPY app.py .
//! CMD ["python", "app.py"]
//! ```
//!
//! ```diff
//! @@ -1,4 +1,4 @@
//! -FROM python:3.12-bookworm
//! +FROM python:3.12-slim-bookworm
//!  WORKDIR /app
//!  COPY app.py .
//!  CMD ["python", "app.py"]
//! ```
//!
//! ## When it refuses
//!
//! * A later step, the health check or the entry point calls a program that slim lacks (`git`, `curl`, `make`, `gcc`), and
//!   nothing installs it before.
//! * A later step may compile a package, by its manifest: `psycopg2`, `bcrypt`; or the manifest is not at hand.
//! * A later step runs a program that nobody knows, or a script that can't be read.
//! * Nothing says what the image runs, or it is a shell: it may be for work with the tools of the full image.
//! * The base is pinned by a digest, names no version, or hangs on a build argument.
//!
//! The base of a stage that does not ship is left as it is: builders may be as large as they like.
//!
//! ## Safety
//!
//! Unsafe. The running program loses what the full image brought: a program that calls `git` or `ps` by itself builds well and
//! fails later.
//!
//! ## Known problems
//!
//! A Python package that has no wheel for the platform is compiled at install, and its name tells that only for well-known ones.

use crate::knowledge::{BaseImage, LanguageAction, LanguageCall, SystemAction, Word};
use crate::packages::words;
use crate::project::{command_words, source_of, text_in_workdir};
use crate::shell::{Dialect, Script};
use crate::stage::{Base, Stage};
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::{Change, Edit, Proposal, Safety, Scene, Transform};

use crate::context::manifests::javascript::{PackageJson, PackageLock};
use crate::context::manifests::python::Requirements;

/// The transform of this page.
pub struct SlimBase;

impl Transform for SlimBase {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        scene
            .stages()
            .stages()
            .iter()
            .filter_map(|stage| slim(scene, stage))
            .collect()
    }
}

fn slim(scene: &Scene<'_>, stage: &Stage) -> Option<Proposal> {
    let Base::Image { reference } = &stage.base else {
        return None;
    };
    let base = scene.knowledge.base_image(reference)?;
    if !scene.stages().ships(stage.index) || !base.has_slim() || base.has_onbuild() == Some(true) {
        return None;
    }
    let from = scene.file.instructions.get(stage.from)?;
    let word = from.args.words().first()?;
    let refuse = |reason: String| Some(Proposal::refuse(from.span, reason));
    if base.reference.digest.is_some() {
        return refuse(format!(
            "{reference} is pinned by a digest, and that of its slim sibling is not known"
        ));
    }
    if word.text != *reference || !stage.certain {
        return refuse("a build argument chooses the base image".to_owned());
    }
    let Some(sibling) = base.slim_sibling() else {
        return refuse(format!(
            "{reference} names no version, so no slim sibling of it can be named"
        ));
    };
    if !base.knows_contents() {
        return refuse(format!("nobody has read what {sibling} lacks"));
    }
    match runs(scene) {
        None => {
            return refuse(
                "neither CMD nor ENTRYPOINT says what the image runs: it may be for work with its tools".to_owned(),
            );
        }
        Some(program) if matches!(program.as_str(), "sh" | "bash" | "zsh") => {
            return refuse(format!(
                "the image runs {program}: it may be for work with its tools"
            ));
        }
        Some(_) => {}
    }
    let mut needs = Needs {
        scene,
        base: &base,
        sibling: &sibling,
        installed: Vec::new(),
    };
    if let Some(reason) = needs.obstacle(stage.index) {
        return refuse(reason);
    }
    let reason = format!(
        "start from {sibling}: nothing that this file runs needs the compilers, headers and tools of {reference}"
    );
    let at = from.source(word.at);
    let edit = Edit::replace(at, sibling.clone());
    Some(Change::new(at, Safety::Unsafe, reason, vec![edit]).into())
}

/// The program that the image runs, without its path; empty when it is a script.
fn runs(scene: &Scene<'_>) -> Option<String> {
    let ships = |one: &&Instruction| {
        scene
            .stages()
            .stage_of(one.index)
            .is_some_and(|stage| scene.stages().ships(stage))
    };
    let instructions = &scene.file.instructions;
    let last = |keyword| {
        instructions
            .iter()
            .rfind(|one| one.keyword == keyword && ships(one))
    };
    let one = last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd))?;
    let words = command_words(scene, one.index).unwrap_or_default();
    let [program] = words.as_slice() else {
        return Some(String::new());
    };
    Some(program.rsplit('/').next().unwrap_or(program).to_owned())
}

struct Needs<'a> {
    scene: &'a Scene<'a>,
    base: &'a BaseImage<'a>,
    sibling: &'a str,
    /// Packages that were installed so far.
    installed: Vec<String>,
}

impl Needs<'_> {
    /// What stands in the way, in the stage and those that start from it.
    fn obstacle(&mut self, root: usize) -> Option<String> {
        let stages = self.scene.stages().stages();
        let mut of_root = vec![root];
        for stage in stages {
            if matches!(stage.base, Base::Stage(parent) if of_root.contains(&parent)) {
                of_root.push(stage.index);
            }
        }
        for index in of_root {
            let Some(stage) = stages.get(index) else {
                continue;
            };
            for at in stage.instructions.clone() {
                if let Some(reason) = self.instruction(at) {
                    return Some(reason);
                }
            }
        }
        None
    }

    fn instruction(&mut self, index: usize) -> Option<String> {
        let scene = self.scene;
        let instruction = scene.file.instructions.get(index)?;
        let line = instruction.lines.0;
        match instruction.keyword {
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {}
            Keyword::Onbuild => {
                return Some(format!("the ONBUILD of line {line} may need anything"));
            }
            _ => return None,
        }
        if let Args::Json(json) = &instruction.args {
            let words: Vec<Word<'_>> = json.iter().map(|word| Some(word.text.as_str())).collect();
            return self.command(instruction, &words);
        }
        if matches!(instruction.args, Args::None | Args::Words(_)) {
            return None;
        }
        let script = match scene.script(index) {
            Some(script) => script,
            None => {
                return Some(format!(
                    "the {} of line {line} is not understood",
                    instruction.keyword.name()
                ));
            }
        };
        self.script(instruction, script)
    }

    fn script(&mut self, instruction: &Instruction, script: &Script) -> Option<String> {
        script
            .calls()
            .find_map(|call| self.command(instruction, &words(call.simple)))
    }

    fn command(&mut self, instruction: &Instruction, words: &[Word<'_>]) -> Option<String> {
        let scene = self.scene;
        let knowledge = scene.knowledge;
        let line = instruction.lines.0;
        if let Some(system) = knowledge.system_call(words) {
            if system.action == SystemAction::Install {
                let packages = system
                    .packages
                    .iter()
                    .filter_map(|at| words.get(*at)?.as_deref());
                self.installed
                    .extend(packages.map(|name| name.split('=').next().unwrap_or(name).to_owned()));
            }
            return None;
        }
        let builds = instruction.keyword == Keyword::Run;
        let at = knowledge.command_at(words)?;
        let Some(name) = words.get(at).copied().flatten() else {
            return builds.then(|| format!("a command of line {line} is not known before it runs"));
        };
        let program = name.rsplit('/').next().unwrap_or(name);
        if self.lacks(program) {
            return Some(format!(
                "line {line} calls {program}, which {} lacks",
                self.sibling
            ));
        }
        if let Some(call) = knowledge.language_call(words) {
            return self.language(instruction, words, &call);
        }
        let file = match program {
            "sh" | "bash" | "ash" | "dash" => {
                let rest = words.get(at + 1..).unwrap_or_default();
                if let Some(text) = inline(rest) {
                    return self.text(instruction, text);
                }
                rest.iter()
                    .flatten()
                    .find(|word| !word.starts_with('-'))
                    .copied()
            }
            _ if name.contains('/') && knowledge.program(name).is_none() => Some(name),
            _ if program.ends_with(".sh") => Some(name),
            "python" | "python3" if words.contains(&Some("setup.py")) => {
                return Some(format!("line {line} runs setup.py, which may compile"));
            }
            _ => {
                let unknown = builds && knowledge.program(name).is_none();
                return unknown.then(|| format!("nobody knows what {name} of line {line} needs"));
            }
        };
        match file {
            Some(file) => self.file(instruction, file),
            None => builds
                .then(|| format!("the shell of line {line} reads its commands from elsewhere")),
        }
    }

    /// A script of the project, by its place in the image.
    fn file(&mut self, instruction: &Instruction, file: &str) -> Option<String> {
        let scene = self.scene;
        let line = instruction.lines.0;
        let state = scene.stages().before(instruction.index);
        let from_path = format!("/usr/local/bin/{file}");
        let place = state
            .and_then(|state| state.workdir.join(file))
            .and_then(|path| source_of(scene, instruction.index, &path))
            .or_else(|| source_of(scene, instruction.index, &from_path));
        let text = place.and_then(|place| scene.context?.read_text(&place));
        match text {
            Some(text)
                if text.starts_with("#!") && !text.lines().next().unwrap_or("").contains("sh") =>
            {
                None
            }
            Some(text) => self.text(instruction, &text),
            // A program that a stage of this file built, or one of the image's own.
            None if instruction.keyword != Keyword::Run && !file.ends_with(".sh") => None,
            None => Some(format!("what {file} of line {line} calls is not at hand")),
        }
    }

    fn text(&mut self, instruction: &Instruction, text: &str) -> Option<String> {
        let line = instruction.lines.0;
        let Some(script) = self.scene.parse_script(Dialect::Bash, text) else {
            return Some(format!("a script that line {line} runs is not understood"));
        };
        let lacking = script.calls().find_map(|call| {
            let program = call.effective_program().filter(|name| self.lacks(name))?;
            Some(program.to_owned())
        })?;
        Some(format!(
            "a script that line {line} runs calls {lacking}, which {} lacks",
            self.sibling
        ))
    }

    fn lacks(&self, program: &str) -> bool {
        self.base.slim_lacks_program(program) == Some(true)
            && !self
                .scene
                .knowledge
                .packages_for(program)
                .is_some_and(|needed| {
                    needed.iter().all(|package| {
                        self.installed.contains(package)
                            || self.base.slim_lacks_package(package) == Some(false)
                    })
                })
            && !self
                .installed
                .iter()
                .any(|package| package == program || package == "build-essential")
    }

    fn language(
        &mut self,
        instruction: &Instruction,
        words: &[Word<'_>],
        call: &LanguageCall<'_>,
    ) -> Option<String> {
        let scene = self.scene;
        let line = instruction.lines.0;
        let id = call.manager.id.as_str();
        let ecosystem = call.manager.ecosystem.as_str();
        let compiles = |name: &str| {
            scene
                .knowledge
                .build_packages(ecosystem, name)
                .is_some_and(|needed| !needed.iter().all(|one| self.installed.contains(one)))
        };
        let may = |name: &str| Some(format!("{id} of line {line} may compile {name}"));
        let unseen = |name: &str| {
            Some(format!(
                "{name} is not at hand, so nobody knows what {id} of line {line} compiles"
            ))
        };
        if matches!(
            instruction.keyword,
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck
        ) {
            return None;
        }
        match (ecosystem, call.action) {
            (_, LanguageAction::Clean) => None,
            ("javascript", LanguageAction::Install) => {
                let Some(text) = text_in_workdir(scene, instruction.index, "package.json") else {
                    return unseen("package.json");
                };
                let Ok(manifest) = PackageJson::parse(&text) else {
                    return unseen("package.json");
                };
                if let Some(one) = manifest.dependencies.iter().find(|one| compiles(&one.name)) {
                    return may(&one.name);
                }
                if manifest
                    .dependencies
                    .iter()
                    .any(|one| one.spec.contains("git"))
                {
                    return Some(format!(
                        "{id} of line {line} clones a repository, and {} has no git",
                        self.sibling
                    ));
                }
                let lock = text_in_workdir(scene, instruction.index, "package-lock.json")
                    .and_then(|text| PackageLock::parse(&text).ok())?;
                let package = lock.packages.iter().find(|package| {
                    let name = package
                        .path
                        .rsplit("node_modules/")
                        .next()
                        .unwrap_or_default();
                    package.has_install_script == Some(true)
                        && !name.is_empty()
                        && scene
                            .knowledge
                            .build_packages(ecosystem, name)
                            .is_none_or(|_| compiles(name))
                })?;
                may(package
                    .path
                    .rsplit("node_modules/")
                    .next()
                    .unwrap_or_default())
            }
            ("javascript", LanguageAction::Build | LanguageAction::Run | LanguageAction::Test) => {
                let task = words
                    .iter()
                    .flatten()
                    .skip(1)
                    .find(|word| !word.starts_with('-') && **word != "run")?;
                let script = text_in_workdir(scene, instruction.index, "package.json")
                    .and_then(|text| PackageJson::parse(&text).ok())
                    .map(|manifest| manifest.script(task).unwrap_or_default().to_owned());
                match script {
                    Some(script) => self.text(instruction, &script),
                    None if call
                        .manager
                        .run_programs
                        .iter()
                        .any(|one| words.contains(&Some(one))) =>
                    {
                        None
                    }
                    None => Some(format!(
                        "package.json is not at hand, so nobody knows what {task} of line {line} calls"
                    )),
                }
            }
            ("python", LanguageAction::Install | LanguageAction::Add) if id == "pip" => {
                let names = call
                    .operands
                    .iter()
                    .filter_map(|at| words.get(*at).copied().flatten());
                for name in names {
                    if name.contains("git+") {
                        return Some(format!(
                            "pip of line {line} clones a repository, and {} has no git",
                            self.sibling
                        ));
                    }
                    if name.starts_with(['.', '/']) {
                        return may("the project itself");
                    }
                    let bare = name
                        .split(['=', '<', '>', '[', '~', '!', ';', ' '])
                        .next()
                        .unwrap_or(name);
                    if compiles(bare) {
                        return may(bare);
                    }
                }
                for file in call.values_of(words, &call.manager.manifest_flags) {
                    let Some(text) =
                        file.and_then(|file| text_in_workdir(scene, instruction.index, file))
                    else {
                        return unseen(file.unwrap_or("the requirements file"));
                    };
                    let requirements = Requirements::parse(&text).unwrap_or_default();
                    if requirements
                        .packages
                        .iter()
                        .any(|one| one.rest.contains("git+"))
                        || requirements
                            .editables
                            .iter()
                            .any(|one| one.contains("git+"))
                    {
                        return Some(format!(
                            "pip of line {line} clones a repository, and {} has no git",
                            self.sibling
                        ));
                    }
                    if !requirements.includes.is_empty() {
                        return unseen(&requirements.includes.join(", "));
                    }
                    if let Some(one) = requirements.packages.iter().find(|one| compiles(&one.name))
                    {
                        return may(&one.name);
                    }
                    if requirements.has_local() {
                        return may("a package of the project");
                    }
                }
                (!call.is_literal()).then(|| {
                    format!("what pip of line {line} installs is not known before it runs")
                })
            }
            ("javascript", LanguageAction::Add | LanguageAction::Other) if call.is_literal() => {
                None
            }
            ("python", LanguageAction::Other | LanguageAction::Run) => None,
            _ => Some(format!(
                "{id} of line {line} may call a compiler, and nobody has looked"
            )),
        }
    }
}

/// The script of `sh -c`.
fn inline<'w>(rest: &[Word<'w>]) -> Option<&'w str> {
    let at = rest.iter().position(|word| {
        word.is_some_and(|word| {
            word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
        })
    })?;
    rest.get(at + 1).copied().flatten()
}
