//! ANSI colors, or none.

/// Whether to color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    /// The escape sequence that ends a style; empty without color.
    pub const fn reset(self) -> &'static str {
        self.code("\x1b[0m")
    }

    /// `code`, or nothing without color.
    pub const fn code(self, code: &'static str) -> &'static str {
        if self.0 { code } else { "" }
    }

    /// `text` between the sequence `start` and a reset.
    fn wrap(self, start: &'static str, text: &str) -> String {
        format!("{}{text}{}", self.code(start), self.reset())
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.wrap("\x1b[1m", text)
    }

    /// Grey.
    pub fn dim(self, text: &str) -> String {
        self.wrap("\x1b[2m", text)
    }

    /// Bold red.
    pub fn red(self, text: &str) -> String {
        self.wrap("\x1b[1;31m", text)
    }

    /// Yellow.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("\x1b[33m", text)
    }

    /// Cyan.
    pub fn cyan(self, text: &str) -> String {
        self.wrap("\x1b[36m", text)
    }
}
