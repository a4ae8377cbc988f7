//! Takes shells and the package manager out of what the image shows when it runs.
//!
//! ## Why
//!
//! Who breaks into a program finds no shell and no package manager to go on with. It makes nothing smaller: the files stay in the
//! layers below. A distroless base does both, where it fits.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM alpine:3.23
//! COPY server /usr/local/bin/server
//! USER nobody
//! CMD ["/usr/local/bin/server"]
//! ```
//!
//! ```diff
//! @@ -1,4 +1,5 @@
//!  FROM alpine:3.23
//!  COPY server /usr/local/bin/server
//! +RUN rm -f /sbin/apk /bin/sh /bin/ash /bin/busybox
//!  USER nobody
//!  CMD ["/usr/local/bin/server"]
//! ```
//!
//! Off until it is named: `--select remove-tools`, or in careen.toml.
//!
//! ## When it refuses
//!
//! * CMD, ENTRYPOINT or HEALTHCHECK in shell form, or one that starts a shell, a script, npm or yarn, which start one.
//! * An ENTRYPOINT of the base image: most are shell scripts.
//! * No CMD or ENTRYPOINT: an image to build upon.
//! * The last RUN is not root's, or stands behind the last USER.
//! * A base whose shells and package managers nobody has read.
//!
//! ## Safety
//!
//! Unsafe: `docker exec … sh` works no more, nor does a program that starts a shell by itself (`system()`, `popen()`).
//!
//! ## Known problems
//!
//! Nobody can see from here whether a program starts a shell.

use crate::knowledge::{Entrypoint, Family};
use crate::runtime::{Runtime, above, commands, keyword, name};
use crate::syntax::{Args, Instruction, Keyword};
use crate::transform::{Change, Proposal, Safety, Scene, Transform};

/// The transform of this page.
pub struct RemoveTools;

/// Package managers, and their programs.
const MANAGERS: [(&str, &[&str]); 5] = [
    ("apk", &["/sbin/apk"]),
    (
        "apt-get",
        &["/usr/bin/apt", "/usr/bin/apt-get", "/usr/bin/dpkg"],
    ),
    ("dnf", &["/usr/bin/dnf", "/usr/bin/yum", "/usr/bin/rpm"]),
    ("yum", &["/usr/bin/yum", "/usr/bin/rpm"]),
    ("microdnf", &["/usr/bin/microdnf", "/usr/bin/rpm"]),
];

/// Programs that start a shell.
const START_SHELLS: [&str; 10] = [
    "sh", "bash", "ash", "dash", "zsh", "npm", "npx", "yarn", "pnpm", "busybox",
];

impl Transform for RemoveTools {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(runtime) = Runtime::of(scene) else {
            return Vec::new();
        };
        let nothing = runtime.scratch
            || matches!(
                runtime.state.family,
                Family::Scratch | Family::Distroless | Family::Windows
            );
        if nothing || removed(scene, &runtime) {
            return Vec::new();
        }
        let at = runtime
            .cmd
            .or(runtime.entrypoint)
            .or(scene.file.instructions.get(runtime.stage.from))
            .map(|one| one.span)
            .unwrap_or_default();
        let answer = remove(scene, &runtime);
        vec![answer.map_or_else(|reason| Proposal::refuse(at, reason), Proposal::from)]
    }
}

/// Whether a RUN has taken the shell out already.
fn removed(scene: &Scene<'_>, runtime: &Runtime<'_>) -> bool {
    runtime.instructions.iter().any(|one| {
        let script = (one.keyword == Keyword::Run).then(|| scene.script(one.index));
        script.flatten().is_some_and(|script| {
            script.calls().any(|call| {
                call.name == Some("rm")
                    && call
                        .args()
                        .iter()
                        .any(|word| word.fixed() == Some("/bin/sh"))
            })
        })
    })
}

fn remove(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Result<Change, String> {
    let starts = runtime
        .cmd
        .or(runtime.entrypoint)
        .ok_or("it has no CMD or ENTRYPOINT, so it is an image to build upon")?;
    let image = runtime
        .image
        .as_ref()
        .ok_or("nothing is known of the base image")?;
    if runtime.entrypoint.is_none() && image.entrypoint() != Entrypoint::Absent {
        return Err("the base image's ENTRYPOINT may be a shell script".to_owned());
    }
    needs_no_shell(scene, runtime)?;
    let mut paths: Vec<&str> = Vec::new();
    for manager in image
        .managers()
        .ok_or("nobody has read which package managers the base image has")?
    {
        let known = MANAGERS.iter().find(|(id, _)| id == manager);
        paths.extend(known.map(|(_, paths)| *paths).unwrap_or_default());
    }
    let shells = image
        .shells()
        .ok_or("nobody has read which shells the base image has")?;
    paths.extend(
        shells
            .iter()
            .map(String::as_str)
            .filter(|path| path.starts_with('/')),
    );
    match image.sh() {
        Some("busybox") => paths.push("/bin/busybox"),
        Some("dash") => paths.push("/bin/dash"),
        _ => {}
    }
    let own: Vec<&Instruction> = runtime.own().collect();
    let last = own
        .iter()
        .rposition(|one| matches!(one.keyword, Keyword::Run | Keyword::From))
        .unwrap_or(0);
    let behind = own.get(last + 1..).unwrap_or_default();
    let place = behind
        .iter()
        .find(|one| one.keyword == Keyword::User)
        .or(behind
            .iter()
            .find(|one| matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint)))
        .ok_or("a RUN stands behind the last CMD, ENTRYPOINT and USER")?;
    let state = scene.stages().before(place.index).unwrap_or(runtime.state);
    if state.user.is_root() != Some(true) {
        return Err("the user behind the last RUN is not root".to_owned());
    }
    if state.dialect().is_none() {
        return Err("SHELL names no shell that is understood here".to_owned());
    }
    let line = format!("{} rm -f {}", keyword(scene.file, "RUN"), paths.join(" "));
    let reason =
        "take the shells and the package manager away from whoever breaks into the program";
    // `/bin` may be a link to `/usr/bin`.
    let linked = paths
        .iter()
        .filter(|path| !path.starts_with("/usr/"))
        .map(|path| format!("/usr{path}"));
    let removes = paths.iter().map(|path| (*path).to_owned()).chain(linked);
    Ok(Change::new(
        starts.span,
        Safety::Unsafe,
        reason,
        vec![above(scene.file, place, &line)],
    )
    .removing(removes)
    .fewer(-1))
}

fn needs_no_shell(scene: &Scene<'_>, runtime: &Runtime<'_>) -> Result<(), String> {
    let health = runtime
        .instructions
        .iter()
        .copied()
        .rfind(|one| one.keyword == Keyword::Healthcheck);
    for one in runtime
        .entrypoint
        .into_iter()
        .chain(runtime.cmd)
        .chain(health)
    {
        let what = one.keyword.name();
        match one.args {
            Args::Json(_) => {}
            Args::Text(_) => return Err(format!("{what} is in shell form")),
            _ => continue,
        }
        for words in commands(scene, one).ok_or_else(|| format!("{what} is not understood"))? {
            let shell = words
                .iter()
                .any(|word| START_SHELLS.contains(&name(word)) || word.ends_with(".sh"));
            if shell {
                return Err(format!("{what} starts a shell"));
            }
        }
        let direct = one
            .args
            .words()
            .first()
            .is_some_and(|word| START_SHELLS.contains(&name(&word.text)));
        if direct {
            return Err(format!("{what} starts a shell"));
        }
    }
    Ok(())
}
