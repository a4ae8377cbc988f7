//! Go: a static binary, from scratch.

use super::project::{Plan, Project};
use crate::context::manifests::go::GoMod;
use crate::context::{Context, Kind};
use crate::knowledge::LanguageAction;
use crate::packages::words;
use crate::project::{source_of, text_in_workdir};
use crate::syntax::{Keyword, Span};
use crate::transform::Edit;

/// Modules that are nothing without cgo.
const CGO_MODULES: [&str; 10] = [
    "github.com/mattn/go-sqlite3",
    "github.com/confluentinc/confluent-kafka-go",
    "github.com/confluentinc/confluent-kafka-go/v2",
    "github.com/godror/godror",
    "github.com/tensorflow/tensorflow",
    "github.com/h2non/bimg",
    "github.com/davidbyttow/govips/v2",
    "gopkg.in/gographics/imagick.v3",
    "github.com/google/gopacket",
    "gocv.io/x/gocv",
];

/// Files that a program may open when it runs.
const DATA: [&str; 18] = [
    "html", "tmpl", "gohtml", "tpl", "yaml", "yml", "toml", "json", "sql", "css", "js", "crt",
    "pem", "ini", "conf", "csv", "db", "mmdb",
];

/// Files and folders that no program opens.
const NO_DATA: [&str; 14] = [
    "vendor", "testdata", "docs", "doc", "deploy", "k8s", "charts", "helm", "scripts", "hack",
    "test", "tests", "examples", "tools",
];

