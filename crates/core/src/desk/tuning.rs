//! What changes the bot's own process, and nothing on the homeserver: how much is logged, and reading the configuration
//! again.

use super::{Desk, Handled};
use crate::{
    commands::Tuning,
    model::Millis,
    ports::{InboxEvent, Logging, Reloaded, StoreError},
    reply::{Line, Reply},
    text::duration::{date, in_words},
};

impl Desk {
    /// Does it and says so. Doing it again, when the answer could not be committed, changes nothing more.
    pub(super) fn tune(&self, event: &InboxEvent, tuning: Tuning) -> Result<Handled, StoreError> {
        match tuning {
            Tuning::Logging => self.answer(event, &logging(&self.process.logging(), self.clock.now())),
            Tuning::LogFor { level, time } => {
                // Before, so that the time that was asked for is the one that is told.
                let now = self.clock.now();
                self.answer(event, &logging(&self.process.log_for(level, time), now))
            }
            Tuning::Reload => match self.process.reload() {
                Ok(reloaded) => self.answer(event, &reloaded_in_words(&reloaded)),
                Err(why) => self.refuse(event, &not_reloaded(&why)),
            },
        }
    }
}

fn logging(logging: &Logging, now: Millis) -> Reply {
    let line = Line::new().text("I log at ");
    Reply::text(match logging.now {
        None => line.code(&logging.configured).text(", as my configuration says."),
        Some((level, until)) => {
            let left = std::time::Duration::from_millis(u64::try_from(until - now).unwrap_or_default());
            line.code(level.word())
                .text(format!(" until {} (for {}), then at ", date(until), in_words(left)))
                .code(&logging.configured)
                .text(" again, as my configuration says. A restart ends it at once.")
        }
    })
}

/// That the configuration was read again, and what came of it.
pub fn reloaded_in_words(reloaded: &Reloaded) -> Reply {
    let Reloaded { changed, needs_restart } = reloaded;
    let reply = if changed.is_empty() {
        Reply::text("I have read my configuration again; nothing changed.")
    } else {
        let line = |(key, how): &(String, String)| Line::new().code(key).text(": ").name_long(how);
        let lines: Vec<Line> = changed.iter().map(line).collect();
        Reply::text("I have read my configuration again. From now on:").list(lines)
    };
    if needs_restart.is_empty() {
        return reply;
    }
    let keys = needs_restart
        .iter()
        .enumerate()
        .fold(Line::new(), |line, (n, key)| line.text(if n == 0 { "" } else { ", " }).code(key));
    reply.paragraph(
        Line::new().text("This is otherwise in the file and needs a restart: ").append(keys).text("."),
    )
}

/// That the configuration cannot be used, and why.
pub fn not_reloaded(why: &str) -> Reply {
    Reply::text(
        "My configuration cannot be used as it is now in the file, so the one that I had stays in force:",
    )
    .paragraph(Line::new().name_long(why))
}
