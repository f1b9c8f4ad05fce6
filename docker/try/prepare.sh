#!/bin/sh
# Makes what the servers of compose.try.yml need before they start: secrets, and Synapse's configuration with its keys. What is
# there already stays. Without a container engine, the TRY_ variables tell where things are.
set -eu
umask 077
secrets=${TRY_SECRETS:-/secrets}
data=${TRY_SYNAPSE:-/data}
name=${TRY_SERVER_NAME:-localhost}

# Readable for each of the containers that mount the folder: they run as different users.
random() {
  [ -s "$secrets/$1" ] && return
  head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$secrets/$1.new"
  chmod 0444 "$secrets/$1.new"
  mv "$secrets/$1.new" "$secrets/$1"
}

mkdir -p "$secrets" "$data"
random postgres-password
random registration-secret
random moderator-password

if ! [ -s "$data/homeserver.yaml" ]; then
  cat > "$data/log.yaml" <<END
version: 1
formatters:
  plain: { format: "%(asctime)s %(levelname)s %(name)s %(message)s" }
handlers:
  console: { class: logging.StreamHandler, formatter: plain }
root: { level: WARNING, handlers: [console] }
END
  cat > "$data/homeserver.yaml.new" <<END
server_name: "$name"
public_baseurl: "http://localhost:${TRY_PORT:-8008}/"
pid_file: "$data/homeserver.pid"
log_config: "$data/log.yaml"
media_store_path: "$data/media"
signing_key_path: "$data/signing.key"
report_stats: false
listeners:
  - port: ${TRY_PORT:-8008}
    type: http
    bind_addresses: ["${TRY_BIND:-0.0.0.0}"]
    resources: [{ names: [client] }]
database:
  name: psycopg2
  args:
    host: "${TRY_POSTGRES_HOST:-postgres}"
    port: ${TRY_POSTGRES_PORT:-5432}
    user: synapse
    dbname: synapse
    password: "$(cat "$secrets/postgres-password")"
registration_shared_secret_path: "$secrets/registration-secret"
# Accounts to play spammers with are made in any client.
enable_registration: true
enable_registration_without_verification: true
# It knows no other server.
federation_domain_whitelist: []
trusted_key_servers: []
END
  python3 -m synapse.app.homeserver --config-path "$data/homeserver.yaml.new" --generate-keys
  mv "$data/homeserver.yaml.new" "$data/homeserver.yaml"
fi
# In the image Synapse runs as this user.
if [ "$(id -u)" = 0 ] && [ -z "${TRY_SYNAPSE-}" ]; then
  chown -R 991:991 "$data"
fi
