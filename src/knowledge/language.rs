//! The package managers and build tools of languages.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Deserialize;

use super::caches::CacheMount;
use super::call::{self, Parts, Word};

/// By which values a variable turns the cache off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OffWhen {
    /// By any value that is not empty, `0` and `false` among them.
    #[default]
    Set,
    /// By `1`, `true`, `yes`, `on`; `0` and its like leave it on, and other values stop the manager.
    True,
}

/// A package manager or build tool of a language. Flags are listed with the one to write first; words without a dash are verbs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageManager {
    /// Its name in the table.
    #[serde(skip)]
    pub id: String,
    /// `python`, `javascript`, …
    pub ecosystem: String,
    /// How it is called; `#` stands for a version.
    pub programs: Vec<String>,
    /// Programs of it that only ever run something.
    #[serde(default)]
    pub run_programs: Vec<String>,
    /// Words that tell it from another manager of the same program.
    #[serde(default)]
    pub marks: Vec<String>,
    /// Each word is one of several things to do.
    #[serde(default)]
    pub goals: bool,
    /// Words that bring dependencies in, by manifest or lock.
    #[serde(default)]
    pub install: Vec<String>,
    /// Words that bring named packages in.
    #[serde(default)]
    pub add: Vec<String>,
    /// Words that build the project.
    #[serde(default)]
    pub build: Vec<String>,
    /// Words that test it.
    #[serde(default)]
    pub test: Vec<String>,
    /// Words that run something.
    #[serde(default)]
    pub run: Vec<String>,
    /// Words that clean.
    #[serde(default)]
    pub clean: Vec<String>,
    /// Words that do something else.
    #[serde(default)]
    pub other: Vec<String>,
    /// `install` with names is an add.
    #[serde(default)]
    pub named_adds: bool,
    /// Flags whose value is a manifest.
    #[serde(default)]
    pub manifest_flags: Vec<String>,
    /// Flags whose value is the next word.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// Flags that defeat the cache.
    #[serde(default)]
    pub no_cache: Vec<String>,
    /// Variables that turn the cache off.
    #[serde(default)]
    pub no_cache_variables: Vec<String>,
    /// By which values they do.
    #[serde(default)]
    pub off_when: OffWhen,
    /// Flags, and variables (`NAME=` or `NAME=value`), that forbid the network.
    #[serde(default)]
    pub offline: Vec<String>,
    /// Flags and verbs that keep the lock as it is.
    #[serde(default)]
    pub frozen: Vec<String>,
    /// Variables that do.
    #[serde(default)]
    pub frozen_variables: Vec<String>,
    /// Verbs that write the lock back without them.
    #[serde(default)]
    pub writes_lock: Vec<String>,
    /// Flags that leave development dependencies out.
    #[serde(default)]
    pub omit_dev: Vec<String>,
    /// Variables (`NAME=value`) that do.
    #[serde(default)]
    pub omit_dev_variables: Vec<String>,
    /// Flags that keep the project's own code from running in install.
    #[serde(default)]
    pub skip_scripts: Vec<String>,
    /// Manifests, as globs below the project.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Lock files.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Other files of the project that an install reads.
    #[serde(default)]
    pub config: Vec<String>,
    /// It looks for these in all folders above, too.
    #[serde(default)]
    pub parents: bool,
    /// What an install leaves in the project.
    #[serde(default)]
    pub writes: Vec<String>,
    /// How the files that an install reads are found in the build context; none: nobody can say which they are.
    #[serde(default)]
    pub closure: Option<String>,
    /// The words of `install` of which that is known.
    #[serde(default)]
    pub closed: Vec<String>,
    /// Flags of these (without their values) that change neither what is read nor where in the project is written.
    #[serde(default)]
    pub plain: Vec<String>,
    /// What its words may begin with when it neither reads nor writes the project.
    #[serde(default)]
    pub apart: Vec<String>,
    /// Dependencies whose own install scripts read these files of the project, or write them when they are there.
    #[serde(default)]
    pub project_readers: BTreeMap<String, Vec<String>>,
    /// Variables that make it read or write elsewhere.
    #[serde(default)]
    pub moving_variables: Vec<String>,
    /// What it builds, tests and runs, it fetches for first.
    #[serde(default)]
    pub build_fetches: bool,
    /// Flags whose value moves the cache.
    #[serde(default)]
    pub cache_flags: Vec<String>,
    /// Verbs that clean the cache and nothing else.
    #[serde(default)]
    pub cache_clean: Vec<String>,
    /// Flags without which these fail.
    #[serde(default)]
    pub cache_clean_needs: Vec<String>,
    /// Folders beside the cache where these leave a trace.
    #[serde(default)]
    pub cache_clean_leaves: Vec<String>,
    /// Goals that put what the project itself made into its store.
    #[serde(default)]
    pub publishes: Vec<String>,
    /// Files that may say where its store is, or whose it is.
    #[serde(default)]
    pub settings: Vec<String>,
    /// What proves that its environments lie outside of its cache: `NAME=value`, or words of a command.
    #[serde(default)]
    pub environments_elsewhere: Vec<String>,
    /// Flags and `NAME=value` that make a mounted cache wrong.
    #[serde(default)]
    pub wrong_with_mount: Vec<String>,
    /// Files, in the context or in a COPY, that tell it from another manager of the same program.
    #[serde(default)]
    pub sign_files: Vec<String>,
    /// A file of the context and a text in it without which no mount is right.
    #[serde(default)]
    pub mount_needs: Vec<String>,
    /// Flags under which nothing is built, so that a cache of built things holds downloads alone.
    #[serde(default)]
    pub builds_nothing: Vec<String>,
    /// Its clean words fail on a mount, or empty it.
    #[serde(default)]
    pub clean_breaks: bool,
    /// Places that later steps or the running program read: no mount on them.
    #[serde(default)]
    pub stores: Vec<String>,
    /// What a cache mount may cover.
    #[serde(default)]
    pub mounts: Vec<CacheMount>,
}

