//! One record of comma-separated values, as Go's `encoding/csv` reads it.

/// The fields of `text`; `None` when a quote stands where it may not, or there is no field at all.
pub(super) fn fields(text: &str) -> Option<Vec<String>> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let field;
        (field, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, behind) = rest.split_at(end);
                if field.contains('"') {
                    return None;
                }
                (field.to_owned(), behind)
            }
        };
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if rest.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// The field behind an opening quote, and what follows its closing one.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('"')?;
        field.push_str(before);
        match behind.strip_prefix('"') {
            Some(behind) => {
                field.push('"');
                rest = behind;
            }
            None => return Some((field, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_stand_around_whole_fields() {
        let some = |list: &[&str]| Some(list.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(fields("a,b=c"), some(&["a", "b=c"]));
        assert_eq!(fields("a,,b,"), some(&["a", "", "b", ""]));
        assert_eq!(fields(r#""a,b",c"#), some(&["a,b", "c"]));
        assert_eq!(fields(r#""a""b""#), some(&[r#"a"b"#]));
        assert_eq!(fields(""), None);
        assert_eq!(fields(r#"a"b"#), None);
        assert_eq!(fields(r#""a"b"#), None);
        assert_eq!(fields(r#""a"#), None);
    }
}
