//! The `kleinraum` program: reads the command line, runs, says how it went.

fn main() -> std::process::ExitCode {
    kleinraum::cli::main()
}
