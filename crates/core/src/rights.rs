//! Whether the bot is a server admin: it is told in the management room when it is noticed that it is not, and when it is
//! again, once each. What was said is the memory of it, so a restart repeats nothing.

use ruma::UserId;
use tracing::{info, warn};

use crate::{
    model::Switch,
    ports::{Change, Store, StoreError},
    reply::{Line, Reply},
    speech::Say,
};

/// Notes whether the admin API let the bot in, and commits what is to be said about it. Says whether that is something.
pub(crate) fn note(store: &dyn Store, me: &UserId, is_admin: Switch) -> Result<bool, StoreError> {
    let mut time = 1_u32;
    while store.is_said(&key("back", time))? {
        time += 1;
    }
    let is_known_as_lost = store.is_said(&key("lost", time))?;
    let (key, line) = match is_admin {
        Switch::Off if !is_known_as_lost => {
            warn!(%me, "I am not a server admin (any more): most commands fail");
            (key("lost", time), lost(me))
        }
        Switch::On if is_known_as_lost => {
            info!(%me, "I am a server admin again");
            (key("back", time), Line::new().text("✔ I am a server admin again."))
        }
        Switch::Off | Switch::On => return Ok(false),
    };
    store.commit(vec![Change::SayOnce(Say::new(key, None, &Reply::text(line)))])?;
    Ok(true)
}

fn key(what: &str, time: u32) -> String {
    format!("rights-{what}-{time}")
}

fn lost(me: &UserId) -> Line {
    Line::new()
        .text("⚠ I am not a server admin (any more). Commands that look at the server or change it fail, what is under way \
               fails, and I see no new reports. Make ")
        .code(me.as_str())
        .text(" a server admin on ")
        .code(me.server_name().as_str())
        .text("; docs/setup.md says how. I need not be started again.")
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;
    use crate::testing::MemoryStore;

    #[test]
    fn each_change_is_told_once() {
        let store = MemoryStore::default();
        for (is_admin, is_told) in [
            (Switch::On, false),
            (Switch::Off, true),
            (Switch::Off, false),
            (Switch::On, true),
            (Switch::On, false),
            (Switch::Off, true),
            (Switch::On, true),
        ] {
            assert_eq!(note(&store, user_id!("@bot:hs.test"), is_admin), Ok(is_told));
        }
        assert_eq!(store.keys(), ["rights-lost-1", "rights-back-1", "rights-lost-2", "rights-back-2"]);
        let said = store.said("rights-lost-1").map(|said| said.text).unwrap_or_default();
        assert!(said.contains("Make `@bot:hs.test` a server admin on `hs.test`"), "{said}");
    }
}
