//! How long do requests take while the shop is busy?
//!
//! Two ways of asking. As fast as answers come, to find what saturates the ranking workers; and on a schedule that
//! does not wait for answers, which is what shoppers do: a request's time counts from when it was due, so that a
//! stall is seen by everybody who came during it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use planogram_core::engine::Engine;
use planogram_core::pipeline::request::ListRequest;

use crate::measure::Sample;

/// Requests under way while the shop is saturated: more than there are workers.
const UNDER_WAY: usize = 4;

/// Answers a second when the next request comes as soon as an answer is there; requests repeat in order.
pub fn saturate(engine: &Arc<Engine>, requests: &[ListRequest], lasting: Duration) -> f64 {
    let begin = Instant::now();
    let answered = |offset: usize| {
        let mine = requests.iter().cycle().skip(offset * requests.len() / UNDER_WAY);
        mine.take_while(|_| begin.elapsed() < lasting).filter(|request| engine.list((*request).clone()).is_ok()).count()
    };
    let total: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..UNDER_WAY).map(|offset| scope.spawn(move || answered(offset))).collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).sum()
    });
    total as f64 / begin.elapsed().as_secs_f64()
}

/// Sends `rate` requests a second for a while: how long after each was due its answer came.
///
/// # Errors
/// When a request is refused.
pub fn offer(engine: &Arc<Engine>, requests: &[ListRequest], rate: f64, lasting: Duration) -> Result<Sample> {
    let n = (rate * lasting.as_secs_f64()).max(1.0) as usize;
    let (done, inbox) = crossbeam_channel::unbounded();
    let begin = Instant::now();
    for (at, request) in requests.iter().cycle().take(n).enumerate() {
        let due = begin + Duration::from_secs_f64(at as f64 / rate.max(1e-3));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let done = done.clone();
        let reply = move |answer: Result<_, _>| drop(done.send(answer.map(|_| due.elapsed())));
        engine.submit_list(request.clone(), Box::new(reply));
    }
    drop(done);
    let times: Result<Vec<Duration>, _> = inbox.iter().collect();
    Ok(Sample::new(times.context("a request was refused")?))
}
