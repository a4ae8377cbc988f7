//! Names of transforms as users type them.

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
    match nearest(id, chain.iter().map(|link| link.id)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`careen list` names all of them"),
    }
}

/// The name that needs the fewest edits, if they are few.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase().replace('_', "-");
    names
        .map(|name| (distance(&typed, name), name))
        .min()
        .filter(|(edits, name)| *edits <= name.chars().count() / 3 + 1)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = (diagonal + usize::from(from != *to))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn near_names_are_found_and_far_ones_not() {
        let names = ["alpha-beta", "gamma"];
        let near = |typed| nearest(typed, names.into_iter());
        assert_eq!(near("alfa-beta"), Some("alpha-beta"));
        assert_eq!(near("ALPHA_BETA"), Some("alpha-beta"));
        assert_eq!(near("gama"), Some("gamma"));
        assert_eq!(near("something-else"), None);
    }
}
