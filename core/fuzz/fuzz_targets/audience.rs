//! Can any bytes upset `kernel::audience`?

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(planogram_fuzz::kernel::audience(bytes)));
