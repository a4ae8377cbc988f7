use super::*;
use SystemAction as S;

/// Splits at spaces; `$x` stands for a word that isn't literal.
fn words(text: &str) -> Vec<Word<'_>> {
    text.split_whitespace()
        .map(|word| (!word.starts_with('$')).then_some(word))
        .collect()
}

fn knowledge() -> &'static Knowledge {
    Knowledge::shipped()
}

#[test]
fn shipped_tables_are_read_strictly() {
    let system: BTreeMap<String, SystemManager> = toml::from_str(PACKAGE_MANAGERS).unwrap();
    let language: BTreeMap<String, LanguageManager> = toml::from_str(LANGUAGE_MANAGERS).unwrap();
    let programs: BTreeMap<String, Program> = toml::from_str(PROGRAMS).unwrap();
    let _: images::File = toml::from_str(BASE_IMAGES).unwrap();
    assert!(system.len() >= 10 && language.len() >= 28 && programs.len() >= 200);
    for (id, manager) in &system {
        assert!(!manager.lists.is_empty(), "{id} has no lists");
        let cleanup = manager
            .cleanup
            .as_ref()
            .unwrap_or_else(|| panic!("{id} has no cleanup"));
        let covered = cleanup
            .removes
            .iter()
            .any(|glob| manager.cleaned_by_removing(&glob.replace("**", "*")));
        assert!(covered, "what {id} declares isn't what it cleans");
        for mount in &manager.mounts {
            for place in &mount.places {
                assert!(
                    !manager.mount_hides_state(place),
                    "{id} mounts its state: {place}"
                );
            }
        }
    }
    for (id, manager) in &language {
        for mount in &manager.mounts {
            assert!(
                !mount.why.is_empty() && !mount.places.is_empty(),
                "{id}/{} says no why or where",
                mount.name
            );
            if mount.mount == MountSafety::Safe {
                assert_ne!(
                    mount.holds,
                    Holds::BuiltUnkeyed,
                    "{id}/{}: built and not keyed is never safe",
                    mount.name
                );
                for place in &mount.places {
                    assert!(
                        !manager.stores.contains(place),
                        "{id}/{}: {place} is a store",
                        mount.name
                    );
                }
            }
        }
    }
}

#[test]
fn each_source_stands_above_its_entry() {
    for (file, text) in [
        ("package_managers", PACKAGE_MANAGERS),
        ("language_managers", LANGUAGE_MANAGERS),
        ("base_images", BASE_IMAGES),
    ] {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.starts_with('[') && !line.starts_with("[os."))
        {
            let above = at
                .checked_sub(1)
                .and_then(|above| lines.get(above))
                .copied()
                .unwrap_or_default();
            assert!(above.starts_with('#'), "{file}: {line} names no source");
        }
    }
}

#[test]
fn images_name_managers_and_profiles_that_exist() {
    let file: images::File = toml::from_str(BASE_IMAGES).unwrap();
    let table = images::Table::new(file);
    for (name, image) in table.rows() {
        assert!(
            table.has_profile(&image.os),
            "{name}: no profile {}",
            image.os
        );
        for manager in image
            .managers
            .iter()
            .flatten()
            .filter(|manager| *manager != "nix")
        {
            assert!(
                knowledge().system_manager(manager).is_some(),
                "{name}: no manager {manager}"
            );
        }
        if let Some(ready) = &image.ready {
            let parts: Vec<&str> = ready.split(':').collect();
            assert!(
                parts.len() == 3
                    && parts[1].parse::<u32>().is_ok()
                    && parts[2].parse::<u32>().is_ok(),
                "{name}: {ready}"
            );
        }
    }
}

