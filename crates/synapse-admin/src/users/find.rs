//! Finding an account by what its owner has elsewhere: `GET /_synapse/admin/v1/threepid/{medium}/users/{address}` and
//! `GET /_synapse/admin/v1/auth_providers/{provider}/users/{external_id}`.

use ruma::OwnedUserId;
use serde::Deserialize;

use crate::error::found;
use crate::{Client, Error};

#[derive(Deserialize)]
struct Found {
    user_id: OwnedUserId,
}

impl Client {
    /// Whose e-mail address (`medium` is `email`) or telephone number (`msisdn`) it is; `None` if nobody's. Write addresses
    /// in lower case and numbers without `+`, as Synapse keeps them.
    pub async fn user_by_threepid(&self, medium: &str, address: &str) -> Result<Option<OwnedUserId>, Error> {
        let path = "/_synapse/admin/v1/threepid/{medium}/users/{address}";
        Ok(found(self.get(path, &[medium, address]).answer::<Found>().await)?.map(|found| found.user_id))
    }

    /// Whose account at an identity provider it is; `None` if nobody's. `provider` is its ID in Synapse's configuration,
    /// for OpenID Connect with `oidc-` before it.
    pub async fn user_by_external_id(
        &self,
        provider: &str,
        external_id: &str,
    ) -> Result<Option<OwnedUserId>, Error> {
        let path = "/_synapse/admin/v1/auth_providers/{provider}/users/{external_id}";
        Ok(found(self.get(path, &[provider, external_id]).answer::<Found>().await)?
            .map(|found| found.user_id))
    }
}
