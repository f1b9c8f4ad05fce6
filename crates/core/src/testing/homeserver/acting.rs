//! What the fake homeserver does to accounts, files, registration tokens and other servers.

use std::collections::BTreeSet;

use ruma::{OwnedRoomId, OwnedServerName, RoomId, ServerName, UserId};
use serde_json::{Value, json};

use super::{
    FakeHomeserver, FakeRoom, Inner,
    effects::{has_power, is_creator, own_level, refused},
    not_found,
    rooms::blocked,
};
use crate::{
    model::{
        Account, Erase, MediaDetails, Mxc, NewToken, Password, RateLimit, RegistrationToken, Sessions,
        Switch, TokenLimits, TokenWord,
    },
    ports::{Asked, EffectsOnPeople, EffectsOnServer, Fault},
};

fn account<'a>(inner: &'a mut Inner, user: &UserId) -> Result<&'a mut Account, Fault> {
    inner.accounts.get_mut(user).ok_or_else(not_found)
}

/// What the authorization rules say about new power levels.
fn may_set(room: &FakeRoom, me: &UserId, content: &Value) -> Result<(), Fault> {
    let own = own_level(room, me);
    let levels = room.state.iter().find(|event| event["type"] == "m.room.power_levels");
    let old = levels.and_then(|event| event["content"]["users"].as_object()).cloned().unwrap_or_default();
    let new = content["users"].as_object().cloned().unwrap_or_default();
    for user in old.keys().chain(new.keys()) {
        let (was, is) = (old.get(user), new.get(user));
        if let Ok(user) = <&UserId>::try_from(user.as_str())
            && is.is_some()
            && is_creator(room, user)
        {
            let message = format!("Creator user {user} must not appear in content.users");
            return Err(refused(400, &message));
        }
        if was == is || user == me.as_str() {
            continue;
        }
        if was.and_then(Value::as_i64).is_some_and(|was| was >= own) {
            return Err(refused(403, "You don't have permission to remove ops level equal to your own"));
        }
        if is.and_then(Value::as_i64).is_some_and(|is| is > own) {
            return Err(refused(403, "You don't have permission to add ops level greater than your own"));
        }
    }
    Ok(())
}