#[test]
fn system_commands_as_people_write_them() {
    for (text, manager, action, packages, flags) in [
        ("apt-get update", "apt-get", S::Update, "", 0),
        ("apt-get -qq update", "apt-get", S::Update, "", 1),
        (
            "/usr/bin/apt-get -y install curl git",
            "apt-get",
            S::Install,
            "curl git",
            1,
        ),
        (
            "apt-get install -yqq --no-install-recommends curl=7.* git/bookworm",
            "apt-get",
            S::Install,
            "curl=7.* git/bookworm",
            2,
        ),
        (
            "apt-get -t bookworm-backports install -y golang",
            "apt-get",
            S::Install,
            "golang",
            2,
        ),
        (
            "apt-get install -y -o Dpkg::Options::=--force-confold nginx",
            "apt-get",
            S::Install,
            "nginx",
            2,
        ),
        (
            "apt-get install -oDebug=1 nginx",
            "apt-get",
            S::Install,
            "nginx",
            1,
        ),
        (
            "apt-get install -yt stretch-backports nginx",
            "apt-get",
            S::Install,
            "nginx",
            1,
        ),
        (
            "apt-get install -y -- nginx",
            "apt-get",
            S::Install,
            "nginx",
            2,
        ),
        (
            "apt-get purge -y --auto-remove gcc",
            "apt-get",
            S::Remove,
            "gcc",
            2,
        ),
        ("apt-get dist-upgrade -y", "apt-get", S::Upgrade, "", 1),
        ("apt-get clean", "apt-get", S::Clean, "", 0),
        ("apt install -y jq", "apt", S::Install, "jq", 1),
        ("apt list", "apt", S::Other, "", 0),
        ("sudo -E apt-get update", "apt-get", S::Update, "", 0),
        (
            "env DEBIAN_FRONTEND=noninteractive apt-get install -y x",
            "apt-get",
            S::Install,
            "x",
            1,
        ),
        (
            "sudo DEBIAN_FRONTEND=noninteractive apt-get install -y x",
            "apt-get",
            S::Install,
            "x",
            1,
        ),
        ("timeout 60 apt-get update", "apt-get", S::Update, "", 0),
        (
            "apk add --no-cache --virtual .build-deps gcc musl-dev",
            "apk",
            S::Install,
            "gcc musl-dev",
            2,
        ),
        (
            "apk --no-cache add -t .deps gcc",
            "apk",
            S::Install,
            "gcc",
            2,
        ),
        ("apk --update add bash", "apk", S::Install, "bash", 1),
        ("apk del .build-deps", "apk", S::Remove, ".build-deps", 0),
        (
            "apk add -X https://x/edge/testing foo",
            "apk",
            S::Install,
            "foo",
            1,
        ),
        (
            "dnf -y install --setopt=install_weak_deps=False gcc",
            "dnf",
            S::Install,
            "gcc",
            2,
        ),
        (
            "dnf install -y --enablerepo crb ninja-build",
            "dnf",
            S::Install,
            "ninja-build",
            2,
        ),
        ("dnf clean all", "dnf", S::Clean, "all", 0),
        (
            "dnf config-manager --set-enabled crb",
            "dnf",
            S::Other,
            "crb",
            1,
        ),
        (
            "dnf group install -y 'Development",
            "dnf",
            S::Install,
            "'Development",
            1,
        ),
        ("dnf group list", "dnf", S::Other, "list", 0),
        ("yum -y update", "yum", S::Upgrade, "", 1),
        ("yum groupinstall -y x", "yum", S::Install, "x", 1),
        (
            "microdnf install --nodocs -y tar",
            "microdnf",
            S::Install,
            "tar",
            2,
        ),
        ("tdnf install -y tar", "tdnf", S::Install, "tar", 1),
        ("zypper -n in -r repo gcc", "zypper", S::Install, "gcc", 2),
        (
            "zypper --non-interactive refresh",
            "zypper",
            S::Update,
            "",
            1,
        ),
        (
            "zypper -C /cache in -C libfoo.so",
            "zypper",
            S::Install,
            "libfoo.so",
            2,
        ),
        (
            "pacman -Syu --noconfirm git",
            "pacman",
            S::Install,
            "git",
            2,
        ),
        ("pacman -Syu --noconfirm", "pacman", S::Upgrade, "", 2),
        ("pacman -Sy", "pacman", S::Update, "", 1),
        (
            "pacman -S --noconfirm --needed base-devel",
            "pacman",
            S::Install,
            "base-devel",
            3,
        ),
        ("pacman -Scc --noconfirm", "pacman", S::Clean, "", 2),
        ("pacman -Rns --noconfirm gcc", "pacman", S::Remove, "gcc", 2),
        ("pacman -Ss git", "pacman", S::Other, "git", 1),
        ("pacman -Qi git", "pacman", S::Other, "git", 1),
    ] {
        let words = words(text);
        let call = knowledge()
            .system_call(&words)
            .unwrap_or_else(|| panic!("{text}: no call"));
        let found: Vec<&str> = call.package_names(&words).collect();
        assert_eq!(
            (
                call.manager.id.as_str(),
                call.action,
                found.join(" ").as_str(),
                call.flags.len()
            ),
            (manager, action, packages, flags),
            "{text}"
        );
        assert!(call.is_literal(), "{text}");
    }
}

#[test]
fn other_commands_are_no_system_calls() {
    for text in [
        "echo apt-get install",
        "apt-cache search x",
        "apt-key add -",
        "bash -c apt-get",
        "$APT install x",
        "command -v apt-get",
        "",
        "sudo $CMD apt-get update",
    ] {
        assert!(knowledge().system_call(&words(text)).is_none(), "{text}");
    }
}

#[test]
fn words_that_are_not_literal_prove_nothing() {
    let call = |text: &str| {
        let words: Vec<Word<'static>> = text
            .split_whitespace()
            .map(|word| (!word.starts_with('$')).then(|| &*word.to_owned().leak()))
            .collect();
        knowledge().system_call(&words).unwrap()
    };
    assert_eq!(call("apt-get $ACTION curl").action, S::Other);
    assert_eq!(
        call("apt-get $ARGS install curl").action,
        S::Other,
        "$ARGS may be `remove`"
    );
    let install = call("apt-get install -y $PACKAGES git");
    assert_eq!(
        (install.action, &install.opaque[..], &install.packages[..]),
        (S::Install, &[3][..], &[4][..])
    );
    assert!(!install.is_literal());
    let dated = call("apt-get -t $SUITE install git");
    assert_eq!(
        (dated.action, &dated.opaque[..]),
        (S::Install, &[2][..]),
        "the value of a flag hides no verb, but may be more than one word"
    );
    assert!(call("xargs apt-get install -y").open);
    assert!(call("xargs -a list apt-get install -y").open);
    assert_eq!(call("pacman $FLAGS git").action, S::Other);
}

