//! Which file a developer would edit next.

use std::path::PathBuf;

use crate::context::{Context, Kind};
use crate::syntax::{Args, Dockerfile, Keyword};

/// Endings of source files, those that are most surely edited by hand first.
const SOURCES: [&str; 24] = [
    "py", "js", "ts", "tsx", "jsx", "mjs", "go", "rs", "java", "kt", "rb", "php", "cs", "c", "cc",
    "cpp", "h", "ex", "scala", "html", "css", "sh", "vue", "svelte",
];

/// Files that say what is to be installed: an edit of these runs the installation anew, on purpose.
const MANIFESTS: [&str; 4] = ["setup.py", "conftest.py", "build.rs", "Dockerfile"];

/// The file whose edit is timed when none is named: a source file that the last COPY from the context brings, else any
/// file that it brings. The choice is the same each time.
pub fn source_file(dockerfile: &Dockerfile, context: &Context) -> Option<PathBuf> {
    let copies = dockerfile.instructions.iter().rev().filter(|instruction| {
        matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
            && instruction.flag("from").is_none()
    });
    for copy in copies {
        let (Args::Words(words) | Args::Json(words)) = &copy.args else {
            continue;
        };
        let Some((_, sources)) = words.split_last() else {
            continue;
        };
        let best = sources
            .iter()
            .filter_map(|source| context.matches(&source.text).ok())
            .flatten()
            .flat_map(|path| files(context, path))
            .min_by_key(|path| (rank(path), path.matches('/').count(), path.clone()));
        if let Some(best) = best {
            return Some(best.into());
        }
    }
    None
}

/// The regular files at and below `path`.
fn files(context: &Context, path: String) -> Vec<String> {
    match context.entry(&path).map(|entry| entry.kind) {
        Some(Kind::File) => vec![path],
        Some(Kind::Dir) => context
            .walk(&path)
            .flatten()
            .filter(|entry| entry.kind == Kind::File)
            .map(|entry| entry.path)
            .take(10_000)
            .collect(),
        _ => Vec::new(),
    }
}

fn rank(path: &str) -> usize {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let place = SOURCES.iter().position(|source| *source == ending);
    match place {
        Some(place) if !MANIFESTS.contains(&name) => place,
        _ => SOURCES.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_of_the_last_copy() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "requirements.txt",
            "setup.py",
            "src/app.py",
            "static/a.css",
            "b.js",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let context = Context::open(folder.path(), None).unwrap();
        let chosen = |text: &str| {
            source_file(&Dockerfile::parse(text.as_bytes()), &context)
                .map(|path| path.to_string_lossy().into_owned())
        };
        for (text, expected) in [
            (
                "FROM a\nCOPY requirements.txt .\nCOPY . .\nCOPY --from=b /x /x\n",
                Some("src/app.py"),
            ),
            ("FROM a\nCOPY static /s\n", Some("static/a.css")),
            ("FROM a\nCOPY *.js setup.py ./\n", Some("b.js")),
            (
                "FROM a\nCOPY requirements.txt .\n",
                Some("requirements.txt"),
            ),
            ("FROM a\nCOPY nosuch /\nRUN x\n", None),
        ] {
            assert_eq!(chosen(text).as_deref(), expected, "{text}");
        }
    }
}
