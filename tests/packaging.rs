//! Holds what the bot is packaged with against the packages of the workspace: nothing else reads those files until somebody
//! builds an image.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::{fs, path::Path};

const MANIFEST: &str = include_str!("../Cargo.toml");
const DOCKERFILE: &str = include_str!("../docker/Dockerfile");
const COMPOSE: &str = include_str!("../docker/compose.yml");
const TRY: &str = include_str!("../docker/compose.try.yml");
const UNIT: &str = include_str!("../docker/gleipnir.service");
const KUBERNETES: &str = include_str!("../docs/kubernetes.md");

/// What stands between the quotes of the first line that begins with `key = "`.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let start = format!("{key} = \"");
    let line = text.lines().find_map(|line| line.trim().strip_prefix(start.as_str()));
    line.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no {key} in {text}"))
}

/// The folders of the packages, from the root of the workspace, and their manifests.
fn packages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let members = fs::read_dir(root.join("crates")).unwrap();
    let folders = members.map(|entry| format!("crates/{}", entry.unwrap().file_name().display()));
    let manifest = |folder: String| {
        let text = fs::read_to_string(root.join(&folder).join("Cargo.toml")).unwrap();
        (folder, text)
    };
    std::iter::once((".".to_owned(), MANIFEST.to_owned())).chain(folders.map(manifest)).collect()
}

#[test]
fn the_image_builds_the_dependencies_of_every_package() {
    for (folder, manifest) in packages() {
        if folder != "." {
            let line = format!("COPY {folder}/Cargo.toml {folder}/\n");
            assert!(DOCKERFILE.contains(&line), "docker/Dockerfile needs the line: {line}");
        }
        // cargo reads no manifest whose benchmarks are missing.
        for bench in manifest.split("[[bench]]").skip(1).map(|section| value(section, "name")) {
            let place = format!("{folder}/benches/{bench}");
            let place = place.trim_start_matches("./");
            let made = [place.to_owned(), format!("{place}/main")];
            let words: Vec<_> = DOCKERFILE.split([' ', ';', '\n']).collect();
            let is_made = made.iter().any(|main| words.contains(&main.as_str()));
            assert!(is_made, "docker/Dockerfile has to make an empty {place}.rs");
        }
    }
}

#[test]
fn what_the_empty_sources_became_is_removed() {
    let cleaned = DOCKERFILE.lines().find(|line| line.contains("cargo clean")).unwrap();
    let shipped = packages().into_iter().filter(|(folder, _)| !folder.ends_with("throwaway-synapse"));
    for (_, manifest) in shipped {
        let name = value(&manifest, "name");
        assert!(
            cleaned.split(' ').any(|word| word == name),
            "cargo clean of docker/Dockerfile needs -p {name}"
        );
    }
}

#[test]
fn the_versions_are_the_same_everywhere() {
    let version = value(MANIFEST, "version");
    for (file, text) in [("compose.yml", COMPOSE), ("compose.try.yml", TRY), ("kubernetes.md", KUBERNETES)] {
        assert!(
            text.contains(&format!("gleipnir:{version}\n")),
            "{file} has to name the image gleipnir:{version}"
        );
    }
    let rust = value(MANIFEST, "rust-version");
    assert!(
        DOCKERFILE.contains(&format!("FROM rust:{rust}-bookworm")),
        "the image is built with Rust {rust}"
    );
    let synapse = include_str!("../crates/throwaway-synapse/requirements.txt");
    let synapse = synapse.lines().find_map(|line| line.strip_prefix("matrix-synapse==")).unwrap();
    let image = format!("matrixdotorg/synapse:v{synapse}\n");
    assert!(TRY.contains(&image), "compose.try.yml has to name the image {image}");
}

#[test]
fn whoever_starts_the_bot_knows_its_user_and_its_exit_codes() {
    assert!(DOCKERFILE.contains("USER 10001:10001\n"));
    assert!(KUBERNETES.contains("runAsUser: 10001\n"));
    assert!(UNIT.contains("RestartPreventExitStatus=2\n"));
    assert!(UNIT.contains("ExecReload=/bin/kill -HUP $MAINPID\n"));
}

#[test]
fn the_package_takes_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deb = MANIFEST.split("[package.metadata.deb]").nth(1).unwrap();
    let sources: Vec<_> =
        deb.lines().filter_map(|line| line.strip_prefix("  [\"")?.split('"').next()).collect();
    assert!(sources.len() > 5, "{sources:?}");
    for source in sources.iter().filter(|source| !source.starts_with("target/")) {
        assert!(root.join(source).is_file(), "{source} is no file");
    }
}
