//! The ports of EXPOSE (BuildKit's `convert_expose.go`).
use std::net::IpAddr;

/// What is odd, though not wrong, in a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Oddities {
    /// `80/TCP`
    pub(super) casing: bool,
    /// `127.0.0.1:80:80`
    pub(super) mapping: bool,
}

/// Reads `[[address:]host:]port[-port][/protocol]`. The oddities hold also when the port is refused later on.
pub(super) fn read(text: &str) -> (Oddities, Result<(), String>) {
    let (address, host, container) = parts(text);
    let (port, protocol) = container.split_once('/').unwrap_or((container, ""));
    let known = protocol.is_empty()
        || ["tcp", "udp", "sctp"]
            .iter()
            .any(|known| protocol.eq_ignore_ascii_case(known));
    if port.is_empty() || !known {
        return (Oddities::default(), Err(format!("{text:?} is no port")));
    }
    let oddities = Oddities {
        casing: protocol.bytes().any(|byte| byte.is_ascii_uppercase()),
        mapping: !address.is_empty() || !host.is_empty(),
    };
    let bare = address
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(address);
    if !address.is_empty() && bare.parse::<IpAddr>().is_err() {
        return (oddities, Err(format!("{address:?} is no address")));
    }
    let Some((start, end)) = range(port) else {
        return (oddities, Err(format!("{port:?} is no port")));
    };
    if !host.is_empty() {
        let fits = range(host).is_some_and(|(from, to)| end - start == to - from || end == start);
        if !fits {
            return (oddities, Err(format!("{host:?} does not fit {port:?}")));
        }
    }
    (oddities, Ok(()))
}

fn parts(text: &str) -> (&str, &str, &str) {
    let Some((before, container)) = text.rsplit_once(':') else {
        return ("", "", text);
    };
    match before.rsplit_once(':') {
        None => ("", before, container),
        Some((address, host)) => (address, host, container),
    }
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (start, end) = match text.split_once('-') {
        Some((start, end)) if start != end => (number(start)?, number(end)?),
        Some((start, _)) => (number(start)?, number(start)?),
        None => (number(text)?, number(text)?),
    };
    (start <= end).then_some((start, end))
}

fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number <= 65_535).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn ports_ranges_and_mappings() {
        for good in [
            "80",
            "80/tcp",
            "80-90/UDP",
            "8080:80",
            "1.2.3.4:80:80",
            "[::1]:80:80",
            "1-3:2",
            "80/",
        ] {
            assert!(read(good).1.is_ok(), "{good}");
        }
        for bad in [
            "", "/tcp", "a", "80/x", "70000", "90-80", "1-3:2-9", "x:1:1", "-1", "80-", ":",
        ] {
            assert!(read(bad).1.is_err(), "{bad}");
        }
        assert!(read("80/TCP").0.casing && read("1:2").0.mapping);
    }
}
