#!/bin/sh
# Sets the bot of compose.try.yml up at its first start, and says each time who to log in as. Arguments go to `gleipnir setup`.
# Without a container engine, the TRY_ variables tell where things are.
set -eu
secrets=${TRY_SECRETS:-/secrets}
config=${TRY_CONFIG:-/etc/gleipnir/config.toml}
name=${TRY_SERVER_NAME:-localhost}

if ! [ -e "$config" ]; then
  password=$(dirname "$config")/gleipnir-password
  if [ -e "$password" ]; then
    # From a set-up that was broken off: the account is there.
    set -- --password-file "$password" "$@"
  else
    set -- --registration-secret-file "$secrets/registration-secret" "$@"
  fi
  gleipnir --config "$config" setup --yes --homeserver "${TRY_HOMESERVER:-http://synapse:8008}" --user "@gleipnir:$name" \
    --room-name Moderators --invite "@mod:$name" --storage "${TRY_STORAGE:-/data}" "$@"
fi
# For the health check.
grep -q '^\[http\]' "$config" || printf '\n[http]\nlisten = "127.0.0.1:8009"\n' >> "$config"

cat <<END

Open a Matrix client, such as Element, and log in:
  homeserver  http://localhost:${TRY_PORT:-8008}
  user        mod
  password    $(cat "$secrets/moderator-password")
Accept the invitation to the room "Moderators" and write !status there.

END
