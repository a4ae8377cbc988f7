//! What `instructions.Parse` refuses: the number of arguments, flags, and where an instruction stands.
use super::lint::Lint;
use super::{Rejection, casing, flags, healthcheck, mounts};
use crate::syntax::{Args, Dockerfile, Instruction, Keyword, Word};
use std::borrow::Cow;

/// Checks the whole file; the rules of keywords and names speak on the way.
pub(super) fn accept(file: &Dockerfile, lint: &mut Lint) -> Result<(), Rejection> {
    if let Some(error) = file.errors.first() {
        return Err(Rejection {
            message: error.message.clone(),
            span: error.span,
            line: error.line,
        });
    }
    casing::empty_continuations(file, lint);
    let frontend = flags::names_frontend(file);
    let mut in_stage = false;
    for instruction in &file.instructions {
        casing::names(file, instruction, lint);
        accept_one(instruction, frontend).map_err(|message| Rejection::at(instruction, message))?;
        match instruction.keyword {
            Keyword::From => in_stage = true,
            Keyword::Arg => {}
            _ if !in_stage => {
                return Err(Rejection::at(
                    instruction,
                    format!(
                        "{} stands before the first FROM",
                        instruction.keyword.name()
                    ),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks one instruction.
pub(super) fn accept_one(instruction: &Instruction, frontend: bool) -> Result<(), String> {
    let keyword = instruction.keyword;
    let name = keyword.name();
    if let Args::Invalid(message) = &instruction.args
        && keyword != Keyword::Unknown
    {
        return Err(message.clone());
    }
    let count = words(instruction).len();
    let empty = instruction.rest_at.is_empty();
    match keyword {
        Keyword::From => from(instruction)?,
        Keyword::Copy | Keyword::Add if count < 2 => {
            return Err(format!("{name} needs a source and a destination"));
        }
        Keyword::Env | Keyword::Label => pairs(instruction)?,
        Keyword::Expose | Keyword::Volume | Keyword::Arg if count == 0 => {
            return Err(format!("{name} needs an argument"));
        }
        Keyword::Volume
            if words(instruction)
                .iter()
                .any(|word| word.text.trim().is_empty()) =>
        {
            return Err("VOLUME needs a path, not an empty one".into());
        }
        Keyword::Arg
            if words(instruction)
                .iter()
                .any(|word| word.text.starts_with('=')) =>
        {
            return Err("ARG needs a name before =".into());
        }
        Keyword::Maintainer
        | Keyword::User
        | Keyword::Workdir
        | Keyword::Stopsignal
        | Keyword::Shell
            if empty =>
        {
            return Err(format!("{name} needs an argument"));
        }
        Keyword::Shell => match &instruction.args {
            Args::Json(words) if words.is_empty() => return Err("SHELL needs an argument".into()),
            Args::Json(_) => {}
            _ => return Err("SHELL needs a JSON array".into()),
        },
        Keyword::Onbuild => onbuild(instruction)?,
        Keyword::Healthcheck => return healthcheck::accept(instruction, frontend),
        Keyword::Unknown => {
            let written = String::from_utf8_lossy(instruction.keyword_text());
            return Err(format!("there is no instruction {written}"));
        }
        _ => {}
    }
    // BuildKit takes the flags of these two off and never looks at them.
    if !matches!(keyword, Keyword::Arg | Keyword::Stopsignal) {
        flags::accept(keyword, &instruction.flags, frontend)?;
    }
    match keyword {
        Keyword::Copy | Keyword::Add
            if words(instruction)
                .last()
                .is_some_and(|word| is_heredoc(&word.text)) =>
        {
            Err(format!("the destination of {name} can't be a heredoc"))
        }
        Keyword::Run => mounts::accept(&instruction.flags),
        _ => Ok(()),
    }
}

fn from(instruction: &Instruction) -> Result<(), String> {
    match words(instruction) {
        [_] => Ok(()),
        [_, by, name] if by.text.eq_ignore_ascii_case("as") => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let good = name.text.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.text.bytes().all(plain);
            if good {
                Ok(())
            } else {
                Err(format!(
                    "{:?} is no name of a stage: a letter, then letters, digits, - _ .",
                    name.text
                ))
            }
        }
        _ => Err("FROM takes an image, or an image, AS and a name".into()),
    }
}

fn pairs(instruction: &Instruction) -> Result<(), String> {
    let name = instruction.keyword.name();
    match &instruction.args {
        Args::OldPair(_) => Ok(()),
        Args::Pairs(pairs) if pairs.iter().any(|pair| pair.key.text.is_empty()) => {
            Err(format!("{name} needs a name before ="))
        }
        Args::Pairs(pairs) if !pairs.is_empty() => Ok(()),
        _ => Err(format!("{name} needs an argument")),
    }
}

fn onbuild(instruction: &Instruction) -> Result<(), String> {
    let text = rest(instruction);
    let first = text.split_whitespace().next().unwrap_or("");
    match Keyword::of(first.as_bytes()) {
        _ if first.is_empty() => Err("ONBUILD needs an instruction".into()),
        Keyword::Onbuild => Err("ONBUILD can't hold another ONBUILD".into()),
        keyword @ (Keyword::Maintainer | Keyword::From) => {
            Err(format!("ONBUILD can't hold {}", keyword.name()))
        }
        _ => Ok(()),
    }
}

/// The words of an instruction that is read as words or as JSON; none for others.
pub(super) fn words(instruction: &Instruction) -> &[Word] {
    match &instruction.args {
        Args::Words(words) | Args::Json(words) => words,
        _ => &[],
    }
}

/// What follows the flags; what is not UTF-8 is replaced.
pub(super) fn rest(instruction: &Instruction) -> Cow<'_, str> {
    let bytes = instruction.logical.bytes();
    String::from_utf8_lossy(bytes.get(instruction.rest_at.range()).unwrap_or_default())
}

/// Whether COPY would take `word` for a heredoc: `<<NAME`, `<<-"NAME"`, `3<<NAME`.
pub(super) fn is_heredoc(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(name) = word.strip_prefix("<<") else {
        return false;
    };
    let name = name.strip_prefix('-').unwrap_or(name);
    let even = |quote: char| name.matches(quote).count() % 2 == 0;
    !name.is_empty() && !name.contains(['<', ' ', '\t']) && even('"') && even('\'')
}