pub fn plan(project: &Project<'_>) -> Result<Option<Plan>, String> {
    let builds: Vec<_> = project
        .calls()
        .into_iter()
        .filter(|(_, one)| {
            one.language.manager.id == "go" && one.language.action == LanguageAction::Build
        })
        .filter(|(_, one)| one.language.verb_text(&words(one.call.simple)) == "build")
        .collect();
    let [(run, go)] = builds.as_slice() else {
        return match builds.len() {
            0 => Ok(None),
            count => Err(format!(
                "{count} programs are built, and which of them the image needs is not known"
            )),
        };
    };
    let words = words(go.call.simple);
    if go.language.program != 0 || !go.call.top_level || !go.language.is_literal() {
        return Err(format!(
            "the build of line {} is no plain command",
            run.lines.0
        ));
    }
    let script = project
        .scene
        .script(run.index)
        .ok_or("the build is not understood")?;
    if script.calls().any(|call| call.name == Some("cd")) {
        return Err(format!(
            "the RUN of line {} changes its directory",
            run.lines.0
        ));
    }
    for flag in ["-race", "-msan", "-asan", "-linkshared", "-buildmode", "-C"] {
        if words
            .iter()
            .flatten()
            .any(|word| *word == flag || word.starts_with(&format!("{flag}=")))
        {
            return Err(format!("the build asks for {flag}"));
        }
    }
    let state = project.state(run.index)?;
    let text = text_in_workdir(project.scene, run.index, "go.mod")
        .ok_or("go.mod is not at hand, so nobody knows whether the program needs cgo")?;
    let manifest = GoMod::parse(&text)?;
    if let Some((module, _)) = manifest
        .requires
        .iter()
        .find(|(module, _)| CGO_MODULES.contains(&module.as_str()))
    {
        return Err(format!(
            "{module} needs cgo, and a program with cgo needs its C library when it runs"
        ));
    }
    let given = go.language.values_of(&words, &["-o".to_owned()]);
    let name = match given.last() {
        Some(Some(path)) if !path.ends_with('/') && *path != "." => (*path).to_owned(),
        Some(_) => return Err("the build names a folder for its output, not a file".to_owned()),
        None => {
            let first = go
                .language
                .operands
                .first()
                .and_then(|at| words.get(*at).copied().flatten());
            match first {
                Some(package) if package.contains("...") => {
                    return Err("the build of all packages keeps no program".to_owned());
                }
                Some(source) if source.ends_with(".go") => source
                    .rsplit('/')
                    .next()
                    .unwrap_or(source)
                    .trim_end_matches(".go")
                    .to_owned(),
                Some(package) if package != "." && package != "./" => package
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or(package)
                    .to_owned(),
                _ => {
                    let module = manifest.module.as_deref().ok_or("go.mod names no module")?;
                    let mut parts = module.rsplit('/');
                    let last = parts.next().unwrap_or(module);
                    let version = last
                        .strip_prefix('v')
                        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
                    parts.next().filter(|_| version).unwrap_or(last).to_owned()
                }
            }
        }
    };
    let output = state
        .workdir
        .join(&name)
        .ok_or("the working directory of the build is not known")?;

    let last = project.last_step().unwrap_or(run.index);
    project.only_builds(last + 1, false)?;
    let (one, command) = project.command()?;
    let program = command.first().map(String::as_str).unwrap_or_default();
    let in_path = ["/usr/local/bin", "/usr/bin", "/bin"]
        .iter()
        .any(|folder| output == format!("{folder}/{program}"));
    let end = project.workdir()?;
    let runs = match program.starts_with('/') {
        true => program.to_owned(),
        false => format!(
            "{}/{}",
            end.trim_end_matches('/'),
            program.trim_start_matches("./")
        ),
    };
    if !in_path && (runs != output || !program.contains('/')) {
        return Err(format!(
            "line {} runs {program}, and the build writes {output}",
            one.lines.0
        ));
    }
    let exec = one.is_json();
    if !exec && one.keyword == Keyword::Entrypoint && project.instruction_of(Keyword::Cmd).is_some()
    {
        return Err("an ENTRYPOINT in shell form drops the CMD that stands beside it".to_owned());
    }
    if let Some(cmd) = project.instruction_of(Keyword::Cmd)
        && one.keyword == Keyword::Entrypoint
        && !cmd.is_json()
    {
        return Err(format!(
            "the CMD of line {} needs a shell, and scratch has none",
            cmd.lines.0
        ));
    }
    if let Some(health) = project.instruction_of(Keyword::Healthcheck) {
        let own = crate::project::command_words(project.scene, health.index);
        if !health.is_json()
            || own.is_none_or(|words| words.first().map(String::as_str) != Some(program))
        {
            return Err(format!(
                "the health check of line {} needs what scratch has not",
                health.lines.0
            ));
        }
    }
    if let Some(user) = project.instruction_of(Keyword::User) {
        let text = user.rest().unwrap_or_default().trim();
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':')
        {
            return Err(format!("scratch knows no user called {text}"));
        }
    }

    let context = project.scene.context.ok_or("there is no build context")?;
    let folder = state.workdir.path.clone().unwrap_or_default();
    let root = source_of(project.scene, run.index, &folder)
        .or_else(|| {
            source_of(project.scene, run.index, &format!("{folder}/go.mod")).map(|path| {
                path.trim_end_matches("go.mod")
                    .trim_end_matches('/')
                    .to_owned()
            })
        })
        .unwrap_or_default();
    let sources = Sources::read(context, &root)?;
    if let Some(path) = sources.cgo {
        return Err(format!(
            "{path} imports C, and a program with cgo needs its C library when it runs"
        ));
    }
    if let Some(path) = sources
        .data
        .iter()
        .find(|path| !sources.embedded.iter().any(|pattern| covers(pattern, path)))
    {
        return Err(format!(
            "the program may open {path} when it runs, and nothing embeds it"
        ));
    }

    let mut edits = Vec::new();
    let off = state.env.value("CGO_ENABLED").known() == Some("0")
        || go
            .call
            .simple
            .assignments
            .iter()
            .any(|one| one.name == "CGO_ENABLED");
    if go
        .call
        .simple
        .assignments
        .iter()
        .any(|one| one.name == "CGO_ENABLED" && one.value.fixed() != Some("0"))
        || state.env.value("CGO_ENABLED").known() == Some("1")
    {
        return Err(
            "the build asks for cgo, and a program with cgo needs its C library when it runs"
                .to_owned(),
        );
    }
    if !off {
        let script_at = run.shell_at().ok_or("the build is not understood")?;
        let at = run
            .source(Span::at(script_at.start + go.call.simple.span.start))
            .start;
        edits.push(Edit::insert(at, "CGO_ENABLED=0 "));
    }
    let mut lines = Vec::new();
    if !manifest.requires.is_empty() || sources.tls {
        lines.push(project.copy("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/"));
    }
    if sources.zones
        || project
            .scene
            .stages()
            .at_end(0)
            .is_some_and(|state| state.env.get("TZ").is_some())
    {
        lines.push(project.copy("/usr/local/go/lib/time/zoneinfo.zip", "/zoneinfo.zip"));
        lines.push(project.line(Keyword::Env, "ZONEINFO=/zoneinfo.zip"));
    }
    lines.push(project.copy(&output, &output));
    Ok(Some(Plan {
        split: last + 1,
        edits,
        added: 0,
        image: "scratch".to_owned(),
        lines,
        build_variables: &["CGO_ENABLED", "GO*", "CC", "CXX"],
        command: (!exec).then_some((one.index, command)),
        leaves: "the Go toolchain with sources and modules".to_owned(),
    }))
}

