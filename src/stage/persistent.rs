//! A sorted map that shares what it has in common with its past, so that thousands of instructions can each hold the
//! variables that they see.
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A treap whose nodes are never changed: inserting copies the path to the root, some `log n` nodes. The ranks are
/// hashes of the keys, so the same entries always make the same tree.
#[derive(Clone, Debug)]
pub struct Persistent<V> {
    root: Link<V>,
}

type Link<V> = Option<Arc<Node<V>>>;

#[derive(Clone, Debug)]
struct Node<V> {
    key: Arc<str>,
    rank: u64,
    value: V,
    left: Link<V>,
    right: Link<V>,
}

impl<V> Default for Persistent<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Clone> Persistent<V> {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&V> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.left,
                Ordering::Greater => &node.right,
                Ordering::Equal => return Some(&node.value),
            };
        }
        None
    }

    /// Gives `key` a value, here and in no older clone.
    pub fn insert(&mut self, key: &str, value: V) {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.root = Some(insert(&self.root, key, hasher.finish(), value));
    }

    /// Entries, sorted by key.
    pub fn iter(&self) -> Iter<'_, V> {
        let mut iter = Iter { above: Vec::new() };
        iter.descend(&self.root);
        iter
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }
}

fn insert<V: Clone>(link: &Link<V>, key: &str, rank: u64, value: V) -> Arc<Node<V>> {
    let Some(node) = link else {
        return Arc::new(Node {
            key: key.into(),
            rank,
            value,
            left: None,
            right: None,
        });
    };
    let mut copy = Node::clone(node);
    match key.cmp(&node.key) {
        Ordering::Equal => copy.value = value,
        Ordering::Less => {
            let child = insert(&node.left, key, rank, value);
            if child.rank > node.rank {
                copy.left = child.right.clone();
                let mut top = Node::clone(&child);
                top.right = Some(Arc::new(copy));
                return Arc::new(top);
            }
            copy.left = Some(child);
        }
        Ordering::Greater => {
            let child = insert(&node.right, key, rank, value);
            if child.rank > node.rank {
                copy.right = child.left.clone();
                let mut top = Node::clone(&child);
                top.left = Some(Arc::new(copy));
                return Arc::new(top);
            }
            copy.right = Some(child);
        }
    }
    Arc::new(copy)
}

/// Entries of a [`Persistent`], sorted by key.
pub struct Iter<'a, V> {
    above: Vec<&'a Node<V>>,
}

impl<'a, V> Iter<'a, V> {
    fn descend(&mut self, mut link: &'a Link<V>) {
        while let Some(node) = link {
            self.above.push(node);
            link = &node.left;
        }
    }
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a str, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.above.pop()?;
        self.descend(&node.right);
        Some((&node.key, &node.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut map = Persistent::default();
        let mut past = Vec::new();
        for number in 0..2_000_u32 {
            map.insert(&format!("K{}", (number * 7919) % 2_000), number);
            past.push(map.clone());
        }
        for (number, map) in past.iter().enumerate() {
            assert_eq!(map.iter().count(), number + 1);
        }
        let names: Vec<&str> = map.iter().map(|(name, _)| name).collect();
        assert!(names.is_sorted());
        map.insert("K0", 9_999);
        assert_eq!(map.get("K0"), Some(&9_999));
        assert_eq!(past[0].get("K0"), Some(&0));
        assert_eq!(past[0].get("K7919"), None);
    }
}
