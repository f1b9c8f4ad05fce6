//! Listing a room in the room directory, and taking it out.

use ruma::RoomId;

use super::{Advance, Pace, UNKNOWN_ROOM, failed, refused, unchanged};
use crate::{
    model::{Listing, RoomDetails},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    listing: Listing,
    state: Option<&StepState>,
) -> Advance {
    let Some(StepState::Listing { before }) = state else {
        return match effects.room(room).await {
            Ok(Some(details)) => Advance::Working {
                state: StepState::Listing { before: listing_of(&details) },
                keep: None,
                pace: Pace::Now,
            },
            Ok(None) => failed(UNKNOWN_ROOM, None),
            Err(fault) => Advance::fault(fault),
        };
    };
    match effects.set_listing(room, listing).await {
        Err(Fault::Refused { status: 403, message, .. }) => {
            return failed(
                format!(
                    "The homeserver refused ({message}): its configuration (room_list_publication_rules) says who may \
                     list what, for server admins too."
                ),
                None,
            );
        }
        written => {
            if let Some(refused) = refused(written) {
                return refused;
            }
        }
    }
    match effects.room(room).await {
        Ok(Some(details)) if listing_of(&details) == listing => {
            Advance::Ended(Outcome::Done { effect: effect(listing, *before) })
        }
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn effect(listing: Listing, before: Listing) -> Effect {
    match listing {
        Listing::Listed => Effect::Listed { before },
        Listing::Unlisted => Effect::Unlisted { before },
    }
}

fn listing_of(details: &RoomDetails) -> Listing {
    match details.public {
        Some(true) => Listing::Listed,
        Some(false) | None => Listing::Unlisted,
    }
}
