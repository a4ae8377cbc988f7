//! `careen`: argv -> command -> exit status.
fn main() -> std::process::ExitCode {
    careen::cli::main()
}
