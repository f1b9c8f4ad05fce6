//! Any reply; the body of the target is in the core, where `cargo test` runs it too.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gleipnir_core::testing::fuzz::rendering(data));
