//! `careen explain`.

use std::path::PathBuf;

use clap::Args;

use super::args::{Common, Output};
use super::pair::Pair;
use super::picture::picture;
use super::{Program, Status, Stop, Terminal, ids};
use crate::cache::Edit;
use crate::knowledge::Knowledge;
use crate::report::{Problem, page};

/// Print a transform's page: what it does, why, and when it leaves a place alone
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  careen explain ID                                   a transform's page
  careen explain --cache .                            which steps run again after an edit of a source file
  careen explain --cache Dockerfile --edit src/a.py   the same for this file

Exit status: 0 done, 2 error.")]
pub(super) struct Explain {
    /// The transform's name; `careen list` names all of them
    #[arg(
        value_name = "ID",
        required_unless_present = "cache",
        conflicts_with = "cache"
    )]
    id: Option<String>,
    /// Show which steps of this Dockerfile run again after an edit, before and after the changes
    #[arg(long, value_name = "PATH", help_heading = "Cache")]
    cache: Option<PathBuf>,
    /// The file that is edited, seen from the build context [default: a source file that a late COPY brings]
    #[arg(long, value_name = "FILE", requires = "cache", help_heading = "Cache")]
    edit: Vec<String>,
    /// The build argument that gets another value
    #[arg(long, value_name = "NAME", requires = "cache", help_heading = "Cache")]
    edit_arg: Vec<String>,
    /// The build context [default: what a compose or bake file says, else the Dockerfile's folder]
    #[arg(long, value_name = "DIR", requires = "cache", help_heading = "Cache")]
    context: Option<PathBuf>,
    /// Make the unsafe changes too
    #[arg(long = "unsafe", requires = "cache", help_heading = "Cache")]
    unsafe_changes: bool,
}

pub(super) fn run(
    program: &Program,
    explain: &Explain,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    if let Some(path) = &explain.cache {
        return cache(program, explain, path, output, terminal);
    }
    let id = explain.id.as_deref().unwrap_or_default();
    let Some(link) = program.chain.iter().find(|link| link.id == id) else {
        return Err(ids::unknown(program.chain, id, "explain").into());
    };
    let page = format!("# {}\n\n{}", link.id, page::markdown(link.page));
    let text = page::render(&page, terminal.paint_out());
    terminal.out.write_all(text.as_bytes())?;
    Ok(Status::Done)
}

fn cache(
    program: &Program,
    explain: &Explain,
    path: &std::path::Path,
    output: &Output,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let common = Common {
        paths: vec![path.to_owned()],
        context: explain.context.clone(),
        unsafe_changes: explain.unsafe_changes,
        ..Common::default()
    };
    let Some(pair) = Pair::find(program, &common, output, "shown with its cache", terminal)? else {
        return Ok(Status::Failed);
    };
    let mut edit = Edit {
        files: Vec::new(),
        args: explain.edit_arg.clone(),
    };
    for file in &explain.edit {
        let file = crate::context::glob::below_root(file);
        if file.is_empty() {
            let problem = Problem::new("--edit: the build context itself is no file");
            return Err(problem
                .help("the path is seen from the build context")
                .into());
        }
        edit.files.push(file);
    }
    if edit == Edit::default() {
        let usual = pair
            .before
            .model
            .usual_edit(&pair.context, Knowledge::shipped());
        edit.files.extend(usual);
    }
    let shown = edit
        .files
        .iter()
        .chain(&edit.args)
        .cloned()
        .collect::<Vec<_>>()
        .join(" and ");
    let shown = (!shown.is_empty()).then_some(shown);
    let mut text = picture(&pair, &edit, shown.as_deref(), terminal.paint_out());
    for file in &edit.files {
        if !pair.before.model.sees(file) {
            text += &format!("\n{file} is left out by the ignore file: no step sees it\n");
        }
    }
    terminal.out.write_all(text.as_bytes())?;
    if !output.quiet {
        for left_out in pair.before.model.left_out() {
            terminal.complain(&format!("careen: left out: {left_out}\n"));
        }
    }
    Ok(Status::Done)
}
