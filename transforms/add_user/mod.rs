//! Lets the image run as a user without rights, with the folders that it works in as its own.
//!
//! ## Why
//!
//! Without USER the program runs as root: whoever breaks out of it is root in the container, and writes as root to what is
//! mounted there. Clusters that ask for it (`runAsNonRoot`) don't start such an image (DL3002 and its kind).
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.13-slim
//! WORKDIR /app
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! COPY . .
//! EXPOSE 8000
//! CMD ["python", "-m", "http.server", "8000"]
//! ```
//!
//! ```diff
//! @@ -1,7 +1,11 @@
//!  FROM python:3.13-slim
//!  WORKDIR /app
//! -COPY requirements.txt .
//! +RUN groupadd --gid 10001 app \
//! +    && useradd --uid 10001 --gid app --create-home --shell /usr/sbin/nologin app \
//! +    && chown app:app /app
//! +COPY --chown=10001:10001 requirements.txt .
//!  RUN pip install -r requirements.txt
//! -COPY . .
//! +COPY --chown=10001:10001 . .
//!  EXPOSE 8000
//! +USER 10001:10001
//!  CMD ["python", "-m", "http.server", "8000"]
//! ```
//!
//! An image that brings a user for programs (`node`, `nonroot`, .NET's `app`) keeps it. On scratch and distroless, where no
//! RUN can be, the user is a number. The number lies above 10000: 1000 is taken in node and ubuntu:24.04.
//!
//! ## When it refuses
//!
//! * USER is set to root on purpose, a compose file names the user, or the file makes a user itself and doesn't use it.
//! * A port below 1024, by EXPOSE, ENV or in the command: not everywhere may a user without rights listen there.
//! * What starts needs root, or drops it by itself: gosu, su-exec, setpriv, s6, systemd, nginx, databases, cron, sshd, a script
//!   that changes owners, or one that nobody can read here.
//! * The command is a shell, or the stage is named as one for tests or development: whoever works in it may need root.
//! * No CMD or ENTRYPOINT: an image to build upon.
//! * Something is kept in root's home (`/root`, `pip install --user`, nvm, rustup), which others can't read.
//! * Windows, a base of an unknown kind or user, a SHELL that is no POSIX shell, a base without a known way to make users.
//! * A VOLUME on scratch or distroless, or one of the base image: nothing there can change its owner.
//!
//! ## Safety
//!
//! Unsafe: the program has fewer rights, and volumes that older containers wrote as root are no longer its own.
//!
//! ## Known problems
//!
//! A program may write to places that nothing in the Dockerfile names. What RUN makes in the working directory stays root's,
//! folders that it makes by `mkdir` excepted.

mod plan;
mod root;

use crate::runtime::Runtime;
use crate::transform::{Proposal, Scene, Transform};

/// The transform of this page.
pub struct AddUser;

impl Transform for AddUser {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(runtime) = Runtime::of(scene) else {
            return Vec::new();
        };
        if !runtime.state.user.explicit && runtime.state.user.is_root() == Some(false) {
            return Vec::new();
        }
        if runtime.state.user.explicit && runtime.state.user.is_root() != Some(true) {
            return Vec::new();
        }
        let at = runtime
            .cmd
            .or(runtime.entrypoint)
            .or(scene.file.instructions.get(runtime.stage.from))
            .map(|one| one.span)
            .unwrap_or_default();
        let answer =
            root::needed(scene, &runtime).map_or_else(|| plan::make(scene, &runtime, at), Err);
        vec![answer.map_or_else(|reason| Proposal::refuse(at, reason), Proposal::from)]
    }
}
