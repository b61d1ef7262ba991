//! Can any bytes upset `kernel::checkpoint`?

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(planogram_fuzz::kernel::checkpoint(bytes)));
