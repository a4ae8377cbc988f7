//! All that is below a folder of the context, one folder at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ignore::Verdict;
use super::{Context, ContextError, Entry, Kind, MOST_ENTRIES};

/// A walk: parents before children, by name. After an error it ends.
#[derive(Debug)]
pub struct Walk<'a> {
    context: &'a Context,
    /// The folder that is looked into next.
    next: Option<(String, Verdict)>,
    open: Vec<Folder>,
    ready: VecDeque<Entry>,
    last: Option<String>,
    seen: usize,
    ended: bool,
}

#[derive(Debug)]
struct Folder {
    dir: String,
    entries: Arc<[Entry]>,
    at: usize,
    verdict: Verdict,
    /// The folder itself, when it is ignored and nothing in it was seen yet.
    waiting: Option<Entry>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(context: &'a Context, dir: String) -> Self {
        let verdict = context.ignore.judge_on_the_way(&dir);
        Self {
            context,
            ended: context.is_shut(&dir, &verdict),
            next: Some((dir, verdict)),
            open: Vec::new(),
            ready: VecDeque::new(),
            last: None,
            seen: 0,
        }
    }

    /// Leaves out what is in the folder that was given last.
    pub fn skip_folder(&mut self) {
        let Some(last) = &self.last else {
            return;
        };
        let below = |path: &str| {
            path.strip_prefix(last.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.ready.retain(|entry| !below(&entry.path));
        self.next.take_if(|(dir, _)| below(dir));
        self.open.retain(|folder| !below(&folder.dir));
    }

    fn enter(&mut self, waiting: Option<Entry>) -> Result<(), ContextError> {
        if let Some((dir, verdict)) = self.next.take() {
            self.open.push(Folder {
                entries: self.context.raw_list(&dir)?,
                dir,
                at: 0,
                verdict,
                waiting,
            });
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Entry>, ContextError> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            self.enter(None)?;
            let Some(folder) = self.open.last_mut() else {
                return Ok(None);
            };
            let Some(entry) = folder.entries.get(folder.at).cloned() else {
                self.open.pop();
                continue;
            };
            folder.at += 1;
            self.seen += 1;
            if self.seen > MOST_ENTRIES {
                return Err(ContextError::TooMany(entry.path));
            }
            let verdict = self.context.ignore.judge(&entry.path, &folder.verdict);
            let is_folder = entry.kind == Kind::Dir;
            if verdict.ignored {
                if is_folder && self.context.ignore.may_hold_more(&entry.path) {
                    self.next = Some((entry.path.clone(), verdict));
                    self.enter(Some(entry))?;
                }
                continue;
            }
            let parents = self.open.iter_mut().filter_map(|open| open.waiting.take());
            self.ready.extend(parents);
            if is_folder {
                self.next = Some((entry.path.clone(), verdict));
            }
            self.ready.push_back(entry);
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, ContextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended = !matches!(step, Ok(Some(_)));
        if let Ok(Some(entry)) = &step {
            self.last = Some(entry.path.clone());
        }
        step.transpose()
    }
}
