//! Names of transforms as users type them.

use crate::config::nearest_word;
use crate::report::Problem;
use crate::transform::Link;

/// Checks that the chain has all of `ids`; `given_by` says where they were written.
pub(super) fn known(chain: &[Link], ids: &[String], given_by: &str) -> Result<(), Problem> {
    for id in ids {
        if !chain.iter().any(|link| link.id == id) {
            return Err(unknown(chain, id, given_by));
        }
    }
    Ok(())
}

/// The error for an id that isn't there.
pub(super) fn unknown(chain: &[Link], id: &str, given_by: &str) -> Problem {
    let problem = Problem::new(format!("{given_by}: there is no transform `{id}`"));
    let all: Vec<&str> = chain.iter().map(|link| link.id).collect();
    match nearest_word(id, &all) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`careen list` names all of them"),
    }
}
