//! A value of YAML or JSON, whose readers are tolerant: asking the wrong kind gives nothing.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A value. Keys of maps are text; numbers and booleans among them are written out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as text.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map in the order of the file.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// Reads YAML.
    ///
    /// # Errors
    /// What the parser says, with line and column.
    pub fn yaml(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Ok(Self::Null);
        }
        let options = serde_saphyr::options! {
            // YAML 1.2, as compose and pnpm read it: `y` and `on` are text.
            strict_booleans: true,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// What the parser says, with line and column.
    pub fn json(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Reads TOML. Keys come in alphabetical order.
    ///
    /// # Errors
    /// What the parser says, with line and column.
    pub fn toml(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(toml::Value::Table(table).into())
    }

    /// The value of `key`, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries().iter().find(|(name, _)| name == key)?;
        Some(&found.1)
    }

    /// The value at a path of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text, when this is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text at a path of keys, as a copy.
    pub fn text_at(&self, keys: &[&str]) -> Option<String> {
        self.at(keys)?.text().map(str::to_owned)
    }

    /// The scalars of the list at a path of keys; none when there is none.
    pub fn list_at(&self, keys: &[&str]) -> Vec<String> {
        self.at(keys).map(Self::scalars).unwrap_or_default()
    }

    /// Text, a number or a boolean, written out.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(yes) => Some(yes.to_string()),
            _ => None,
        }
    }

    /// The boolean, when this is one.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(yes) => Some(*yes),
            _ => None,
        }
    }

    /// The items, when this is a list; else none.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The entries, when this is a map; else none.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The scalars of a list; a scalar alone counts as a list of one.
    pub fn scalars(&self) -> Vec<String> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::scalar).collect(),
            other => other.scalar().into_iter().collect(),
        }
    }

    /// The entries of a map whose values are scalars.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let entries = self.entries().iter();
        entries
            .filter_map(|(key, value)| Some((key.clone(), value.scalar()?)))
            .collect()
    }
}

impl From<toml::Value> for Value {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::Text(text),
            toml::Value::Integer(number) => Self::Number(number.to_string()),
            toml::Value::Float(number) => Self::Number(number.to_string()),
            toml::Value::Boolean(yes) => Self::Bool(yes),
            toml::Value::Datetime(date) => Self::Text(date.to_string()),
            toml::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            toml::Value::Table(table) => {
                let entries = table.into_iter();
                Self::Map(entries.map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Value, Value>()? {
            // What is neither text nor number can't be asked for.
            if let Some(key) = key.scalar() {
                map.push((key, value));
            } else if key == Value::Null {
                map.push(("null".to_owned(), value));
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_reads_what_compose_files_hold() {
        let text = "a: &x {k: 1}\nb: {<<: *x, y: [1, two, true, null]}\n80: \"text\"\nver: 1.20\n";
        let value = Value::yaml(text).unwrap_or_default();
        let scalar = |keys: &[&str]| value.at(keys).and_then(Value::scalar);
        assert_eq!(scalar(&["b", "k"]).as_deref(), Some("1"));
        assert_eq!(scalar(&["80"]).as_deref(), Some("text"));
        let list = value.at(&["b", "y"]).map(Value::scalars);
        assert_eq!(list, Some(vec!["1".into(), "two".into(), "true".into()]));
        assert_eq!(Value::yaml("# nothing\n"), Ok(Value::Null));
        assert_eq!(Value::yaml(""), Ok(Value::Null));
    }

    #[test]
    fn what_is_wrong_is_an_error_not_a_panic() {
        let deep = "[".repeat(100_000);
        let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        assert!(Value::yaml("a: [").is_err());
        assert!(Value::yaml(&deep).is_err());
        assert!(Value::yaml(bomb).is_err());
        assert!(Value::json(&deep).is_err());
        assert!(Value::json("").is_err());
    }
}
