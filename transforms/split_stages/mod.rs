//! Builds in one stage and runs in another, so that the image holds the program without the tools that built it.
//!
//! ## Why
//!
//! An image of one stage ships its compiler, its sources, and every package that only the build needed. With two, the second
//! takes the build's output and nothing else: a Go image shrinks to the size of its program.
//!
//! ## Example
//!
//! ```file:go.mod
//! module example.com/server
//!
//! go 1.22
//! ```
//!
//! ```file:main.go
//! package main
//!
//! import "net/http"
//!
//! func main() { http.ListenAndServe(":8080", nil) }
//! ```
//!
//! ```dockerfile
//! FROM golang:1.22
//! WORKDIR /app
//! COPY . .
//! RUN go build -o server
//! EXPOSE 8080
//! CMD ["/app/server"]
//! ```
//!
//! ```diff
//! @@ -1,6 +1,11 @@
//! -FROM golang:1.22
//! +FROM golang:1.22 AS builder
//!  WORKDIR /app
//!  COPY . .
//! -RUN go build -o server
//! +RUN CGO_ENABLED=0 go build -o server
//! +
//! +FROM scratch AS runtime
//! +WORKDIR /app
//! +COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
//! +COPY --from=builder /app/server /app/server
//!  EXPOSE 8080
//!  CMD ["/app/server"]
//! ```
//!
//! Go becomes a static program from scratch; Node takes package.json, the built folder and node_modules without development
//! dependencies; Python takes a virtual environment; Rust its program on Debian's slim image; Java its archive on the JRE. Node and Python
//! run on the slim sibling of their base.
//!
//! ## When it refuses
//!
//! * What the build writes is not known, or CMD runs something else.
//! * The program needs more than that: cgo, data files that nothing embeds, packages that the build installs beside, a health
//!   check by `curl`, a user that the second image does not know.
//! * A manifest is needed (go.mod, package.json, requirements.txt), and is not at hand.
//! * A step does more than build, or runs as another user.
//! * Nothing would stay behind.
//!
//! ## Safety
//!
//! Unsafe. The running image has other files, on purpose; what a program opens by a path that nobody saw is gone.
//!
//! ## Known problems
//!
//! `docker build --target` by the number of a stage means another one afterwards. A program from scratch has no `/tmp`.

mod go;
mod java;
mod node;
mod project;
mod python;
mod rust;

use crate::knowledge::Family;
use crate::transform::{Proposal, Scene, Transform};
use project::Project;

/// The transform of this page.
pub struct SplitStages;

impl Transform for SplitStages {
    fn propose(&self, scene: &Scene<'_>) -> Vec<Proposal> {
        let Some(project) = Project::of(scene) else {
            return Vec::new();
        };
        if matches!(project.base.family(), Family::Windows | Family::Unknown) {
            return Vec::new();
        }
        let plan = match project.base.reference.name.as_str() {
            "golang" => go::plan(&project),
            "node" => node::plan(&project),
            "python" => python::plan(&project),
            "rust" => rust::plan(&project),
            "maven" | "gradle" | "eclipse-temurin" => java::plan(&project),
            _ => return Vec::new(),
        };
        let proposal = match plan {
            Ok(None) => return Vec::new(),
            Ok(Some(plan)) => project.change(plan).map(Proposal::from),
            Err(reason) => Err(reason),
        };
        vec![proposal.unwrap_or_else(|reason| Proposal::refuse(project.at(), reason))]
    }
}
