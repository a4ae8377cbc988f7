//! The plan: who, what is theirs, and where the lines go.

use crate::knowledge::{Family, User};
use crate::runtime::{Runtime, above, below, keyword};
use crate::style::Style;
use crate::syntax::{Args, Instruction, Keyword, Span};
use crate::transform::{Change, Edit, Safety, Scene};

/// Number of a user that is made, and of its group.
const NUMBER: u32 = 10001;

/// Users of base images that are for people, not for programs.
const PEOPLE: [&str; 2] = ["ubuntu", "vscode"];

/// Folders of the system: never given away.
const SYSTEM: [&str; 20] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt",
    "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var",
];

/// Who runs the program.
struct Who<'k> {
    ready: Option<User<'k>>,
    /// What stands in USER.
    user: String,
    /// What `--chown` says.
    owner: String,
    /// What `--chown` says where names are not looked up.
    number: String,
    /// What `chown` says after the user was made.
    named: String,
    /// The commands that make it.
    make: Vec<String>,
}

pub(super) fn make(scene: &Scene<'_>, runtime: &Runtime<'_>, at: Span) -> Result<Change, String> {
    let runs = !runtime.scratch
        && !matches!(runtime.state.family, Family::Scratch | Family::Distroless)
        && runtime
            .image
            .as_ref()
            .is_none_or(|image| image.has_shell("sh") != Some(false));
    let who = who(runtime, runs)?;
    let own: Vec<&Instruction> = runtime.own().collect();
    let folders = folders(scene, runtime, &own);
    let mut edits = Vec::new();
    let mut fewer = 0;
    if !runs && folders.iter().any(|folder| folder.volume) {
        return Err("nothing in this image can change the owner of its VOLUME".to_owned());
    }
    let mut steps = who.make.clone();
    if runs {
        let made: Vec<&str> = folders
            .iter()
            .filter(|folder| folder.volume)
            .map(|folder| folder.path.as_str())
            .collect();
        if !made.is_empty() {
            steps.push(format!("mkdir -p {}", made.join(" ")));
        }
        for (deep, option) in [(false, ""), (true, "-R ")] {
            let all: Vec<&str> = folders
                .iter()
                .filter(|folder| folder.deep == deep)
                .map(|folder| folder.path.as_str())
                .collect();
            if !all.is_empty() {
                steps.push(format!("chown {option}{} {}", who.named, all.join(" ")));
            }
        }
    }
    if !steps.is_empty() {
        let place = place(&own, scene, &folders).ok_or("the final stage has no FROM")?;
        let state = scene
            .stages()
            .before(place.index + 1)
            .unwrap_or(runtime.state);
        if state.dialect().is_none() {
            return Err("SHELL names no shell that is understood here".to_owned());
        }
        let Style {
            line_end, escape, ..
        } = Style::of(scene.file, &[]);
        let style = Style::of(scene.file, &own);
        let run = keyword(scene.file, "RUN");
        let indent = &style.operator_indent;
        let text = if style.operator_first {
            steps.join(&format!(" {escape}{line_end}{indent}&& "))
        } else {
            steps.join(&format!(" && {escape}{line_end}{}", style.indent))
        };
        edits.push(below(scene.file, place, &format!("{run} {text}")));
        fewer -= 1;
    }
    for copy in &own {
        if let Some(edit) = chown(scene, copy, &who, &folders) {
            edits.push(edit);
        }
    }
    let user = format!("{} {}", keyword(scene.file, "USER"), who.user);
    edits.push(user_line(scene, &own, &user).ok_or("the final stage has no instruction")?);
    fewer -= 1;
    let what = match who.ready {
        Some(ready) => format!(
            "run as `{}`, which the base image brings, and not as root",
            ready.name
        ),
        None if runs => format!("run as a user of its own ({NUMBER}), and not as root"),
        None => format!("run as number {NUMBER}, and not as root"),
    };
    Ok(Change::new(at, Safety::Unsafe, what, together(edits)).fewer(fewer))
}

fn who<'k>(runtime: &Runtime<'k>, runs: bool) -> Result<Who<'k>, String> {
    let number = format!("{NUMBER}:{NUMBER}");
    let image = runtime.image.as_ref();
    let ready = image
        .and_then(|image| image.ready_user())
        .filter(|user| !PEOPLE.contains(&user.name));
    if let Some(user) = ready {
        let number = format!("{}:{}", user.uid, user.gid);
        // The group has the user's name where their numbers are the same, but only these images were read for it.
        let owner = if ["node", "bun", "app"].contains(&user.name) && user.uid == user.gid {
            format!("{0}:{0}", user.name)
        } else {
            number.clone()
        };
        return Ok(Who {
            ready,
            // A number: `runAsNonRoot` of Kubernetes takes no name.
            user: number.clone(),
            named: owner.clone(),
            owner,
            number,
            make: Vec::new(),
        });
    }
    let make: Vec<String> = if !runs {
        Vec::new()
    } else {
        match image.and_then(|image| image.add_user()) {
            Some("useradd") => vec![
                format!("groupadd --gid {NUMBER} app"),
                format!(
                    "useradd --uid {NUMBER} --gid app --create-home --shell /usr/sbin/nologin app"
                ),
            ],
            Some("adduser") => vec![
                format!("addgroup -g {NUMBER} app"),
                format!("adduser -u {NUMBER} -G app -D -s /sbin/nologin app"),
            ],
            _ => return Err("nobody knows how users are made in the base image".to_owned()),
        }
    };
    Ok(Who {
        ready: None,
        user: number.clone(),
        owner: number.clone(),
        named: if runs {
            "app:app".to_owned()
        } else {
            number.clone()
        },
        number,
        make,
    })
}

