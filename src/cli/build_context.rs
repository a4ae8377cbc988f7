//! Which folder is a Dockerfile's build context, as far as that can be told without being told.

use std::path::{Path, PathBuf};

use crate::context::{Context, Neighbours, Origin};
use crate::report::Problem;
use crate::syntax::{Args, Dockerfile, Keyword};

/// A choice of build context.
pub(super) struct Picked {
    /// `None` when doubt is left: what needs a context is not proposed then.
    pub(super) context: Option<Context>,
    /// Why there is doubt.
    pub(super) doubt: Option<&'static str>,
}

/// The build context of `source`, the text of `dockerfile`: the folder `given` by a flag or the config, else the one
/// that a compose or bake file names, else the Dockerfile's own folder, if what it copies may lie there.
pub(super) fn pick(
    source: &[u8],
    dockerfile: Option<&Path>,
    given: Option<&Path>,
    neighbours: &Neighbours,
) -> Result<Picked, Problem> {
    let open = |root: &Path| {
        let context = Context::open(root, dockerfile);
        context.map_err(|error| Problem::new(error.to_string()))
    };
    let unknown = |doubt| {
        Ok(Picked {
            context: None,
            doubt,
        })
    };
    if let Some(root) = given {
        return Ok(Picked {
            context: Some(open(root)?),
            doubt: None,
        });
    }
    let Some(dockerfile) = dockerfile else {
        return unknown(None);
    };
    let found = neighbours.find(dockerfile, None);
    if !found.agreed {
        return unknown(Some("compose or bake files build it in different folders"));
    }
    if !found.root.is_dir() {
        return unknown(Some("its folder is not there"));
    }
    let context = open(&found.root)?;
    if found.origin == Origin::Folder && !may_be_built_in(source, &context) {
        return unknown(Some("nothing that it copies lies in its folder"));
    }
    Ok(Picked {
        context: Some(context),
        doubt: None,
    })
}

/// Whether one of the files that are copied by name is there, or none is copied by name.
fn may_be_built_in(source: &[u8], context: &Context) -> bool {
    let names = copied_by_name(&Dockerfile::parse(source));
    names.is_empty() || names.iter().any(|name| context.root().join(name).exists())
}

/// The paths below the context that COPY and ADD name without patterns and variables; the context itself is none.
fn copied_by_name(file: &Dockerfile) -> Vec<PathBuf> {
    let mut names = Vec::new();
    for one in &file.instructions {
        let (Keyword::Copy | Keyword::Add, None) = (one.keyword, one.flag("from")) else {
            continue;
        };
        let (Args::Words(words) | Args::Json(words)) = &one.args else {
            continue;
        };
        let Some((_, sources)) = words.split_last() else {
            continue;
        };
        for word in sources {
            let text = word.text.as_str();
            let remote = text.contains("://") || text.starts_with("git@");
            let name = text.trim_start_matches("./").trim_matches('/');
            if !remote
                && !matches!(name, "" | "." | "..")
                && !name.contains(['$', '*', '?', '[', '\\', '<', '"', '\''])
            {
                names.push(PathBuf::from(name));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_by_name() {
        let source = b"FROM a AS b\nCOPY . /x\nCOPY ./p.json q/ *.txt $V /x/\nCOPY --from=b /r /r\nADD https://h/i /i\n\
                       ADD [\"/s t\", \"/x\"]\nCOPY <<EOF /h\nEOF\n";
        let names = copied_by_name(&Dockerfile::parse(&source[..]));
        assert_eq!(names, ["p.json", "q", "s t"].map(PathBuf::from));
    }
}
