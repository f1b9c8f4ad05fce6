//! SIGKILL, at moments that a seed says.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

use super::strand::Dice;
use crate::support::Bot;

/// Kills the bot so often, and starts it again each time. In the end it runs.
pub(super) async fn kill(bot: &mut Bot, mut dice: Dice, times: usize) {
    for n in 0..times {
        let moment = Moment::drawn(&mut dice);
        let (run, down) = match moment {
            Moment::Starting => (dice.random_range(0..300), 0),
            Moment::Anytime => (dice.random_range(0..1_500), 0),
            Moment::AtWork | Moment::PiledUp => {
                bot.logs("at work in the management room").await;
                let down = if moment == Moment::PiledUp { dice.random_range(500..3_000) } else { 0 };
                (dice.random_range(0..2_500), down)
            }
        };
        sleep(Duration::from_millis(run)).await;
        assert!(bot.is_running(), "the bot ended by itself");
        bot.kill();
        let now = jiff::Timestamp::now();
        eprintln!("kill {}: {now}, {moment:?}, after {run} ms; away for {down} ms", n + 1);
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
