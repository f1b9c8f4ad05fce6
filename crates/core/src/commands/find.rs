//! `!find`: whose an e-mail address, a telephone number or a login elsewhere is.

use ruma::OwnedUserId;

use super::{Access, Command, Decision, Failure, Subject, World, person::account_line};
use crate::{
    model::{Account, Authentication, Identity},
    reply::{Line, Reply},
};

/// Find the account that has an e-mail address, a telephone number, or a login at an identity provider
///
/// A login elsewhere is the provider's ID in the server's configuration (oidc-… for OpenID Connect), a blank and the account there. Only whole addresses and IDs are found.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!find <e-mail or +telephone> | <provider> <id>")]
pub(super) struct Find {
    /// The address or number; or the provider, followed by the ID there
    #[arg(value_name = "e-mail or provider and id", required = true, num_args = 1..=2)]
    words: Vec<String>,
}

pub(super) struct Facts {
    identity: Identity,
    /// Whose it is; without one, who keeps such things here.
    owner: Result<(OwnedUserId, Option<Account>), Authentication>,
}

impl Command for Find {
    const NAME: &'static str = "find";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!find ana@example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let identity = identity(&self.words)?;
        let owner = match world.lookup.owner(&identity).await? {
            Some(id) => {
                let account = world.lookup.account(&id).await?;
                Ok((id, account))
            }
            None => Err(world.lookup.authentication().await?),
        };
        Ok(Facts { identity, owner })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let what = match &facts.identity {
            Identity::ThirdParty { medium, address } if medium == "email" => {
                Line::new().text("the e-mail address ").code(address)
            }
            Identity::ThirdParty { address, .. } => Line::new().text("the telephone number ").code(address),
            Identity::External { provider, id } => {
                Line::new().text("the login ").code(id).text(" at ").code(provider)
            }
        };
        let (id, account) = match facts.owner {
            Ok(found) => found,
            Err(authentication) => {
                let line = nobody(&facts.identity, what, authentication);
                return Ok(Decision::Answer(Reply::text(line)));
            }
        };
        let line = match &account {
            Some(account) => account_line(&id, account),
            None => Line::new().code(id.as_str()),
        };
        let line = line.text(" has ").append(what).text(". All about them: ").code(format!("!user {id}"));
        Ok(Decision::Answer(Reply::text(line.text("."))))
    }
}

/// That nobody has it, as far as that can be said.
fn nobody(identity: &Identity, what: Line, authentication: Authentication) -> Line {
    let unasked = match (authentication, identity) {
        (Authentication::Elsewhere, _) => Some(
            Line::new()
                .text(", and I have no access to it. Look there, or give me access under ")
                .code("[mas]")
                .text(" in my configuration."),
        ),
        (Authentication::Mas, Identity::External { .. }) => {
            Some(Line::new().text(", where I can look for e-mail addresses only."))
        }
        (Authentication::Mas | Authentication::Homeserver, _) => None,
    };
    if let Some(unasked) = unasked {
        let line = Line::new().text("No account has ").append(what).text(" as far as the homeserver knows. ");
        return line.text("But an authentication service (MAS) keeps such things here").append(unasked);
    }
    let line = Line::new().text("No account of this server has ").append(what).text(".");
    match identity {
        Identity::External { .. } => line
            .text(" The provider is its ID in the server's configuration, such as ")
            .code("oidc-company")
            .text("."),
        Identity::ThirdParty { .. } => line.text(" Only whole addresses are found, as the account has them."),
    }
}

/// What is looked for, as Synapse keeps it.
fn identity(words: &[String]) -> Result<Identity, Failure> {
    let third_party =
        |medium: &str, address: String| Identity::ThirdParty { medium: medium.to_owned(), address };
    match words {
        [provider, id] => {
            Ok(Identity::External { provider: provider.trim().to_owned(), id: id.trim().to_owned() })
        }
        [one] => {
            let word = one.trim();
            let digits: String = word.chars().filter(char::is_ascii_digit).collect();
            let is_number =
                word.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' '));
            match word.strip_prefix("mailto:").unwrap_or(word) {
                address if address.chars().skip(1).any(|c| c == '@') => {
                    Ok(third_party("email", address.to_lowercase()))
                }
                _ if is_number && digits.len() > 4 => Ok(third_party("msisdn", digits)),
                _ => Err(refused(word)),
            }
        }
        _ => Err(refused(&words.join(" "))),
    }
}

fn refused(word: &str) -> Failure {
    Failure::told(
        Line::new()
            .user(word)
            .text(" is neither an e-mail address nor a telephone number. A login elsewhere needs its provider as well: ")
            .code("!find oidc-company ana")
            .text(". To look for a name: ")
            .code("!users <text>")
            .text("."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        let read = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            match identity(&words) {
                Ok(Identity::ThirdParty { medium, address }) => format!("{medium} {address}"),
                Ok(Identity::External { provider, id }) => format!("at {provider}: {id}"),
                Err(_) => "refused".to_owned(),
            }
        };
        for (text, want) in [
            ("Ana@Example.org", "email ana@example.org"),
            ("mailto:ana@example.org", "email ana@example.org"),
            ("+49(30)123-456", "msisdn 4930123456"),
            ("oidc-x Ana", "at oidc-x: Ana"),
            ("@ana:hs.test", "refused"),
            ("ana", "refused"),
            ("123", "refused"),
            ("", "refused"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }
}
