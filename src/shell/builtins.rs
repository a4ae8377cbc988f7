//! Commands that run in the shell itself, in any of dash, bash and busybox ash.

/// Every builtin of dash 0.5.12, bash 5.2 and busybox 1.35 ash, sorted. A fixed name that is not here, and that no function takes, is an
/// external program.
pub const BUILTINS: [&str; 63] = [
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Builtins that leave nothing behind in the shell that runs them. (`printf -v` and arguments that assign are looked for apart.)
pub const NEUTRAL_BUILTINS: [&str; 7] = [":", "[", "echo", "false", "printf", "test", "true"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_fit() {
        assert!(BUILTINS.is_sorted());
        assert!(NEUTRAL_BUILTINS.is_sorted());
        assert!(NEUTRAL_BUILTINS.iter().all(|name| BUILTINS.contains(name)));
    }
}