impl LanguageManager {
    /// Whether the variable `name`, set to `value`, turns its cache off (or stops it).
    pub fn turned_off_by(&self, name: &str, value: &str) -> bool {
        self.no_cache_variables
            .iter()
            .any(|variable| variable == name)
            && !value.is_empty()
            && match self.off_when {
                OffWhen::Set => true,
                OffWhen::True => !matches!(
                    value.to_ascii_lowercase().as_str(),
                    "0" | "false" | "no" | "off" | "f" | "n"
                ),
            }
    }

    /// Whether the variable `name`, set to `value`, forbids it the network.
    pub fn offline_by(&self, name: &str, value: &str) -> bool {
        self.offline
            .iter()
            .filter_map(|phrase| phrase.split_once('='))
            .any(|(variable, wanted)| {
                variable == name
                    && if wanted.is_empty() {
                        !matches!(value, "" | "0" | "false")
                    } else {
                        value.split([',', ' ']).any(|part| part == wanted)
                    }
            })
    }
}

/// What a command asks of the manager of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageAction {
    /// To bring dependencies in, by manifest or lock.
    Install,
    /// To bring named packages in.
    Add,
    /// To build the project.
    Build,
    /// To test it.
    Test,
    /// To run something.
    Run,
    /// To clean.
    Clean,
    /// Something else, or it isn't known.
    Other,
}

/// A command that calls the manager of a language. Numbers and ranges are indexes into its words.
#[derive(Clone, Debug)]
pub struct LanguageCall<'k> {
    /// Which; with several of one program, the first that the words fit.
    pub manager: &'k LanguageManager,
    /// The others of that program that they fit: the context decides (yarn 1 and berry).
    pub or: Vec<&'k LanguageManager>,
    /// What it is asked.
    pub action: LanguageAction,
    /// The manager's own name: 0, or more behind `sudo` and its like.
    pub program: usize,
    /// The words that say what to do; empty for the bare program.
    pub verb: Vec<usize>,
    /// Flags, each with its value.
    pub flags: Vec<Range<usize>>,
    /// The other words.
    pub operands: Vec<usize>,
    /// Words that aren't literal: flags, operands, or nothing.
    pub opaque: Vec<usize>,
    /// More words come from elsewhere (`xargs`).
    pub open: bool,
}

