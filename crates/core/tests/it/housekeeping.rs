//! The server's housekeeping: notices, registration tokens, rate limits, and servers that are tried again.

mod limits;
mod notices;
mod servers;
mod steps;
mod tokens;

use gleipnir_core::{
    model::{Account, RegistrationToken},
    ports::LookupServer as _,
    ruma::{OwnedUserId, owned_user_id},
    testing::Stage,
};

use crate::scene::stage;

fn eve() -> OwnedUserId {
    owned_user_id!("@eve:hs.test")
}

/// A stage with Eve's account, and one that is deactivated.
fn with_eve() -> Stage {
    let stage = stage();
    let named = |name: &str| Account { display_name: Some(name.into()), ..Account::default() };
    stage.homeserver.put_account(&eve(), named("Eve *of* `<b>`"));
    stage.homeserver.put_account(&owned_user_id!("@ana:hs.test"), named("Ana"));
    let gone = Account { deactivated: true, ..Account::default() };
    stage.homeserver.put_account(&owned_user_id!("@gone:hs.test"), gone);
    stage
}

fn token(
    word: &str,
    uses_allowed: Option<u64>,
    completed: u64,
    expires_at: Option<i64>,
) -> RegistrationToken {
    RegistrationToken { token: word.into(), uses_allowed, pending: 0, completed, expires_at }
}

/// A stage with two registration tokens.
fn with_tokens() -> Stage {
    let stage = stage();
    stage.homeserver.put_token(token("swordfishes", Some(5), 3, None));
    stage.homeserver.put_token(token("swiftness", None, 0, None));
    stage
}

async fn tokens(stage: &Stage) -> Vec<RegistrationToken> {
    stage.homeserver.registration_tokens().await.expect("nothing fails any more")
}
