//! The `gleipnir` binary.
fn main() {}
