//! Installs the pinned Synapse into a virtual environment below the build folder, once per Python version.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result};

use crate::Unavailable;

/// The version of Synapse that is installed and started.
pub const SYNAPSE_VERSION: &str = "1.163.2";

/// Synapse and everything it needs, each at one version.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The oldest Python that this Synapse runs on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// The names under which a usable Python may be found, the best guess first.
const PYTHONS: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/// An installed Synapse.
pub(crate) struct Installation {
    /// The Python of the virtual environment.
    pub(crate) python: PathBuf,
    /// The folder which all environments, the lock and the template database share.
    pub(crate) home: PathBuf,
}

impl Installation {
    /// Finds the installation, or makes it: about half a minute with a good connection.
    ///
    /// # Errors
    /// [`Unavailable`] when Python or PyPI are missing; otherwise an error of the file system.
    pub(crate) async fn ensure(python: Option<PathBuf>) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::ensure_blocking(python.as_deref()))
            .await
            .context("the installation of Synapse panicked")?
    }

    fn ensure_blocking(python: Option<&Path>) -> Result<Self> {
        let (python, (major, minor)) = match python {
            Some(chosen) => find_python(&[chosen.as_os_str()])?,
            None => find_python(&PYTHONS.map(OsStr::new))?,
        };
        let home = build_folder()?.join("throwaway-synapse");
        fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
        let venv = home.join(format!("venv-{SYNAPSE_VERSION}-py{major}.{minor}"));
        let installation = Self { python: venv.join("bin/python"), home };

        let _lock = installation.lock()?;
        // The marker is written last, so an interrupted installation, or one of other versions, is redone.
        let marker = venv.join("installed.txt");
        let complete = fs::read(&marker).is_ok_and(|installed| installed == REQUIREMENTS.as_bytes());
        if !(complete && installation.python.is_file()) {
            announce(&format!(
                "throwaway-synapse: installing Synapse {SYNAPSE_VERSION} into {} (once, about a minute)",
                venv.display()
            ));
            make_venv(&python, &venv)?;
            fs::write(&marker, REQUIREMENTS).context("cannot write the marker of the installation")?;
        }
        Ok(installation)
    }

    /// Waits for the lock that keeps processes from preparing the same files at once; it ends with the value.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.home.join("lock");
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }
}

/// Says something on standard error even from a test, whose `eprintln!` nobody sees unless it fails.
pub(crate) fn announce(line: &str) {
    // There is nobody left to tell when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Cargo's build folder: the one that the running program lies in, or else `target/` of this workspace.
fn build_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    // Cargo marks the folder so that backups leave it out, whatever it is named and wherever it is.
    let own = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    Ok(match own {
        Some(folder) => folder.to_owned(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
    })
}

/// The first of the candidates that runs and is new enough, with its version.
fn find_python(candidates: &[&OsStr]) -> Result<(PathBuf, (u32, u32)), Unavailable> {
    let mut rejected = Vec::new();
    for candidate in candidates {
        let name = candidate.display();
        match python_version(candidate) {
            Ok(version) if version >= OLDEST_PYTHON => return Ok((PathBuf::from(candidate), version)),
            Ok((major, minor)) => rejected.push(format!("{name}: version {major}.{minor} is too old")),
            Err(error) => rejected.push(format!("{name}: {error}")),
        }
    }
    Err(Unavailable::no_python(&rejected))
}

fn python_version(python: &OsStr) -> io::Result<(u32, u32)> {
    let script = "import sys; print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(python).args(["-c", script]).output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    stdout
        .trim()
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| io::Error::other(format!("does not tell its version ({})", output.status)))
}

fn make_venv(python: &Path, venv: &Path) -> Result<()> {
    match fs::remove_dir_all(venv) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", venv.display()));
        }
        _ => {}
    }
    let made = Command::new(python).args(["-m", "venv"]).arg(venv).output().context("cannot start Python")?;
    if !made.status.success() {
        return Err(Unavailable::no_venv(&both_outputs(&made)).into());
    }
    let requirements = venv.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).context("cannot write the list of packages")?;
    let installed = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        // Without a connection five tries, the default, only take longer to fail.
        .args(["--retries", "2", "--requirement"])
        .arg(&requirements)
        .output()
        .context("cannot start pip")?;
    if installed.status.success() {
        Ok(())
    } else {
        Err(Unavailable::no_packages(&both_outputs(&installed)).into())
    }
}

/// What a program said, for a message: `venv` explains itself on standard output, `pip` on standard error.
pub(crate) fn both_outputs(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    said.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_constant_is_the_pinned_one() {
        let pin = format!("matrix-synapse=={SYNAPSE_VERSION}");
        assert!(REQUIREMENTS.lines().any(|line| line == pin), "{pin} is not in requirements.txt");
    }

    #[test]
    fn every_requirement_has_one_version() {
        for line in REQUIREMENTS.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("=="), "{line} is not pinned");
        }
    }

    #[test]
    fn a_program_that_is_no_python_is_rejected_by_name() {
        let error = find_python(&[OsStr::new("true"), OsStr::new("/nonexistent/python")]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("true: does not tell its version"), "{message}");
        assert!(message.contains("/nonexistent/python: No such file"), "{message}");
    }
}
