//! The COPY lines that bring the files of a closure, as a person would write them.

use std::collections::BTreeMap;

use super::copies::Copied;

/// More lines than anybody would want to read.
const MOST_LINES: usize = 24;

/// The lines, without white space in front and line ends behind. `paths` are files and folders of the context.
///
/// # Errors
/// A name that can't be written, or too many folders.
pub fn write(
    copy: &Copied<'_>,
    files: &[String],
    folders: &[String],
) -> Result<Vec<String>, String> {
    let mut by_target: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        let to = target(copy, path, folder)?;
        by_target.entry(to).or_default().push(source(path)?);
    }
    for path in folders {
        let to = target(copy, path, path)?;
        // A folder's name in COPY means what is in it: a line of its own.
        by_target.insert(format!("{to}\0"), vec![source(path)?]);
    }
    if by_target.len() > MOST_LINES {
        return Err(format!(
            "it would take {} COPY lines to bring the manifests to their folders",
            by_target.len()
        ));
    }
    let logical = &copy.instruction.logical;
    let keyword = String::from_utf8_lossy(copy.instruction.keyword_text()).into_owned();
    let flags: Vec<&str> = copy
        .instruction
        .flags
        .iter()
        .filter(|flag| flag.name() != "exclude")
        .filter_map(|flag| logical.text().get(flag.at.range()))
        .collect();
    let lines = by_target.iter().map(|(to, sources)| {
        let to = to.trim_end_matches('\0').to_owned();
        let mut words = sources.clone();
        words.push(to);
        let words = match words.iter().any(|word| word.contains(' ')) {
            true => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("[{}]", quoted.join(", "))
            }
            false => words.join(" "),
        };
        let mut parts = vec![keyword.clone()];
        parts.extend(flags.iter().map(|flag| (*flag).to_owned()));
        parts.push(words);
        parts.join(" ")
    });
    Ok(lines.collect())
}

/// Where the files of `folder` go, as `copy` would write it: with a slash at its end.
fn target(copy: &Copied<'_>, path: &str, folder: &str) -> Result<String, String> {
    let from = copy.source_of(path).unwrap_or_default();
    let rest = folder.strip_prefix(from).unwrap_or(folder);
    let rest = rest.trim_start_matches('/');
    let written = copy.written_target.trim_end_matches('/');
    if written.contains(['"', '\'', '\\', '`', '#']) || !plain(rest) {
        return Err(format!("the name of {folder} can't be written in a COPY"));
    }
    let target = match rest {
        "" => format!("{written}/"),
        rest if written == "." => format!("{rest}/"),
        rest => format!("{written}/{rest}/"),
    };
    Ok(target)
}

/// A path as a source of COPY: what is a wildcard to the builder stands in a class.
fn source(path: &str) -> Result<String, String> {
    if !plain(path) || path.starts_with('-') || path.starts_with("<<") {
        return Err(format!("the name of {path} can't be written in a COPY"));
    }
    let mut text = String::new();
    for sign in path.chars() {
        match sign {
            '[' => text.push_str("[[]"),
            '*' => text.push_str("[*]"),
            '?' => text.push_str("[?]"),
            sign => text.push(sign),
        }
    }
    Ok(text)
}

/// Names that need no quoting but for a space.
fn plain(path: &str) -> bool {
    !path.contains(['"', '\'', '\\', '`', '$', '#', '<', '>', '\u{fffd}'])
        && !path
            .chars()
            .any(|sign| sign.is_control() || (sign.is_whitespace() && sign != ' '))
}
