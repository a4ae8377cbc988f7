//! Commands of language managers, and where their caches lie.

use super::*;

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
