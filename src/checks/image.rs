//! Names of images (`distribution/reference`).

/// Whether `name` is a valid image name: `ubuntu`, `ghcr.io/a/b:tag@sha256:…`.
pub(super) fn valid(name: &str) -> bool {
    let hex = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    // 64 hexadecimal digits are an image's id.
    if name.len() == 64 && hex(name) {
        return false;
    }
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    if digest.is_some_and(|digest| !valid_digest(digest)) {
        return false;
    }
    let (domain, rest) = split_domain(name);
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    let library = if domain.is_none() && !path.contains('/') {
        "library/".len()
    } else {
        0
    };
    tag.is_none_or(valid_tag)
        && domain.is_none_or(valid_domain)
        && path.len() + library <= 255
        && path.split('/').all(valid_component)
}

/// A digest such as `sha256:` and 64 hexadecimal digits.
pub(super) fn valid_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length
        && hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A first part is a registry when it has a dot, a port or upper case, or is `localhost`.
fn split_domain(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn valid_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(behind) => {
            let Some((address, behind)) = behind.split_once(']') else {
                return false;
            };
            let plain = !address.is_empty()
                && address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            if !plain {
                return false;
            }
            return behind.is_empty() || behind.strip_prefix(':').is_some_and(digits);
        }
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    port.is_none_or(digits) && host.split('.').all(part)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn valid_tag(tag: &str) -> bool {
    let mut bytes = tag.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && tag.len() <= 128
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn valid_component(component: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.last().is_some_and(|byte| plain(*byte));
    ends && bytes.split(|byte| plain(*byte)).all(|between| {
        matches!(between, b"" | b"." | b"_" | b"__") || between.iter().all(|byte| *byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::valid;

    #[test]
    fn names_of_images() {
        let digest = format!("a@sha256:{}", "0".repeat(64));
        for good in [
            "a",
            "a:b",
            "a/b",
            "Docker.io/a",
            "localhost/a",
            "localhost:5000/a:B",
            "a__b",
            "a--b",
            "a.b_c",
            "[::1]:5000/a",
            "ghcr.io/a/b:1",
            "HOST/a",
            digest.as_str(),
        ] {
            assert!(valid(good), "{good}");
        }
        let id = "a".repeat(64);
        for bad in [
            "",
            "A",
            "a:",
            "a@",
            "a@sha256:12",
            "-a",
            "a_",
            "a..b",
            "a___b",
            "[a]",
            "a=b",
            "a//b",
            "/a",
            "a/",
            "a b",
            "$A",
            id.as_str(),
        ] {
            assert!(!valid(bad), "{bad}");
        }
    }
}
