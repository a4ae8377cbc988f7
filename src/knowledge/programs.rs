//! What commands can do to what stands around them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::call::{self, Parts, Word};

/// What a program does to its operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paths {
    /// Anything, anywhere.
    #[default]
    Any,
    /// They are no paths.
    None,
    /// It reads them.
    Read,
    /// It writes them.
    Write,
    /// It changes them where they are.
    Change,
    /// It removes them.
    Remove,
    /// It reads all but the last, and writes that.
    Copy,
    /// It removes all but the last, and writes that.
    Move,
    /// It writes the last as a name of the others.
    Link,
    /// It reads them and writes its folder.
    Unpack,
    /// `find`: paths before the first flag.
    Find,
}

/// A program, or a builtin of a shell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Program {
    /// dash, ash or bash runs it itself.
    pub builtin: bool,
    /// It may change the shell that runs it.
    pub state: bool,
    /// It may install, replace or remove programs.
    pub installs: bool,
    /// It runs code that isn't its own: it reads every variable and touches every path.
    pub code: bool,
    /// With one of these in a word it does, too.
    pub code_marks: Vec<String>,
    /// It may call the system's package manager: it is one, calls one, or runs a script that nobody has looked into.
    pub calls_manager: bool,
    /// It changes files where they are.
    pub in_place: bool,
    /// It may leave processes behind.
    pub stays: bool,
    /// Package managers whose lists it reads, or installs with, without fetching them itself.
    pub lists: Vec<String>,
    /// A script that projects bring and call by a path, such as `./configure`: it installs no packages of the system.
    pub script: bool,
    /// Last parts of paths, as operands with which it installs no packages of the system; `*` at either end.
    pub tame: Vec<String>,
    /// It talks to the network.
    pub net: bool,
    /// Variables that it behaves by; `*` at the end stands for anything.
    pub vars: Vec<String>,
    /// It runs the rest of its words as a command, after so many operands.
    pub wraps: Option<usize>,
    /// What it does to its operands.
    pub paths: Paths,
    /// So many operands first are no paths.
    pub skip: usize,
    /// Flags whose value, the next word, is no path.
    pub values: Vec<String>,
    /// Flags whose value it reads.
    #[serde(rename = "in")]
    pub reads_flags: Vec<String>,
    /// Flags whose value it writes.
    #[serde(rename = "out")]
    pub writes_flags: Vec<String>,
    /// Flags whose value is the folder that it works in, or writes to.
    #[serde(rename = "dir")]
    pub folder_flags: Vec<String>,
    /// Without one of these flags it only reads; empty: it always changes.
    pub when: Vec<String>,
    /// With one of these flags it makes its operands (`install -d`).
    pub makes: Vec<String>,
    /// The letters of its first word may ask it to write an archive, or anywhere (`tar cf`, `tar -xPf`).
    pub packs: bool,
    /// It also works in the working directory.
    pub cwd: bool,
}

/// The paths that a command names, as indexes into its words; a word that isn't literal may be among them. A word of the form
/// `--flag=PATH` stands for its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// What it reads.
    pub reads: Vec<usize>,
    /// What it writes, or makes.
    pub writes: Vec<usize>,
    /// What it removes.
    pub removes: Vec<usize>,
    /// It works in the working directory too.
    pub working_dir: bool,
}

impl Program {
    /// Whether the command can't alter the shell that runs it. Expansions and redirections are another question.
    pub fn spares_the_shell(&self) -> bool {
        !self.state
    }

