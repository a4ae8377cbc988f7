//! The chain, read top to bottom.
//!
//! A transform is a file here: its page (`//!`) and below it the code. It joins the product by its `pub mod` line and
//! its place in [`CHAIN`].

pub mod absolute_workdir;
pub mod add_init;
pub mod add_user;
pub mod apt_get_not_apt;
pub mod assume_yes;
pub mod close_continuation;
pub mod copy_not_add;
pub mod drop_overridden;
pub mod drop_sudo;
pub mod exec_form;
pub mod expose_case;
pub mod expose_port;
pub mod from_as_case;
pub mod hide_secrets;
pub mod key_value_form;
pub mod keyword_case;
pub mod label_maintainer;
pub mod merge_runs;
pub mod read_only_root;
pub mod redundant_platform;
pub mod remove_tools;
pub mod slash_destination;
pub mod stage_name_case;
pub mod use_cache_from;
pub mod use_pipefail;

use crate::transform::{Link, Profile};

/// A link whose page is the module's own documentation.
macro_rules! link {
    ($id:literal, $file:literal, $transform:expr) => {
        Link::new($id, include_str!($file), &$transform)
    };
}

/// Every transform, in the order in which it runs.
pub static CHAIN: &[Link] = &[
    // Layers and size
    link!("merge-runs", "merge_runs.rs", merge_runs::MergeRuns).answers(&["DL3059", "DL3009"]),
    // Safety of the running image
    link!("add-user", "add_user/mod.rs", add_user::AddUser)
        .profile(Profile::Hardened)
        .answers(&["DL3002"]),
    link!("use-pipefail", "use_pipefail.rs", use_pipefail::UsePipefail)
        .profile(Profile::Recommended)
        .answers(&["DL4006"]),
    link!("add-init", "add_init.rs", add_init::AddInit).profile(Profile::Hardened),
    link!("hide-secrets", "hide_secrets.rs", hide_secrets::HideSecrets)
        .answers(&["SecretsUsedInArgOrEnv"]),
    link!(
        "read-only-root",
        "read_only_root.rs",
        read_only_root::ReadOnlyRoot
    ),
    link!(
        "use-cache-from",
        "use_cache_from.rs",
        use_cache_from::UseCacheFrom
    ),
    link!("remove-tools", "remove_tools.rs", remove_tools::RemoveTools).off(),
    // Modern form
    link!("keyword-case", "keyword_case.rs", keyword_case::KeywordCase)
        .answers(&["ConsistentInstructionCasing"]),
    link!("from-as-case", "from_as_case.rs", from_as_case::FromAsCase).answers(&["FromAsCasing"]),
    link!(
        "stage-name-case",
        "stage_name_case.rs",
        stage_name_case::StageNameCase
    )
    .answers(&["StageNameCasing"]),
    link!(
        "redundant-platform",
        "redundant_platform.rs",
        redundant_platform::RedundantPlatform
    )
    .answers(&["RedundantTargetPlatform"]),
    link!(
        "close-continuation",
        "close_continuation.rs",
        close_continuation::CloseContinuation
    )
    .answers(&["NoEmptyContinuation"]),
    link!(
        "key-value-form",
        "key_value_form.rs",
        key_value_form::KeyValueForm
    )
    .answers(&["LegacyKeyValueFormat"]),
    link!("expose-case", "expose_case.rs", expose_case::ExposeCase).answers(&["ExposeProtoCasing"]),
    link!("expose-port", "expose_port.rs", expose_port::ExposePort)
        .answers(&["ExposeInvalidFormat"]),
    link!(
        "drop-overridden",
        "drop_overridden.rs",
        drop_overridden::DropOverridden
    )
    .answers(&[
        "MultipleInstructionsDisallowed",
        "DL3012",
        "DL4003",
        "DL4004",
    ]),
    link!(
        "label-maintainer",
        "label_maintainer.rs",
        label_maintainer::LabelMaintainer
    )
    .answers(&["MaintainerDeprecated", "DL4000"]),
    link!(
        "absolute-workdir",
        "absolute_workdir.rs",
        absolute_workdir::AbsoluteWorkdir
    )
    .answers(&["WorkdirRelativePath", "DL3000"]),
    link!(
        "slash-destination",
        "slash_destination.rs",
        slash_destination::SlashDestination
    )
    .answers(&["DL3021"]),
    link!("copy-not-add", "copy_not_add.rs", copy_not_add::CopyNotAdd).answers(&["DL3020"]),
    link!("exec-form", "exec_form.rs", exec_form::ExecForm)
        .answers(&["JSONArgsRecommended", "DL3025"]),
    link!("drop-sudo", "drop_sudo.rs", drop_sudo::DropSudo).answers(&["DL3004"]),
    link!(
        "apt-get-not-apt",
        "apt_get_not_apt.rs",
        apt_get_not_apt::AptGetNotApt
    )
    .answers(&["DL3027"]),
    link!("assume-yes", "assume_yes.rs", assume_yes::AssumeYes)
        .answers(&["DL3014", "DL3030", "DL3034", "DL3038"]),
];
