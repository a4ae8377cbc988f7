//! What is common to all languages: the one stage, where it parts, and how the second one is written.

use crate::gate;
use crate::knowledge::{BaseImage, SystemAction};
use crate::packages::{LanguageUse, language_calls, words};
use crate::project::command_words;
use crate::splice::splice;
use crate::stage::{Base, State};
use crate::style::keyword;
use crate::syntax::{Dockerfile, Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Safety, Scene};

/// A file of one stage, read for what it builds.
pub struct Project<'a> {
    pub scene: &'a Scene<'a>,
    /// The base image, as FROM names it.
    pub image: String,
    pub base: BaseImage<'a>,
    from: &'a Instruction,
}

/// How a file becomes two stages.
pub struct Plan {
    /// The first instruction that goes to the second stage; their number when there is none.
    pub split: usize,
    /// Edits in the first stage.
    pub edits: Vec<Edit>,
    /// Instructions that those add.
    pub added: usize,
    /// What the second stage starts from.
    pub image: String,
    /// What stands below its WORKDIR.
    pub lines: Vec<String>,
    /// Variables that only the build reads.
    pub build_variables: &'static [&'static str],
    /// What it runs, when it can't stay as it is written: the instruction, and its words.
    pub command: Option<(usize, Vec<String>)>,
    /// What stays behind, for the reason.
    pub leaves: String,
}

/// Packages that only a build needs, on any system.
const BUILD_TOOLS: [&str; 24] = [
    "autoconf",
    "automake",
    "bash",
    "build-base",
    "build-essential",
    "ca-certificates",
    "cmake",
    "curl",
    "g++",
    "gcc",
    "git",
    "gnupg",
    "libc-dev",
    "libc6-dev",
    "libtool",
    "linux-headers",
    "make",
    "musl-dev",
    "openssh-client",
    "pkg-config",
    "pkgconf",
    "python3",
    "unzip",
    "wget",
];

impl<'a> Project<'a> {
    /// The project of a file that has one stage, and a base that is known for certain.
    pub fn of(scene: &'a Scene<'a>) -> Option<Self> {
        let [stage] = scene.stages().stages() else {
            return None;
        };
        let Base::Image { reference } = &stage.base else {
            return None;
        };
        let base = scene.knowledge.base_image(reference)?;
        let from = scene.file.instructions.get(stage.from)?;
        (stage.certain && from.index == 0).then(|| Self {
            scene,
            image: reference.clone(),
            base,
            from,
        })
    }

    pub fn at(&self) -> Span {
        self.from.span
    }