#[test]
fn system_flags_and_clean_words() {
    let says = |text: &str, list: fn(&SystemManager) -> &Vec<String>| {
        let words = words(text);
        let call = knowledge().system_call(&words).unwrap();
        call.says(&words, list(call.manager))
    };
    assert!(says("apt-get install -yq x", |m| &m.assume_yes));
    assert!(
        says("apt-get install -qq x", |m| &m.assume_yes),
        "-qq implies -y (apt-get(8))"
    );
    assert!(!says("apt-get install -q x", |m| &m.assume_yes));
    assert!(!says("apt-get install --no-install-suggests x", |m| &m
        .no_recommends));
    assert!(says(
        "dnf install --setopt install_weak_deps=False x",
        |m| &m.no_recommends
    ));
    assert!(says("apk add -s x", |m| &m.idle));
    let call = |text: &str| {
        let words = words(text);
        let call = knowledge().system_call(&words).unwrap();
        (call.updates, call.cleans_lists)
    };
    assert_eq!(call("apk add bash"), (false, false));
    assert_eq!(call("apk add --no-cache bash"), (true, false));
    assert_eq!(call("apk -U add bash"), (true, false));
    assert_eq!(call("dnf -y install bash"), (true, false));
    assert_eq!(call("dnf clean all"), (false, true));
    assert_eq!(call("dnf -y clean packages"), (false, false));
    assert_eq!(
        call("apt-get clean"),
        (false, false),
        "it leaves all of the lists"
    );
    assert_eq!(call("apt-get dist-clean"), (false, true));
    assert_eq!(call("zypper clean --all"), (false, true));
    assert_eq!(call("zypper clean"), (false, false));
    assert_eq!(call("pacman -Sy git"), (true, false));
}

#[test]
fn lists_are_cleaned_in_many_spellings() {
    let apt = knowledge().system_manager("apt-get").unwrap();
    for path in [
        "/var/lib/apt/lists/*",
        "/var/lib/apt/lists",
        "/var/lib/apt/lists/",
        "//var/lib/apt/lists//*",
        "/var/lib/apt/*",
        "/var/lib/apt/lists/*_*",
        "/var/lib/{apt,dpkg,cache,log}/",
        "/var/lib/{apt/lists,cache}",
    ] {
        assert!(apt.cleaned_by_removing(path), "{path}");
    }
    for path in [
        "/var/lib/apt/lists/partial",
        "/var/lib/dpkg",
        "var/lib/apt/lists",
        "/var/lib/apt/lists-old",
        "/var/cache/apt/*",
        "/var/lib/{dpkg,log}",
    ] {
        assert!(!apt.cleaned_by_removing(path), "{path}");
    }
    assert!(apt.mount_hides_state("/var/lib/apt") && apt.mount_hides_state("/var/lib"));
    assert!(!apt.mount_hides_state("/var/lib/apt/lists"));
    assert!(apt.keeps_in("/var/lib/apt/lists/x") && !apt.keeps_in("/var/lib/apt"));
}