/// A folder that becomes the user's.
struct Folder {
    path: String,
    volume: bool,
    /// With all in it.
    deep: bool,
}

/// The working directory, VOLUMEs, and folders that RUN makes below them.
fn folders(scene: &Scene<'_>, runtime: &Runtime<'_>, own: &[&Instruction]) -> Vec<Folder> {
    let mut found: Vec<Folder> = Vec::new();
    let explicit = runtime.state.workdir.explicit
        || runtime
            .image
            .as_ref()
            .is_some_and(|image| image.workdir() != Some("/"));
    if let Some(path) = runtime
        .state
        .workdir
        .path
        .as_deref()
        .filter(|path| explicit && plain(path))
    {
        found.push(Folder {
            path: path.to_owned(),
            volume: false,
            deep: false,
        });
    }
    for path in runtime.state.volumes().filter(|path| plain(path)) {
        if found.iter().all(|folder| folder.path != path) {
            found.push(Folder {
                path: path.to_owned(),
                volume: true,
                deep: true,
            });
        }
    }
    let top = found
        .first()
        .filter(|folder| !folder.volume)
        .map(|folder| folder.path.clone());
    for run in own.iter().filter(|one| one.keyword == Keyword::Run) {
        let (Some(script), Some(state), Some(top)) = (
            scene.script(run.index),
            scene.stages().before(run.index),
            &top,
        ) else {
            continue;
        };
        for call in script
            .calls()
            .filter(|call| call.effective_program() == Some("mkdir"))
        {
            for word in call
                .effective_args()
                .iter()
                .filter_map(|word| word.fixed())
                .filter(|word| !word.starts_with('-'))
            {
                let Some(path) = state.workdir.join(word) else {
                    continue;
                };
                let inside = path
                    .strip_prefix(top.as_str())
                    .is_some_and(|rest| rest.starts_with('/'));
                if inside && plain(&path) && found.iter().all(|folder| folder.path != path) {
                    found.push(Folder {
                        path,
                        volume: false,
                        deep: true,
                    });
                }
            }
        }
    }
    found
}

/// Whether a path may be given away, and stands in a command as it is.
fn plain(path: &str) -> bool {
    path.starts_with('/')
        && !SYSTEM.contains(&path)
        && ![
            "/etc/",
            "/usr/bin",
            "/usr/sbin",
            "/usr/lib",
            "/bin/",
            "/sbin/",
            "/lib/",
            "/root/",
            "/proc/",
            "/sys/",
            "/dev/",
        ]
        .iter()
        .any(|start| path.starts_with(start))
        && ![
            "/usr/local",
            "/usr/local/bin",
            "/usr/share",
            "/usr/src",
            "/var/lib",
            "/var/log",
            "/var/run",
            "/var/cache",
        ]
        .contains(&path)
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// The instruction below which the folders and the user are made: what is given away has to be there.
fn place<'s>(
    own: &[&'s Instruction],
    scene: &Scene<'_>,
    folders: &[Folder],
) -> Option<&'s Instruction> {
    let makes = |one: &Instruction| {
        one.keyword == Keyword::Run
            && folders.iter().any(|folder| folder.deep && !folder.volume)
            && scene.script(one.index).is_some_and(|script| {
                script
                    .calls()
                    .any(|call| call.effective_program() == Some("mkdir"))
            })
    };
    own.iter()
        .rev()
        .find(|one| one.keyword == Keyword::Workdir || makes(one))
        .or(own.first())
        .copied()
}

/// `--chown` for what is copied into a folder of the user's.
fn chown(scene: &Scene<'_>, copy: &Instruction, who: &Who<'_>, folders: &[Folder]) -> Option<Edit> {
    if !matches!(copy.keyword, Keyword::Copy | Keyword::Add) || copy.flag("chown").is_some() {
        return None;
    }
    let words = match &copy.args {
        Args::Words(words) | Args::Json(words) => words,
        _ => return None,
    };
    let state = scene.stages().before(copy.index)?;
    let target = words.last().map(|word| word.text.trim_matches('"'))?;
    if target.contains('$') {
        return None;
    }
    let path = state.workdir.join(target)?;
    let inside = folders.iter().any(|folder| {
        path.strip_prefix(folder.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if !inside || copy.rest_at.is_empty() {
        return None;
    }
    let owner = if copy.flag("link").is_some() {
        &who.number
    } else {
        &who.owner
    };
    let start = copy
        .source(Span::new(copy.rest_at.start, copy.rest_at.start + 1))
        .start;
    Some(Edit::insert(start, format!("--chown={owner} ")))
}

/// USER stands above the first CMD or ENTRYPOINT behind all that needs root.
fn user_line(scene: &Scene<'_>, own: &[&Instruction], line: &str) -> Option<Edit> {
    let last = own.iter().rposition(|one| {
        matches!(
            one.keyword,
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::From
        )
    })?;
    let next = own
        .get(last + 1..)?
        .iter()
        .find(|one| matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint));
    match next {
        Some(next) => Some(above(scene.file, next, line)),
        None => Some(below(scene.file, own.last()?, line)),
    }
}

/// Lines that go to one place become one edit, in order.
fn together(edits: Vec<Edit>) -> Vec<Edit> {
    let mut all: Vec<Edit> = Vec::new();
    for edit in edits {
        let same = all.iter_mut().find_map(|one| match (one, &edit) {
            (
                Edit::Replace { range, text, .. },
                Edit::Replace {
                    range: at,
                    text: more,
                    ..
                },
            ) if range == at => {
                text.push_str(more);
                Some(())
            }
            _ => None,
        });
        if same.is_none() {
            all.push(edit);
        }
    }
    all
}
