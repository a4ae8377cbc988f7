//! `careen explain`.

use clap::Args;

use super::{Program, Status, Stop, Terminal, ids};
use crate::report::page;

/// Print a transform's page: what it does, why, and when it leaves a place alone
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The transform's name; `careen list` names all of them
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(
    program: &Program,
    explain: &Explain,
    terminal: &mut Terminal<'_>,
) -> Result<Status, Stop> {
    let Some(link) = program.chain.iter().find(|link| link.id == explain.id) else {
        return Err(ids::unknown(program.chain, &explain.id, "explain").into());
    };
    let page = format!("# {}\n\n{}", link.id, page::markdown(link.page));
    let text = page::render(&page, terminal.paint_out());
    terminal.out.write_all(text.as_bytes())?;
    Ok(Status::Done)
}