#[test]
fn language_commands_as_people_write_them() {
    use LanguageAction as L;
    for (text, manager, action, operands) in [
        (
            "pip install --no-cache-dir -r requirements.txt",
            "pip",
            L::Install,
            "",
        ),
        ("pip3 install flask", "pip", L::Add, "flask"),
        (
            "pip3.11 install -U pip setuptools",
            "pip",
            L::Add,
            "pip setuptools",
        ),
        ("python -m pip install .", "pip", L::Install, "."),
        (
            "python3.12 -u -m pip install -e .[dev]",
            "pip",
            L::Install,
            "",
        ),
        (
            "/usr/local/bin/pip wheel -w /wheels .",
            "pip",
            L::Build,
            ".",
        ),
        ("pip cache purge", "pip", L::Clean, ""),
        (
            "uv sync --frozen --no-install-project --no-dev",
            "uv",
            L::Install,
            "",
        ),
        (
            "uv --no-cache pip install --system -r requirements.txt",
            "uv",
            L::Install,
            "",
        ),
        ("uv pip install --system flask", "uv", L::Add, "flask"),
        ("uv run python app.py", "uv", L::Run, "python app.py"),
        ("uvx ruff check", "uv", L::Run, "ruff check"),
        (
            "poetry install --no-root --only main",
            "poetry",
            L::Install,
            "",
        ),
        ("pipenv install --system --deploy", "pipenv", L::Install, ""),
        (
            "conda env create -f environment.yml",
            "conda",
            L::Install,
            "",
        ),
        ("conda install -y numpy", "conda", L::Add, "numpy"),
        ("micromamba clean --all --yes", "conda", L::Clean, ""),
        ("npm ci --omit=dev", "npm", L::Install, ""),
        ("npm install", "npm", L::Install, ""),
        ("npm --prefix web install", "npm", L::Install, ""),
        ("npm i -g typescript", "npm", L::Add, "typescript"),
        ("npm run build", "npm", L::Build, ""),
        ("npm run start", "npm", L::Run, "start"),
        ("npm cache clean --force", "npm", L::Clean, ""),
        ("npx tsc", "npm", L::Run, "tsc"),
        ("yarn", "yarn", L::Install, ""),
        ("yarn install --frozen-lockfile", "yarn", L::Install, ""),
        ("yarn install --immutable", "yarn-berry", L::Install, ""),
        (
            "yarn workspaces focus --production",
            "yarn-berry",
            L::Install,
            "",
        ),
        ("yarn build", "yarn", L::Build, ""),
        (
            "pnpm install --frozen-lockfile --prod",
            "pnpm",
            L::Install,
            "",
        ),
        ("pnpm fetch", "pnpm", L::Install, ""),
        ("bun install --production", "bun", L::Install, ""),
        ("deno cache main.ts", "deno", L::Install, "main.ts"),
        ("go mod download", "go", L::Install, ""),
        (
            "go build -ldflags -s -o /app ./cmd/app",
            "go",
            L::Build,
            "./cmd/app",
        ),
        ("go mod vendor", "go", L::Build, ""),
        (
            "go install example.com/x@latest",
            "go",
            L::Add,
            "example.com/x@latest",
        ),
        ("cargo fetch --locked", "cargo", L::Install, ""),
        (
            "cargo build --release --target x86_64-unknown-linux-musl",
            "cargo",
            L::Build,
            "",
        ),
        (
            "cargo chef cook --release --recipe-path recipe.json",
            "cargo",
            L::Install,
            "",
        ),
        ("mvn -B dependency:go-offline", "maven", L::Install, ""),
        ("mvn clean package -DskipTests", "maven", L::Build, ""),
        ("./mvnw -f pom.xml clean", "maven", L::Clean, ""),
        (
            "gradle --no-daemon clean build -x test",
            "gradle",
            L::Build,
            "",
        ),
        ("./gradlew :app:bootJar", "gradle", L::Build, ""),
        (
            "dotnet restore src/App.csproj",
            "dotnet",
            L::Install,
            "src/App.csproj",
        ),
        (
            "dotnet publish -c Release -o /out --no-restore",
            "dotnet",
            L::Build,
            "",
        ),
        (
            "dotnet tool install -g dotnet-ef",
            "dotnet",
            L::Add,
            "dotnet-ef",
        ),
        (
            "composer install --no-dev --no-scripts",
            "composer",
            L::Install,
            "",
        ),
        ("php composer.phar install", "composer", L::Install, ""),
        ("bundle install --jobs 4", "bundler", L::Install, ""),
        (
            "bundle exec rake assets:precompile",
            "bundler",
            L::Run,
            "rake assets:precompile",
        ),
        ("gem install bundler -v 2.4", "gem", L::Add, "bundler"),
        ("mix deps.get --only prod", "mix", L::Install, ""),
        ("mix local.hex --force", "mix", L::Add, ""),
        (
            "cabal build --only-dependencies all",
            "cabal",
            L::Install,
            "all",
        ),
        ("cabal build all", "cabal", L::Build, "all"),
        ("opam install . --deps-only", "opam", L::Install, "."),
        ("opam install dune", "opam", L::Add, "dune"),
        ("stack setup", "stack", L::Install, ""),
        (
            "luarocks install lua-cjson",
            "luarocks",
            L::Add,
            "lua-cjson",
        ),
        ("sbt update", "sbt", L::Install, ""),
        ("sudo -H pip install x", "pip", L::Add, "x"),
        ("npm $CMD", "npm", L::Other, ""),
        ("npm whatever", "npm", L::Other, ""),
    ] {
        let words = words(text);
        let call = knowledge()
            .language_call(&words)
            .unwrap_or_else(|| panic!("{text}: no call"));
        let found: Vec<&str> = call.operands.iter().filter_map(|at| words[*at]).collect();
        assert_eq!(
            (
                call.manager.id.as_str(),
                call.action,
                found.join(" ").as_str()
            ),
            (manager, action, operands),
            "{text}"
        );
    }
    for text in [
        "python app.py",
        "python -c pip",
        "python -m venv /venv",
        "node npm",
        "php artisan migrate",
        "gofmt",
        "apt-get install npm",
    ] {
        assert!(knowledge().language_call(&words(text)).is_none(), "{text}");
    }
}

