//! Leaves out of the build context what no build should see.
//!
//! ## Why
//!
//! `COPY . .` takes what lies there: the repository's history, packages that were installed for another system, caches, and `.env`
//! with its secrets. All of it is sent to the builder, ends in the image, and each change of it builds the image anew.
//!
//! ## Example
//!
//! ```file:package.json
//! { "dependencies": { "express": "^4.19.2" } }
//! ```
//!
//! ```file:node_modules/express/index.js
//! module.exports = {}
//! ```
//!
//! ```file:.env
//! TOKEN=x
//! ```
//!
//! ```dockerfile
//! FROM node:22-slim
//! WORKDIR /app
//! COPY . .
//! RUN npm ci
//! CMD ["node", "index.js"]
//! ```
//!
//! ```diff
//! @@ -0,0 +1,2 @@
//! +.env
//! +node_modules
//! ```
//!
//! Only what is there is named: no list of everything that anybody ever ignored. An ignore file that is there gets the missing lines at
//! its end; the one beside the Dockerfile (`Dockerfile.dockerignore`) counts before the other, as for the builder.
//!
//! ## When it refuses
//!
//! * The Dockerfile names a path: what it copies or mounts stays.
//! * `.git` stays where a step reads it: `git`, `go build` (which writes the commit into the program), setuptools-scm and its kin,
//!   Composer.
//! * Built folders (`dist`, `target`) stay unless a step builds them, `node_modules` unless a step installs them.
//! * The ignore file in force lies outside of the build context.
//!
//! It is silent when no COPY takes a folder.
//!
//! ## Safety
//!
//! Unsafe. Files leave the image: a program that reads `.env` at its start no longer finds it there.
//!
//! ## Known problems
//!
//! Four folders deep and two thousand entries are looked at, no further.

