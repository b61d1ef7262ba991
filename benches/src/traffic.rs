//! How long do requests take while the shop is busy?
//!
//! Two ways of asking. As fast as answers come, to find what saturates the ranking workers; and on a schedule that
//! does not wait for answers, which is what shoppers do: a request's time counts from when it was due, so that a
//! stall is seen by everybody who came during it. Who is turned away because too many wait is counted, and stands
//! among the times as somebody who waited as long as anybody may.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use planogram_core::engine::Engine;
use planogram_core::pipeline::request::ListRequest;

use crate::measure::{self, Sample, line, millis};

/// Requests under way while the shop is saturated: more than there are workers.
const UNDER_WAY: usize = 4;

/// What became of requests on a schedule.
#[derive(Clone, Debug)]
pub struct Offered {
    /// How long after it was due each was answered; [`REFUSED`] of those that were not.
    pub times: Sample,
    /// How many were turned away.
    pub refused: usize,
}

/// What a request that was turned away stands for among the times: the deadline of [`shop::request`](crate::shop::request).
pub const REFUSED: Duration = Duration::from_secs(30);

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

/// Sends `rate` requests a second for a while.
pub fn offer(engine: &Arc<Engine>, requests: &[ListRequest], rate: f64, lasting: Duration) -> Offered {
    let n = (rate * lasting.as_secs_f64()).max(1.0) as usize;
    let (done, inbox) = crossbeam_channel::unbounded();
    let begin = Instant::now();
    for (at, request) in requests.iter().cycle().take(n).enumerate() {
        let due = begin + Duration::from_secs_f64(at as f64 / rate.max(1e-3));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let done = done.clone();
        let reply = move |answer: Result<_, _>| {
            done.send(answer.is_ok().then(|| due.elapsed())).expect("the inbox outlives every reply");
        };
        engine.submit_list(request.clone(), Box::new(reply));
    }
    drop(done);
    let times: Vec<Option<Duration>> = inbox.iter().collect();
    let refused = times.iter().filter(|time| time.is_none()).count();
    Offered { times: Sample::new(times.into_iter().map(|time| time.unwrap_or(REFUSED)).collect()), refused }
}

/// Prints what one kind of traffic did to requests: medians over runs of p50 and p99 without it and with it, and
/// `ratio_max`, the ratio of the p99s that is aimed at.
pub fn print_ratios(without: &[Offered], with: &[Offered], what: &str, ratio_max: &str) {
    for (q, target) in [(0.5, ""), (0.99, ratio_max)] {
        let median = |runs: &[Offered]| millis(measure::median(runs.iter().map(|run| run.times.quantile(q))));
        let (a, b) = (median(without), median(with));
        line(&format!("p{:.0} alone, {what}, ms", q * 100.0), format!("{a:.2}, {b:.2}"), "");
        line("  ratio", format!("{:.2}", b / a), target);
    }
    let refused = |runs: &[Offered]| runs.iter().map(|run| run.refused).sum::<usize>();
    let sent = |runs: &[Offered]| runs.iter().map(|run| run.times.n()).sum::<usize>();
    let found = format!("{} of {}, {} of {}", refused(without), sent(without), refused(with), sent(with));
    line(&format!("turned away alone, {what}"), found, "none");
}
