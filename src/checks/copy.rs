//! Sources and modes of COPY and ADD (BuildKit's `convert_copy.go`).
use super::image;
use super::lint::boolean;
use crate::syntax::Keyword;

/// What a source of COPY or ADD is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Path,
    Http,
    Git,
}

impl Source {
    pub(super) fn of(text: &str) -> Self {
        let scheme = text
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme {
            Some((scheme, rest)) => {
                let path = rest.split(['?', '#']).next().unwrap_or("");
                let git_path = path.contains('/') && path.ends_with(".git");
                match scheme.as_str() {
                    "ssh" | "git" => Self::Git,
                    "http" | "https" if git_path => Self::Git,
                    _ if text.starts_with("http://") || text.starts_with("https://") => Self::Http,
                    _ => Self::Path,
                }
            }
            None if is_scp(text) => Self::Git,
            None => Self::Path,
        }
    }
}

/// `git@host:path`
fn is_scp(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else {
        return false;
    };
    let Some((host, _)) = rest.split_once(':') else {
        return false;
    };
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    plain(user, b"-_") && plain(host, b"-.")
}

/// `--checksum`; `None` stands for a source of unknown value.
pub(super) fn checksum(value: &str, sources: &[Option<String>]) -> Result<(), String> {
    match sources {
        _ if value.is_empty() => Ok(()),
        [None] => Ok(()),
        [Some(source)] => match Source::of(source) {
            Source::Path => Err("--checksum is for a URL or a Git repository".into()),
            Source::Http if !image::valid_digest(value) => Err(format!("{value} is no digest")),
            Source::Http | Source::Git => Ok(()),
        },
        _ => Err("--checksum is for a single source".into()),
    }
}

/// Where the source is from: only ADD fetches.
pub(super) fn source(keyword: Keyword, text: &str) -> Result<(), String> {
    match Source::of(text) {
        Source::Http | Source::Git if keyword == Keyword::Copy => {
            Err(format!("COPY does not fetch {text}: that takes ADD"))
        }
        Source::Git => repository(text),
        _ => Ok(()),
    }
}

/// The query of a repository's address: `?ref=v1&subdir=a`.
fn repository(text: &str) -> Result<(), String> {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let Some((_, query)) = address.split_once('?') else {
        return Ok(());
    };
    let mut seen = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let good = match key {
            "ref" | "tag" | "branch" | "subdir" | "checksum" | "commit" => !value.is_empty(),
            "keep-git-dir" | "submodules" => value.is_empty() || boolean(value).is_some(),
            _ => false,
        };
        if !good || seen.contains(&key) {
            return Err(format!("{text}: {key} is wrong in the query"));
        }
        seen.push(key);
    }
    let references = usize::from(!fragment.split(':').next().unwrap_or("").is_empty())
        + ["ref", "tag", "branch"]
            .iter()
            .filter(|key| seen.contains(key))
            .count();
    if references > 1 {
        return Err(format!("{text} names more than one reference"));
    }
    Ok(())
}

/// `--chmod`: octal, or symbolic as in `u=rwX,go+r`.
pub(super) fn mode(text: &str) -> Result<(), String> {
    let octal = match u32::from_str_radix(text, 8) {
        Ok(mode) if !text.starts_with('+') => mode <= 0o7777,
        _ => text.split(',').all(is_clause),
    };
    if octal {
        Ok(())
    } else {
        Err(format!("{text} is no mode: octal up to 7777, or symbolic"))
    }
}

fn is_clause(clause: &str) -> bool {
    let mut rest = clause.trim_start_matches(['u', 'g', 'o', 'a']);
    if !rest.starts_with(['+', '-', '=']) {
        return false;
    }
    while let Some(behind) = rest.strip_prefix(['+', '-', '=']) {
        let end = behind.find(['+', '-', '=']).unwrap_or(behind.len());
        let (rights, next) = behind.split_at(end);
        if !rights.chars().all(|c| "rwxXstugo".contains(c)) {
            return false;
        }
        rest = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Source, mode};

    #[test]
    fn modes() {
        for good in [
            "755",
            "0755",
            "u+x",
            "u=rwX,go=rX",
            "a+x",
            "+x",
            "=",
            "g=u",
            "7777",
            "u+r-w",
            "u+ux",
        ] {
            assert!(mode(good).is_ok(), "{good}");
        }
        for bad in ["999", "17777", "u", "x", "u+q", "u+x,", "-1"] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sources() {
        for (text, source) in [
            ("a/b", Source::Path),
            ("github.com/a/b", Source::Path),
            ("https://h/a", Source::Http),
            ("https://h/a.git", Source::Git),
            ("https://h/a.git#main:sub", Source::Git),
            ("git@h:a", Source::Git),
            ("ssh://git@h/a", Source::Git),
            ("a@b", Source::Path),
            ("s3://h/a", Source::Path),
        ] {
            assert_eq!(Source::of(text), source, "{text}");
        }
    }
}
