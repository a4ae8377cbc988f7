use super::super::Stages;
use super::*;

/// The effects of the last instruction of a file.
fn effects(text: &str) -> Effects {
    let file = Dockerfile::parse(text.as_bytes());
    assert_eq!(file.errors, [], "{text}");
    let last = file.instructions.len() - 1;
    effects_of(&file, last)
}

fn effects_of(file: &Dockerfile, index: usize) -> Effects {
    let stages = Stages::of(file, Knowledge::shipped());
    let instruction = &file.instructions[index];
    let state = stages.before(index).unwrap();
    let script = instruction.shell_at().and_then(|at| {
        let text = &instruction.logical.text()[at.range()];
        shell::Script::parse(text, state.dialect()?)
    });
    Effects::of(
        file,
        instruction,
        state,
        script.as_ref(),
        Knowledge::shipped(),
    )
}

#[test]
fn copies() {
    for (text, writes) in [
        ("FROM debian\nCOPY a /b", Paths::of(["/b"])),
        ("FROM debian\nWORKDIR /w\nCOPY a b c/", Paths::of(["/w/c"])),
        ("FROM debian\nWORKDIR /w\nCOPY . .", Paths::of(["/w"])),
        ("FROM debian\nENV D=/d\nCOPY a $D/", Paths::of(["/d"])),
        ("FROM debian\nARG D=/d\nCOPY a $D/", Paths::Everything),
        ("FROM unheard/of\nCOPY a b", Paths::Everything),
        (
            "FROM debian\nCOPY [\"a b\", \"/c d/\"]",
            Paths::of(["/c d"]),
        ),
        ("FROM debian\nCOPY <<a <<b /c/\na\nb\n", Paths::of(["/c"])),
    ] {
        assert_eq!(effects(text).writes, writes, "{text}");
    }
    let copy = effects("FROM debian\nWORKDIR /w\nCOPY --chown=app:$G a b/c/d");
    assert_eq!(copy.reads, Paths::of(["/w/b/c/d"]));
    assert!(copy.reads_accounts);
    assert_eq!(copy.env_reads, Vars::of(["G"]));
    let made: Vec<&str> = copy.makes.keys().map(String::as_str).collect();
    assert_eq!(made, ["/w", "/w/b", "/w/b/c"]);
    assert!(!copy.network);
    assert!(effects("FROM debian\nADD https://example.org/a /b").network);
    assert!(!effects("FROM debian\nADD a /b").network);
    let heredoc = effects("FROM debian\nCOPY <<a /b\n'$X'\na\n");
    assert_eq!(heredoc.env_reads, Vars::of(["X"]));
    let heredoc = effects("FROM debian\nCOPY <<'a' /b\n$X\na\n");
    assert_eq!(heredoc.env_reads, Vars::None);
}

#[test]
fn what_changes_the_state() {
    let arg = effects("FROM debian\nARG A=$B C");
    assert_eq!(arg.env_reads, Vars::of(["B"]));
    assert_eq!(arg.env_writes, Vars::of(["A", "C"]));
    assert_eq!(arg.writes, Paths::None);
    let env = effects("FROM debian\nENV A=$B C=1");
    assert_eq!(env.env_writes, Vars::of(["A", "C"]));
    assert_eq!(env.slots_written, [Slot::EnvOrder].into());
    let workdir = effects("FROM debian\nUSER app\nWORKDIR a/b");
    assert_eq!(workdir.makes.get("/a/b").map(String::as_str), Some("app"));
    assert!(workdir.slots_read.contains(&Slot::Workdir));
    assert!(effects("FROM debian\nARG http_proxy").stays.is_some());
    assert!(effects("FROM debian\nARG TARGETARCH").stays.is_some());
    assert!(effects("FROM debian\nARG TARGET").stays.is_none());
    assert!(effects("FROM debian\nFROM debian").stays.is_some());
}

