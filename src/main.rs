//! The `gleipnir` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    gleipnir::cli::main()
}
