//! ARGs before the first FROM, and what FROM makes of them (BuildKit's `dockerfile2llb/convert.go`).
use super::accept::words;
use super::lint::Lint;
use super::stages::Stage;
use super::state::Variables;
use super::variables::{self, Expansion, Reading, Value};
use super::{Rejection, flags, image, platform};
use crate::syntax::Instruction;
use std::collections::{HashMap, HashSet};

/// The global ARGs.
pub(super) struct Globals {
    /// Those with a value, and the platform's.
    pub(super) values: Variables,
    /// All names.
    declared: HashSet<String>,
}

fn value<'v>(variables: &'v Variables, name: &str) -> Value<'v> {
    match variables.get(name) {
        None => Value::Unset,
        Some(None) => Value::Hidden,
        Some(Some(value)) => Value::Known(value),
    }
}

/// The variables of the platform, then the ARGs before the first FROM.
pub(super) fn globals(
    instructions: &[Instruction],
    stages: &[Stage<'_>],
    reading: Reading,
) -> Result<Globals, Rejection> {
    let target = stages
        .last()
        .map(|stage| stage.name.as_str())
        .filter(|name| !name.is_empty())
        .unwrap_or("default");
    let machine = format!("{}/{}", platform::SYSTEM, platform::ARCHITECTURE);
    let mut values: Variables = HashMap::new();
    for side in ["BUILD", "TARGET"] {
        for (name, value) in [
            ("PLATFORM", machine.as_str()),
            ("OS", platform::SYSTEM),
            ("OSVERSION", ""),
            ("ARCH", platform::ARCHITECTURE),
            ("VARIANT", ""),
        ] {
            values.insert(format!("{side}{name}"), Some(value.to_owned()));
        }
    }
    values.insert("TARGETSTAGE".into(), Some(target.to_owned()));
    let mut declared = HashSet::new();
    for instruction in instructions {
        for word in words(instruction) {
            let Some((name, default)) = word.text.split_once('=') else {
                declared.insert(word.text.clone());
                continue;
            };
            let expansion = variables::expand(default, reading, &|name| value(&values, name));
            if let Some(failure) = expansion.failure {
                return Err(Rejection::at(instruction, failure.message));
            }
            let known = (!expansion.hidden).then(|| expansion.text.into_owned());
            values.insert(name.to_owned(), known);
            declared.insert(name.to_owned());
        }
    }
    Ok(Globals { values, declared })
}

/// Names of images that the defaults make.
pub(super) fn default_images(
    stages: &[Stage<'_>],
    globals: &Globals,
    reading: Reading,
    lint: &mut Lint,
) {
    for stage in stages {
        let Some(written) = words(stage.from).first() else {
            continue;
        };
        let expansion =
            variables::expand(&written.text, reading, &|name| value(&globals.values, name));
        if expansion.failure.is_some() {
            return;
        }
        if !expansion.hidden && !image::valid(&expansion.text) {
            lint.report("InvalidDefaultArgInFrom", stage.from);
        }
    }
}

/// Expands the image and the platform of a stage.
pub(super) fn base(
    stage: &mut Stage<'_>,
    globals: &Globals,
    reading: Reading,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let from = stage.from;
    let lookup = |name: &str| value(&globals.values, name);
    let undeclared = |expansion: &Expansion<'_>, lint: &mut Lint| {
        for name in &expansion.unmatched {
            if !globals.declared.contains(name) {
                lint.report("UndefinedArgInFrom", from);
            }
        }
    };
    let written = words(from).first().map_or("", |word| word.text.as_str());
    let expansion = variables::expand(written, reading, &lookup);
    undeclared(&expansion, lint);
    if let Some(failure) = expansion.failure {
        return Err(Rejection::at(from, failure.message));
    }
    if expansion.text.is_empty() && !expansion.hidden {
        return Err(Rejection::at(from, format!("the image {written} is empty")));
    }
    stage.image = expansion.text.into_owned();

    let written = flags::value(&from.flags, "platform");
    if written.is_empty() {
        return Ok(());
    }
    let expansion = variables::expand(written, reading, &lookup);
    undeclared(&expansion, lint);
    if expansion.unmatched.is_empty() {
        match expansion.matched.as_slice() {
            [] => {
                let constant = platform::parse(&expansion.text).is_some_and(|(system, machine)| {
                    !stage.name.contains(&system) && !stage.name.contains(&machine)
                });
                if constant {
                    lint.report("FromPlatformFlagConstDisallowed", from);
                }
            }
            [name] if name == "TARGETPLATFORM" => {
                if let Value::Known(target) = lookup(name)
                    && target == expansion.text
                {
                    lint.report("RedundantTargetPlatform", from);
                }
            }
            _ => {}
        }
    }
    if let Some(failure) = expansion.failure {
        return Err(Rejection::at(from, failure.message));
    }
    if !expansion.hidden && platform::parse(&expansion.text).is_none() {
        return Err(Rejection::at(
            from,
            format!("--platform={written} is no platform"),
        ));
    }
    Ok(())
}
