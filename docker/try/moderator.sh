#!/bin/sh
# Makes the account of a moderator, @mod, on the server of compose.try.yml. One that is there already stays as it is.
set -eu
exec register_new_matrix_user --config "${TRY_SYNAPSE:-/data}/homeserver.yaml" --user mod --no-admin --exists-ok \
  --password-file "${TRY_SECRETS:-/secrets}/moderator-password" "${TRY_HOMESERVER:-http://synapse:8008}"