/// What the sources say of the program.
#[derive(Default)]
struct Sources {
    cgo: Option<String>,
    tls: bool,
    zones: bool,
    embedded: Vec<String>,
    data: Vec<String>,
}

impl Sources {
    /// Files that are looked at before it is given up.
    const MOST: usize = 3_000;

    fn read(context: &Context, root: &str) -> Result<Self, String> {
        let mut found = Self::default();
        let mut walk = context.walk(root);
        let mut seen = 0;
        while let Some(entry) = walk.next() {
            let entry = entry.map_err(|error| error.to_string())?;
            seen += 1;
            if seen > Self::MOST {
                return Err("there are too many sources to look through".to_owned());
            }
            let name = entry.name();
            if entry.kind == Kind::Dir {
                let hidden = name.starts_with('.') && !entry.path.is_empty();
                if hidden || NO_DATA.contains(&name) {
                    walk.skip_folder();
                }
                continue;
            }
            let (_, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            if extension == "go" {
                if !name.ends_with("_test.go")
                    && let Some(text) = context.read_text(&entry.path)
                {
                    found.source(&entry.path, &text);
                }
            } else if DATA.contains(&extension) && !name.starts_with('.') && !tooling(name) {
                found.data.push(entry.path.clone());
            }
        }
        Ok(found)
    }

    fn source(&mut self, path: &str, text: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in text.lines() {
            let line = line.trim();
            if line == "import \"C\"" || line == "\"C\"" {
                self.cgo.get_or_insert_with(|| path.to_owned());
            }
            self.tls |= line.contains("\"net/http\"") || line.contains("\"crypto/tls\"");
            self.zones |= line.contains("LoadLocation(");
            if let Some(patterns) = line.strip_prefix("//go:embed ") {
                for pattern in patterns.split_whitespace() {
                    let pattern = pattern.trim_matches(['"', '`']).trim_start_matches("all:");
                    self.embedded.push(if folder.is_empty() {
                        pattern.to_owned()
                    } else {
                        format!("{folder}/{pattern}")
                    });
                }
            }
        }
    }
}

fn covers(pattern: &str, path: &str) -> bool {
    let plain = pattern
        .split(['*', '?', '['])
        .next()
        .unwrap_or(pattern)
        .trim_end_matches('/');
    plain.is_empty() || path.starts_with(plain)
}

/// Files of tools that stand beside the sources.
fn tooling(name: &str) -> bool {
    name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || matches!(
            name,
            "package.json"
                | "package-lock.json"
                | "sqlc.yaml"
                | "buf.yaml"
                | "buf.gen.yaml"
                | "codecov.yml"
                | "renovate.json"
                | "skaffold.yaml"
                | "fly.toml"
                | "cloudbuild.yaml"
                | "app.yaml"
                | "careen.toml"
                | "Taskfile.yml"
                | "mkdocs.yml"
        )
}
