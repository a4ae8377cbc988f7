//! `cargo bench --bench chain`: parse, and the whole chain, over the corpus and over texts of growing size; on one core.

use std::hint::black_box;
use std::time::{Duration, Instant};

use careen::config::Config;
use careen::engine::{self, Input, Options};
use careen::knowledge::Knowledge;
use careen::syntax::Dockerfile;
use careen::transforms::CHAIN;

fn chain(source: &[u8], unsafe_changes: bool) {
    let config = Config::default();
    let input = Input {
        source,
        path: None,
        context: None,
        knowledge: Knowledge::shipped(),
        config: &config,
    };
    let options = Options {
        unsafe_changes,
        writes_beside: true,
        ..Options::default()
    };
    black_box(engine::run(CHAIN, &input, &options).ok());
}

/// The fastest of some passes: what the code costs when nothing else runs.
fn fastest(mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    let started = Instant::now();
    for pass in 0..20 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
        if pass > 2 && started.elapsed() > Duration::from_secs(6) {
            break;
        }
    }
    best
}

fn report(name: &str, files: usize, bytes: usize, time: Duration) {
    let seconds = time.as_secs_f64();
    println!(
        "{name:<34} {:>10.3} ms {:>10.0} files/s {:>9.1} MB/s",
        seconds * 1e3,
        files as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
}

fn main() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/corpus");
    let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "Dockerfile")
        })
        .filter_map(|entry| std::fs::read(entry.path()).ok())
        .collect();
    corpus.sort();
    if corpus.is_empty() {
        println!("no corpus in target/corpus; tests/corpus/fetch brings it");
    } else {
        let bytes = corpus.iter().map(Vec::len).sum();
        let parse = fastest(|| {
            corpus
                .iter()
                .for_each(|source| drop(black_box(Dockerfile::parse(source.as_slice()))))
        });
        report("corpus: parse", corpus.len(), bytes, parse);
        report(
            "corpus: chain, safe",
            corpus.len(),
            bytes,
            fastest(|| corpus.iter().for_each(|source| chain(source, false))),
        );
        report(
            "corpus: chain, unsafe too",
            corpus.len(),
            bytes,
            fastest(|| corpus.iter().for_each(|source| chain(source, true))),
        );
    }
    let block =
        "# a comment\nRUN make build-the-thing TARGET=release\nENV A=1\nCOPY src /app/src\n";
    for kilobytes in [1, 4, 16, 64, 256, 1024, 4096] {
        let mut text = String::from("FROM debian:bookworm\n");
        while text.len() < kilobytes * 1024 {
            text.push_str(block);
        }
        let time = fastest(|| chain(text.as_bytes(), false));
        report(
            &format!("{kilobytes} KB, nothing to do"),
            1,
            text.len(),
            time,
        );
    }
}
