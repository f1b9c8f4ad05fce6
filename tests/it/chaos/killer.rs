//! SIGKILL, at moments that a seed says.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rand::RngExt as _;
use tokio::time::{Instant, sleep, timeout};

use super::{MOMENT, strand::Dice};
use crate::support::Bot;

/// How many things happen at most between two kills, where those are waited for.
const MANY: usize = 14;
/// How long they are waited for, when everybody waits for the bot.
const LONG: Duration = Duration::from_secs(5);

/// Kills the bot so often, and starts it again each time; `happened` counts what users do, so that the kills are spread
/// over all of it. In the end the bot runs.
pub(super) async fn kill(bot: &mut Bot, mut dice: Dice, times: usize, happened: &AtomicUsize) {
    let begun = Instant::now();
    for n in 0..times {
        let moment = Moment::drawn(&mut dice);
        let (run, down) = match moment {
            Moment::Starting => (dice.random_range(0..300), 0),
            Moment::Anytime => (dice.random_range(0..1_500), 0),
            Moment::AtWork | Moment::PiledUp => {
                bot.logs("at work in the management room").await;
                let until = happened.load(Ordering::Relaxed) + dice.random_range(0..MANY);
                let enough = async {
                    while happened.load(Ordering::Relaxed) < until {
                        sleep(MOMENT).await;
                    }
                };
                drop(timeout(LONG, enough).await);
                let down = if moment == Moment::PiledUp { dice.random_range(500..3_000) } else { 0 };
                (dice.random_range(0..1_500), down)
            }
        };
        sleep(Duration::from_millis(run)).await;
        assert!(bot.is_running(), "the bot ended by itself");
        bot.kill();
        let at = begun.elapsed().as_secs_f64();
        eprintln!("kill {}, at {at:.1} s: {moment:?}, after {run} ms; away for {down} ms", n + 1);
        sleep(Duration::from_millis(down)).await;
        bot.launch();
    }
    bot.logs("at work in the management room").await;
}

/// What the bot is doing when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// It was started just now.
    Starting,
    /// Whatever it is.
    Anytime,
    /// It is answering.
    AtWork,
    /// The same; and it is down for a while, and has much to do then.
    PiledUp,
}

impl Moment {
    fn drawn(dice: &mut Dice) -> Self {
        match dice.random_range(0..10) {
            0..2 => Self::Starting,
            2..5 => Self::Anytime,
            5..8 => Self::AtWork,
            _ => Self::PiledUp,
        }
    }
}