use crate::context::ignore::Ignore;
use crate::context::manifests::python::Pyproject;
use crate::context::{Context, Entry, Kind};
use crate::knowledge::LanguageAction;
use crate::packages::{language_calls, words};
use crate::project::copies_context;
use crate::stage::Mount;
use crate::syntax::{Instruction, Keyword, Span};
use crate::transform::{Change, Edit, FileRef, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct WriteDockerignore;

/// How many entries are looked at, and how deep.
const MOST: usize = 2_000;
const DEEPEST: usize = 4;

/// When a name may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Nothing reads the repository's history.
    NoHistory,
    /// A step installs packages of this ecosystem.
    Installs(&'static str),
    /// A step builds with a manager of this ecosystem, and its manifest is beside.
    Builds(&'static str, &'static str),
    /// It holds this file.
    Holds(&'static str),
}

/// Folders by name. Those that may lie anywhere are written with `**/` when they do.
const FOLDERS: [(&str, When); 23] = [
    (".git", When::NoHistory),
    (".svn", When::NoHistory),
    (".hg", When::NoHistory),
    ("node_modules", When::Installs("javascript")),
    (".venv", When::Holds("pyvenv.cfg")),
    ("venv", When::Holds("pyvenv.cfg")),
    ("env", When::Holds("pyvenv.cfg")),
    ("__pycache__", When::Always),
    (".pytest_cache", When::Always),
    (".mypy_cache", When::Always),
    (".ruff_cache", When::Always),
    (".tox", When::Always),
    (".nox", When::Always),
    (".idea", When::Always),
    (".vscode", When::Always),
    (".terraform", When::Always),
    (".gradle", When::Always),
    (".next", When::Builds("javascript", "package.json")),
    ("dist", When::Builds("javascript", "package.json")),
    ("coverage", When::Holds("lcov.info")),
    ("target", When::Builds("rust", "Cargo.toml")),
    ("target", When::Builds("java", "pom.xml")),
    ("build", When::Builds("java", "build.gradle")),
];

impl Transform for WriteDockerignore {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(context) = scene.context else {
            return Vec::new();
        };
        let Some(at) = takes_a_folder(scene, context) else {
            return Vec::new();
        };
        match Writer::new(scene, context) {
            Ok(mut writer) => writer.propose(at),
            Err(reason) => vec![Proposal::refuse(at, reason)],
        }
    }
}

/// The first COPY, ADD or mount that takes a folder of the context.
fn takes_a_folder(scene: &Scene<'_>, context: &Context) -> Option<Span> {
    let folder = |pattern: &str| {
        pattern.contains('$')
            || context.matches(pattern).is_ok_and(|found| {
                found.iter().any(|path| {
                    path.is_empty()
                        || context
                            .entry(path)
                            .is_some_and(|entry| entry.kind == Kind::Dir)
                })
            })
    };
    let one = scene.file.instructions.iter().find(|one| {
        let copies = copies_context(one)
            && one
                .args
                .words()
                .split_last()
                .is_some_and(|(_, sources)| sources.iter().any(|source| folder(&source.text)));
        copies || mounts(one).any(|source| folder(&source))
    })?;
    Some(one.span)
}

/// Sources of bind mounts of the context.
fn mounts(one: &Instruction) -> impl Iterator<Item = String> {
    let mounts = if one.keyword == Keyword::Run {
        Mount::all(one)
    } else {
        Vec::new()
    };
    mounts.into_iter().filter_map(|mount| {
        let bind = mount.field("type").is_none_or(|kind| kind == "bind") && mount.from.is_none();
        bind.then(|| {
            mount
                .field("source")
                .or_else(|| mount.field("src"))
                .unwrap_or(".")
                .to_owned()
        })
    })
}

struct Writer<'a> {
    scene: &'a Scene<'a>,
    context: &'a Context,
    /// The ignore file, below the context.
    file: String,
    old: Vec<u8>,
    ignore: Ignore,
    /// Paths that the Dockerfile names.
    named: Vec<String>,
    patterns: Vec<String>,
    files: u64,
    bytes: u64,
    more: bool,
    looked: usize,
    refused: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(scene: &'a Scene<'a>, context: &'a Context) -> Result<Self, String> {
        let file = match context.ignore_file() {
            Some(file) => file
                .path
                .strip_prefix(context.root())
                .ok()
                .and_then(|path| path.to_str())
                .map(str::to_owned)
                .ok_or("the ignore file in force lies outside of the build context")?,
            None => ".dockerignore".to_owned(),
        };
        let old = scene.beside(&file).unwrap_or_default();
        let ignore = Ignore::parse(&old).map_err(|error| error.to_string())?;
        let mut named = Vec::new();
        for one in &scene.file.instructions {
            if copies_context(one) {
                let sources = one
                    .args
                    .words()
                    .split_last()
                    .map(|(_, sources)| sources)
                    .unwrap_or_default();
                named.extend(sources.iter().map(|source| source.text.clone()));
            }
            named.extend(mounts(one));
        }
        let named = named
            .iter()
            .map(|path| path.trim_start_matches("./").trim_matches('/').to_owned())
            .filter(|path| !matches!(path.as_str(), "" | "." | "*" | "**"))
            .collect();
        Ok(Self {
            scene,
            context,
            file,
            old,
            ignore,
            named,
            patterns: Vec::new(),
            files: 0,
            bytes: 0,
            more: false,
            looked: 0,
            refused: Vec::new(),
        })
    }

    fn propose(&mut self, at: Span) -> Vec<Proposal> {
        self.folder("", 0);
        let mut proposals: Vec<Proposal> = self
            .refused
            .iter()
            .map(|reason| Proposal::refuse(at, reason.clone()))
            .collect();
        if self.patterns.is_empty() {
            return proposals;
        }
        let end = if self.old.windows(2).any(|pair| pair == b"\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let mut text = String::new();
        if !self.old.is_empty() && !self.old.ends_with(b"\n") {
            text.push_str(end);
        }
        for pattern in &self.patterns {
            text.push_str(pattern);
            text.push_str(end);
        }
        let more = if self.more { "more than " } else { "" };
        let files = if self.files == 1 { "file" } else { "files" };
        let reason = format!(
            "leave {more}{} {files} ({}) out of the build context: {}",
            self.files,
            size(self.bytes),
            self.patterns.join(", ")
        );
        let edit = Edit::Replace {
            file: FileRef::Beside(self.file.clone()),
            range: Span::at(self.old.len()),
            text,
        };
        proposals.push(Change::new(at, Safety::Unsafe, reason, vec![edit]).into());
        proposals
    }

    fn folder(&mut self, dir: &str, depth: usize) {
        let Ok(entries) = self.context.list_all(dir) else {
            return;
        };
        let mut below = Vec::new();
        for entry in entries.iter() {
            self.looked += 1;
            if self.looked > MOST {
                return;
            }
            let ignored = self.ignore.judge_from_top(&entry.path).ignored;
            if ignored {
                continue;
            }
            match entry.kind {
                Kind::Dir if !self.known_folder(entry, &entries) && depth + 1 < DEEPEST => {
                    below.push(entry.path.clone());
                }
                Kind::File => self.known_file(entry, depth),
                _ => {}
            }
        }
        for path in below {
            self.folder(&path, depth + 1);
        }
    }

    /// Whether a folder is one of the list, and so is not looked into.
    fn known_folder(&mut self, entry: &Entry, beside: &[Entry]) -> bool {
        let name = entry.name();
        let mut known = false;
        for (_, when) in FOLDERS.iter().filter(|(folder, _)| *folder == name) {
            let (fits, sure) = match when {
                When::Always => (true, true),
                When::NoHistory => match self.reads_history() {
                    None => (true, true),
                    Some(why) => {
                        self.refused
                            .push(format!("{name} stays in the build context: {why}"));
                        (false, true)
                    }
                },
                When::Installs(ecosystem) => (self.runs(ecosystem, LanguageAction::Install), true),
                When::Builds(ecosystem, manifest) => {
                    let own = beside
                        .iter()
                        .any(|other| other.name().starts_with(manifest));
                    (own && self.runs(ecosystem, LanguageAction::Build), own)
                }
                When::Holds(file) => {
                    let holds = self
                        .context
                        .list_all(&entry.path)
                        .is_ok_and(|list| list.iter().any(|one| one.name() == *file));
                    (holds, holds)
                }
            };
            known |= sure;
            if fits {
                self.leave_out(entry);
                return true;
            }
        }
        known
    }

    fn known_file(&mut self, entry: &Entry, depth: usize) {
        let name = entry.name();
        let secret = name == ".env"
            || (name.starts_with(".env.")
                && !["example", "sample", "template", "dist", "defaults", "test"]
                    .iter()
                    .any(|end| name.ends_with(end)));
        let litter = name == ".DS_Store"
            || name.ends_with(".pyc")
            || name.ends_with(".swp")
            || (name.ends_with(".log") && depth < 2)
            || name == "Thumbs.db";
        if secret || litter {
            self.leave_out(entry);
        }
    }

    fn leave_out(&mut self, entry: &Entry) {
        let name = entry.name();
        let top = !entry.path.contains('/');
        let pattern = match name.rsplit_once('.') {
            Some((_, "log")) if entry.kind == Kind::File => {
                if top {
                    "*.log".to_owned()
                } else {
                    "**/*.log".to_owned()
                }
            }
            Some((_, end @ ("pyc" | "swp"))) => format!("**/*.{end}"),
            _ if matches!(name, "__pycache__" | ".DS_Store" | "Thumbs.db") => format!("**/{name}"),
            _ if top => name.to_owned(),
            _ if name == "node_modules" => format!("**/{name}"),
            _ => entry.path.clone(),
        };
        let glob = name.contains(['*', '?', '[', ']', '\\', '!', '#']) || name.trim() != name;
        if glob || self.mentions(entry) {
            return;
        }
        let mut lines = self.patterns.clone();
        if !lines.contains(&pattern) {
            // One that holds everywhere holds at the top too.
            lines.retain(|line| pattern != format!("**/{line}"));
            lines.push(pattern);
        }
        let mut text = self.old.clone();
        text.extend(b"\n");
        text.extend(lines.join("\n").as_bytes());
        let Ok(ignore) = Ignore::parse(&text) else {
            return;
        };
        // What the Dockerfile names stays, and so does what the author brought back by `!`.
        let hidden = |path: &str| {
            ignore.judge_from_top(path).ignored && !self.ignore.judge_from_top(path).ignored
        };
        let kept = self
            .ignore
            .rules()
            .iter()
            .filter(|rule| rule.negated)
            .any(|rule| hidden(rule.pattern()));
        let copied = self.named.iter().any(|path| {
            hidden(path)
                || self
                    .context
                    .matches(path)
                    .is_ok_and(|found| found.iter().any(|path| hidden(path)))
        });
        if kept || copied || !ignore.judge_from_top(&entry.path).ignored {
            return;
        }
        self.patterns = lines;
        self.ignore = ignore;
        self.count(entry, 0);
    }

    /// Whether the Dockerfile speaks of a file by its name, or of a path in a folder.
    fn mentions(&self, entry: &Entry) -> bool {
        let text = String::from_utf8_lossy(self.scene.file.source());
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        entry.kind == Kind::File
            && text.match_indices(entry.name()).any(|(at, found)| {
                let after = text
                    .get(at + found.len()..)
                    .and_then(|rest| rest.chars().next());
                let before = text.get(..at).and_then(|rest| rest.chars().next_back());
                !after.is_some_and(|c| word(c) || c == '.') && !before.is_some_and(word)
            })
    }

    fn count(&mut self, entry: &Entry, depth: usize) {
        const MOST_COUNTED: u64 = 5_000;
        if entry.kind != Kind::Dir {
            self.files += 1;
            self.bytes += entry.size;
            return;
        }
        if self.files >= MOST_COUNTED || depth > 12 {
            self.more = true;
            return;
        }
        for child in self
            .context
            .list_all(&entry.path)
            .iter()
            .flat_map(|list| list.iter())
        {
            if self.files >= MOST_COUNTED {
                self.more = true;
                return;
            }
            self.count(child, depth + 1);
        }
    }

    fn runs(&self, ecosystem: &str, action: LanguageAction) -> bool {
        self.scene.file.instructions.iter().any(|one| {
            self.scene.script(one.index).is_some_and(|script| {
                one.keyword == Keyword::Run
                    && language_calls(script, self.scene.knowledge)
                        .iter()
                        .any(|call| {
                            call.language.manager.ecosystem == ecosystem
                                && call.language.action == action
                        })
            })
        })
    }

    /// Who reads the repository's history.
    fn reads_history(&self) -> Option<String> {
        let scene = self.scene;
        for one in scene
            .file
            .instructions
            .iter()
            .filter(|one| one.keyword == Keyword::Run)
        {
            let line = one.lines.0;
            let Some(script) = scene.script(one.index) else {
                return Some(format!("the RUN of line {line} may read it"));
            };
            for call in script.calls() {
                let words = words(call.simple);
                let says = |word: &str| {
                    words
                        .iter()
                        .flatten()
                        .any(|one| *one == word || one.starts_with(&format!("{word}=")))
                };
                if let Some(language) = scene.knowledge.language_call(&words) {
                    let id = language.manager.id.as_str();
                    match (id, language.action) {
                        ("go", LanguageAction::Build | LanguageAction::Add)
                            if !says("-buildvcs") =>
                        {
                            return Some(format!(
                                "go of line {line} writes the commit into the program"
                            ));
                        }
                        ("composer", LanguageAction::Install) => {
                            return Some(format!("composer of line {line} writes the commit down"));
                        }
                        (_, LanguageAction::Build | LanguageAction::Run)
                            if self.script_reads_history() =>
                        {
                            return Some(format!(
                                "{id} of line {line} runs a script that calls git"
                            ));
                        }
                        _ => {}
                    }
                    continue;
                }
                match call.effective_program() {
                    Some("git") => return Some(format!("git of line {line} reads it")),
                    Some("make" | "sh" | "bash" | "cmake" | "just" | "task") => {
                        return Some(format!(
                            "{} of line {line} may read it",
                            call.effective_program().unwrap_or_default()
                        ));
                    }
                    Some(_)
                        if call.name.is_some_and(|name| {
                            scene.knowledge.program(name).is_none() && name.contains('/')
                        }) =>
                    {
                        return Some(format!(
                            "{} of line {line} may read it",
                            call.name.unwrap_or_default()
                        ));
                    }
                    _ => {}
                }
            }
        }
        let manifest = self
            .context
            .read_text("pyproject.toml")
            .and_then(|text| Pyproject::parse(&text).ok());
        if manifest.is_some_and(|manifest| manifest.version_from_history) {
            return Some("pyproject.toml takes the version from it".to_owned());
        }
        let setup = self
            .context
            .read_text("setup.py")
            .or_else(|| self.context.read_text("setup.cfg"));
        setup
            .filter(|text| {
                ["setuptools_scm", "versioneer", "pbr", "git"]
                    .iter()
                    .any(|word| text.contains(word))
            })
            .map(|_| "setup.py takes the version from it".to_owned())
    }

    fn script_reads_history(&self) -> bool {
        let reads = |name: &str, sign: &str| {
            self.context
                .read_text(name)
                .is_some_and(|text| text.contains(sign))
        };
        reads("package.json", "git ")
            || reads("build.rs", "git")
            || reads("pom.xml", "git")
            || reads("build.gradle", "git")
            || reads("build.gradle.kts", "git")
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}
