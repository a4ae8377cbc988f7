//! Which shell runs the shell form, and how: SHELL.
use crate::shell::Dialect;
use crate::shell::join::{self, Join, Programs, Refusal};
use crate::shell::{Script, Shellopts};

/// The shell of the shell form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The command that gets the script as its last argument.
    pub argv: Vec<String>,
    /// What reads the script; `None` when it is no shell that is understood.
    pub dialect: Option<Dialect>,
    /// Whether its options turn `errexit` on.
    pub errexit: bool,
    /// Whether its options turn `pipefail` on.
    pub pipefail: bool,
    /// Whether SHELL stands in this file (a parent stage's counts).
    pub explicit: bool,
    /// Whether this shell is known to be the one: SHELL stands here, or the base image's is in the tables. Else the
    /// image may have a SHELL of its own, with options that nobody sees.
    pub certain: bool,
}

impl Shell {
    /// `/bin/sh -c`, which the builder takes when the image names none.
    pub fn posix(certain: bool) -> Self {
        Self {
            certain,
            ..Self::of(
                ["/bin/sh", "-c"].into_iter().map(str::to_owned).collect(),
                false,
            )
        }
    }

    /// A shell that is not understood, such as the default of Windows images.
    pub fn opaque() -> Self {
        Self {
            argv: Vec::new(),
            dialect: None,
            errexit: false,
            pipefail: false,
            explicit: false,
            certain: false,
        }
    }

    /// The shell that SHELL, or the image's config, names.
    pub fn of(argv: Vec<String>, explicit: bool) -> Self {
        let options = Options::of(&argv);
        Self {
            dialect: options.as_ref().map(|options| options.dialect),
            errexit: options.as_ref().is_some_and(|options| options.errexit),
            pipefail: options.as_ref().is_some_and(|options| options.pipefail),
            argv,
            explicit,
            certain: true,
        }
    }

    /// Whether `errexit` may be on: by its options, or by a SHELL of the base image that nobody sees.
    pub fn errexit_possible(&self) -> bool {
        self.errexit || !self.certain || self.dialect.is_none()
    }
}

struct Options {
    dialect: Dialect,
    errexit: bool,
    pipefail: bool,
}

impl Options {
    fn of(argv: &[String]) -> Option<Self> {
        let mut words = argv.iter().map(String::as_str).peekable();
        let mut program = base_name(words.next()?);
        if program == "env" || program == "busybox" {
            program = base_name(words.next()?);
        }
        let dialect = match program.strip_suffix(".exe").unwrap_or(program) {
            "sh" | "ash" | "dash" => Dialect::Sh,
            "bash" => Dialect::Bash,
            _ => return None,
        };
        let mut options = Self {
            dialect,
            errexit: false,
            pipefail: false,
        };
        let mut reads_command = false;
        while let Some(word) = words.next() {
            if dialect == Dialect::Bash
                && matches!(
                    word,
                    "--login" | "--norc" | "--noprofile" | "--noediting" | "--posix"
                )
            {
                continue;
            }
            let on = match word.chars().next()? {
                '-' => true,
                '+' => false,
                // A word that is no option is the script, and ours comes after it.
                _ => return None,
            };
            let letters = &word[1..];
            if letters.is_empty() {
                return None;
            }
            for letter in letters.chars() {
                match letter {
                    'c' if on => reads_command = true,
                    'e' => options.errexit = on,
                    'o' => match words.next()? {
                        "errexit" => options.errexit = on,
                        "pipefail" => options.pipefail = on,
                        "nounset" | "xtrace" | "verbose" | "noglob" | "posix" | "noclobber"
                        | "errtrace" | "functrace" => {}
                        _ => return None,
                    },
                    'u' | 'x' | 'v' | 'f' | 'l' | 'E' | 'T' | 'C' | 'a' | 'h' | 'b' | 'B' | 'H'
                    | 'p' => {}
                    _ => return None,
                }
            }
        }
        reads_command.then_some(options)
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Shell {
    /// What the shell may have been started with: a SHELL of the base image that nobody sees may set errexit.
    fn starts(&self) -> Vec<Shellopts> {
        let start = |errexit| Shellopts {
            errexit,
            pipefail: self.pipefail,
        };
        if self.errexit != self.errexit_possible() {
            vec![start(true), start(false)]
        } else {
            vec![start(self.errexit)]
        }
    }

    /// How `a` and `b` become one script that does the same, however the shell was started.
    ///
    /// # Errors
    /// The first reason that keeps them apart.
    pub fn join(&self, a: &Script, b: &Script, programs: &dyn Programs) -> Result<Join, Refusal> {
        self.agree(|start| join::join(a, b, start, programs))
    }

    /// How one simple command is appended to `script`, however the shell was started.
    ///
    /// # Errors
    /// Why it can't be.
    pub fn append(&self, script: &Script) -> Result<Join, Refusal> {
        self.agree(|start| join::append(script, start))
    }

    fn agree(&self, ask: impl Fn(Shellopts) -> Result<Join, Refusal>) -> Result<Join, Refusal> {
        let mut agreed: Option<Join> = None;
        for start in self.starts() {
            let answer = ask(start)?;
            match agreed {
                Some(known) if known != answer => return Err(Refusal::ErrexitOff),
                _ => agreed = Some(answer),
            }
        }
        agreed.ok_or(Refusal::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Bash, Sh};

    #[test]
    fn shells() {
        for (argv, dialect, errexit, pipefail) in [
            ("/bin/sh -c", Some(Sh), false, false),
            ("/bin/sh -ec", Some(Sh), true, false),
            ("/bin/ash -eo pipefail -c", Some(Sh), true, true),
            ("/bin/dash -c", Some(Sh), false, false),
            ("/busybox/sh -c", Some(Sh), false, false),
            ("/bin/busybox sh -c", Some(Sh), false, false),
            ("bash -c", Some(Bash), false, false),
            ("/usr/bin/env bash -c", Some(Bash), false, false),
            ("/bin/bash -o pipefail -c", Some(Bash), false, true),
            ("/bin/bash -euxo pipefail -c", Some(Bash), true, true),
            ("/bin/bash -ceuxo pipefail", Some(Bash), true, true),
            (
                "/bin/bash -o errexit -o nounset -o pipefail -c",
                Some(Bash),
                true,
                true,
            ),
            ("/bin/bash -e +e -c", Some(Bash), false, false),
            ("/bin/bash --login -c", Some(Bash), false, false),
            ("/bin/bash -l -c", Some(Bash), false, false),
            ("/bin/bash -O extglob -c", None, false, false),
            ("/bin/bash", None, false, false),
            ("/bin/bash -c -o", None, false, false),
            ("/bin/bash -c script", None, false, false),
            ("/bin/zsh -c", None, false, false),
            ("conda run -n x /bin/bash -c", None, false, false),
            ("powershell -Command", None, false, false),
            ("cmd /S /C", None, false, false),
            ("", None, false, false),
        ] {
            let shell = Shell::of(argv.split_whitespace().map(str::to_owned).collect(), true);
            assert_eq!(shell.dialect, dialect, "{argv}");
            assert_eq!(shell.errexit, errexit, "{argv}");
            assert_eq!(shell.pipefail, pipefail, "{argv}");
        }
        assert_eq!(Shell::posix(false).argv, ["/bin/sh", "-c"]);
        assert!(Shell::posix(false).errexit_possible());
        assert!(!Shell::posix(true).errexit_possible());
    }
}
