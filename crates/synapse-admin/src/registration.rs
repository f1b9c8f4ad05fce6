//! Making an account with the server's `registration_shared_secret`: `GET` and `POST /_synapse/admin/v1/register`.
//!
//! <https://element-hq.github.io/synapse/latest/admin_api/register_api.html>

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha1::Sha1;

use crate::{Client, Error, LoggedIn};

const REGISTER: &str = "/_synapse/admin/v1/register";

impl Client {
    /// Makes an account that is a server admin, and logs it in on a new device. Two requests: the first gets a word that
    /// is good for one registration within a minute. No token is sent.
    ///
    /// - 400 `M_USER_IN_USE`: there is an account of that name
    /// - 400 `M_UNKNOWN` "Shared secret registration is not enabled"
    /// - 400 `M_INVALID_USERNAME`: the name has letters that no name may have
    /// - 403 `M_UNKNOWN` "HMAC incorrect": the server has another secret
    /// - [`Error::NotRouted`]: a reverse proxy hides the admin API, or MAS took registration away
    pub async fn register_admin(&self, account: &NewAdmin<'_>) -> Result<LoggedIn, Error> {
        #[derive(Deserialize)]
        struct Nonce {
            nonce: String,
        }
        let nonce = self.get(REGISTER, &[]).without_token().answer::<Nonce>().await?.nonce;
        let body = json!({
            "nonce": nonce,
            "username": account.localpart,
            "password": account.password,
            "admin": true,
            "mac": account.proof(&nonce),
        });
        self.post(REGISTER, &[], body).without_token().answer().await
    }
}

/// An account to be made. `Debug` shows no secret.
#[derive(Clone, Copy)]
pub struct NewAdmin<'a> {
    /// The part of its ID before the server.
    pub localpart: &'a str,
    /// Its password.
    pub password: &'a str,
    /// `registration_shared_secret` of the server's configuration.
    pub shared_secret: &'a str,
}

impl NewAdmin<'_> {
    /// That the sender knows the secret: HMAC-SHA1 over the fields, joined by NUL, in hexadecimal.
    fn proof(&self, nonce: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(self.shared_secret.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update([nonce, self.localpart, self.password, "admin"].join("\0").as_bytes());
        format!("{:x}", mac.finalize().into_bytes())
    }
}

impl fmt::Debug for NewAdmin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAdmin").field("localpart", &self.localpart).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::NewAdmin;

    #[test]
    fn the_proof_is_that_of_synapses_own_script() {
        let account = NewAdmin { localpart: "gleipnir", password: "hunter2", shared_secret: "shared" };
        // printf 'nonce\0gleipnir\0hunter2\0admin' | openssl sha1 -hmac shared
        assert_eq!(account.proof("nonce"), "82e6685d97b6557159ed37670b50b70d2be6d9a8");
        assert!(!format!("{account:?}").contains("hunter2") && !format!("{account:?}").contains("shared"));
    }
}
