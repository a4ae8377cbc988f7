//! The signals of STOPSIGNAL (`moby/sys/signal`, Linux).

const NAMES: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
];

/// Whether `text` names a signal: `SIGTERM`, `term`, `15`, `RTMIN+3`.
pub(super) fn known(text: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return number != 0;
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let offset = |prefix: &str, most: u8| {
        name.strip_prefix(prefix).is_some_and(|digits| {
            !digits.starts_with(['0', '+'])
                && digits.parse::<u8>().is_ok_and(|number| number <= most)
        })
    };
    NAMES.contains(&name) || offset("RTMIN+", 15) || offset("RTMAX-", 14)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn names_and_numbers() {
        for good in ["SIGTERM", "term", "9", "SIGRTMIN+3", "RTMAX-14"] {
            assert!(known(good), "{good}");
        }
        for bad in ["", "0", "SIG", "nosuch", "RTMIN+16", "RTMAX-15", "RTMIN+"] {
            assert!(!known(bad), "{bad}");
        }
    }
}
