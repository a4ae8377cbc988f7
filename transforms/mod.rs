//! The chain, read top to bottom.
//!
//! A transform is a file here: its page (`//!`) and below it the code. It joins the product by its `pub mod` line and
//! its place in [`CHAIN`].

pub mod absolute_workdir;
pub mod add_init;
pub mod add_user;
pub mod apt_get_not_apt;
pub mod assume_yes;
pub mod clean_packages;
pub mod close_continuation;
pub mod copy_deps_first;
pub mod copy_not_add;
pub mod delay_args;
pub mod drop_overridden;
pub mod drop_sudo;
pub mod exec_form;
pub mod expose_case;
pub mod expose_port;
pub mod from_as_case;
pub mod hide_secrets;
pub mod install_before_copy;
pub mod join_installs;
pub mod key_value_form;
pub mod keyword_case;
pub mod label_maintainer;
pub mod merge_runs;
pub mod mount_caches;
pub mod omit_dev_dependencies;
pub mod purge_build_deps;
pub mod read_only_root;
pub mod redundant_platform;
pub mod remove_tools;
pub mod skip_recommends;
pub mod slash_destination;
pub mod slim_base;
pub mod split_stages;
pub mod stage_name_case;
pub mod strip_binaries;
pub mod use_cache_from;
pub mod use_pipefail;
pub mod write_dockerignore;

use crate::transform::{Link, Profile};

/// A link whose page is the module's own documentation.
macro_rules! link {
    ($id:literal, $module:ident::$transform:ident) => {
        Link::new(
            $id,
            include_str!(concat!(stringify!($module), ".rs")),
            &$module::$transform,
        )
    };
    ($id:literal, folder $module:ident::$transform:ident) => {
        Link::new(
            $id,
            include_str!(concat!(stringify!($module), "/mod.rs")),
            &$module::$transform,
        )
    };
}

/// Every transform, in the order in which it runs.
#[rustfmt::skip]
pub static CHAIN: &[Link] = &[
    // Layers and size
    link!("merge-runs", merge_runs::MergeRuns).answers(&["DL3059", "DL3009"]),
    link!("clean-packages", folder clean_packages::CleanPackages).answers(&["DL3009", "DL3019", "DL3032", "DL3036", "DL3040"]),
    link!("skip-recommends", skip_recommends::SkipRecommends).answers(&["DL3015"]).profile(Profile::Recommended),
    link!("join-installs", join_installs::JoinInstalls),
    link!("purge-build-deps", purge_build_deps::PurgeBuildDeps).profile(Profile::Hardened),
    // Size
    link!("split-stages", folder split_stages::SplitStages).profile(Profile::Hardened),
    link!("omit-dev-dependencies", omit_dev_dependencies::OmitDevDependencies).profile(Profile::Hardened),
    link!("strip-binaries", strip_binaries::StripBinaries).profile(Profile::Hardened),
    link!("slim-base", slim_base::SlimBase).profile(Profile::Recommended),
    link!("write-dockerignore", write_dockerignore::WriteDockerignore).profile(Profile::Recommended),
    // Cache
    link!("install-before-copy", install_before_copy::InstallBeforeCopy),
    link!("delay-args", delay_args::DelayArgs),
    link!("copy-deps-first", folder copy_deps_first::CopyDepsFirst).profile(Profile::Recommended),
    link!("mount-caches", folder mount_caches::MountCaches),
    // Safety of the running image
    link!("add-user", folder add_user::AddUser).profile(Profile::Hardened).answers(&["DL3002"]),
    link!("use-pipefail", use_pipefail::UsePipefail).profile(Profile::Recommended).answers(&["DL4006"]),
    link!("add-init", add_init::AddInit).profile(Profile::Hardened),
    link!("read-only-root", read_only_root::ReadOnlyRoot),
    link!("hide-secrets", hide_secrets::HideSecrets).answers(&["SecretsUsedInArgOrEnv", "DL3064"]),
    link!("use-cache-from", use_cache_from::UseCacheFrom),
    link!("remove-tools", remove_tools::RemoveTools).off(),
    // Modern form
    link!("keyword-case", keyword_case::KeywordCase).answers(&["ConsistentInstructionCasing"]),
    link!("from-as-case", from_as_case::FromAsCase).answers(&["FromAsCasing"]),
    link!("stage-name-case", stage_name_case::StageNameCase).answers(&["StageNameCasing"]),
    link!("redundant-platform", redundant_platform::RedundantPlatform).answers(&["RedundantTargetPlatform", "DL3065"]),
    link!("close-continuation", close_continuation::CloseContinuation).answers(&["NoEmptyContinuation"]),
    link!("key-value-form", key_value_form::KeyValueForm).answers(&["LegacyKeyValueFormat"]),
    link!("expose-case", expose_case::ExposeCase).answers(&["ExposeProtoCasing"]),
    link!("expose-port", expose_port::ExposePort).answers(&["ExposeInvalidFormat"]),
    link!("drop-overridden", drop_overridden::DropOverridden).answers(&["MultipleInstructionsDisallowed", "DL3012", "DL4003", "DL4004"]),
    link!("label-maintainer", label_maintainer::LabelMaintainer).profile(Profile::Recommended).answers(&["MaintainerDeprecated", "DL4000"]),
    link!("absolute-workdir", absolute_workdir::AbsoluteWorkdir).answers(&["WorkdirRelativePath", "DL3000"]),
    link!("slash-destination", slash_destination::SlashDestination).answers(&["DL3021"]),
    link!("copy-not-add", copy_not_add::CopyNotAdd).answers(&["DL3020"]),
    link!("exec-form", exec_form::ExecForm).profile(Profile::Recommended).answers(&["JSONArgsRecommended", "DL3025"]),
    link!("drop-sudo", drop_sudo::DropSudo).answers(&["DL3004"]),
    link!("apt-get-not-apt", apt_get_not_apt::AptGetNotApt).answers(&["DL3027"]),
    link!("assume-yes", assume_yes::AssumeYes).profile(Profile::Recommended).answers(&["DL3014", "DL3030", "DL3034", "DL3038"]),
];
