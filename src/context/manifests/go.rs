//! go.mod and go.work. Source of the grammar: the Go Modules Reference.

/// A `replace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// The module that is replaced.
    pub module: String,
    /// What replaces it: a folder (see [`Replace::is_local`]) or a module path.
    pub with: String,
    /// The version of the replacement, for a module path.
    pub version: Option<String>,
}

impl Replace {
    /// Whether the replacement is a folder.
    pub fn is_local(&self) -> bool {
        self.version.is_none()
    }
}

/// A go.mod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoMod {
    /// `module`
    pub module: Option<String>,
    /// `go`
    pub go: Option<String>,
    /// `toolchain`
    pub toolchain: Option<String>,
    /// Required modules and their versions.
    pub requires: Vec<(String, String)>,
    /// Replacements.
    pub replaces: Vec<Replace>,
    /// Packages of `tool`.
    pub tools: Vec<String>,
}

impl GoMod {
    /// Reads a go.mod.
    ///
    /// # Errors
    /// A block or a quotation that does not end.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        for (verb, words) in directives(text)? {
            let word = |at: usize| words.get(at).cloned();
            match verb.as_str() {
                "module" => file.module = word(0),
                "go" => file.go = word(0),
                "toolchain" => file.toolchain = word(0),
                "require" => file.requires.extend(word(0).zip(word(1))),
                "replace" => file.replaces.extend(replace(&words)),
                "tool" => file.tools.extend(word(0)),
                _ => {}
            }
        }
        Ok(file)
    }

    /// The folders of local replacements, relative to the go.mod.
    pub fn local(&self) -> impl Iterator<Item = &str> {
        let local = self.replaces.iter().filter(|replace| replace.is_local());
        local.map(|replace| replace.with.as_str())
    }
}

/// A go.work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoWork {
    /// `go`
    pub go: Option<String>,
    /// `toolchain`
    pub toolchain: Option<String>,
    /// Folders of the modules.
    pub uses: Vec<String>,
    /// Replacements.
    pub replaces: Vec<Replace>,
}

impl GoWork {
    /// Reads a go.work.
    ///
    /// # Errors
    /// A block or a quotation that does not end.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        for (verb, words) in directives(text)? {
            let first = words.first().cloned();
            match verb.as_str() {
                "go" => file.go = first,
                "toolchain" => file.toolchain = first,
                "use" => file.uses.extend(first),
                "replace" => file.replaces.extend(replace(&words)),
                _ => {}
            }
        }
        Ok(file)
    }
}

fn replace(words: &[String]) -> Option<Replace> {
    let arrow = words.iter().position(|word| word == "=>")?;
    Some(Replace {
        module: words.first()?.clone(),
        with: words.get(arrow + 1)?.clone(),
        version: words.get(arrow + 2).cloned(),
    })
}

/// Each directive with its words, those of blocks under the block's verb.
fn directives(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let mut words = words(line).map_err(|what| format!("line {}: {what}", index + 1))?;
        match (block.clone(), words.len()) {
            (_, 0) => {}
            (Some(_), 1) if words.first().is_some_and(|word| word == ")") => block = None,
            (Some(verb), _) => found.push((verb, words)),
            (None, _) => {
                let verb = words.remove(0);
                match words.first().map(String::as_str) {
                    Some("(") if words.len() == 1 => block = Some(verb),
                    Some("()") => {}
                    _ => found.push((verb, words)),
                }
            }
        }
    }
    match block {
        Some(verb) => Err(format!("the block of `{verb}` does not end")),
        None => Ok(found),
    }
}

fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            break;
        }
        let (word, after) = if first == '"' || first == '`' {
            let quoted = rest.get(1..).unwrap_or_default();
            quoted.split_once(first).ok_or("a quotation does not end")?
        } else if first == '(' || first == ')' {
            rest.split_at(1)
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')');
            rest.split_at(end.unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_mod() {
        let text = "module example.com/a // c\n\ngo 1.22\ntoolchain go1.22.1\nrequire b v1\nrequire (\n\tc v2 // indirect\n\t// d v3\n)\nreplace b => ./b\nreplace (\n\tc v2 => \"../c d\"\n\te => f v1\n)\nexclude x v1\ntool y/z\n";
        let file = GoMod::parse(text).unwrap();
        assert_eq!(file.module.as_deref(), Some("example.com/a"));
        assert_eq!(file.go.as_deref(), Some("1.22"));
        assert_eq!(file.requires.len(), 2);
        assert_eq!(file.local().collect::<Vec<_>>(), ["./b", "../c d"]);
        assert_eq!(file.replaces[2].version.as_deref(), Some("v1"));
        assert_eq!(file.tools, ["y/z"]);
        assert!(GoMod::parse("require (\n").is_err());
        assert!(GoMod::parse("module \"a\n").is_err());
    }

    #[test]
    fn go_work() {
        let file =
            GoWork::parse("go 1.22\nuse ./a\nuse (\n  ./b\n  .\n)\nreplace x => ./x\n").unwrap();
        assert_eq!(file.uses, ["./a", "./b", "."]);
        assert_eq!(file.replaces.len(), 1);
    }
}
