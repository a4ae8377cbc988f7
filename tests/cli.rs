//! The command line: in this process with a chain of test transforms, and as a program.

#[path = "cli/check.rs"]
mod check;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/fix.rs"]
mod fix;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/room.rs"]
mod room;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/verify.rs"]
mod verify;
#[path = "cli/write.rs"]
mod write;
