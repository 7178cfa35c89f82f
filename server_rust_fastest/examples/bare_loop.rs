//! The bare loop: what the server does for a picture, less the server -> the most that it could answer.
//!
//! `bare_loop PICTURE CLASS THREADS WARMUP_S SECONDS [FLAG ...]` decodes the file, runs the model and ranks its classes
//! again and again from that many threads. `CLASS` is the right one; flags are the server's, and name the model.
//! Prints one JSON object, the tally that `bench/lab/tally.py` describes.

use std::env;
use std::error::Error;
use std::fs;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use server_rust_fastest::config::{Command, read_command};
use server_rust_fastest::image::{Asked, Classifier};
use server_rust_fastest::litert::Servable;

struct Loop {
    servable: Servable,
    classifier: Classifier,
    picture: Vec<u8>,
    class: usize,
}

/// What became of the calls of one thread.
#[derive(Default)]
struct Tally {
    latencies_ms: Vec<f64>,
    faults: Vec<String>,
}

impl Loop {
    fn run(&self, seconds: f64) -> Tally {
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut tally = Tally::default();
        loop {
            let start = Instant::now();
            if start >= end {
                return tally;
            }
            let fault = self.ask().err();
            let now = Instant::now();
            match fault {
                Some(fault) => tally.faults.push(fault),
                None if now < end => tally.latencies_ms.push((now - start).as_secs_f64() * 1e3),
                None => {}
            }
        }
    }

    fn ask(&self) -> Result<(), String> {
        let prediction = self
            .classifier
            .predict(&self.servable, &self.picture, &Asked::default())
            .map_err(|error| error.to_string())?;
        match prediction.classes.first() {
            Some(best) if best.class == self.class => Ok(()),
            best => Err(format!("best is {best:?}, expected class {}", self.class)),
        }
    }

    fn run_in_threads(&self, threads: usize, seconds: f64) -> Tally {
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.run(seconds))).collect();
            let mut all = Tally::default();
            for thread in running {
                let Ok(tally) = thread.join() else {
                    all.faults.push("a thread has panicked".to_owned());
                    continue;
                };
                all.latencies_ms.extend(tally.latencies_ms);
                all.faults.extend(tally.faults);
            }
            all
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args();
    let program = arguments.next().unwrap_or_default();
    let picture = fs::read(next::<String>(&mut arguments, "PICTURE")?)?;
    let class = next(&mut arguments, "CLASS")?;
    let threads = next(&mut arguments, "THREADS")?;
    let warmup_s = next(&mut arguments, "WARMUP_S")?;
    let seconds = next(&mut arguments, "SECONDS")?;

    let flags: Vec<_> = [program, format!("--num_tflite_pools={threads}")].into_iter().chain(arguments).collect();
    let Command::Serve(settings) = read_command(&flags, &|name| env::var(name).ok()) else {
        return Err("the flags are not those of a server that starts".into());
    };
    let model = settings.models.configs.first().ok_or("the flags name no model")?;
    let servable = Servable::load(&model.base_path.join("1"), &settings.runtime)?;
    let classifier = Classifier::new(&servable, &settings.image)?;
    let bare = Loop { servable, classifier, picture, class };

    bare.run_in_threads(threads, warmup_s);
    let tally = bare.run_in_threads(threads, seconds);
    let answers = tally.latencies_ms.len();
    let wrong = tally.faults.len();
    let reasons = tally.faults.get(..3.min(wrong));
    println!(
        "{}",
        json!({"seconds": seconds, "latencies_ms": tally.latencies_ms, "answers": answers, "wrong": wrong, "errors": 0,
            "lost": 0, "reasons": reasons})
    );
    Ok(())
}

fn next<T: FromStr<Err: Error + 'static>>(
    arguments: &mut impl Iterator<Item = String>,
    name: &str,
) -> Result<T, Box<dyn Error>> {
    let text = arguments.next().ok_or_else(|| format!("{name} is missing"))?;
    text.parse().map_err(|fault| format!("{name}: {text}: {fault}").into())
}