    /// The stage's instructions, FROM left out.
    pub fn instructions(&self) -> &'a [Instruction] {
        self.scene.file.instructions.get(1..).unwrap_or_default()
    }

    pub fn state(&self, index: usize) -> Result<&'a State, String> {
        self.scene
            .stages()
            .before(index)
            .ok_or_else(|| "a step stands outside of the stage".to_owned())
    }

    /// The working directory when the image runs.
    pub fn workdir(&self) -> Result<String, String> {
        let end = self.scene.stages().at_end(0);
        end.and_then(|state| state.workdir.path.clone())
            .ok_or_else(|| "the working directory is not known".to_owned())
    }

    /// The last instruction that makes files.
    pub fn last_step(&self) -> Option<usize> {
        let makes =
            |one: &&Instruction| matches!(one.keyword, Keyword::Run | Keyword::Copy | Keyword::Add);
        self.instructions().iter().rfind(makes).map(|one| one.index)
    }

    /// All calls of package managers and build tools of languages, with the RUN that they stand in.
    pub fn calls(&self) -> Vec<(&'a Instruction, LanguageUse<'a>)> {
        let runs = self
            .instructions()
            .iter()
            .filter(|one| one.keyword == Keyword::Run);
        runs.flat_map(|one| {
            let calls = self
                .scene
                .script(one.index)
                .map(|script| language_calls(script, self.scene.knowledge));
            calls
                .unwrap_or_default()
                .into_iter()
                .map(move |call| (one, call))
        })
        .collect()
    }

    /// Whether the RUNs up to instruction `end` only build: nothing that they do beside is needed when the image runs.
    pub fn only_builds(&self, end: usize, may_link: bool) -> Result<(), String> {
        for one in self.instructions().iter().take_while(|one| one.index < end) {
            let line = one.lines.0;
            match one.keyword {
                Keyword::Onbuild | Keyword::Shell => {
                    return Err(format!(
                        "the {} of line {line} speaks for both stages",
                        one.keyword.name()
                    ));
                }
                Keyword::User => {
                    return Err(format!("the build runs as the user of line {line}"));
                }
                Keyword::Run => {}
                _ => continue,
            }
            let script = self
                .scene
                .script(one.index)
                .ok_or_else(|| format!("the RUN of line {line} is not understood"))?;
            for call in script.calls() {
                let words = words(call.simple);
                let knowledge = self.scene.knowledge;
                if let Some(system) = knowledge.system_call(&words) {
                    if system.action == SystemAction::Install {
                        for at in &system.packages {
                            let name = words.get(*at).copied().flatten().unwrap_or("a package");
                            let bare = name.split('=').next().unwrap_or(name);
                            let tool = BUILD_TOOLS.contains(&bare)
                                || (!may_link && (bare.ends_with("-dev") || bare.starts_with(".")));
                            if !tool {
                                return Err(format!(
                                    "the program may need {bare}, which line {line} installs"
                                ));
                            }
                        }
                    }
                    continue;
                }
                if knowledge.language_call(&words).is_some() {
                    continue;
                }
                if !matches!(
                    call.name,
                    Some("mkdir" | "rm" | "set" | "true" | "ls" | "echo")
                ) || !call.simple.redirects.is_empty()
                {
                    let name = call.name.unwrap_or("a command");
                    return Err(format!(
                        "what {name} of line {line} makes may be needed when the image runs"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The instruction that names the program, and its words.
    pub fn command(&self) -> Result<(&'a Instruction, Vec<String>), String> {
        let last = |keyword| {
            self.instructions()
                .iter()
                .rfind(move |one| one.keyword == keyword)
        };
        let one = last(Keyword::Entrypoint)
            .or_else(|| last(Keyword::Cmd))
            .ok_or("neither CMD nor ENTRYPOINT says what the image runs")?;
        let words = command_words(self.scene, one.index)
            .filter(|words| !words.is_empty())
            .ok_or_else(|| format!("what line {} runs is no plain command", one.lines.0))?;
        Ok((one, words))
    }

    /// The program's words after the task of package.json, Cargo's `run` and the like were looked up.
    pub fn instruction_of(&self, keyword: Keyword) -> Option<&'a Instruction> {
        self.instructions()
            .iter()
            .rfind(move |one| one.keyword == keyword)
    }

    /// The base for the second stage: the slim sibling where one is known and nothing that the image runs needs more.
    pub fn runtime_image(&self) -> String {
        let lacks = |index: usize| match command_words(self.scene, index) {
            Some(words) => words
                .iter()
                .any(|word| self.base.slim_lacks_program(word) != Some(false)),
            None => self
                .instructions()
                .iter()
                .filter(|one| one.index == index)
                .any(|one| {
                    let text = one.rest().unwrap_or_default();
                    text.split_whitespace()
                        .any(|word| self.base.slim_lacks_program(word) != Some(false))
                }),
        };
        let runs = [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        let needs = self
            .instructions()
            .iter()
            .filter(|one| runs.contains(&one.keyword))
            .any(|one| lacks(one.index));
        match self.base.slim_sibling() {
            Some(sibling) if !needs => sibling,
            _ => self.image.clone(),
        }
    }

    fn keyword(&self, name: &str) -> String {
        keyword(self.scene.file, name)
    }

    /// A line of the new stage, its keyword in the file's case.
    pub fn line(&self, keyword: Keyword, rest: &str) -> String {
        format!("{} {rest}", self.keyword(keyword.name()))
    }

    /// `COPY --from=builder` of one path.
    pub fn copy(&self, from: &str, to: &str) -> String {
        self.line(Keyword::Copy, &format!("--from=builder {from} {to}"))
    }

    /// The start of the lines of instruction `index`, the comments above it included.
    pub fn start_of(&self, index: usize) -> usize {
        let Some(one) = self.scene.file.instructions.get(index) else {
            return self.scene.file.source().len();
        };
        let above = self.scene.file.comments_above(index);
        let first = above
            .first()
            .map_or(one.span.start, |comment| comment.span.start);
        let before = self.scene.file.bytes(Span::new(0, first));
        before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1)
    }

    /// The change that `plan` is.
    pub fn change(&self, plan: Plan) -> Result<Change, String> {
        let file = self.scene.file;
        let end = file.line_end();
        let mut edits = plan.edits;
        let words = self.from.args.words();
        if words.len() != 1 {
            return Err("the stage has a name already, which --target may ask for".to_owned());
        }
        if !self.from.flags.is_empty() {
            return Err(
                "FROM names a platform, and which of the stages it is for is not known".to_owned(),
            );
        }
        let name = self.from.source(words[0].at).end;
        let lower = self.from.keyword_text().iter().all(u8::is_ascii_lowercase);
        let r#as = if lower { "as" } else { "AS" };
        edits.push(Edit::insert(name, format!(" {} builder", r#as)));

        let mut added = plan.added + 1;
        let mut head = vec![self.line(
            Keyword::From,
            &format!("{} {} runtime", plan.image, self.keyword("AS")),
        )];
        let mut tail = Vec::new();
        let mut workdir = false;
        for one in self
            .instructions()
            .iter()
            .take_while(|one| one.index < plan.split)
        {
            let text = file.text(one.span).into_owned();
            match one.keyword {
                Keyword::Env => {
                    let pairs = one.args.pairs();
                    if pairs
                        .iter()
                        .all(|pair| build_only(&pair.key.text, plan.build_variables))
                    {
                        continue;
                    }
                    if text.contains('$')
                        && self.scene.stages().before(one.index).is_some_and(|state| {
                            state.env.args().any(|(name, _)| {
                                text.contains(&format!("${name}"))
                                    || text.contains(&format!("${{{name}"))
                            })
                        })
                    {
                        return Err(format!(
                            "line {} hangs on a build argument, which ends with its stage",
                            one.lines.0
                        ));
                    }
                    head.push(text);
                    added += 1;
                }
                Keyword::Workdir => workdir = true,
                Keyword::Expose
                | Keyword::Label
                | Keyword::Volume
                | Keyword::Stopsignal
                | Keyword::Healthcheck
                | Keyword::Cmd
                | Keyword::Entrypoint
                | Keyword::Maintainer => {
                    if plan
                        .command
                        .as_ref()
                        .is_some_and(|(at, _)| *at == one.index)
                    {
                        return Err(format!(
                            "line {} is followed by steps of the build",
                            one.lines.0
                        ));
                    }
                    let lines = Span::new(self.start_of(one.index), one.whole.end);
                    tail.push(file.text(lines).trim_end_matches(['\n', '\r']).to_owned());
                    edits.push(Edit::delete(lines));
                }
                _ => {}
            }
        }
        if workdir {
            head.push(self.line(Keyword::Workdir, &self.workdir_at(plan.split)?));
            added += 1;
        }
        added += plan.lines.len();
        head.extend(plan.lines);
        head.extend(tail);
        if let Some((index, words)) = &plan.command
            && let Some(one) = file.instructions.get(*index)
        {
            let json: Vec<String> = words
                .iter()
                .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            edits.push(Edit::replace(
                one.source(one.rest_at),
                format!("[{}]", json.join(", ")),
            ));
        }
        let at = self.start_of(plan.split);
        let before = file.bytes(Span::new(0, at));
        let open = !before.ends_with(b"\n");
        let blank = before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n");
        let mut text = String::new();
        if open {
            text.push_str(end);
        }
        if !blank {
            text.push_str(end);
        }
        text.push_str(&head.join(end));
        if at < file.source().len() || !open {
            text.push_str(end);
        }
        if blank && at < file.source().len() {
            text.push_str(end);
        }
        edits.push(Edit::insert(at, text));
        let reason = format!(
            "build in a stage of its own: the image starts from {}, without {}",
            plan.image, plan.leaves
        );
        let change = Change::new(self.at(), Safety::Unsafe, reason, edits).fewer(-(added as isize));
        self.stands(&change)?;
        Ok(change)
    }

    fn workdir_at(&self, split: usize) -> Result<String, String> {
        let state = match self.scene.file.instructions.get(split) {
            Some(one) => self.scene.stages().before(one.index),
            None => self.scene.stages().at_end(0),
        };
        state
            .and_then(|state| state.workdir.path.clone())
            .ok_or_else(|| "the working directory hangs on a build argument".to_owned())
    }

    /// Whether the builder would take the result, with no finding that was not there.
    fn stands(&self, change: &Change) -> Result<(), String> {
        let file = self.scene.file;
        let edits: Vec<&Edit> = change.edits.iter().collect();
        let spliced = splice(file.source(), &edits)?;
        let after = Dockerfile::parse(spliced.text.as_slice());
        gate::check(file, &gate::findings(file), &after, &spliced, &[change])
            .map(|_| ())
            .map_err(|violation| format!("two stages would not stand: {violation}"))
    }
}

fn build_only(name: &str, list: &[&str]) -> bool {
    list.iter().any(|one| {
        one.strip_suffix('*')
            .map_or(*one == name, |start| name.starts_with(start))
    })
}