impl EffectsOnPeople for FakeHomeserver {
    fn log_out<'a>(&'a self, user: &'a UserId, devices: &'a [String]) -> Asked<'a, ()> {
        self.call("log_out", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("log-out {user} {}", json!(devices)));
            if !inner.deaf
                && let Some(known) = inner.people.devices.get_mut(user)
            {
                known.retain(|device| !devices.contains(&device.id));
            }
            Ok(())
        })
    }

    fn deactivate<'a>(&'a self, user: &'a UserId, erase: Erase) -> Asked<'a, ()> {
        self.call("deactivate", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("deactivate {user} {}", json!(erase)));
            if inner.deaf {
                return Ok(());
            }
            let account = account(inner, user)?;
            account.deactivated = true;
            account.erased |= erase == Erase::Yes;
            account.locked = false;
            account.threepids.clear();
            if erase == Erase::Yes {
                (account.display_name, account.avatar) = (None, None);
            }
            inner.people.devices.remove(user);
            inner.people.parting.insert(user.to_owned());
            Ok(())
        })
    }

    fn reactivate<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()> {
        self.call("reactivate", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("reactivate {user}"));
            if !inner.deaf {
                let account = account(inner, user)?;
                (account.deactivated, account.erased) = (false, false);
                inner.people.parting.remove(user);
            }
            Ok(())
        })
    }

    fn reset_password<'a>(&'a self, user: &'a UserId, sessions: Sessions) -> Asked<'a, Password> {
        self.call("reset_password", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("password {user} {}", json!(sessions)));
            let password = format!("secret{}", inner.people.passwords.len() + 1);
            inner.people.passwords.push((user.to_owned(), password.clone()));
            if sessions == Sessions::Ended {
                inner.people.devices.remove(user);
            }
            Ok(Password(password))
        })
    }

    fn send_password<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        password: &'a Password,
    ) -> Asked<'a, ()> {
        self.call("send_password", move |inner| {
            if !inner.rooms.contains_key(room) {
                return Err(not_found());
            }
            inner.writes.push(format!("send-password {room} {user}"));
            inner.written.push((room.to_string(), password.0.clone(), String::new()));
            Ok(())
        })
    }

    fn bring_in<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        _: &'a [OwnedServerName],
    ) -> Asked<'a, OwnedRoomId> {
        self.call("bring_in", move |inner| {
            account(inner, user)?;
            let deaf = inner.deaf;
            if inner.blocked.contains_key(room) {
                return Err(blocked());
            }
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            if found.details.join_rules.as_deref() != Some("public") {
                // Into any other room the bot has to invite them.
                has_power(found, &self.me, "invite")?;
            }
            inner.writes.push(format!("bring {user} {room}"));
            if !deaf {
                found
                    .state
                    .retain(|event| event["type"] != "m.room.member" || event["state_key"] != user.as_str());
                found.state.push(json!({"type": "m.room.member", "state_key": user, "sender": user,
                    "content": {"membership": "join"}}));
                if !found.members.iter().any(|member| member == user) {
                    found.members.push(user.to_owned());
                }
            }
            Ok(room.to_owned())
        })
    }

    fn set_power_levels<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()> {
        self.call("set_power_levels", move |inner| {
            let (me, deaf) = (self.me.clone(), inner.deaf);
            let found = inner.rooms.get_mut(room).ok_or_else(not_found)?;
            has_power(found, &me, "power_levels")?;
            may_set(found, &me, content)?;
            inner.writes.push(format!("power {room} {}", content["users"]));
            if deaf {
                return Ok(());
            }
            let levels = |event: &&mut Value| event["type"] == "m.room.power_levels";
            match found.state.iter_mut().find(levels) {
                Some(event) => event["content"] = content.clone(),
                None => found.state.push(json!({"type": "m.room.power_levels", "state_key": "",
                    "sender": me, "content": content})),
            }
            Ok(())
        })
    }

    fn set_rate_limit<'a>(&'a self, user: &'a UserId, limit: Option<RateLimit>) -> Asked<'a, ()> {
        self.call("set_rate_limit", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("rate limit {user} {}", json!(limit)));
            if !inner.deaf {
                match limit {
                    Some(limit) => drop(inner.people.limits.insert(user.to_owned(), limit)),
                    None => drop(inner.people.limits.remove(user)),
                }
            }
            Ok(())
        })
    }
}

impl EffectsOnServer for FakeHomeserver {
    fn set_protection<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()> {
        self.call("set_protection", move |inner| {
            let deaf = inner.deaf;
            // Synapse looks at the ID alone.
            let known = Mxc { server: self.me.server_name().to_owned(), id: media.id.clone() };
            let Some(details) = inner.media.get_mut(&known) else {
                return Err(refused(404, "No row found (local_media_repository)"));
            };
            if !deaf {
                details.is_protected = to == Switch::On;
            }
            let word = if to == Switch::On { "protect" } else { "unprotect" };
            inner.writes.push(format!("{word} {media}"));
            Ok(())
        })
    }

    fn delete_media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, ()> {
        self.call("delete_media", move |inner| {
            if media.server != self.me.server_name() {
                return Err(refused(400, "Can only delete local media"));
            }
            if !inner.media.contains_key(media) {
                return Err(not_found());
            }
            inner.writes.push(format!("delete {media}"));
            if !inner.deaf {
                inner.media.remove(media);
            }
            Ok(())
        })
    }

    fn delete_media_of<'a>(&'a self, user: &'a UserId, limit: u32) -> Asked<'a, u64> {
        self.call("delete_media_of", move |inner| {
            account(inner, user)?;
            inner.writes.push(format!("delete media of {user}"));
            let theirs: Vec<Mxc> =
                inner.uploads(user).into_iter().take(limit as usize).map(|file| file.mxc).collect();
            if !inner.deaf {
                for media in &theirs {
                    inner.media.remove(media);
                }
            }
            Ok(theirs.len() as u64)
        })
    }

