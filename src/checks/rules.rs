//! The lint rules of `docker build --check`, in the order of BuildKit's `linter/ruleset.go`.

/// A lint rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// BuildKit's name: `StageNameCasing`.
    pub name: &'static str,
    /// What it asks for, and so what a fix has to do.
    pub description: &'static str,
    /// The last part of its page's address, below `https://docs.docker.com/reference/build-checks/`.
    pub page: &'static str,
    /// Whether it speaks only when `# check=experimental=` names it.
    pub experimental: bool,
}

impl Rule {
    /// The rule called `name`.
    pub fn of(name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.name == name)
    }

    /// The address of its page.
    pub fn url(&self) -> String {
        format!(
            "https://docs.docker.com/reference/build-checks/{}/",
            self.page
        )
    }
}

const fn rule(name: &'static str, page: &'static str, description: &'static str) -> Rule {
    Rule {
        name,
        description,
        page,
        experimental: false,
    }
}

/// All rules of dockerd 28.5.
pub const RULES: &[Rule] = &[
    rule(
        "StageNameCasing",
        "stage-name-casing",
        "A stage is named in lower case: the name after AS.",
    ),
    rule(
        "FromAsCasing",
        "from-as-casing",
        "AS is written in the case of its FROM.",
    ),
    rule(
        "NoEmptyContinuation",
        "no-empty-continuation",
        "No blank line stands between a continued line and the next one.",
    ),
    rule(
        "ConsistentInstructionCasing",
        "consistent-instruction-casing",
        "All keywords are in one case, that of the majority; upper case when it is even.",
    ),
    rule(
        "DuplicateStageName",
        "duplicate-stage-name",
        "Two stages don't share a name.",
    ),
    rule(
        "ReservedStageName",
        "reserved-stage-name",
        "No stage is called `scratch` or `context`.",
    ),
    rule(
        "JSONArgsRecommended",
        "json-args-recommended",
        "CMD and ENTRYPOINT are in exec form, or a SHELL stands before them, so that signals reach the program.",
    ),
    rule(
        "MaintainerDeprecated",
        "maintainer-deprecated",
        "MAINTAINER gives way to the label `org.opencontainers.image.authors`.",
    ),
    rule(
        "UndefinedArgInFrom",
        "undefined-arg-in-from",
        "A variable in FROM is declared by an ARG before the first FROM, or is a platform variable.",
    ),
    rule(
        "WorkdirRelativePath",
        "workdir-relative-path",
        "The first WORKDIR of a stage is absolute, since a relative one depends on the base image.",
    ),
    rule(
        "UndefinedVar",
        "undefined-var",
        "A variable is set by ENV or ARG of the stage, or by its base, before it is used.",
    ),
    rule(
        "MultipleInstructionsDisallowed",
        "multiple-instructions-disallowed",
        "A stage has one CMD, one ENTRYPOINT and one HEALTHCHECK, since only the last one counts.",
    ),
    rule(
        "LegacyKeyValueFormat",
        "legacy-key-value-format",
        "ENV and LABEL are written `name=value`, not `name value`.",
    ),
    rule(
        "InvalidBaseImagePlatform",
        "invalid-base-image-platform",
        "The base image is one of the platform that is built for. Known only to a build.",
    ),
    rule(
        "RedundantTargetPlatform",
        "redundant-target-platform",
        "FROM needs no `--platform=$TARGETPLATFORM`: that is the default.",
    ),
    rule(
        "SecretsUsedInArgOrEnv",
        "secrets-used-in-arg-or-env",
        "Secrets come in by a secret mount, not by ARG or ENV, which stay in the image's history.",
    ),
    rule(
        "InvalidDefaultArgInFrom",
        "invalid-default-arg-in-from",
        "The defaults of global ARGs make a valid image name in FROM.",
    ),
    rule(
        "FromPlatformFlagConstDisallowed",
        "from-platform-flag-const-disallowed",
        "FROM's `--platform` is a variable, or the stage's name says the platform.",
    ),
    Rule {
        name: "CopyIgnoredFile",
        description: "COPY and ADD name no file that .dockerignore keeps out.",
        page: "copy-ignored-file",
        experimental: true,
    },
    Rule {
        name: "InvalidDefinitionDescription",
        description: "A comment right above an ARG or a named FROM starts with its name, or has a blank line below.",
        page: "invalid-definition-description",
        experimental: true,
    },
    rule(
        "ExposeProtoCasing",
        "expose-proto-casing",
        "The protocol of EXPOSE is in lower case.",
    ),
    rule(
        "ExposeInvalidFormat",
        "expose-invalid-format",
        "EXPOSE names ports of the container alone, without address or host port.",
    ),
];
