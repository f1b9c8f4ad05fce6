//! Why there can be no Synapse on this machine, and what its owner can do about it.

use std::fmt::Write as _;

/// Synapse cannot be installed here: Python is missing or too old, or PyPI cannot be reached.
///
/// The message holds the cause and full instructions. Find it with `anyhow::Error::downcast_ref`; anything
/// else that [`Synapse::start`](crate::Synapse::start) returns is a failure to be looked into.
#[derive(Debug, thiserror::Error)]
#[error(
    "Synapse cannot be installed on this machine: {cause}\n\
     What needs a real homeserver needs Python 3.10 or newer with its venv module, and PyPI on the first run:\n  \
       Debian, Ubuntu  apt install python3 python3-venv\n  \
       Fedora          dnf install python3\n  \
       macOS           brew install python\n\
     Then run the same command again; the installation goes into the build folder (target/), nowhere else."
)]
pub struct Unavailable {
    cause: String,
}

impl Unavailable {
    pub(crate) fn no_python(rejected: &[String]) -> Self {
        let mut cause = String::from("no usable Python was found. Tried:");
        for line in rejected {
            let _ = write!(cause, "\n  {line}");
        }
        Self { cause }
    }

    pub(crate) fn no_venv(output: &str) -> Self {
        Self { cause: format!("Python could not make a virtual environment (python -m venv):\n{output}") }
    }

    pub(crate) fn no_packages(output: &str) -> Self {
        Self {
            cause: format!("pip could not install the packages from PyPI. Is there a connection?\n{output}"),
        }
    }
}