    fn quarantine_media_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()> {
        self.call("quarantine_media_of", move |inner| {
            inner.writes.push(format!("quarantine media of {user}"));
            let theirs: Vec<Mxc> = inner.uploads(user).into_iter().map(|file| file.mxc).collect();
            inner.shelve(&theirs, Some(&self.me));
            Ok(())
        })
    }

    fn quarantine_media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        self.call("quarantine_media_in", move |inner| {
            inner.writes.push(format!("quarantine media in {room}"));
            let files = inner.people.room_media.get(room).cloned().unwrap_or_default();
            inner.shelve(&files, Some(&self.me));
            Ok(())
        })
    }

    fn create_token<'a>(&'a self, new: &'a NewToken) -> Asked<'a, RegistrationToken> {
        self.call("create_token", move |inner| {
            let word = match &new.token {
                Some(word) => word.0.clone(),
                None => format!("chance{}", inner.people.tokens.len() + 1),
            };
            if inner.people.tokens.iter().any(|token| token.token == word) {
                return Err(refused(400, "Token already exists"));
            }
            let token = RegistrationToken {
                token: word,
                uses_allowed: new.limits.uses_allowed,
                expires_at: new.limits.expires_at,
                ..RegistrationToken::default()
            };
            inner.writes.push(format!("new token {}", token.token));
            inner.people.tokens.push(token.clone());
            Ok(token)
        })
    }

    fn edit_token<'a>(&'a self, token: &'a TokenWord, limits: TokenLimits) -> Asked<'a, ()> {
        self.call("edit_token", move |inner| {
            let deaf = inner.deaf;
            let known = inner.people.tokens.iter_mut().find(|known| known.token == token.0);
            let known = known.ok_or_else(not_found)?;
            if !deaf {
                (known.uses_allowed, known.expires_at) = (limits.uses_allowed, limits.expires_at);
            }
            inner.writes.push(format!("edit token {} {}", token.0, json!(limits)));
            Ok(())
        })
    }

    fn delete_token<'a>(&'a self, token: &'a TokenWord) -> Asked<'a, ()> {
        self.call("delete_token", move |inner| {
            if !inner.people.tokens.iter().any(|known| known.token == token.0) {
                return Err(not_found());
            }
            inner.writes.push(format!("delete token {}", token.0));
            if !inner.deaf {
                inner.people.tokens.retain(|known| known.token != token.0);
            }
            Ok(())
        })
    }

    fn retry_destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, ()> {
        self.call("retry_destination", move |inner| {
            let deaf = inner.deaf;
            let (destination, _) = inner.people.destinations.get_mut(server).ok_or_else(not_found)?;
            if destination.failing_since.is_none() {
                return Err(refused(400, "The retry timing does not need to be reset for this destination."));
            }
            if !deaf {
                destination.failing_since = None;
            }
            inner.writes.push(format!("retry {server}"));
            Ok(())
        })
    }
}

impl Inner {
    /// Puts files into quarantine (`by` somebody), or lets them out, with all that have the same bytes. What is
    /// protected is passed over.
    pub(super) fn shelve(&mut self, files: &[Mxc], by: Option<&UserId>) {
        if self.deaf {
            return;
        }
        let (mut hashes, mut named) = (BTreeSet::new(), BTreeSet::new());
        for media in files {
            match self.media.get(media) {
                Some(details) if by.is_some() && details.is_protected => {}
                Some(MediaDetails { sha256: Some(hash), .. }) => drop(hashes.insert(hash.clone())),
                Some(_) => drop(named.insert(media.clone())),
                None => {}
            }
        }
        for (media, details) in &mut self.media {
            let is_equal = details.sha256.as_ref().is_some_and(|hash| hashes.contains(hash));
            if (is_equal || named.contains(media)) && (by.is_none() || !details.is_protected) {
                details.quarantined_by = by.map(ToString::to_string);
            }
        }
    }
}
