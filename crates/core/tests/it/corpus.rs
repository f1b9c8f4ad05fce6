//! The bodies of the fuzz targets, over the corpus that fuzzing left (`fuzz/corpus`), and over random changes of it.

use std::{fs, path::Path};

use gleipnir_core::testing::fuzz::{command_line, explanation, rendering, report_rules};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

/// What the fuzzer found worth keeping for a target, in a fixed order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort_unstable();
    assert!(paths.len() > 20, "the corpus of {target} is kept");
    paths.iter().map(|path| fs::read(path).expect("it can be read")).collect()
}

/// Runs the target over all that is kept, and over so many things made of two of them and some random bytes.
fn replay(target: &str, body: fn(&[u8]), cases: u32) {
    let kept = corpus(target);
    for data in &kept {
        body(data);
    }
    let made = (any::<[Index; 4]>(), prop::collection::vec(any::<u8>(), 0..40));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let result = TestRunner::new(config).run(&made, |([one, other, end, begin], between)| {
        let (one, other) = (one.get(&kept), other.get(&kept));
        let (end, begin) = (end.index(one.len() + 1), begin.index(other.len() + 1));
        body(&[&one[..end], &between, &other[begin..]].concat());
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{target}: {failure}"));
}

#[test]
fn any_message_as_a_command_line() {
    replay("command_line", command_line, 32);
}

#[test]
fn any_reply_rendered() {
    replay("rendering", rendering, 32);
}

#[test]
fn any_events_explained() {
    replay("explanation", explanation, 64);
}

#[test]
fn any_rules_over_any_report() {
    replay("report_rules", report_rules, 64);
}
