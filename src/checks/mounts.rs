//! `RUN --mount`, `--network`, `--security` and `--device` (BuildKit's `instructions/commands_run*.go`).
use super::lint::boolean;
use super::{csv, flags};
use crate::syntax::Flag;

/// The options of a mount that later steps ask for. `None`: there, but of unknown value.
#[derive(Debug, Default)]
pub(super) struct Mount {
    pub(super) kind: Option<Kind>,
    /// As written, before expansion.
    pub(super) from: String,
    pub(super) target: Option<String>,
}

/// The type of a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Cache => "cache",
            Self::Tmpfs => "tmpfs",
            Self::Secret => "secret",
            Self::Ssh => "ssh",
        }
    }
}

/// What BuildKit checks before any variable is known.
pub(super) fn accept(all: &[Flag]) -> Result<(), String> {
    for mount in flags::values(all, "mount") {
        from(mount)?;
    }
    for (name, known) in [
        ("network", ["default", "none", "host"].as_slice()),
        ("security", &["sandbox", "insecure"]),
    ] {
        if let Some(value) = flags::values(all, name).next()
            && !known.contains(&value)
        {
            return Err(format!(
                "--{name} is one of {}, not {value:?}",
                known.join(", ")
            ));
        }
    }
    flags::values(all, "device").try_for_each(device)
}

/// The stage or image that a mount comes from; empty for the build context.
pub(super) fn from(mount: &str) -> Result<String, String> {
    let mut from = String::new();
    for field in fields(mount)? {
        let Some((key, value)) = field.split_once('=') else {
            continue;
        };
        if key.eq_ignore_ascii_case("from") {
            if value.find('$').is_some_and(|at| at + 1 < value.len()) {
                return Err("`from` of a mount takes no variable: name a stage instead".into());
            }
            from = value.to_owned();
        }
    }
    Ok(from)
}

fn fields(mount: &str) -> Result<Vec<String>, String> {
    csv::fields(mount).ok_or_else(|| format!("--mount={mount} is no list of options"))
}

fn device(text: &str) -> Result<(), String> {
    let fields =
        csv::fields(text).ok_or_else(|| format!("--device={text} is no list of options"))?;
    let mut named = false;
    for field in fields {
        let lower = field.to_ascii_lowercase();
        match lower.split_once('=') {
            None if lower == "required" => {}
            Some(("name", _)) if named => return Err(format!("--device={text} has two names")),
            Some(("name", value)) => named = !value.is_empty(),
            Some(("required", _)) => {
                let value = field.split_once('=').map_or("", |(_, value)| value);
                if boolean(value).is_none() {
                    return Err(format!("`required` is true or false, not {value:?}"));
                }
            }
            _ if named => return Err(format!("--device has no option {field:?}")),
            _ => named = true,
        }
    }
    Ok(())
}