#[test]
fn runs() {
    let unseen = effects("FROM debian\nRUN make");
    assert_eq!(unseen.writes, Paths::Everything);
    assert_eq!(unseen.env_reads, Vars::All);
    let json = effects("FROM debian\nRUN [\"mkdir\", \"-p\", \"/a/b\", \"/usr/share/x\"]");
    assert_eq!(json.writes, Paths::of(["/a", "/usr/share/x"]));
    assert!(!json.network);
    let json = effects("FROM debian\nRUN [\"/work/mkdir\", \"/a\"]");
    assert_eq!(json.writes, Paths::Everything);
    let json = effects("FROM debian\nRUN [\"apt-get\", \"install\", \"-y\", \"curl\"]");
    assert!(json.network);
    assert!(json.writes.covers("/usr/bin/curl"));
    assert!(!json.writes.covers("/app/x"));
    let offline = effects("FROM debian\nRUN --network=none make");
    assert!(!offline.network);
    let mount = effects("FROM debian\nRUN --mount=type=cache,target=/c/d [\"true\"]");
    assert_eq!(mount.writes, Paths::of(["/c/d"]));
}

#[test]
fn changing_places() {
    let install = "RUN [\"apt-get\", \"install\", \"-y\", \"curl\"]";
    for (a, b, may) in [
        ("ARG A", install, true),
        ("ARG DEBIAN_FRONTEND=x", install, false),
        ("ARG PATH=/x", install, false),
        ("ARG A", "RUN make", false),
        ("ARG A", "ARG B", true),
        ("ARG A", "ARG A=1", false),
        ("ARG A=1", "ARG B=$A", false),
        ("ARG A", "ENV A=1", false),
        ("ARG A", "ENV B=$A", false),
        ("ARG A", "ENV B=1", true),
        ("ENV A=1", "ENV B=1", false),
        ("ARG A", "COPY a /$A", false),
        ("ARG A", "COPY a /b", true),
        ("ARG A", "LABEL a=$A", false),
        ("ARG A", "WORKDIR /a", true),
        ("ARG HTTPS_PROXY", "WORKDIR /a", false),
        ("COPY . /app", install, true),
        ("COPY . /home/me/x", install, true),
        ("COPY . /home", install, false),
        ("COPY x /etc/apt/", install, false),
        ("COPY x /", install, false),
        ("COPY x /var/www/html/", install, false),
        ("COPY . app", install, true),
        ("COPY a /b", "RUN make", false),
        ("COPY a /b", "COPY c /d", true),
        ("COPY a /b", "COPY c /b", false),
        ("COPY a /b", "COPY c /b/d", false),
        ("COPY a /b/", "COPY c /bd", true),
        ("COPY a /b/c/", "COPY a /b/d/", true),
        ("COPY --chown=1:1 a /b/c/", "COPY a /b/d/", false),
        ("COPY --chown=x a /b/c/", "RUN [\"useradd\", \"x\"]", false),
        ("WORKDIR /a", "COPY a /b", true),
        ("WORKDIR /a", "COPY a b", false),
        ("WORKDIR /a", "COPY a /a/", false),
        ("WORKDIR /a/b", "COPY a /a", false),
        ("WORKDIR /a", "RUN [\"true\"]", false),
        ("WORKDIR /a", "WORKDIR /b", false),
        ("USER x", "RUN [\"true\"]", false),
        ("USER x", "WORKDIR /a", false),
        ("USER x", "COPY a /b", true),
        ("SHELL [\"bash\", \"-c\"]", "CMD x", false),
        ("SHELL [\"bash\", \"-c\"]", "CMD [\"x\"]", true),
        ("CMD [\"x\"]", "ENTRYPOINT [\"x\"]", false),
        ("CMD [\"x\"]", "RUN make", true),
        ("EXPOSE 80", "RUN make", true),
        ("LABEL a=b", "RUN make", true),
        ("LABEL a=b", "LABEL a=c", false),
        ("VOLUME /v", "COPY a /v/", false),
        (install, "RUN [\"apt-get\", \"clean\"]", false),
        ("RUN [\"mkdir\", \"/a\"]", "RUN [\"mkdir\", \"/b\"]", true),
        ("RUN [\"mkdir\", \"-p\", \"/a/b\"]", "COPY x /a/c/", false),
        ("NOTHING", "ARG A", false),
        (
            "COPY . /app",
            "RUN apt-get update && apt-get install -y curl git",
            true,
        ),
        ("COPY . /app", "RUN apt-get install -y ./x.deb", false),
        ("COPY . /app", "RUN apt-get update && curl x | sh", false),
        (
            "COPY . /app",
            "RUN set -eux; apt-get update; rm -rf /var/lib/apt/lists/lock",
            true,
        ),
        (
            "COPY . /app",
            "RUN apt-get update && rm -rf /var/lib/apt/lists/*",
            true,
        ),
        ("COPY . /app", "RUN apt-get install -y $PACKAGES", false),
        ("COPY . /app", "RUN f() { x; }; f", false),
        ("COPY . /app", "RUN PATH=/app:$PATH apt-get update", false),
        ("COPY . /app", "RUN env PATH=/app apt-get update", false),
        (
            "COPY . /app",
            "RUN env DEBIAN_FRONTEND=x apt-get update",
            true,
        ),
        ("COPY . /app", "RUN ./apt-get update", false),
        ("COPY . /app", "RUN echo x > /app/y", false),
        ("COPY . /app", "RUN echo x > /etc/y", true),
        ("COPY . /app", "RUN echo x > y", true),
        ("COPY . /app", "RUN cd /app && touch y", false),
        ("COPY . /app", "RUN cd /tmp && touch y", false),
        ("COPY . /app", "RUN cd /app && touch /tmp/y", false),
        ("COPY . /app", "RUN cat < /app/y", false),
        ("COPY . /app", "RUN echo $(make)", false),
        ("COPY . /app", "RUN if [ -f /app/y ]; then echo; fi", false),
        (
            "COPY . /app",
            "RUN if [ -f /etc/y ]; then echo; fi >/dev/null 2>&1",
            true,
        ),
        (
            "COPY . app",
            "RUN if [ a = b ] && test -e /etc/y; then echo; fi",
            true,
        ),
        ("COPY . /app", "RUN test /etc/y -nt /app/y", false),
        ("COPY . /app", "RUN touch /{app,tmp}/y", false),
        ("COPY . /app", "RUN rm -rf /app/*", false),
        ("COPY . /app", "RUN rm -rf /*/x", false),
        ("COPY . /app", "RUN rm -rf /tmp/.*", false),
        ("COPY . /app", "RUN rm -rf /tmp/*/../../app", false),
        ("COPY . /app", "RUN rm -rf *", false),
        ("COPY . /app", "RUN rm -rf ~/x", false),
        ("COPY . /app", "RUN apt-get install -y php*", false),
        ("COPY . /app", "SHELL [\"bash\", \"-c\"]", true),
        (
            "COPY . /app",
            "RUN curl -fsSL https://example.org/x -o /usr/local/bin/x && chmod +x /usr/local/bin/x",
            true,
        ),
        ("COPY . /app", "RUN curl -O https://example.org/x", false),
        (
            "COPY . /app",
            "RUN mkdir /opt/x && tar -xzf /tmp/x.tgz -C /opt/x --strip-components=1",
            true,
        ),
        ("COPY . /app", "RUN tar -czf /app/x.tgz /etc", false),
        (
            "COPY . /app",
            "RUN sed -i s/a/b/ /etc/apt/sources.list",
            true,
        ),
        ("COPY . /app", "RUN sudo apt-get update", true),
        ("COPY . /app", "RUN sudo -D /app apt-get update", false),
        ("COPY . /app", "RUN ls /tmp | xargs rm", false),
        ("COPY . /app", "RUN useradd -m x", true),
        ("COPY . /home/x", "RUN useradd -m x", false),
        ("COPY . /app", "RUN useradd -d /app x", false),
        ("COPY . /app", "RUN ldconfig", true),
        ("COPY . /app", "RUN alias rm=x; rm /tmp/y", false),
        ("COPY . /app", "RUN export PATH=/app; rm /tmp/y", false),
        ("COPY . /app", "RUN export A=1; rm /tmp/y", true),
        (
            "COPY . /app",
            "RUN apk add --no-cache --virtual .deps gcc",
            true,
        ),
        ("COPY . /app", "RUN apk add --root=/app gcc", false),
        ("COPY . /app", "RUN npm ci", false),
        ("COPY . /app", "RUN sh -c true", false),
        ("ARG A", "RUN curl https://example.org", true),
        ("ARG SSL_CERT_FILE", "RUN curl https://example.org", false),
        ("ARG A", "RUN printenv", false),
        (
            "COPY x /usr/local/bin/curl",
            "RUN curl https://example.org",
            false,
        ),
        ("ARG A", "RUN echo $A", false),
        ("ARG A", "RUN echo '$A'", true),
        ("ARG A", "RUN A=1 make", false),
        ("ARG HOME=/x", "RUN true", false),
        ("ARG LC_ALL=C", "RUN true", false),
    ] {
        let file = Dockerfile::parse(format!("FROM debian\n{a}\n{b}\n").into_bytes());
        for (one, other) in [(1, 2), (2, 1)] {
            let answer = commute(&effects_of(&file, one), &effects_of(&file, other));
            assert_eq!(answer.is_ok(), may, "{a} / {b}: {answer:?}");
        }
    }
}

