//! Every relative link of the documents leads to a file, and to a heading where it names one; every page is in the book.

use std::{collections::HashMap, fs, path::Path};

use super::files;

/// A document without what stands in code, where nothing is a link.
fn without_code(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let opens = line.trim_start().starts_with("```");
        is_code ^= opens;
        !is_code && !opens
    });
    let lines: Vec<String> =
        lines.map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("`")).collect();
    lines.join("\n")
}

/// Where the links of a document lead, but those to other hosts.
fn links(text: &str) -> Vec<String> {
    let text = without_code(text);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The anchors of a document's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut seen: HashMap<String, usize> = HashMap::new();
    let headings = text.lines().filter_map(|line| {
        is_code ^= line.starts_with("```");
        line.strip_prefix('#').filter(|_| !is_code).map(|rest| rest.trim_start_matches('#').trim())
    });
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let count = seen.entry(anchor.clone()).or_default();
            *count += 1;
            if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
        })
        .collect()
}

/// Why a link leads nowhere.
fn broken(from: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { from.to_owned() } else { from.parent().unwrap().join(file) };
    if !path.exists() {
        return Some(format!("{}: {target}: there is no such file", from.display()));
    }
    let is_there =
        anchor.is_empty() || anchors(&fs::read_to_string(&path).unwrap()).iter().any(|a| a == anchor);
    (!is_there).then(|| format!("{}: {target}: there is no such heading", from.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = files(&root.join("docs"), "md");
    documents.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let mut count = 0;
    let mut wrong = Vec::new();
    for document in documents {
        let links = links(&fs::read_to_string(&document).unwrap());
        count += links.len();
        wrong.extend(links.iter().filter_map(|target| broken(&document, target)));
        // What is not below docs/ is not in the book.
        if document.starts_with(root.join("docs")) {
            let outside = |target: &&String| {
                let depth = document.strip_prefix(root.join("docs")).unwrap().components().count();
                target.split('/').take_while(|part| *part == "..").count() >= depth
            };
            wrong.extend(
                links
                    .iter()
                    .filter(outside)
                    .map(|target| format!("{}: {target}: that is not in the book", document.display())),
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count > 60, "only {count} links were found");
}

#[test]
fn every_page_is_in_the_book() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = links(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap());
    for page in files(&docs, "md") {
        let page = page.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned();
        let count = summary.iter().filter(|target| **target == page).count();
        assert_eq!(
            count,
            usize::from(page != "SUMMARY.md"),
            "docs/{page} has to be in docs/SUMMARY.md, once"
        );
    }
}

#[test]
fn a_link_that_leads_nowhere_would_be_found() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    assert_eq!(broken(&readme, "docs/setup.md#rate-limits"), None);
    assert!(broken(&readme, "docs/setup.md#no-such-heading").is_some());
    assert!(broken(&readme, "docs/no-such-page.md").is_some());
    assert_eq!(links("[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[g](https://h)"), ["b.md"]);
    assert_eq!(anchors("# A `b`, c\n## A b c\n```\n# no\n```\n"), ["a-b-c", "a-b-c-1"]);
}
