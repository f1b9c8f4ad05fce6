//! What to change where Synapse's admin API is not reached.

use synapse_admin::Error;

const NGINX: &str = "nginx, in the server block of the homeserver:
    location /_synapse/admin {
        allow 192.0.2.7;   # the bot's machine
        deny all;
        proxy_pass http://127.0.0.1:8008;
    }";

const CADDY: &str = "Caddy, in the site of the homeserver:
    @gleipnir {
        path /_synapse/admin/*
        remote_ip 192.0.2.7   # the bot's machine
    }
    reverse_proxy @gleipnir 127.0.0.1:8008";

const TRAEFIK: &str = "Traefik, a router of its own to Synapse's service:
    rule: \"Host(`matrix.example.org`) && PathPrefix(`/_synapse/admin`) && ClientIP(`192.0.2.7`)\"
    service: synapse";

const AT_HOME: &str = "The simplest is to run the bot beside Synapse, with Synapse's own address as homeserver.url, such as \
                       http://127.0.0.1:8008. Otherwise let the path /_synapse/admin through to Synapse, for the bot's \
                       machine alone:";

/// Whether an error means that something before Synapse, or Synapse itself, does not serve the path.
pub(crate) fn is_in_the_way(error: &Error) -> bool {
    matches!(
        error,
        Error::NotRouted { .. } | Error::Api { status: 403, .. } | Error::BadAnswer { status: ..500, .. }
    )
}

/// What to do. `software` is what the proxy calls itself.
pub(crate) fn advice(error: &Error, software: &str) -> String {
    if error.is_not_offered() {
        return "Synapse itself says so: with workers, /_synapse/admin has to go to the main process. A homeserver other \
                than Synapse has no such API: docs/mas.md says what the bot can do there."
            .to_owned();
    }
    if !is_in_the_way(error) {
        return "See whether Synapse runs, and its log.".to_owned();
    }
    let software = software.to_lowercase();
    let known = [("nginx", NGINX), ("caddy", CADDY)];
    match known.iter().find(|(name, _)| software.contains(name)) {
        Some((_, change)) => format!("{AT_HOME}\n{change}"),
        None => [AT_HOME, NGINX, CADDY, TRAEFIK].join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_that_is_there_is_spoken_of() {
        let page = |status| Error::NotRouted { status, path: "/_synapse/admin", what: "<html>".to_owned() };
        let own = Error::NotRouted { status: 404, path: "/x", what: "M_UNRECOGNIZED".to_owned() };
        let down = Error::BadAnswer { status: 502, what: "<html>".to_owned() };
        for (error, software, there, absent) in [
            (page(404), "nginx/1.24", "location /_synapse/admin", "remote_ip"),
            (page(403), "Caddy", "remote_ip", "location"),
            (page(404), "", "PathPrefix", "main process"),
            (own, "nginx", "main process", "location"),
            (down, "nginx", "whether Synapse runs", "location"),
        ] {
            let advice = advice(&error, software);
            assert!(advice.contains(there) && !advice.contains(absent), "{advice}");
        }
    }
}
