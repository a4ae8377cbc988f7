//! Any bytes: lossless, no panic, and after any change the laws of `tests/common/laws.rs`.
#![no_main]

use careen::config::Config;
use careen::engine::{self, Input, Options};
use careen::knowledge::Knowledge;
use careen::transforms::CHAIN;
use libfuzzer_sys::fuzz_target;

#[path = "../../common/laws.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod laws;

fuzz_target!(|source: &[u8]| {
    let run = |source: &[u8], options: &Options| {
        let config = Config::default();
        let input = Input { source, path: None, context: None, knowledge: Knowledge::shipped(), config: &config };
        engine::run(CHAIN, &input, options).map_err(|error| error.to_string())
    };
    for (mode, options) in laws::modes() {
        if let Err(what) = laws::rewritten(source, &options, &run) {
            panic!("{mode}: {what}");
        }
    }
});
