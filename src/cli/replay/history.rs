//! The last commits of a repository, and the files that each of them touched below a folder.

use std::path::Path;

use gix::bstr::ByteSlice;
use gix::diff::tree::recorder::Change;
use gix::diff::tree::{Recorder, State};
use gix::objs::TreeRefIter;

use crate::report::{Problem, shown};

/// Objects that are kept in memory, in bytes.
const OBJECTS: usize = 64 << 20;

/// A file that a commit touched; a content is its mode and blob.
pub(super) struct Touched {
    /// Relative to the folder.
    pub(super) path: String,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

/// Commits of a branch, each with what it touched.
pub(super) struct History {
    /// The oldest one first.
    pub(super) commits: Vec<Vec<Touched>>,
    /// Whether the repository holds a part of its history only, and fewer commits than asked for were found.
    pub(super) cut: bool,
}

/// The last `count` commits from HEAD by first parents, as far as they touch files below `folder`.
pub(super) fn read(folder: &Path, count: usize) -> Result<History, Problem> {
    let wrong = |error: gix::Error| Problem::new(format!("the history can't be read: {error}"));
    let mut repository = gix::discover(folder).map_err(|error| {
        let folder = shown(folder.as_os_str().as_encoded_bytes());
        Problem::new(format!("{folder} is in no git repository: {error}"))
            .help("replay needs its commits")
    })?;
    repository.object_cache_size_if_unset(OBJECTS);
    let prefix = prefix(&repository, folder)?;
    let head = repository
        .head_id()
        .map_err(|_| Problem::new("the repository has no commit yet"))?;
    let shallow = repository.is_shallow().map_err(wrong)?;
    let mut commits = Vec::new();
    let mut cut = false;
    let mut scratch = State::default();
    let mut commit = Some(repository.find_commit(head).map_err(wrong)?);
    // Of the commit that is looked at: known already as the parent of the one before.
    let mut tree = None;
    while let Some(this) = commit.take().filter(|_| commits.len() < count) {
        let after = match tree.take() {
            Some(tree) => tree,
            None => subtree(&this, &prefix).map_err(wrong)?,
        };
        let parent = match this.parent_ids().next() {
            None => None,
            Some(id) => match repository.find_commit(id) {
                Ok(parent) => Some(parent),
                // What came before was not fetched.
                Err(_) if shallow => {
                    cut = true;
                    break;
                }
                Err(error) => return Err(wrong(error)),
            },
        };
        let before = match &parent {
            Some(parent) => subtree(parent, &prefix).map_err(wrong)?,
            None => None,
        };
        commits.push(touched(
            &repository,
            &mut scratch,
            before.as_ref(),
            after.as_ref(),
        )?);
        tree = Some(before);
        commit = parent;
    }
    commits.reverse();
    Ok(History { commits, cut })
}

/// `folder` as seen from the work tree, in bytes with `/`.
fn prefix(repository: &gix::Repository, folder: &Path) -> Result<Vec<u8>, Problem> {
    let outside = || Problem::new("the build context is not in the repository's work tree");
    let root = repository.workdir().ok_or_else(outside)?;
    let real = |path: &Path| path.canonicalize().map_err(|_| outside());
    let (root, folder) = (real(root)?, real(folder)?);
    let below = folder.strip_prefix(root).map_err(|_| outside())?;
    let parts: Vec<&[u8]> = below.iter().map(|part| part.as_encoded_bytes()).collect();
    Ok(parts.join(&b'/'))
}

/// The folder's tree in a commit; `None` when it is not there.
fn subtree<'r>(
    commit: &gix::Commit<'r>,
    prefix: &[u8],
) -> Result<Option<gix::Tree<'r>>, gix::Error> {
    let tree = commit.tree()?;
    if prefix.is_empty() {
        return Ok(Some(tree));
    }
    let parts = prefix.split(|byte| *byte == b'/');
    match tree.lookup_entry(parts)? {
        Some(entry) if entry.mode().is_tree() => Ok(Some(entry.object()?.into_tree())),
        _ => Ok(None),
    }
}

fn touched(
    repository: &gix::Repository,
    scratch: &mut State,
    before: Option<&gix::Tree<'_>>,
    after: Option<&gix::Tree<'_>>,
) -> Result<Vec<Touched>, Problem> {
    let id = |tree: Option<&gix::Tree<'_>>| tree.map(|tree| tree.id);
    if id(before) == id(after) {
        return Ok(Vec::new());
    }
    let empty = repository.empty_tree();
    let (before, after) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    let mut recorder = Recorder::default();
    gix::diff::tree(
        TreeRefIter::from_bytes(&before.data, before.id.kind()),
        TreeRefIter::from_bytes(&after.data, after.id.kind()),
        scratch,
        &repository.objects,
        &mut recorder,
    )
    .map_err(|error| Problem::new(format!("a commit can't be read: {error}")))?;
    let content = |mode: gix::objs::tree::EntryMode, id: gix::ObjectId| {
        // Folders are no files: what is in them is listed by itself.
        (!mode.is_tree())
            .then(|| [format!("{:o} ", mode.value()).as_bytes(), id.as_bytes()].concat())
    };
    let touched = recorder.records.into_iter().map(|change| match change {
        Change::Addition {
            entry_mode,
            oid,
            path,
            ..
        } => (path, None, content(entry_mode, oid)),
        Change::Deletion {
            entry_mode,
            oid,
            path,
            ..
        } => (path, content(entry_mode, oid), None),
        Change::Modification {
            previous_entry_mode,
            previous_oid,
            entry_mode,
            oid,
            path,
        } => (
            path,
            content(previous_entry_mode, previous_oid),
            content(entry_mode, oid),
        ),
    });
    Ok(touched
        .filter(|(_, before, after)| before.is_some() || after.is_some())
        .map(|(path, before, after)| Touched {
            path: path.to_str_lossy().into_owned(),
            before,
            after,
        })
        .collect())
}
