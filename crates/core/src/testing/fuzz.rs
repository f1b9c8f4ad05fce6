//! What holds for any bytes whatever: the bodies of the fuzz targets in `fuzz/`, which `cargo test` runs too, over the
//! kept corpus and over random changes of it.

mod command_line;
mod explanation;
mod harmless;
mod input;
mod rendering;
mod report_rules;

pub use self::{
    command_line::command_line, explanation::explanation, rendering::rendering, report_rules::report_rules,
};

/// More bytes than this are no input: events hold 65,536.
const MOST_BYTES: usize = 70_000;