impl LanguageCall<'_> {
    /// Whether a flag or the verb says one of `phrases` (a list of [`LanguageManager`]).
    pub fn says(&self, words: &[Word<'_>], phrases: &[String]) -> bool {
        let verb = self.verb_text(words);
        call::flag_says(words, &self.flags, phrases, None)
            || phrases
                .iter()
                .any(|phrase| !phrase.starts_with('-') && !verb.is_empty() && *phrase == verb)
    }

    /// The verb's words, with one space between.
    pub fn verb_text(&self, words: &[Word<'_>]) -> String {
        self.verb
            .iter()
            .filter_map(|at| call::text(words, *at))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The values of the flags `names`, in order; `None` for one that isn't literal.
    pub fn values_of<'a>(&self, words: &[Word<'a>], names: &[String]) -> Vec<Option<&'a str>> {
        call::flag_values(words, &self.flags, names)
    }

    /// Whether each word is literal and none comes from elsewhere.
    pub fn is_literal(&self) -> bool {
        self.opaque.is_empty() && !self.open
    }

    /// Whether the words defeat the cache.
    pub fn defeats_cache(&self, words: &[Word<'_>]) -> bool {
        self.says(words, &self.manager.no_cache)
    }

    /// Whether the lock stays as it is; a word that isn't literal is no proof.
    pub fn is_frozen(&self, words: &[Word<'_>]) -> bool {
        self.says(words, &self.manager.frozen)
    }
}

/// A way to call a manager.
#[derive(Debug)]
struct Spelling {
    manager: usize,
    /// Words behind the program: `-m`, `pip`.
    behind: Vec<String>,
    /// It only ever runs something.
    runs: bool,
    /// A version may follow the program's name.
    versioned: bool,
}

/// The managers, and who is called how.
#[derive(Debug, Default)]
pub(super) struct Table {
    managers: Vec<LanguageManager>,
    /// By the first word, without its version.
    spellings: HashMap<String, Vec<Spelling>>,
}

impl Table {
    pub(super) fn new(entries: BTreeMap<String, LanguageManager>) -> Self {
        let mut table = Self::default();
        for (id, mut manager) in entries {
            let at = table.managers.len();
            let plain = manager.programs.iter().map(|program| (program, false));
            for (program, runs) in
                plain.chain(manager.run_programs.iter().map(|program| (program, true)))
            {
                let mut words = program.split(' ').map(str::to_owned);
                let first = words.next().unwrap_or_default();
                let versioned = first.ends_with('#');
                let name = first.trim_end_matches('#').trim_end_matches('-').to_owned();
                let behind = words
                    .map(|word| word.trim_end_matches('#').to_owned())
                    .collect();
                table.spellings.entry(name).or_default().push(Spelling {
                    manager: at,
                    behind,
                    runs,
                    versioned,
                });
            }
            manager.id = id;
            table.managers.push(manager);
        }
        table
    }

    pub(super) fn get(&self, id: &str) -> Option<&LanguageManager> {
        self.managers.iter().find(|manager| manager.id == id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &LanguageManager> {
        self.managers.iter()
    }

    /// Whether `program` alone, without words behind it, is a manager.
    pub(super) fn names(&self, program: &str) -> bool {
        self.spelled(program)
            .any(|spelling| spelling.behind.is_empty())
    }

    fn spelled<'a>(&'a self, program: &'a str) -> impl Iterator<Item = &'a Spelling> {
        let stem = call::stem(program);
        let exact = self.spellings.get(program).into_iter().flatten();
        let versioned = (stem != program)
            .then(|| self.spellings.get(stem))
            .flatten()
            .into_iter()
            .flatten()
            .filter(|spelling| spelling.versioned);
        exact.chain(versioned)
    }

    pub(super) fn call(
        &self,
        words: &[Word<'_>],
        program: usize,
        open: bool,
    ) -> Option<LanguageCall<'_>> {
        let name = call::base(call::text(words, program)?);
        let mut calls = self.spelled(name).filter_map(|spelling| {
            let from = behind(words, program + 1, &spelling.behind)?;
            let manager = self.managers.get(spelling.manager)?;
            Some(read(manager, words, program, from, spelling.runs, open))
        });
        let mut best = calls.next()?;
        for other in calls {
            let marked = !other.manager.marks.is_empty() && other.marked(words);
            if marked {
                best = LanguageCall {
                    or: Vec::new(),
                    ..other
                };
                break;
            }
            if best.manager.marks.is_empty() {
                best.or.push(other.manager);
            } else {
                let first = best.manager;
                best = other;
                best.or.push(first);
            }
        }
        Some(best)
    }
}

impl LanguageCall<'_> {
    /// Whether the words tell its manager from another of the same program.
    fn marked(&self, words: &[Word<'_>]) -> bool {
        self.says(words, &self.manager.marks)
    }
}

/// Where the words `wanted` end when they stand at `from`, flags of an interpreter before them allowed.
fn behind(words: &[Word<'_>], mut from: usize, wanted: &[String]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(from);
    }
    // `python -u -I -m pip`; -c, -W and -X have values.
    while let Some(word) = call::text(words, from) {
        if word == "-m" || !word.starts_with('-') || matches!(word, "-c" | "-W" | "-X") {
            break;
        }
        from += 1;
    }
    for want in wanted {
        let word = call::text(words, from)?;
        if word != want && call::base(word) != want {
            return None;
        }
        from += 1;
    }
    Some(from)
}

fn read<'k>(
    manager: &'k LanguageManager,
    words: &[Word<'_>],
    program: usize,
    from: usize,
    runs: bool,
    open: bool,
) -> LanguageCall<'k> {
    let parts = Parts::of(words, from, |flag, _| {
        manager
            .value_flags
            .iter()
            .chain(&manager.manifest_flags)
            .any(|other| other == flag)
    });
    let lists = [
        (LanguageAction::Build, &manager.build),
        (LanguageAction::Test, &manager.test),
        (LanguageAction::Run, &manager.run),
        (LanguageAction::Install, &manager.install),
        (LanguageAction::Add, &manager.add),
        (LanguageAction::Clean, &manager.clean),
        (LanguageAction::Other, &manager.other),
    ];
    let phrases = || {
        lists.iter().flat_map(|(action, phrases)| {
            phrases.iter().map(move |phrase| (*action, phrase.as_str()))
        })
    };
    let (mut action, mut count) = (LanguageAction::Other, 0);
    if runs {
        action = LanguageAction::Run;
    } else if manager.goals {
        // The strongest goal of all, in the order above; `:app:bootJar` and `dependency:3.6:go-offline` keep their last part.
        count = parts.operands.len();
        let goals: Vec<&str> = parts
            .operands
            .iter()
            .filter_map(|at| call::text(words, *at))
            .collect();
        action = phrases()
            .find(|(_, phrase)| {
                goals.iter().any(|goal| {
                    goal == phrase
                        || goal.rsplit_once(':').is_some_and(|(before, last)| {
                            last == *phrase && before.starts_with(':')
                        })
                })
            })
            .map_or(LanguageAction::Other, |(action, _)| action);
    } else {
        let flags_of = |phrase: &str| {
            phrase
                .split(' ')
                .filter(|part| part.starts_with('-'))
                .count()
        };
        let best = phrases()
            .filter(|(_, phrase)| !phrase.is_empty() || parts.operands.is_empty())
            .filter_map(|(action, phrase)| {
                Some((
                    action,
                    call::starts_with(words, &parts, phrase)?,
                    flags_of(phrase),
                ))
            })
            .max_by_key(|(_, count, flags)| (*count, *flags));
        let first = parts.operands.first().copied();
        let blind = parts.opaque.iter().any(|opaque| {
            first.is_none_or(|first| *opaque < first)
                && !parts.flags.iter().any(|flag| flag.contains(opaque))
        });
        if let Some((best, words_of, _)) = best.filter(|_| !blind) {
            action = best;
            count = words_of;
        } else {
            count = usize::from(!blind).min(parts.operands.len());
        }
    }
    let (verb, operands) = parts.operands.split_at(count.min(parts.operands.len()));
    if action == LanguageAction::Install && manager.named_adds {
        let by_manifest = call::flag_values(words, &parts.flags, &manager.manifest_flags);
        let named = operands
            .iter()
            .any(|at| call::text(words, *at).is_some_and(|word| !is_local(word)));
        if named && by_manifest.is_empty() {
            action = LanguageAction::Add;
        }
    }
    LanguageCall {
        manager,
        or: Vec::new(),
        action,
        program,
        verb: verb.to_vec(),
        flags: parts.flags.clone(),
        operands: operands.to_vec(),
        opaque: parts.opaque,
        open,
    }
}

/// Whether an operand names a place, not a package.
fn is_local(word: &str) -> bool {
    word == "."
        || word == ".."
        || word.starts_with("./")
        || word.starts_with("../")
        || word.starts_with('/')
        || word.starts_with(".[")
        || word.starts_with("file:")
}
