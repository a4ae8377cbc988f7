//! The way through a file: global ARGs, stages, who copies from whom, then each instruction (BuildKit's `dockerfile2llb/convert.go`).
use super::dispatch::Dispatcher;
use super::lint::Lint;
use super::stages::Stages;
use super::state::{State, Variables};
use super::variables::Reading;
use super::{Outside, Rejection, casing, flags, globals, image};
use crate::syntax::{Dockerfile, Span};

/// Works through the file; it was accepted before.
pub(super) fn plan(
    file: &Dockerfile,
    outside: &dyn Outside,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let (global, mut stages) = Stages::split(&file.instructions);
    if stages.list.is_empty() {
        return Err(Rejection {
            message: "there is no FROM".into(),
            span: Span::new(0, file.source().len()),
            line: 1,
        });
    }
    casing::whole_file(file, lint);
    let reading = Reading {
        escape: char::from(file.escape),
        keep_quotes: false,
    };
    let globals = globals::globals(global, &stages.list, reading);
    if let Ok(globals) = &globals {
        globals::default_images(&stages.list, globals, reading, lint);
    }
    let globals = globals?;
    for stage in &mut stages.list {
        globals::base(stage, &globals, reading, lint)?;
        // A stage's name may stand for an image that the caller names, so it has to be one.
        let named = !stage.name.is_empty() && stage.name != "context" && stage.name != "scratch";
        if named && !image::valid(&stage.name) {
            return Err(Rejection::at(
                stage.from,
                format!(
                    "{:?} is no name of an image, as a stage's has to be",
                    stage.name
                ),
            ));
        }
    }
    stages.link();
    stages.connect(reading)?;
    stages.acyclic()?;
    for stage in &stages.list {
        if stage.base.is_none() && stage.image != "scratch" && !image::valid(&stage.image) {
            return Err(Rejection::at(
                stage.from,
                format!("{:?} is no name of an image", stage.image),
            ));
        }
    }
    stages.triggers(flags::names_frontend(file), reading)?;
    dispatch(file, outside, &stages, &globals.values, reading, lint)
}

/// Each stage's instructions, in the state that its base leaves.
fn dispatch<'f>(
    file: &'f Dockerfile,
    outside: &dyn Outside,
    stages: &Stages<'f>,
    globals: &Variables,
    reading: Reading,
    lint: &mut Lint,
) -> Result<(), Rejection> {
    let mut states: Vec<State<'f>> = Vec::with_capacity(stages.list.len());
    for (index, stage) in stages.list.iter().enumerate() {
        let state = match stage.base.and_then(|base| states.get(base)) {
            Some(base) => base.child(),
            None if stage.image == "scratch" => State::on_scratch(),
            None => State::on_image(outside.environment(&stage.image)),
        };
        let mut dispatcher = Dispatcher {
            file,
            outside,
            stages,
            globals,
            reading,
            lint,
            index,
            state,
        };
        for trigger in &stage.triggers {
            dispatcher
                .run(trigger, stage.from)
                .map_err(|message| Rejection::at(stage.from, message))?;
        }
        for instruction in stage.body {
            dispatcher
                .run(instruction, instruction)
                .map_err(|message| Rejection::at(instruction, message))?;
        }
        states.push(dispatcher.state.finish());
    }
    Ok(())
}