#[test]
fn sets_of_paths() {
    let merge = |a: &Paths, b: &Paths| {
        let mut merged = a.clone();
        merged.merge(b);
        merged
    };
    let but = Paths::but(["/app", "/home/*"]);
    assert_eq!(merge(&but, &Paths::of(["/etc"])), but);
    assert_eq!(merge(&but, &Paths::of(["/app/x"])), Paths::but(["/home/*"]));
    assert_eq!(merge(&Paths::of(["/home/me"]), &but), Paths::but(["/app"]));
    assert_eq!(merge(&but, &Paths::of(["/"])), Paths::Everything);
    assert_eq!(merge(&but, &Paths::None), but);
    assert_eq!(merge(&but, &Paths::but(["/app"])), Paths::but(["/app"]));
    assert_eq!(but.overlap(&Paths::of(["/home/me"])), None);
    assert_eq!(but.overlap(&Paths::of(["/home"])).as_deref(), Some("/home"));
    assert!(but.overlap(&Paths::Everything).is_some());
    assert_eq!(Paths::Everything.overlap(&Paths::None), None);
}

#[test]
fn users_are_looked_up_by_name() {
    let install = "RUN apt-get install -y curl";
    for (a, b, may) in [
        ("COPY --chown=app . /app", install, true),
        (install, "COPY --chown=app . /app", false),
        (install, "COPY --chown=1:1 . /app", true),
        ("COPY --chown=app . /app", "RUN useradd x", false),
        (
            "COPY --chown=app . /app",
            "RUN apt-get install -y curl && useradd x",
            false,
        ),
        (
            "COPY --chown=app . /app",
            "RUN apt-get install -y curl >> /etc/passwd",
            false,
        ),
        ("COPY passwd /etc/passwd", install, false),
        ("COPY --chown=app . /app", "COPY passwd /etc/passwd", false),
    ] {
        let file = Dockerfile::parse(format!("FROM debian\n{a}\n{b}\n").into_bytes());
        let answer = commute(&effects_of(&file, 1), &effects_of(&file, 2));
        assert_eq!(answer.is_ok(), may, "{a} / {b}: {answer:?}");
    }
}

#[test]
fn programs_come_from_path() {
    let install = "RUN apt-get install -y curl";
    for (path, may) in [
        ("ENV A=1", true),
        ("ENV PATH=/opt/x/bin:$PATH", true),
        ("ENV PATH=/app/bin:$PATH", false),
        ("ENV PATH=\"${PATH}:/app/bin\"", false),
        ("ENV PATH=/app/bin:$PATH\nENV PATH=/x:$PATH", false),
        ("ENV PATH=$HOME/bin:$PATH", false),
        ("ENV A=/opt/x\nENV PATH=$A/bin:$PATH", true),
        ("ENV PATH=bin:$PATH", false),
        ("ARG PATH", false),
        ("ENV $A=x", false),
    ] {
        let text = format!("FROM debian\n{path}\nCOPY . /app\n{install}\n");
        let file = Dockerfile::parse(text.into_bytes());
        let last = file.instructions.len() - 1;
        let answer = commute(&effects_of(&file, last - 1), &effects_of(&file, last));
        assert_eq!(answer.is_ok(), may, "{path}: {answer:?}");
    }
}
