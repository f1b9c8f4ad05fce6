//! What the fake homeserver does to accounts, files, registration tokens and other servers.

use ruma::{OwnedRoomId, RoomId, ServerName, UserId};
use serde_json::{Value, json};

use super::{
    FakeHomeserver, Inner,
    effects::{has_power, refused},
    not_found,
};
use crate::{
    model::{
        Account, Erase, Mxc, NewToken, Password, RateLimit, RegistrationToken, Sessions, Switch, TokenLimits,
        TokenWord,
    },
    ports::{Asked, EffectsOnPeople, EffectsOnServer, Fault},
};

fn account<'a>(inner: &'a mut Inner, user: &UserId) -> Result<&'a mut Account, Fault> {
    inner.accounts.get_mut(user).ok_or_else(not_found)
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

    fn bring_in<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, OwnedRoomId> {
        self.call("bring_in", move |inner| {
            account(inner, user)?;
            let deaf = inner.deaf;
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
            has_power(found, &me, "state_default")?;
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
            let word = if to == Switch::On { "protect" } else { "unprotect" };
            inner.writes.push(format!("{word} {media}"));
            if let Some(details) = inner.media.get_mut(media).filter(|_| !deaf) {
                details.is_protected = to == Switch::On;
            }
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
            let theirs = inner.uploads(user).into_iter().map(|file| file.mxc).collect();
            self.quarantine_all(inner, theirs);
            Ok(())
        })
    }

    fn quarantine_media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        self.call("quarantine_media_in", move |inner| {
            inner.writes.push(format!("quarantine media in {room}"));
            let files = inner.people.room_media.get(room).cloned().unwrap_or_default();
            self.quarantine_all(inner, files);
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

impl FakeHomeserver {
    fn quarantine_all(&self, inner: &mut Inner, files: Vec<Mxc>) {
        if inner.deaf {
            return;
        }
        for media in files {
            if let Some(details) = inner.media.get_mut(&media).filter(|details| !details.is_protected) {
                details.quarantined_by.get_or_insert_with(|| self.me.to_string());
            }
        }
    }
}
