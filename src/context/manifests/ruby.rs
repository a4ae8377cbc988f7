//! Gemfile and Gemfile.lock.
//!
//! A Gemfile is a Ruby program. Its plain lines are read; anything else is counted, so that a caller can see that the file
//! may read whatever it likes.

/// A Gemfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gemfile {
    /// Names of gems.
    pub gems: Vec<String>,
    /// Folders of `path:` and of `path` blocks.
    pub paths: Vec<String>,
    /// Whether it says `gemspec`.
    pub gemspec: bool,
    /// Files of `eval_gemfile`.
    pub evaluates: Vec<String>,
    /// The file of `ruby file:`.
    pub ruby_file: Option<String>,
    /// 1-based lines that are none of the above and may run any Ruby.
    pub other_lines: Vec<usize>,
}

impl Gemfile {
    /// Reads a Gemfile.
    ///
    /// # Errors
    /// Never yet; it answers as the other readers do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        // A call goes on in the next line after a comma.
        let mut goes_on = false;
        for (index, line) in text.lines().enumerate() {
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            let first = line.split(|c: char| c.is_whitespace() || c == '(').next();
            let first = first.unwrap_or_default();
            let plain = [
                "gem",
                "source",
                "group",
                "platforms",
                "platform",
                "path",
                "git",
                "github",
                "end",
                "ruby",
                "gemspec",
                "eval_gemfile",
                "git_source",
                "plugin",
                "install_if",
            ];
            if !goes_on && !plain.contains(&first) || runs_code(line) {
                file.other_lines.push(index + 1);
            }
            let argument = quoted(line).first().cloned();
            match first {
                "gem" => file.gems.extend(argument),
                "gemspec" => file.gemspec = true,
                "eval_gemfile" => file.evaluates.extend(argument),
                "path" => file.paths.extend(argument),
                "ruby" => file.ruby_file = file.ruby_file.take().or(option(line, "file")),
                _ => {}
            }
            if first != "ruby" {
                file.paths.extend(option(line, "path"));
            }
            goes_on = line.ends_with([',', '(', '[', '{']) || line.ends_with('\\');
        }
        Ok(file)
    }
}

/// What a line may do besides naming things.
fn runs_code(line: &str) -> bool {
    let bare = unquoted(line);
    let words = [
        "File",
        "Dir",
        "IO",
        "require",
        "require_relative",
        "load",
        "eval",
        "system",
        "exec",
        "instance_eval",
        "ENV",
        "if",
        "unless",
        "__dir__",
        "__FILE__",
    ];
    line.contains('`')
        || line.contains("#{")
        || line.contains("%x")
        || bare
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| words.contains(&word))
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') => return line.get(..at).unwrap_or(line),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    line
}

/// The quoted texts of a line.
fn quoted(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(['"', '\'']) {
        let (_, open) = rest.split_at(at);
        let mark = if open.starts_with('"') { '"' } else { '\'' };
        let Some((text, after)) = open.get(1..).and_then(|open| open.split_once(mark)) else {
            break;
        };
        found.push(text.to_owned());
        rest = after;
    }
    found
}

fn unquoted(line: &str) -> String {
    let mut bare = line.to_owned();
    for text in quoted(line) {
        bare = bare.replacen(&text, "", 1);
    }
    bare
}

/// The text after `name:` or `:name =>`.
fn option(line: &str, name: &str) -> Option<String> {
    let after = [
        format!("{name}:"),
        format!(":{name} =>"),
        format!(":{name}=>"),
    ];
    let found = after.iter().find_map(|key| {
        let (before, after) = line.split_once(key.as_str())?;
        let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        whole.then_some(after)
    });
    let value = found?.trim_start();
    value
        .starts_with(['"', '\''])
        .then(|| quoted(value).first().cloned())?
}

/// A Gemfile.lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GemfileLock {
    /// `remote:` of each PATH section: folders of gems.
    pub paths: Vec<String>,
    /// `remote:` of each GIT section.
    pub git: Vec<String>,
    /// Names and versions of all gems.
    pub gems: Vec<(String, String)>,
    /// PLATFORMS
    pub platforms: Vec<String>,
    /// RUBY VERSION
    pub ruby: Option<String>,
    /// BUNDLED WITH
    pub bundler: Option<String>,
}

impl GemfileLock {
    /// Reads a Gemfile.lock.
    ///
    /// # Errors
    /// Conflict marks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lock = Self::default();
        let mut section = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
                return Err(format!(
                    "line {}: a conflict that is not resolved",
                    index + 1
                ));
            }
            let indent = line.len() - line.trim_start().len();
            let entry = line.trim();
            if entry.is_empty() {
                continue;
            }
            if indent == 0 {
                section = entry;
                continue;
            }
            match (section, indent, entry.strip_prefix("remote:")) {
                ("PATH", _, Some(remote)) => lock.paths.push(remote.trim().to_owned()),
                ("GIT", _, Some(remote)) => lock.git.push(remote.trim().to_owned()),
                ("PATH" | "GIT" | "GEM", 4, None) => {
                    let (name, version) = entry.split_once(' ').unwrap_or((entry, ""));
                    let version = version.trim_matches(['(', ')']);
                    lock.gems.push((name.to_owned(), version.to_owned()));
                }
                ("PLATFORMS", ..) => lock.platforms.push(entry.to_owned()),
                ("RUBY VERSION", ..) => lock.ruby = Some(entry.to_owned()),
                ("BUNDLED WITH", ..) => lock.bundler = Some(entry.to_owned()),
                _ => {}
            }
        }
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemfile() {
        let text = "source \"https://h\" # c\nruby file: \".ruby-version\"\ngem 'rails', '~> 7'\ngem \"a\", path: \"./a\"\ngem 'b', :path => 'b'\ngem 'c',\n  require: false\npath 'engines' do\n  gem 'd'\nend\ngemspec\neval_gemfile 'x.rb'\nDir['y/*'].each { |f| eval File.read(f) }\ngem 'e', File.read('v')\n";
        let file = Gemfile::parse(text).unwrap();
        assert_eq!(file.gems, ["rails", "a", "b", "c", "d", "e"]);
        assert_eq!(file.paths, ["./a", "b", "engines"]);
        assert!(file.gemspec);
        assert_eq!(file.evaluates, ["x.rb"]);
        assert_eq!(file.ruby_file.as_deref(), Some(".ruby-version"));
        assert_eq!(file.other_lines, [7, 13, 14]);
    }

    #[test]
    fn gemfile_lock() {
        let text = "PATH\n  remote: engines/x\n  specs:\n    x (0.1)\n      rails\n\nGEM\n  remote: https://h/\n  specs:\n    rails (7.0)\n\nPLATFORMS\n  ruby\n  x86_64-linux\n\nDEPENDENCIES\n  x!\n\nBUNDLED WITH\n   2.5.1\n";
        let lock = GemfileLock::parse(text).unwrap();
        assert_eq!(lock.paths, ["engines/x"]);
        assert_eq!(lock.gems.len(), 2);
        assert_eq!(lock.platforms, ["ruby", "x86_64-linux"]);
        assert_eq!(lock.bundler.as_deref(), Some("2.5.1"));
        assert!(GemfileLock::parse("<<<<<<< a\n").is_err());
    }
}
