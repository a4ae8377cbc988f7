//! A map that stages share: each sees what its base had, and adds to it alone.
use std::collections::HashMap;
use std::rc::Rc;

/// Names and what they stand for. Layers below are at least twice as large as those above, so there are few of them,
/// and a long chain of stages costs little more than its lines.
#[derive(Clone)]
pub(super) struct Layers<V> {
    below: Vec<Rc<HashMap<String, V>>>,
    own: HashMap<String, V>,
}

impl<V> Default for Layers<V> {
    fn default() -> Self {
        Self {
            below: Vec::new(),
            own: HashMap::new(),
        }
    }
}

impl<V: Clone> Layers<V> {
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.own
            .get(name)
            .or_else(|| self.below.iter().rev().find_map(|layer| layer.get(name)))
    }

    pub(super) fn insert(&mut self, name: String, value: V) {
        self.own.insert(name, value);
    }

    /// Makes a clone cheap.
    pub(super) fn freeze(&mut self) {
        if self.own.is_empty() {
            return;
        }
        let mut own = std::mem::take(&mut self.own);
        while let Some(layer) = self.below.pop_if(|layer| layer.len() <= 2 * own.len()) {
            for (name, value) in layer.iter() {
                own.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.below.push(Rc::new(own));
    }
}

#[cfg(test)]
mod tests {
    use super::Layers;

    #[test]
    fn the_newest_value_counts_and_layers_stay_few() {
        let mut layers = Layers::default();
        for round in 0..1_000 {
            layers.insert(format!("a{}", round % 300), round);
            layers.freeze();
        }
        assert_eq!(layers.get("a0"), Some(&900));
        assert_eq!(layers.get("a299"), Some(&899));
        assert_eq!(layers.get("b"), None);
        assert!(layers.below.len() < 12, "{}", layers.below.len());
    }
}