#[test]
fn language_flags_and_variables() {
    let with = |text: &str| {
        let words = words(text);
        let call = knowledge().language_call(&words).unwrap();
        (
            call.is_frozen(&words),
            call.defeats_cache(&words),
            call.says(&words, &call.manager.omit_dev),
        )
    };
    assert_eq!(with("npm ci"), (true, false, false));
    assert_eq!(with("npm install --omit dev"), (false, false, true));
    assert_eq!(with("npm install --omit=optional"), (false, false, false));
    assert_eq!(with("pip install --no-cache-dir x"), (false, true, false));
    assert_eq!(with("uv sync -n"), (false, true, false));
    assert_eq!(with("poetry install --only=main"), (true, false, true));
    assert_eq!(with("poetry install --only dev"), (true, false, false));
    assert_eq!(with("go mod download"), (true, false, false));
    assert_eq!(with("mvn -U package"), (false, true, false));

    let pip = knowledge().language_manager("pip").unwrap();
    assert!(
        ["1", "0", "false", "off"]
            .iter()
            .all(|value| pip.turned_off_by("PIP_NO_CACHE_DIR", value)),
        "any value turns pip's cache off"
    );
    assert!(!pip.turned_off_by("PIP_NO_CACHE_DIR", "") && !pip.turned_off_by("PIP_INDEX_URL", "1"));
    let uv = knowledge().language_manager("uv").unwrap();
    assert!(uv.turned_off_by("UV_NO_CACHE", "1") && !uv.turned_off_by("UV_NO_CACHE", "0"));
    let go = knowledge().language_manager("go").unwrap();
    assert!(
        go.offline_by("GOPROXY", "off")
            && !go.offline_by("GOPROXY", "direct")
            && go.offline_by("GOFLAGS", "-trimpath -mod=vendor")
    );

    let words = words("pip install -r requirements.txt --requirement=dev.txt -rmore.txt -r $FILE");
    let call = knowledge().language_call(&words).unwrap();
    assert_eq!(
        call.values_of(&words, &pip.manifest_flags),
        [
            Some("requirements.txt"),
            Some("dev.txt"),
            Some("more.txt"),
            None
        ]
    );
}

