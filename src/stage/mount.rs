//! `RUN --mount=type=…,…` (frontend/dockerfile/instructions/commands_runmount.go).
use crate::syntax::Instruction;

/// A mount of RUN. Values are as written, variables not expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// `type`, in lower case; `bind` when none is written.
    pub kind: String,
    /// `from`: a stage or an image.
    pub from: Option<String>,
    /// `target`, `dst` or `destination`.
    pub target: Option<String>,
    /// `source` or `src`.
    pub source: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// All fields in order, keys in lower case; the value is `None` for a bare key such as `ro`.
    pub fields: Vec<(String, Option<String>)>,
}

impl Mount {
    /// Reads the value of a `--mount` flag: fields apart by commas, each maybe quoted as in CSV.
    pub fn parse(value: &str) -> Self {
        let mut mount = Self {
            kind: "bind".to_owned(),
            ..Self::default()
        };
        for field in csv(value) {
            let (key, value) = match field.split_once('=') {
                Some((key, value)) => (key.to_ascii_lowercase(), Some(value.to_owned())),
                None => (field.to_ascii_lowercase(), None),
            };
            match key.as_str() {
                "type" => mount.kind = value.as_deref().unwrap_or_default().to_ascii_lowercase(),
                "from" => mount.from.clone_from(&value),
                "target" | "dst" | "destination" => mount.target.clone_from(&value),
                "source" | "src" => mount.source.clone_from(&value),
                "id" => mount.id.clone_from(&value),
                _ => {}
            }
            mount.fields.push((key, value));
        }
        mount
    }

    /// The mounts of a RUN, in order.
    pub fn all(instruction: &Instruction) -> Vec<Self> {
        instruction
            .flags_named("mount")
            .map(|flag| Self::parse(flag.value().unwrap_or_default()))
            .collect()
    }

    /// The value of field `key`.
    pub fn field(&self, key: &str) -> Option<&str> {
        self.fields
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.as_deref())
    }
}

/// Fields of one line of CSV.
fn csv(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        let mut field = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(char) = chars.next() {
                if char != '"' {
                    field.push(char);
                } else if chars.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    break;
                }
            }
        }
        while let Some(char) = chars.next_if(|char| *char != ',') {
            field.push(char);
        }
        fields.push(field);
        if chars.next().is_none() {
            return fields;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mount = Mount::parse("type=Cache,\"target=/a,b\",id=x,ro,sharing=locked");
        assert_eq!(mount.kind, "cache");
        assert_eq!(mount.target.as_deref(), Some("/a,b"));
        assert_eq!(mount.id.as_deref(), Some("x"));
        assert_eq!(mount.field("sharing"), Some("locked"));
        assert_eq!(mount.fields.len(), 5);
        let mount = Mount::parse("from=b,src=/x,dst=y");
        assert_eq!(mount.kind, "bind");
        assert_eq!(mount.from.as_deref(), Some("b"));
        assert_eq!(mount.source.as_deref(), Some("/x"));
        assert_eq!(mount.target.as_deref(), Some("y"));
        assert_eq!(Mount::parse("").fields, [(String::new(), None)]);
    }
}
