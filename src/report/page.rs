//! Pages of transforms: Markdown, rendered lightly for a terminal.

use super::Paint;

/// The page as Markdown. A page may be handed over as its module's source: then it is the `//!` lines at the top.
pub fn markdown(page: &str) -> String {
    if !page.trim_start().starts_with("//!") {
        return format!("{}\n", page.trim());
    }
    let mut text = String::new();
    for line in page.trim_start().lines() {
        let Some(line) = line.trim_start().strip_prefix("//!") else {
            break;
        };
        text += line.strip_prefix(' ').unwrap_or(line).trim_end();
        text.push('\n');
    }
    format!("{}\n", text.trim())
}

/// The first line of prose of a page, without a full stop at its end: what the transform does.
pub fn summary(page: &str) -> String {
    let page = markdown(page);
    let mut words = Vec::new();
    for line in page.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            if words.is_empty() {
                continue;
            }
            break;
        }
        words.push(line.trim());
    }
    let paragraph = words.join(" ");
    let sentence = paragraph
        .split_once(". ")
        .map_or(paragraph.as_str(), |(first, _)| first);
    sentence.trim_end_matches('.').to_owned()
}

/// The page for a terminal: bold headings, indented code, without color the Markdown as it is.
pub fn render(page: &str, paint: Paint) -> String {
    let page = markdown(page);
    if !paint.0 {
        return page;
    }
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in page.lines() {
        let bare = line.trim_start();
        if let Some(open) = &fence {
            if bare.starts_with(open.as_str()) && bare.trim_matches('`').trim().is_empty() {
                fence = None;
                continue;
            }
            let colored = match line.as_bytes().first() {
                Some(b'+') => format!("\x1b[32m{line}\x1b[0m"),
                Some(b'-') => format!("\x1b[31m{line}\x1b[0m"),
                _ => paint.dim(line),
            };
            out += &format!("    {colored}\n");
        } else if bare.starts_with("```") {
            fence = Some(bare.chars().take_while(|c| *c == '`').collect());
        } else if line.starts_with('#') {
            out += &paint.bold(line.trim_start_matches('#').trim());
            out.push('\n');
        } else {
            out += &code_spans(line, paint);
            out.push('\n');
        }
    }
    out
}

/// Backticks become color, where they come in pairs.
fn code_spans(line: &str, paint: Paint) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => (*part).to_owned(),
            _ => paint.cyan(part),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! # Loud\n//!\n//! Shouts `run`. Loudly.\n//!\n//! ```diff\n//! -run a\n//! +RUN a\n//! ```\n\nuse x;\n//! not this\n";

    #[test]
    fn a_page_is_read_from_source_or_markdown() {
        let page = markdown(SOURCE);
        assert_eq!(
            page,
            "# Loud\n\nShouts `run`. Loudly.\n\n```diff\n-run a\n+RUN a\n```\n"
        );
        assert_eq!(markdown(&page), page);
        assert_eq!(summary(SOURCE), "Shouts `run`");
        assert_eq!(summary(""), "");
    }

    #[test]
    fn color_takes_the_marks_away() {
        let text = render(SOURCE, Paint(true));
        assert!(text.starts_with("\x1b[1mLoud\x1b[0m\n"), "{text:?}");
        assert!(text.contains("Shouts \x1b[36mrun\x1b[0m."), "{text:?}");
        assert!(!text.contains("```"), "{text:?}");
        assert_eq!(render(SOURCE, Paint(false)), markdown(SOURCE));
    }
}
