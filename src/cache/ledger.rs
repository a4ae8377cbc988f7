//! A builder's cache over many builds: what was built once is there when it comes back.
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Model;
use crate::syntax::Keyword;

/// What of the context the steps of a model take in, as digests that start at an arbitrary state and follow changes.
#[derive(Clone, Debug)]
pub struct Contents {
    sums: Vec<u64>,
}

impl Contents {
    /// A first state.
    pub fn new(model: &Model) -> Self {
        Self {
            sums: vec![0; model.steps().len()],
        }
    }

    /// File `path` of the context goes from one content to another; `None` stands for no file. What a content is, the
    /// caller says: equal bytes must mean an equal file, its mode included.
    pub fn change(
        &mut self,
        model: &Model,
        path: &str,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) {
        let digest = |content: Option<&[u8]>| content.map_or(0, |content| digest(&(path, content)));
        // Exclusive or: whatever the order of changes, the same files have the same sum.
        let change = digest(before) ^ digest(after);
        for (sum, takes) in self.sums.iter_mut().zip(model.takes(path)) {
            if takes {
                *sum ^= change;
            }
        }
    }
}

/// The keys of all steps that a builder has run.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    seen: HashSet<u64>,
    builds: u64,
}

impl Ledger {
    /// Builds `model`: which steps run, by step. All that ran is known from then on.
    pub fn build(&mut self, model: &Model, contents: &Contents) -> Vec<bool> {
        self.builds += 1;
        let mut content: Vec<u64> = Vec::with_capacity(model.keys.len());
        let mut chain: Vec<u64> = Vec::with_capacity(model.keys.len());
        for (index, (step, key)) in model.steps.iter().zip(&model.keys).enumerate() {
            let at = |list: &[u64], index: usize| list.get(index).copied();
            let from_stages: Vec<_> = key
                .stages
                .iter()
                .map(|from| {
                    let list = if from.whole { &chain } else { &content };
                    let writers = from.writers.iter().map(|writer| at(list, *writer));
                    (from.base, writers.collect::<Vec<_>>())
                })
                .collect();
            let unique = if key.unique { self.builds } else { 0 };
            let own = digest(&(key.own, at(&contents.sums, index), from_stages, unique));
            let parent = step.parent.and_then(|parent| at(&chain, parent));
            let whole = digest(&(own, parent));
            chain.push(whole);
            content.push(match step.keyword {
                Keyword::Run => whole,
                _ => own,
            });
        }
        chain.iter().map(|key| self.seen.insert(*key)).collect()
    }
}

/// A digest that is the same for equal things in one run of the program.
pub(super) fn digest<T: Hash>(of: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