    /// Whether the command, with these words, runs code that isn't its own.
    pub fn runs_code(&self, words: &[Word<'_>]) -> bool {
        self.code
            || (!self.code_marks.is_empty()
                && words.iter().skip(1).any(|word| {
                    word.is_none_or(|word| {
                        self.code_marks
                            .iter()
                            .any(|mark| word.contains(mark.as_str()))
                    })
                }))
    }

    /// Whether the file `path`, as an operand, is one with which it installs no packages of the system.
    pub fn is_tame(&self, path: &str) -> bool {
        let name = call::base(path);
        self.tame.iter().any(
            |tame| match (tame.strip_prefix('*'), tame.strip_suffix('*')) {
                (Some(end), _) => name.ends_with(end),
                (_, Some(start)) => name.starts_with(start),
                _ => name == tame,
            },
        )
    }

    /// Whether it may read the variable `name`.
    pub fn reads_variable(&self, name: &str) -> bool {
        self.code
            || self.vars.iter().any(|pattern| {
                pattern
                    .strip_suffix('*')
                    .map_or(pattern == name, |start| name.starts_with(start))
            })
    }

    /// Whether the command, with these words, changes files where they are.
    pub fn changes_in_place(&self, words: &[Word<'_>]) -> bool {
        self.in_place && (self.when.is_empty() || self.has_flag(words, &self.when))
    }

    /// Whether one of `flags` is among the words, in a group of short ones too; a word that isn't literal may be one.
    fn has_flag(&self, words: &[Word<'_>], flags: &[String]) -> bool {
        let takes_value = |letter: char| {
            let lists = [
                &self.values,
                &self.reads_flags,
                &self.writes_flags,
                &self.folder_flags,
            ];
            lists
                .iter()
                .any(|list| list.iter().any(|flag| short(flag) == Some(letter)))
        };
        words.iter().skip(1).any(|word| {
            let Some(word) = word else {
                return true;
            };
            flags.iter().any(|flag| match short(flag) {
                Some(letter) if word.starts_with('-') && !word.starts_with("--") => {
                    word.chars()
                        .skip(1)
                        .find(|other| *other == letter || takes_value(*other))
                        == Some(letter)
                }
                _ => word
                    .strip_prefix(flag.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('=')),
            })
        })
    }

    /// Whether tar's letters, old style or new, ask for anything but unpacking below its folder.
    fn asks_for_packing(&self, words: &[Word<'_>]) -> bool {
        let risky = |letters: &str| {
            letters
                .chars()
                .take_while(|letter| !matches!(letter, 'f' | 'C'))
                .any(|letter| matches!(letter, 'c' | 'r' | 'u' | 'A' | 'P'))
        };
        // Old style: each letter of the first word counts.
        let old = match words.get(1) {
            Some(Some(first)) if !first.starts_with('-') => {
                first.contains(['c', 'r', 'u', 'A', 'P', 'C'])
            }
            Some(None) => true,
            _ => false,
        };
        old || words
            .iter()
            .skip(1)
            .flatten()
            .any(|word| match word.strip_prefix("--") {
                Some(long) => matches!(
                    long,
                    "create" | "append" | "update" | "delete" | "concatenate" | "catenate"
                ),
                None => word.strip_prefix('-').is_some_and(risky),
            })
    }

    /// The paths that the command names. `None`: it may touch any path.
    pub fn touches(&self, words: &[Word<'_>]) -> Option<Touched> {
        if self.wraps.is_some()
            || self.paths == Paths::Any
            || self.runs_code(words)
            || (self.packs && self.asks_for_packing(words))
        {
            return None;
        }
        let paths = match self.paths {
            Paths::Change if !self.when.is_empty() && !self.has_flag(words, &self.when) => {
                Paths::Read
            }
            _ if !self.makes.is_empty() && self.has_flag(words, &self.makes) => Paths::Write,
            paths => paths,
        };
        let one_of = |list: &[String], flag: &str| list.iter().any(|other| other == flag);
        let with_value = |flag: &str| {
            one_of(&self.values, flag)
                || one_of(&self.reads_flags, flag)
                || one_of(&self.writes_flags, flag)
                || one_of(&self.folder_flags, flag)
        };
        let parts = Parts::of(words, 1, |flag, _| with_value(flag));
        let mut touched = Touched {
            working_dir: self.cwd,
            ..Touched::default()
        };
        let mut into_folder = false;
        for flag in &parts.flags {
            let Some(word) = call::text(words, flag.start) else {
                continue;
            };
            let name = word.split('=').next().unwrap_or(word);
            let value = if flag.len() == 2 {
                flag.start + 1
            } else {
                flag.start
            };
            let has_value = flag.len() == 2
                || word.contains('=')
                || (!word.starts_with("--") && word.len() > 2);
            if !has_value {
                continue;
            }
            let letter = if flag.len() == 2 && !word.starts_with("--") {
                // The last letter of a group has the value: `-xzf`.
                word.chars().last().map(|letter| format!("-{letter}"))
            } else {
                word.get(..2)
                    .filter(|_| !word.starts_with("--"))
                    .map(str::to_owned)
            };
            let is = |list: &[String]| {
                one_of(list, name) || letter.as_ref().is_some_and(|letter| one_of(list, letter))
            };
            if is(&self.reads_flags) {
                touched.reads.push(value);
            } else if is(&self.writes_flags) {
                touched.writes.push(value);
            } else if is(&self.folder_flags) {
                touched.writes.push(value);
                into_folder = true;
            }
        }
        // Words that aren't literal may be operands: they keep their place among them.
        let mut operands: Vec<usize> = parts
            .operands
            .iter()
            .chain(&parts.opaque)
            .copied()
            .filter(|at| !parts.flags.iter().any(|flag| flag.contains(at)))
            .collect();
        operands.sort_unstable();
        let script_in_flag = self.skip == 1
            && parts.flags.iter().any(|flag| {
                call::text(words, flag.start).is_some_and(|word| {
                    matches!(
                        word,
                        "-e" | "-f" | "--expression" | "--file" | "--reference"
                    ) || word.starts_with("--expression=")
                        || word.starts_with("--reference=")
                })
            });
        let skip = if script_in_flag { 0 } else { self.skip };
        let operands = operands.get(skip.min(operands.len())..).unwrap_or_default();
        match paths {
            Paths::Any => return None,
            Paths::None => {}
            Paths::Read => touched.reads.extend(operands),
            Paths::Write => touched.writes.extend(operands),
            Paths::Change => {
                touched.reads.extend(operands);
                touched.writes.extend(operands);
            }
            Paths::Remove => touched.removes.extend(operands),
            Paths::Copy | Paths::Move | Paths::Link => {
                let (from, to) = match operands.split_last() {
                    Some((last, rest)) if !into_folder && !rest.is_empty() => (rest, Some(last)),
                    // `ln -s target`, `gzip file`: beside it, or in the working directory.
                    _ => {
                        touched.working_dir |= !into_folder;
                        (operands, None)
                    }
                };
                touched.writes.extend(to);
                match paths {
                    Paths::Move => {
                        touched.reads.extend(from);
                        touched.removes.extend(from);
                        if to.is_none() && !into_folder {
                            touched.writes.extend(from);
                        }
                    }
                    _ => touched.reads.extend(from),
                }
            }
            Paths::Unpack => touched.reads.extend(operands),
            Paths::Find => {
                let first_flag = parts.flags.first().map_or(usize::MAX, |flag| flag.start);
                let roots: Vec<usize> = operands
                    .iter()
                    .copied()
                    .filter(|at| *at < first_flag)
                    .collect();
                touched.working_dir |= roots.is_empty();
                if words.contains(&Some("-delete")) {
                    touched.removes.extend(&roots);
                }
                touched.reads.extend(roots);
            }
        }
        Some(touched)
    }
}

/// The letter of a short flag.
fn short(flag: &str) -> Option<char> {
    let mut letters = flag.strip_prefix('-')?.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter != '-' => Some(letter),
        _ => None,
    }
}

/// Where the command starts that `program`, at `at`, runs. `None`: it runs none.
pub(super) fn wrapped(
    words: &[Word<'_>],
    at: usize,
    program: &Program,
    skip: usize,
) -> Option<usize> {
    let name = call::base(call::text(words, at)?);
    let mut next = at + 1;
    let mut skip = skip;
    while let Some(word) = words.get(next) {
        let Some(word) = word else {
            return Some(next);
        };
        if *word == "--" {
            return Some(next + 1 + skip).filter(|next| *next < words.len());
        }
        if word.starts_with('-') && word.len() > 1 {
            if name == "command" && matches!(*word, "-v" | "-V") {
                return None;
            }
            next += 1 + usize::from(program.values.iter().any(|flag| flag == word));
        } else if matches!(name, "env" | "sudo") && word.contains('=') {
            next += 1;
        } else if skip > 0 {
            skip -= 1;
            next += 1;
        } else {
            return Some(next);
        }
    }
    None
}

/// What a package manager that isn't in the table can do.
pub(super) fn manager() -> &'static Program {
    static MANAGER: OnceLock<Program> = OnceLock::new();
    MANAGER.get_or_init(|| Program {
        installs: true,
        code: true,
        net: true,
        ..Program::default()
    })
}

/// The programs, by name.
#[derive(Debug, Default)]
pub(super) struct Table {
    programs: BTreeMap<String, Program>,
}

impl Table {
    pub(super) fn new(programs: BTreeMap<String, Program>) -> Self {
        Self { programs }
    }

    /// The script at `address` (without a scheme): that of the longest entry which it starts with.
    pub(super) fn at_address(&self, address: &str) -> Option<&Program> {
        self.programs
            .iter()
            .filter(|(name, _)| name.contains('.') && address.starts_with(name.as_str()))
            .max_by_key(|(name, _)| name.len())
            .map(|(_, program)| program)
    }

    /// The program called `name`; a version at its end (`python3.11`, `clang-15`) is dropped when the name as it is isn't there.
    pub(super) fn get(&self, name: &str) -> Option<&Program> {
        self.programs.get(name).or_else(|| {
            let stem = call::stem(name);
            self.programs
                .get(stem)
                .filter(|program| stem != name && program.code)
        })
    }
}
