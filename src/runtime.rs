//! The image that a file makes, as it runs: its base, what starts in it, and where lines go that say so.

use crate::context::{Context, Service};
use crate::knowledge::BaseImage;
use crate::stage::{Base, Stage, State};
use crate::syntax::{Args, Dockerfile, Instruction, Keyword, Span};
use crate::transform::{Edit, Scene};

/// What runs in the image of the final stage.
pub struct Runtime<'s> {
    /// The final stage.
    pub stage: &'s Stage,
    /// What it sees at its end.
    pub state: &'s State,
    /// What is known of the base image, past the stages between. `None`: nothing, or a build argument chooses it.
    pub image: Option<BaseImage<'s>>,
    /// Whether everything starts from `scratch`.
    pub scratch: bool,
    /// The base as FROM names it; empty for scratch.
    pub base: &'s str,
    /// Instructions whose layers are in the image, FROM included, in order.
    pub instructions: Vec<&'s Instruction>,
    /// The ENTRYPOINT of this file that is in force.
    pub entrypoint: Option<&'s Instruction>,
    /// The CMD of this file that is in force.
    pub cmd: Option<&'s Instruction>,
}

impl<'s> Runtime<'s> {
    /// That of `scene`; `None` when the file has no stage.
    pub fn of(scene: &'s Scene<'_>) -> Option<Self> {
        let stages = scene.stages();
        let stage = stages.final_stage()?;
        let mut chain = vec![stage];
        while let Some(Base::Stage(parent)) = chain.last().map(|one| &one.base) {
            chain.push(stages.get(*parent)?);
        }
        let root = chain.last()?;
        let (scratch, base) = match &root.base {
            Base::Scratch => (true, ""),
            Base::Image { reference } => (false, reference.as_str()),
            _ => (false, ""),
        };
        let image = (root.repository_certain && !scratch)
            .then(|| scene.knowledge.base_image(base))
            .flatten();
        let mut runtime = Self {
            stage,
            state: stages.at_end(stage.index)?,
            image,
            scratch,
            base,
            instructions: Vec::new(),
            entrypoint: None,
            cmd: None,
        };
        for stage in chain.iter().rev() {
            let mut own_cmd = false;
            for one in scene.file.instructions.get(stage.instructions.clone())? {
                runtime.instructions.push(one);
                match one.keyword {
                    Keyword::Cmd => {
                        runtime.cmd = Some(one);
                        own_cmd = true;
                    }
                    Keyword::Entrypoint => {
                        runtime.entrypoint = Some(one);
                        // BuildKit forgets the CMD that a stage started with.
                        if !own_cmd {
                            runtime.cmd = None;
                        }
                    }
                    _ => {}
                }
            }
        }
        Some(runtime)
    }

    /// Instructions of the final stage itself, FROM included.
    pub fn own(&self) -> impl DoubleEndedIterator<Item = &'s Instruction> + '_ {
        self.instructions
            .iter()
            .copied()
            .filter(|one| self.stage.instructions.contains(&one.index))
    }

    /// The commands that ENTRYPOINT and CMD start, each as its words; a word that is not fixed is empty. `None` when one
    /// of them has a script that is not understood.
    pub fn commands(&self, scene: &Scene<'_>) -> Option<Vec<Vec<String>>> {
        let mut all = Vec::new();
        for one in self.entrypoint.into_iter().chain(self.cmd) {
            all.extend(commands(scene, one)?);
        }
        Some(all)
    }
}

/// The commands of a CMD, ENTRYPOINT, or HEALTHCHECK, as [`Runtime::commands`] gives them.
pub fn commands(scene: &Scene<'_>, one: &Instruction) -> Option<Vec<Vec<String>>> {
    let of = |script: &crate::shell::Script| {
        script
            .calls()
            .map(|call| {
                let (words, _) = call.unwrapped();
                words
                    .iter()
                    .map(|word| word.fixed().unwrap_or_default().to_owned())
                    .collect::<Vec<_>>()
            })
            .filter(|words| !words.is_empty())
            .collect()
    };
    match &one.args {
        Args::Json(words) => {
            let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
            if let [shell, option, text, ..] = words.as_slice()
                && let Some(dialect) = dialect(shell)
                && option.starts_with('-')
                && option.ends_with('c')
            {
                return scene
                    .parse_script(dialect, text)
                    .map(|script| of(script.as_ref()));
            }
            Some(vec![words])
        }
        _ => scene.script(one.index).map(of),
    }
}

fn dialect(program: &str) -> Option<crate::shell::Dialect> {
    match name(program) {
        "sh" | "ash" | "dash" => Some(crate::shell::Dialect::Sh),
        "bash" => Some(crate::shell::Dialect::Bash),
        _ => None,
    }
}

/// A program's name without its path.
pub fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Services and bake targets beside the Dockerfile that build it.
pub fn services(scene: &Scene<'_>) -> Vec<Service> {
    match (scene.context, scene.path) {
        (Some(_), Some(path)) => Context::find(path, None).services,
        _ => Vec::new(),
    }
}

/// `name`, a keyword in upper case, in the case of most keywords of the file: BuildKit warns of any other.
pub fn keyword(file: &Dockerfile, name: &str) -> String {
    let count = |fits: fn(&u8) -> bool| {
        let fits = |one: &&Instruction| one.keyword_text().iter().all(fits);
        file.instructions.iter().filter(fits).count()
    };
    if count(u8::is_ascii_lowercase) > count(u8::is_ascii_uppercase) {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

/// Puts `lines` (whole, without the last line end) above an instruction and the comments that belong to it.
pub fn above(file: &Dockerfile, instruction: &Instruction, lines: &str) -> Edit {
    let first = file
        .comments_above(instruction.index)
        .first()
        .map_or(instruction.whole.start, |comment| {
            line_start(file, comment.span.start)
        });
    Edit::insert(first, format!("{lines}{}", file.line_end()))
}

/// Puts `lines` (whole, without the last line end) right below an instruction.
pub fn below(file: &Dockerfile, instruction: &Instruction, lines: &str) -> Edit {
    let end = instruction.whole.end;
    let closed = file
        .bytes(Span::new(instruction.whole.start, end))
        .ends_with(b"\n");
    let line_end = file.line_end();
    Edit::insert(
        end,
        if closed {
            format!("{lines}{line_end}")
        } else {
            format!("{line_end}{lines}")
        },
    )
}

fn line_start(file: &Dockerfile, at: usize) -> usize {
    file.bytes(Span::new(0, at))
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1)
}
