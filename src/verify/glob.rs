//! Globs over absolute paths: `*` and `?` stay within one name, `**` stands for any number of names.

/// Whether `path` is matched by `pattern`, from end to end. `/a/**` matches all that lies below `/a`, `/a` itself not;
/// `/**/x` also matches `/x`. A slash in front or at the end makes no difference.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = names(pattern);
    let path: Vec<&str> = names(path);
    // reach[j]: the pattern read so far can end right before path[j].
    let mut reach = vec![false; path.len() + 1];
    reach[0] = true;
    for (index, part) in pattern.iter().enumerate() {
        let mut next = vec![false; path.len() + 1];
        if *part == "**" {
            let last = index + 1 == pattern.len();
            let mut seen = false;
            for (at, reached) in reach.iter().enumerate() {
                // The last `**` wants at least one name, or `/a/**` would match `/a`.
                next[at] = seen || (*reached && !last);
                seen |= *reached;
            }
        } else {
            for (at, name) in path.iter().enumerate() {
                next[at + 1] = reach[at] && name_matches(part.as_bytes(), name.as_bytes());
            }
        }
        reach = next;
    }
    reach[path.len()]
}

fn names(path: &str) -> Vec<&str> {
    path.split('/').filter(|name| !name.is_empty()).collect()
}

/// One name: `*` is any run of bytes, `?` one byte.
fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_and_depths() {
        for (pattern, path, expected) in [
            ("/var/lib/apt/lists/**", "/var/lib/apt/lists/lock", true),
            (
                "/var/lib/apt/lists/**",
                "/var/lib/apt/lists/partial/x",
                true,
            ),
            ("/var/lib/apt/lists/**", "/var/lib/apt/lists", false),
            ("/var/lib/apt/lists/**", "/var/lib/apt/listsX/a", false),
            ("/var/lib/apt/*", "/var/lib/apt/lists/x", false),
            ("/**/__pycache__/*.pyc", "/usr/lib/__pycache__/a.pyc", true),
            ("/**/__pycache__/*.pyc", "/__pycache__/a.pyc", true),
            ("/**/__pycache__/*.pyc", "/usr/lib/__pycache__/a.py", false),
            ("/**/.npm/_logs/**", "/root/.npm/_logs/2026.log", true),
            ("/a/**/b/**/c", "/a/b/x/b/c", true),
            ("/a/**/b/**/c", "/a/x/c", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("/*a*b*", "/xxaybz", true),
            ("/*a*b", "/xxaybz", false),
            ("/**", "/x", true),
            ("/", "/x", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
