//! How does the program start?
//!
//! Command line, configuration, log; then the subcommand. What goes wrong is one line on standard error.

#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("planogram: {error:#}");
            ExitCode::from(2)
        }
    }
}