#[test]
fn yarn_is_one_of_two() {
    let or = |text: &str| {
        knowledge()
            .language_call(&words(text))
            .unwrap()
            .or
            .iter()
            .map(|manager| manager.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(or("yarn install"), ["yarn-berry"]);
    assert!(or("yarn install --immutable").is_empty());
    assert!(or("npm ci").is_empty());
}

#[test]
fn caches_lie_where_variables_and_homes_say() {
    let target =
        |manager: &str, name: &str, set: &[(&str, &str)], home: Option<&str>, root: bool| {
            let manager = knowledge().language_manager(manager).unwrap();
            let mount = manager
                .mounts
                .iter()
                .find(|mount| mount.name == name)
                .unwrap();
            let variable = |name: &str| {
                set.iter()
                    .find(|(other, _)| *other == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            mount.target(variable, home, root)
        };
    let some = |path: &str| Some(path.to_owned());
    assert_eq!(
        target("pip", "downloads", &[], Some("/root"), true),
        some("/root/.cache/pip/http-v2")
    );
    assert_eq!(
        target(
            "pip",
            "downloads",
            &[("PIP_CACHE_DIR", "/c/")],
            Some("/root"),
            true
        ),
        some("/c/http-v2")
    );
    assert_eq!(
        target(
            "pip",
            "downloads",
            &[("XDG_CACHE_HOME", "/x")],
            Some("/root"),
            true
        ),
        some("/x/pip/http-v2")
    );
    assert_eq!(
        target(
            "pip",
            "downloads",
            &[("PIP_CACHE_DIR", "")],
            Some("/home/a"),
            false
        ),
        some("/home/a/.cache/pip/http-v2")
    );
    assert_eq!(target("pip", "downloads", &[], None, false), None);
    assert_eq!(
        target("yarn", "all", &[], Some("/root"), true),
        some("/usr/local/share/.cache/yarn/v6")
    );
    assert_eq!(
        target("yarn", "all", &[], Some("/home/node"), false),
        some("/home/node/.cache/yarn/v6")
    );
    assert_eq!(
        target(
            "yarn",
            "all",
            &[("YARN_CACHE_FOLDER", "/y")],
            Some("/root"),
            true
        ),
        some("/y/v6")
    );
    assert_eq!(
        target("go", "modules", &[("GOPATH", "/go")], Some("/root"), true),
        some("/go/pkg/mod")
    );
    assert_eq!(
        target(
            "cargo",
            "registry",
            &[("CARGO_HOME", "/usr/local/cargo")],
            Some("/root"),
            true
        ),
        some("/usr/local/cargo/registry")
    );
    let pip = knowledge().language_manager("pip").unwrap();
    assert_eq!(
        pip.mounts[0].tmpfs_above("/root/.cache/pip/http-v2"),
        Some("/root/.cache/pip")
    );
    assert!(knowledge().language_manager("maven").unwrap().mounts[0].home_of_uid());
}

#[test]
fn programs_are_told_apart() {
    let k = knowledge();
    for name in [
        "echo",
        "printf",
        "test",
        "[",
        "true",
        "false",
        "cat",
        "curl",
        "/usr/bin/tar",
        "apt-get",
        "make",
    ] {
        assert!(
            k.program(name).is_some_and(Program::spares_the_shell),
            "{name}"
        );
    }
    for name in [
        "cd", "export", "set", "exec", ".", "source", "eval", "ulimit", "umask", "trap", "read",
        "command",
    ] {
        assert!(
            !k.program(name).is_some_and(Program::spares_the_shell),
            "{name}"
        );
        assert!(k.is_builtin(name), "{name}");
    }
    for name in [
        "apt-get", "pip3.11", "npm", "python3", "cargo", "make", "sh", "gem",
    ] {
        assert!(
            k.program(name)
                .is_some_and(|program| program.installs && program.code),
            "{name}"
        );
    }
    for name in ["chmod", "chown", "sed", "setcap", "strip"] {
        assert!(
            k.program(name).is_some_and(|program| program.in_place),
            "{name}"
        );
    }
    for name in ["gpg", "bazel", "service", "dbus-daemon"] {
        assert!(
            k.program(name).is_some_and(|program| program.stays),
            "{name}"
        );
    }
    for name in ["./make", "/app/git", "whatever", "./gradlew", ""] {
        assert!(k.program(name).is_none(), "{name}");
    }
    assert!(!k.is_builtin("cat"));
    assert!(k.program("envsubst").unwrap().reads_variable("VERSION"));
    assert!(k.program("git").unwrap().reads_variable("GIT_SHA"));
    assert!(!k.program("mkdir").unwrap().reads_variable("VERSION"));
}

#[test]
fn programs_name_the_paths_that_they_touch() {
    let touched = |text: &str| {
        let words: Vec<Word<'static>> = text
            .split_whitespace()
            .map(|word| (!word.starts_with('$')).then(|| &*word.to_owned().leak()))
            .collect();
        let name = words[0].unwrap_or_default();
        knowledge()
            .program(name)
            .and_then(|program| program.touches(&words))
            .map(|t| {
                let show = |list: &[usize]| {
                    list.iter()
                        .map(|at| words[*at].unwrap_or("$"))
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                (
                    show(&t.reads),
                    show(&t.writes),
                    show(&t.removes),
                    t.working_dir,
                )
            })
    };
    let some = |reads: &str, writes: &str, removes: &str, here: bool| {
        Some((
            reads.to_owned(),
            writes.to_owned(),
            removes.to_owned(),
            here,
        ))
    };
    assert_eq!(
        touched("mkdir -p -m 755 /a /b"),
        some("", "/a /b", "", false)
    );
    assert_eq!(touched("cp -r a b /dest"), some("a b", "/dest", "", false));
    assert_eq!(touched("cp -t /dest a b"), some("a b", "/dest", "", false));
    assert_eq!(touched("mv a /b"), some("a", "/b", "a", false));
    assert_eq!(touched("rm -rf /a $X"), some("", "", "/a $", false));
    assert_eq!(touched("ln -s /a /b"), some("/a", "/b", "", false));
    assert_eq!(touched("chmod +x /a"), some("/a", "/a", "", false));
    assert_eq!(
        touched("chown --reference=/r /a"),
        some("--reference=/r /a", "/a", "", false)
    );
    assert_eq!(
        touched("sed -i s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(
        touched("sed -i -e s/a/b/ /etc/x"),
        some("/etc/x", "/etc/x", "", false)
    );
    assert_eq!(
        touched("grep -q x /etc/passwd"),
        some("/etc/passwd", "", "", false)
    );
    assert_eq!(
        touched("curl -fsSLo /x.tgz https://x/y"),
        some("", "/x.tgz", "", true)
    );
    assert_eq!(touched("wget -qO /x https://x/y"), some("", "/x", "", true));
    assert_eq!(
        touched("tar -xzf /x.tgz -C /opt --strip-components=1"),
        some("/x.tgz", "/opt", "", true)
    );
    assert_eq!(
        touched("find /usr -name *.pyc -delete"),
        some("/usr", "", "/usr", false)
    );
    assert_eq!(touched("find . -exec rm {} +"), None);
    assert_eq!(
        touched("find $WHERE -name x"),
        None,
        "a word that isn't literal may be -exec"
    );
    assert_eq!(touched("echo hello"), some("", "", "", false));
    assert_eq!(touched("make install"), None);
    assert_eq!(
        touched("awk {print$1} /etc/passwd"),
        some("/etc/passwd", "", "", false)
    );
    assert_eq!(touched("awk {system($1)} /etc/passwd"), None);
    assert_eq!(
        touched("sudo rm /a"),
        None,
        "ask for the command behind sudo"
    );
}

#[test]
fn wrappers_are_seen_through() {
    let at = |text: &str| knowledge().command_at(&words(text));
    assert_eq!(at("rm -rf /a"), Some(0));
    assert_eq!(at("sudo -u app -E rm -rf /a"), Some(4));
    assert_eq!(at("env -u X A=b rm /a"), Some(4));
    assert_eq!(at("nice -n 10 timeout -k 5 60 make"), Some(7));
    assert_eq!(at("command -v git"), Some(0));
    assert_eq!(at("exec"), Some(0));
    assert_eq!(at("sudo $CMD"), None);
    assert_eq!(at("$CMD"), None);
}

#[test]
fn references_are_taken_apart() {
    let parse = |text: &str| {
        Reference::parse(text).map(|r| {
            (
                r.name,
                r.tag.unwrap_or_default(),
                r.digest.unwrap_or_default(),
            )
        })
    };
    let some = |name: &str, tag: &str, digest: &str| {
        Some((name.to_owned(), tag.to_owned(), digest.to_owned()))
    };
    assert_eq!(parse("python"), some("python", "", ""));
    assert_eq!(parse("python:3.12-slim"), some("python", "3.12-slim", ""));
    assert_eq!(
        parse("docker.io/library/python:3.12"),
        some("python", "3.12", "")
    );
    assert_eq!(parse("docker.io/python:3.12"), some("python", "3.12", ""));
    assert_eq!(parse("library/python"), some("python", "", ""));
    assert_eq!(
        parse("localhost:5000/python"),
        some("localhost:5000/python", "", "")
    );
    assert_eq!(
        parse("localhost:5000/a/python:3@sha256:00"),
        some("localhost:5000/a/python", "3", "sha256:00")
    );
    assert_eq!(parse("arm64v8/debian:12"), some("debian", "12", ""));
    assert_eq!(parse("bitnami/node:18"), some("bitnami/node", "18", ""));
    for none in ["", "$BASE", "python:${V}", "python:", ":3", "a b"] {
        assert_eq!(parse(none), None, "{none}");
    }
}

#[test]
fn images_are_known_by_name_and_tag() {
    let k = knowledge();
    for (reference, family, manager, user, sh) in [
        (
            "debian:bookworm-slim",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        ("ubuntu:22.04", Family::Debian, "apt-get", "root", "dash"),
        (
            "docker.io/library/alpine:3.20",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        ("i386/debian:11", Family::Debian, "apt-get", "root", "dash"),
        ("node:22", Family::Debian, "apt-get", "root", "dash"),
        (
            "node:22-alpine3.20",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        (
            "python:3.12-slim-bookworm@sha256:00",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        (
            "openjdk:8u171-jre-alpine3.8",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        (
            "openjdk:17-jdk-slim",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        ("centos:7", Family::Rhel, "yum", "root", "bash"),
        ("centos:centos7", Family::Rhel, "yum", "root", "bash"),
        ("fedora:latest", Family::Rhel, "dnf", "root", "bash"),
        (
            "registry.fedoraproject.org/fedora:30",
            Family::Rhel,
            "dnf",
            "root",
            "bash",
        ),
        (
            "registry.access.redhat.com/ubi8/ubi-minimal:8.5",
            Family::Rhel,
            "microdnf",
            "root",
            "bash",
        ),
        ("archlinux:base", Family::Arch, "pacman", "root", "bash"),
        ("opensuse/leap:15.6", Family::Suse, "zypper", "root", "bash"),
        (
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        (
            "jenkins/jenkins:lts",
            Family::Debian,
            "apt-get",
            "jenkins",
            "dash",
        ),
        ("mysql:8", Family::Rhel, "microdnf", "root", "bash"),
        (
            "busybox:1.31.0-uclibc",
            Family::Busybox,
            "",
            "root",
            "busybox",
        ),
        (
            "gcr.io/distroless/static-debian12:nonroot",
            Family::Distroless,
            "",
            "nonroot",
            "",
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled",
            Family::Distroless,
            "",
            "1654",
            "",
        ),
        ("scratch", Family::Scratch, "", "root", ""),
    ] {
        let image = k
            .base_image(reference)
            .unwrap_or_else(|| panic!("{reference}: unknown"));
        let managers = image
            .managers()
            .unwrap_or_else(|| panic!("{reference}: managers"));
        assert_eq!(
            (image.family(), managers.first().map_or("", String::as_str)),
            (family, manager),
            "{reference}"
        );
        assert_eq!(
            (image.default_user(), image.sh().unwrap_or_default()),
            (Some(user), sh),
            "{reference}"
        );
    }
    for unknown in [
        "someone/own:1",
        "python@sha256:00",
        "mycorp.example/python:3",
        "$BASE",
    ] {
        assert!(k.base_image(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn what_was_not_read_is_not_known() {
    let k = knowledge();
    let windows = k
        .base_image("golang:1.22-windowsservercore-ltsc2022")
        .unwrap();
    assert_eq!(
        (windows.family(), windows.workdir()),
        (Family::Windows, None)
    );
    let old = k
        .base_image("mcr.microsoft.com/dotnet/core/sdk:3.1-alpine")
        .unwrap();
    assert_eq!(
        (old.family(), old.managers(), old.ready_user()),
        (Family::Unknown, None, None)
    );
    let airflow = k.base_image("apache/airflow:2.9").unwrap();
    assert_eq!(
        (airflow.shell(), airflow.default_user()),
        (Some("other"), Some("50000"))
    );
    assert_eq!(
        k.base_image("cypress/factory:4").unwrap().has_onbuild(),
        Some(true)
    );
}

#[test]
fn images_bring_users_folders_and_variables() {
    let k = knowledge();
    let node = k.base_image("node:22-slim").unwrap();
    assert_eq!(
        node.ready_user(),
        Some(User {
            name: "node",
            uid: 1000,
            gid: 1000
        })
    );
    assert!(node.docker_clean() && node.is_slim() && node.has_shell("bash") == Some(true));
    assert_eq!(
        node.entrypoint(),
        Entrypoint::Is("[\"docker-entrypoint.sh\"]")
    );
    assert_eq!(k.base_image("python:3.12").unwrap().ready_user(), None);
    assert_eq!(
        k.base_image("python:3.12").unwrap().entrypoint(),
        Entrypoint::Absent
    );
    assert_eq!(k.base_image("golang:1.22").unwrap().workdir(), Some("/go"));
    assert_eq!(
        k.base_image("golang:1.22")
            .unwrap()
            .env()
            .get("GOPATH")
            .map(String::as_str),
        Some("/go")
    );
    assert_eq!(
        k.base_image("rust:1")
            .unwrap()
            .env()
            .get("CARGO_HOME")
            .map(String::as_str),
        Some("/usr/local/cargo")
    );
    assert_eq!(
        k.base_image("postgres:16").unwrap().drops_rights(),
        Some(true)
    );
    assert_eq!(
        k.base_image("alpine").unwrap().has_shell("bash"),
        Some(false)
    );
    assert_eq!(
        k.base_image("bash:5").unwrap().has_shell("bash"),
        Some(true)
    );
    assert_eq!(
        k.base_image("ubuntu:24.04")
            .unwrap()
            .ready_user()
            .map(|user| user.uid),
        Some(1000)
    );
    assert_eq!(k.base_image("ubuntu:22.04").unwrap().ready_user(), None);
}

#[test]
fn siblings_follow_the_grammar_of_tags() {
    let slim = |reference: &str| {
        knowledge()
            .base_image(reference)
            .and_then(|image| image.slim_sibling())
    };
    for (from, to) in [
        ("node:22", "node:22-slim"),
        ("node:22-bookworm", "node:22-bookworm-slim"),
        ("python:3.12", "python:3.12-slim"),
        ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
        (
            "docker.io/library/python:3.12",
            "docker.io/library/python:3.12-slim",
        ),
        ("rust:1.83", "rust:1.83-slim"),
        ("rust:bookworm", "rust:slim-bookworm"),
        ("debian:bookworm", "debian:bookworm-slim"),
        ("openjdk:11-jdk", "openjdk:11-jdk-slim"),
    ] {
        assert_eq!(slim(from).as_deref(), Some(to), "{from}");
    }
    for none in [
        "node",
        "node:latest",
        "node:22-slim",
        "node:22-alpine",
        "node:22@sha256:00",
        "golang:1.22",
        "php:8.3",
        "python:3.12-windowsservercore",
        "openjdk:17-jdk",
    ] {
        assert_eq!(slim(none), None, "{none}");
    }
    let alpine = |reference: &str| {
        knowledge()
            .base_image(reference)
            .and_then(|image| image.alpine_sibling())
    };
    assert_eq!(
        alpine("golang:1.22-bookworm").as_deref(),
        Some("golang:1.22-alpine")
    );
    assert_eq!(alpine("php:8.3-fpm").as_deref(), Some("php:8.3-fpm-alpine"));
    assert_eq!(alpine("php:8.3-apache"), None);
    assert_eq!(
        alpine("python:3.12-slim-bookworm").as_deref(),
        Some("python:3.12-alpine")
    );
}

#[test]
fn the_user_adds_to_the_tables() {
    let user: toml::Table = r#"
        [package_managers.opkg]
        programs = ["opkg"]
        update = ["update"]
        install = ["install"]
        lists = ["/var/opkg-lists"]

        [language_managers.hatch]
        ecosystem = "python"
        programs = ["hatch"]
        build = ["build"]

        [programs.mytool]
        paths = "read"

        [base_images.image."corp.example/base"]
        tags = [{ tag = "*", os = "alpine" }]
    "#
    .parse()
    .unwrap();
    let knowledge = Knowledge::with(&user).unwrap();
    assert_eq!(
        knowledge
            .system_call(&words("opkg install x"))
            .unwrap()
            .action,
        S::Install
    );
    assert_eq!(
        knowledge
            .system_call(&words("apt-get update"))
            .unwrap()
            .action,
        S::Update
    );
    assert_eq!(
        knowledge
            .language_call(&words("hatch build"))
            .unwrap()
            .action,
        LanguageAction::Build
    );
    assert!(knowledge.program("mytool").is_some() && knowledge.program("cat").is_some());
    assert_eq!(
        knowledge
            .base_image("corp.example/base:1")
            .unwrap()
            .family(),
        Family::Alpine
    );
    assert_eq!(
        knowledge.base_image("alpine").unwrap().family(),
        Family::Alpine
    );
}

#[test]
fn keys_that_nobody_knows_are_errors() {
    for (text, table, says) in [
        (
            "[package_managers.x]\nprograms = []\ninstal = []",
            "package_managers",
            "instal",
        ),
        (
            "[language_managers.x]\necosystem = \"y\"\nprograms = [\"x\"]\ncache = 1",
            "language_managers",
            "cache",
        ),
        ("[programs.x]\nbuiltins = true", "programs", "builtins"),
        (
            "[base_images.image.x]\ntags = [{ tag = \"*\", os = \"alpine\", sh = \"x\" }]",
            "base_images",
            "sh",
        ),
        ("[managers.x]\nprograms = []", "managers", "no such table"),
        ("package_managers = 3", "package_managers", "not a table"),
    ] {
        let error = Knowledge::with(&text.parse().unwrap()).unwrap_err();
        assert_eq!(error.table, table);
        assert!(error.message.contains(says), "{error}");
    }
}
