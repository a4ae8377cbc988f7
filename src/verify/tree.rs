//! The file tree that a container would see: layers laid over one another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layer::{Entry, Layer, Meta};

/// A path of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub meta: Arc<Meta>,
    /// Two paths of the same inode are hard links of one another.
    inode: (usize, usize),
}

/// Paths (relative to the root, no slash in front) and what they are; the root is the empty path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

impl Tree {
    /// Lays `layers` over one another, the lowest first. Whiteouts and opaque directories hide what lower layers hold,
    /// never what their own layer holds (OCI image spec, layer.md).
    pub fn of<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Self {
        let mut tree = Self::default();
        for (number, layer) in layers.into_iter().enumerate() {
            for entry in &layer.entries {
                match entry {
                    Entry::Whiteout { path } => {
                        tree.nodes.remove(path);
                        tree.clear_below(path);
                    }
                    Entry::Opaque { path } => tree.clear_below(path),
                    Entry::Node { .. } | Entry::Link { .. } => {}
                }
            }
            let mut late = Vec::new();
            for (index, entry) in layer.entries.iter().enumerate() {
                match entry {
                    Entry::Node { path, meta } => tree.put(
                        path,
                        Node {
                            meta: Arc::clone(meta),
                            inode: (number, index),
                        },
                    ),
                    // The name that it links to nearly always stands before it.
                    Entry::Link { path, target } => match tree.nodes.get(target).cloned() {
                        Some(node) => tree.put(path, node),
                        None => late.push((path, target)),
                    },
                    Entry::Whiteout { .. } | Entry::Opaque { .. } => {}
                }
            }
            for (path, target) in late {
                if let Some(node) = tree.nodes.get(target).cloned() {
                    tree.put(path, node);
                }
            }
        }
        tree
    }

    /// All paths in order of their bytes.
    pub fn nodes(&self) -> &BTreeMap<Vec<u8>, Node> {
        &self.nodes
    }

    /// What is at `path` (no slash in front).
    pub fn get(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Bytes of the regular files, hard links counted once.
    pub fn size(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        self.nodes
            .values()
            .filter(|node| seen.insert(node.inode))
            .map(|node| node.meta.size())
            .sum()
    }

    /// For each path with other names: the sorted names of its inode, those alone that `keep` lets through. Paths that
    /// are left without another name are not in it.
    pub fn links(&self, keep: impl Fn(&[u8]) -> bool) -> BTreeMap<&[u8], Arc<Vec<&[u8]>>> {
        let mut groups: BTreeMap<(usize, usize), Vec<&[u8]>> = BTreeMap::new();
        for (path, node) in &self.nodes {
            if keep(path) {
                groups.entry(node.inode).or_default().push(path);
            }
        }
        let mut links = BTreeMap::new();
        for group in groups.into_values().filter(|group| group.len() > 1) {
            let group = Arc::new(group);
            for path in group.iter() {
                links.insert(*path, Arc::clone(&group));
            }
        }
        links
    }

    fn put(&mut self, path: &[u8], node: Node) {
        if !matches!(node.meta.kind, super::layer::Kind::Directory) {
            self.clear_below(path);
        }
        self.nodes.insert(path.to_vec(), node);
    }

    fn clear_below(&mut self, path: &[u8]) {
        if path.is_empty() {
            self.nodes.retain(|path, _| path.is_empty());
            return;
        }
        // Everything that starts with "path/" sorts before "path0".
        let (mut first, mut end) = (path.to_vec(), path.to_vec());
        first.push(b'/');
        end.push(b'0');
        let gone: Vec<Vec<u8>> = self
            .nodes
            .range(first..end)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }
}
