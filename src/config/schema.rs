//! The JSON schema of `careen.toml`, for editors.

use serde_json::{Value, json};

use super::{BUILDERS, PROFILES};

/// The schema (JSON Schema, draft 7, which editors know for TOML). `ids` are the transforms that may be named.
pub fn schema(ids: &[&str]) -> Value {
    let list = |what: &str| {
        json!({
            "description": what,
            "type": "array",
            "items": {"enum": ids},
            "uniqueItems": true,
        })
    };
    let tables: serde_json::Map<String, Value> = ids
        .iter()
        .map(|id| ((*id).to_owned(), json!({"type": "object"})))
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "careen.toml",
        "description": "Settings of careen for the Dockerfiles in a folder and below it",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "profile": {
                "description": "Which unsafe changes are made",
                "enum": PROFILES,
                "default": PROFILES[0],
            },
            "unsafe": {
                "description": "Whether all unsafe changes are made",
                "type": "boolean",
                "default": false,
            },
            "select": list("Only these transforms; naming one that is off turns it on"),
            "ignore": list("Not these transforms"),
            "exclude": {
                "description": "Files and folders that are left out, as in .gitignore",
                "type": "array",
                "items": {"type": "string"},
            },
            "context": {
                "description": "The build context, from this file's folder",
                "type": "string",
            },
            "builder": {
                "description": "What builds the image: what it can't do is not proposed",
                "enum": BUILDERS,
                "default": BUILDERS[0],
            },
            "package-managers": {
                "description": "Package managers of one's own, by name",
                "type": "object",
                "additionalProperties": {"type": "object"},
            },
            "transforms": {
                "description": "What each transform is told, by name",
                "type": "object",
                "additionalProperties": false,
                "properties": tables,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn it_has_every_key_and_no_other() {
        let error = Config::parse("nosuchkey = 1\n", Path::new("x"), &[]).unwrap_err();
        let error = error.to_string();
        // The reader itself lists what it knows.
        let (_, known) = error.split_once("(known: ").unwrap();
        let known: BTreeSet<&str> = known.trim_end_matches(')').split(", ").collect();
        assert!(known.contains("transforms"), "{error}");
        let schema = schema(&["some-id"]);
        let keys = schema["properties"].as_object().unwrap().keys();
        assert_eq!(keys.map(String::as_str).collect::<BTreeSet<_>>(), known);
        assert_eq!(
            schema["properties"]["select"]["items"]["enum"][0],
            "some-id"
        );
        assert_eq!(
            schema["properties"]["builder"]["default"],
            Config::default().builder()
        );
    }
}
