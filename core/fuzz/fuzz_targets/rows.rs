//! Can any bytes upset `rows::products`?

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(planogram_fuzz::rows::products(bytes)));
