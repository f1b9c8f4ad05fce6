//! What is changed of accounts, their files and the server itself. Nothing here is tried again: the executor looks first.

use std::{num::NonZeroU32, time::Duration};

use gleipnir_core::{
    model::{
        Erase, Mxc, NewToken, Password, RateLimit, RegistrationToken, Sessions, Switch, TokenLimits,
        TokenWord,
    },
    ports::{Asked, EffectsOnPeople, EffectsOnServer, Fault},
    ruma::{OwnedRoomId, OwnedServerName, RoomId, ServerName, TransactionId, UserId},
};
use gleipnir_matrix::{Membership, Outgoing};
use serde_json::Value;
use synapse_admin::{EditRegistrationToken, NewRegistrationToken, TokenLimit, UserMediaQuery};

use super::{
    Homeserver,
    effects::words,
    fault,
    model::{registration_token, timestamp},
    request_fault,
};

/// How long a new room may take to be known to the session, and how often it is asked.
const NEW_ROOM: (u32, Duration) = (20, Duration::from_millis(250));

impl EffectsOnPeople for Homeserver {
    fn log_out<'a>(&'a self, user: &'a UserId, devices: &'a [String]) -> Asked<'a, ()> {
        Box::pin(self.accounts.log_out(user, devices))
    }

    fn deactivate<'a>(&'a self, user: &'a UserId, erase: Erase) -> Asked<'a, ()> {
        Box::pin(self.accounts.deactivate(user, erase))
    }

    fn reactivate<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()> {
        Box::pin(self.accounts.reactivate(user))
    }

    fn reset_password<'a>(&'a self, user: &'a UserId, sessions: Sessions) -> Asked<'a, Password> {
        Box::pin(self.accounts.reset_password(user, sessions))
    }

    fn send_password<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        password: &'a Password,
    ) -> Asked<'a, ()> {
        Box::pin(async move {
            let text = format!(
                "The new password of {user}:\n\n{}\n\nPass it on, and have it changed at the first login. Delete this \
                 message then. If there are several such messages, only the newest counts.",
                password.0
            );
            // Another one each time, since each time the password may be another one.
            let txn = TransactionId::new();
            if self.knows(room).await {
                let outgoing =
                    Outgoing::Other { event_type: "m.room.message".to_owned(), content: words(&text) };
                // Encrypted where the room is.
                let sent = self.session.send(room, txn.as_str(), outgoing).await;
                return sent.map(drop).map_err(request_fault);
            }
            self.admin.send_message(room, &txn, &words(&text)).await.map(drop).map_err(fault)
        })
    }

    fn bring_in<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        via: &'a [OwnedServerName],
    ) -> Asked<'a, OwnedRoomId> {
        Box::pin(async move {
            let here = self.session.user_id().server_name();
            let elsewhere = room.server_name().filter(|server| *server != here);
            let via: Vec<_> = via.iter().cloned().chain(elsewhere.map(ToOwned::to_owned)).collect();
            self.admin.join(room, user, &via).await.map_err(fault)
        })
    }

    fn set_power_levels<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.set_power_levels(room, content).await.map_err(fault) })
    }

    fn set_rate_limit<'a>(&'a self, user: &'a UserId, limit: Option<RateLimit>) -> Asked<'a, ()> {
        Box::pin(async move {
            match limit {
                Some(RateLimit { messages_per_second, burst_count }) => {
                    let limit = synapse_admin::RateLimit { messages_per_second, burst_count };
                    self.admin.set_rate_limit(user, limit).await.map(drop)
                }
                None => self.admin.remove_rate_limit(user).await,
            }
            .map_err(fault)
        })
    }
}

impl EffectsOnServer for Homeserver {
    fn set_protection<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()> {
        Box::pin(async move {
            // The call knows the files of this server only, by their IDs: one of another server could have the same.
            if media.server != self.session.user_id().server_name() {
                return Err(Fault::Refused {
                    status: 400,
                    errcode: "M_UNKNOWN".to_owned(),
                    message: "Can only protect local media".to_owned(),
                });
            }
            let done = match to {
                Switch::On => self.admin.protect_media(&media.id).await,
                Switch::Off => self.admin.unprotect_media(&media.id).await,
            };
            match done {
                Err(error) if error.is_not_found() => Ok(()),
                done => done.map_err(fault),
            }
        })
    }

    fn delete_media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, ()> {
        Box::pin(
            async move { self.admin.delete_media(&media.server, &media.id).await.map(drop).map_err(fault) },
        )
    }

    fn delete_media_of<'a>(&'a self, user: &'a UserId, limit: u32) -> Asked<'a, u64> {
        Box::pin(async move {
            let page = UserMediaQuery { limit: NonZeroU32::new(limit), ..UserMediaQuery::default() };
            self.admin.delete_user_media(user, &page).await.map(|deleted| deleted.total).map_err(fault)
        })
    }

    fn quarantine_media_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.quarantine_user_media(user).await.map(drop).map_err(fault) })
    }

    fn quarantine_media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.quarantine_room_media(room).await.map(drop).map_err(fault) })
    }

    fn create_token<'a>(&'a self, new: &'a NewToken) -> Asked<'a, RegistrationToken> {
        Box::pin(async move {
            let new = NewRegistrationToken {
                token: new.token.as_ref().map(|word| word.0.clone()),
                length: None,
                uses_allowed: new.limits.uses_allowed,
                expiry_time: new.limits.expires_at.map(timestamp),
            };
            self.admin.new_registration_token(&new).await.map(registration_token).map_err(fault)
        })
    }

    fn edit_token<'a>(&'a self, token: &'a TokenWord, limits: TokenLimits) -> Asked<'a, ()> {
        Box::pin(async move {
            let edit = EditRegistrationToken {
                uses_allowed: limits.uses_allowed.map_or(TokenLimit::Lift, TokenLimit::Set),
                expiry_time: limits.expires_at.map(timestamp).map_or(TokenLimit::Lift, TokenLimit::Set),
            };
            let edited = self.admin.edit_registration_token(&token.0, &edit).await.map_err(fault)?;
            edited.map(drop).ok_or_else(|| Fault::Refused {
                status: 404,
                errcode: "M_NOT_FOUND".to_owned(),
                message: "No such registration token".to_owned(),
            })
        })
    }

    fn delete_token<'a>(&'a self, token: &'a TokenWord) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.delete_registration_token(&token.0).await.map_err(fault) })
    }

    fn retry_destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.reset_connection(server).await.map_err(fault) })
    }
}

impl Homeserver {
    /// Whether the session knows a room that the bot is in, which may have been made just now.
    async fn knows(&self, room: &RoomId) -> bool {
        let (times, pause) = NEW_ROOM;
        for _ in 0..times {
            if self.session.membership(room) == Membership::Joined {
                return true;
            }
            tokio::time::sleep(pause).await;
        }
        false
    }
}