/// Reads a mount. `expand` gives a value after expansion, or `None` when it can't be known.
pub(super) fn read(
    mount: &str,
    mut expand: impl FnMut(&str) -> Result<Option<String>, String>,
) -> Result<Mount, String> {
    let mut result = Mount {
        kind: Some(Kind::Bind),
        from: from(mount)?,
        target: Some(String::new()),
    };
    let mut owned = None;
    let mut shared = false;
    let mut named = false;
    let mut source = false;
    for field in fields(mount)? {
        let Some((key, written)) = field.split_once('=') else {
            match field.to_ascii_lowercase().as_str() {
                "readonly" | "ro" | "readwrite" | "rw" => continue,
                "required" => {
                    required(result.kind)?;
                    continue;
                }
                _ => return Err(format!("the mount option {field:?} has to be name=value")),
            }
        };
        let key = key.to_ascii_lowercase();
        let value = expand(written)?;
        // An unknown value is taken for a good one.
        let known = value.as_deref();
        let good = |test: fn(&str) -> bool| known.is_none_or(test);
        let bad = || {
            Err(format!(
                "{} is no value of the mount option {key}",
                known.unwrap_or("")
            ))
        };
        match key.as_str() {
            "type" => {
                result.kind = match known.map(str::to_ascii_lowercase).as_deref() {
                    None => None,
                    Some("bind") => Some(Kind::Bind),
                    Some("cache") => Some(Kind::Cache),
                    Some("tmpfs") => Some(Kind::Tmpfs),
                    Some("secret") => Some(Kind::Secret),
                    Some("ssh") => Some(Kind::Ssh),
                    Some(other) => return Err(format!("there is no mount of type {other:?}")),
                };
            }
            "from" | "env" => {}
            "source" | "src" => source = known != Some(""),
            "id" => named = known != Some(""),
            "target" | "dst" | "destination" => result.target = value,
            "readonly" | "ro" | "readwrite" | "rw" if good(|value| boolean(value).is_some()) => {}
            "required" => {
                required(result.kind)?;
                if !good(|value| boolean(value).is_some()) {
                    return bad();
                }
            }
            "size" => {
                if result.kind.is_some_and(|kind| kind != Kind::Tmpfs) {
                    return Err("only a tmpfs mount has a size".into());
                }
                if !good(is_size) {
                    return bad();
                }
            }
            "sharing"
                if good(|value| {
                    matches!(
                        value.to_ascii_lowercase().as_str(),
                        "shared" | "private" | "locked"
                    )
                }) =>
            {
                shared = true;
            }
            "mode" if good(|value| number(value, 8)) => owned = Some("mode"),
            "uid" if good(|value| number(value, 10)) => owned = Some("uid"),
            "gid" if good(|value| number(value, 10)) => owned = Some("gid"),
            "readonly" | "ro" | "readwrite" | "rw" | "sharing" | "mode" | "uid" | "gid" => {
                return bad();
            }
            _ => return Err(format!("a mount has no option {key}")),
        }
    }
    let Some(kind) = result.kind else {
        return Ok(result);
    };
    if let Some(option) = owned
        && matches!(kind, Kind::Bind | Kind::Tmpfs)
    {
        return Err(format!("a {} mount has no {option}", kind.name()));
    }
    if shared && kind != Kind::Cache {
        return Err(format!("a {} mount has no sharing", kind.name()));
    }
    if kind == Kind::Secret {
        if !result.from.is_empty() {
            return Err("a secret mount has no from".into());
        }
        if !source && !named && result.target.as_deref() == Some("") {
            return Err("a secret mount needs an id or a target".into());
        }
        if source && named {
            return Err("a secret mount has an id or a source, not both".into());
        }
    }
    Ok(result)
}

fn required(kind: Option<Kind>) -> Result<(), String> {
    match kind {
        None | Some(Kind::Secret | Kind::Ssh) => Ok(()),
        Some(kind) => Err(format!("a {} mount is not `required`", kind.name())),
    }
}

fn number(text: &str, radix: u32) -> bool {
    !text.starts_with('+') && u32::from_str_radix(text, radix).is_ok()
}

/// `64m`, `1.5 GiB` (`docker/go-units`).
fn is_size(text: &str) -> bool {
    let Some(at) = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ') else {
        return false;
    };
    let (before, unit) = text.split_at(at + 1);
    let number = before.strip_suffix(' ').unwrap_or(before);
    let unit = unit.to_ascii_lowercase();
    let unit = matches!(unit.as_str(), "" | "b")
        || unit
            .strip_prefix(['k', 'm', 'g', 't', 'p'])
            .is_some_and(|rest| matches!(rest, "" | "b" | "ib"));
    number.parse::<f64>().is_ok_and(|number| number >= 0.0) && unit
}

#[cfg(test)]
mod tests {
    use super::{from, is_size, read};

    #[test]
    fn sizes() {
        for good in ["64m", "1.5GiB", "10", "1 kb", "3b", "1e3", "+1"] {
            assert!(is_size(good), "{good}");
        }
        for bad in ["", "abc", "-1", "1x", "1bb", "1 2 "] {
            assert!(!is_size(bad), "{bad}");
        }
    }

    #[test]
    fn an_unknown_value_is_no_error() {
        let expand = |value: &str| Ok((!value.contains('$')).then(|| value.to_owned()));
        assert!(read("type=$T,sharing=locked,target=/x", expand).is_ok());
        assert!(read("type=cache,sharing=$S,mode=$M,target=$X", expand).is_ok());
        assert!(read("type=bind,sharing=locked,target=/x", expand).is_err());
        assert!(read("type=secret,id=a,source=b", expand).is_err());
        assert!(from("from=$A,target=/x").is_err());
    }
}
