//! HEALTHCHECK and its durations (BuildKit's `parseHealthcheck`, Go's `time.ParseDuration`).
use super::accept::rest;
use super::flags;
use crate::syntax::{Args, Instruction, Keyword};

const MILLISECOND: i128 = 1_000_000;

pub(super) fn accept(instruction: &Instruction, frontend: bool) -> Result<(), String> {
    let text = rest(instruction);
    let (kind, command) = match text.split_once(char::is_whitespace) {
        Some((kind, command)) => (kind, command.trim()),
        None => (text.as_ref(), ""),
    };
    if kind.is_empty() {
        return Err("HEALTHCHECK needs CMD or NONE".into());
    }
    if kind.eq_ignore_ascii_case("none") {
        // BuildKit never looks at the flags here.
        return match (command, &instruction.args) {
            ("", _) => Ok(()),
            (_, Args::Json(words)) if words.is_empty() => Ok(()),
            _ => Err("nothing follows HEALTHCHECK NONE".into()),
        };
    }
    flags::accept(Keyword::Healthcheck, &instruction.flags, frontend)?;
    if !kind.eq_ignore_ascii_case("cmd") {
        return Err(format!(
            "HEALTHCHECK is followed by CMD or NONE, not {kind:?}"
        ));
    }
    if command.is_empty() || matches!(&instruction.args, Args::Json(words) if words.is_empty()) {
        return Err("HEALTHCHECK CMD needs a command".into());
    }
    for name in ["interval", "timeout", "start-period", "start-interval"] {
        let value = flags::value(&instruction.flags, name);
        if value.is_empty() {
            continue;
        }
        match duration(value) {
            None => return Err(format!("--{name}={value} is no duration such as 30s")),
            Some(0) => {}
            Some(time) if time < MILLISECOND => {
                return Err(format!("--{name}={value} is shorter than 1ms"));
            }
            Some(_) => {}
        }
    }
    let retries = flags::value(&instruction.flags, "retries");
    if !retries.is_empty() && !retries.parse::<i32>().is_ok_and(|retries| retries >= 0) {
        return Err(format!("--retries={retries} is no number from 0"));
    }
    Ok(())
}

/// Nanoseconds of a Go duration: `1h30m`, `1.5s`, `-2ms`, `0`.
fn duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (whole, after) = rest.split_at(digits);
        let mut fraction = "";
        let mut after = after;
        if let Some(behind) = after.strip_prefix('.') {
            let digits = behind.len()
                - behind
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .len();
            (fraction, after) = behind.split_at(digits);
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, behind) = after.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => MILLISECOND,
            "s" => 1_000 * MILLISECOND,
            "m" => 60_000 * MILLISECOND,
            "h" => 3_600_000 * MILLISECOND,
            _ => return None,
        };
        let whole: i128 = match whole {
            "" => 0,
            _ => i128::from(whole.parse::<u64>().ok()?),
        };
        // Eighteen digits are more than a duration holds.
        let fraction: String = fraction.chars().take(18).collect();
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let part: i128 = match fraction.as_str() {
            "" => 0,
            digits => i128::from(digits.parse::<u64>().ok()?),
        };
        total = total.checked_add(whole.checked_mul(unit)? + part * unit / scale)?;
        if total > i128::from(i64::MAX) {
            return None;
        }
        rest = behind;
    }
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("1s", Some(1_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5s", Some(1_500_000_000)),
            (".5ms", Some(500_000)),
            ("-1s", Some(-1_000_000_000)),
            ("+0", Some(0)),
            ("0", Some(0)),
            ("1µs", Some(1_000)),
            ("1", None),
            ("", None),
            ("s", None),
            (".s", None),
            ("1d", None),
            ("3000000h", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(duration(text), nanoseconds, "{text}");
        }
    }
}
