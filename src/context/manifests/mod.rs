//! Manifests and lock files, read as far as a rewrite of a Dockerfile has to know them.
//!
//! Each reader is tolerant: a field of the wrong kind counts as absent, an unknown one is left alone. What is no JSON, TOML,
//! YAML or XML at all is an error, whose text is the parser's. Paths are as written, relative to the manifest's folder
//! unless a reader says otherwise.

pub mod cargo;
pub mod dotnet;
pub mod go;
pub mod java;
pub mod javascript;
pub mod php;
pub mod python;
pub mod ruby;
mod xml;

use super::value::Value;

/// Whether `spec` is a path as package managers tell it from a name: it begins with `.`, `/` or `~/`.
pub fn is_path(spec: &str) -> bool {
    spec == "."
        || spec == ".."
        || spec.starts_with("./")
        || spec.starts_with("../")
        || spec.starts_with('/')
        || spec.starts_with("~/")
}

/// A top-level value that has to be a map.
fn map(value: Value) -> Result<Value, String> {
    match value {
        Value::Map(_) => Ok(value),
        Value::Null => Ok(Value::Map(Vec::new())),
        _ => Err("not a table of keys and values".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    /// No reader panics, whatever it is given.
    #[test]
    fn readers_are_total() {
        let deep = "[".repeat(50_000);
        let xml = "<a>".repeat(50_000);
        let braces = r#"{"a":"#.repeat(50_000);
        for text in [
            "",
            "\u{feff}",
            "\0",
            "[",
            "{",
            "}",
            "[]",
            "null",
            "1",
            "\"",
            "a",
            "a:\n\t- b",
            "<",
            "<a",
            "<a b=>",
            "&",
            "=",
            "[[a]]",
            "[a]\na=1\na=2",
            "replace (",
            "use",
            "path",
            "gem",
            "-r",
            "-e",
            "--",
            "\\",
            "\\\n\\\n",
            "é\\",
            "{\"workspaces\": 1, \"bin\": [], \"dependencies\": [1]}",
            deep.as_str(),
            xml.as_str(),
            braces.as_str(),
        ] {
            let _ = super::javascript::PackageJson::parse(text);
            let _ = super::javascript::PackageLock::parse(text);
            let _ = super::javascript::YarnLock::parse(text);
            let _ = super::javascript::PnpmWorkspace::parse(text);
            let _ = super::javascript::PnpmLock::parse(text);
            let _ = super::python::Requirements::parse(text);
            let _ = super::python::Pyproject::parse(text);
            let _ = super::python::PythonLock::parse(text);
            let _ = super::go::GoMod::parse(text);
            let _ = super::go::GoWork::parse(text);
            let _ = super::cargo::CargoToml::parse(text);
            let _ = super::php::ComposerJson::parse(text);
            let _ = super::ruby::Gemfile::parse(text);
            let _ = super::ruby::GemfileLock::parse(text);
            let _ = super::java::Pom::parse(text);
            let _ = super::dotnet::Project::parse(text);
            let _ = super::dotnet::Solution::parse(text);
        }
    }
}
