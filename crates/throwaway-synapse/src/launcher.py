"""Runs Synapse for exactly as long as its owner wants it: `launcher.py DATA_DIR`.

The owner holds the other end of standard input. The line "stop" asks for an orderly end which keeps the
data. End of file means that the owner is gone, however it died: Synapse ends at once, the data with it.
"""

import json
import os
import signal
import sys
import threading
import time

REMOVE_DATA = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"


def follow_owner(data_dir):
    if sys.stdin.buffer.readline() == b"stop\n":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)
    # To become another program ends every thread of Synapse, so that none writes while the data goes.
    os.chdir("/")
    os.execv(sys.executable, [sys.executable, "-I", "-c", REMOVE_DATA, data_dir])


def make_signing_key(path):
    from signedjson.key import generate_signing_key, write_signing_keys

    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            write_signing_keys(file, [generate_signing_key("a_throwaway")])


def make_certificate(config):
    """A self-signed certificate for a server that has to have one; its neighbour does not verify it."""
    path = config.get("tls_certificate_path")
    if path is None or os.path.exists(path):
        return
    from datetime import datetime, timedelta, timezone

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "throwaway-synapse")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with open(config["tls_private_key_path"], "wb") as file:
        file.write(key.private_bytes(pem, *plain))
    with open(path, "wb") as file:
        file.write(certificate.public_bytes(pem))


def main(data_dir):
    threading.Thread(target=follow_owner, args=(data_dir,), daemon=True).start()
    make_signing_key(os.path.join(data_dir, "signing.key"))
    config = os.path.join(data_dir, "homeserver.yaml")
    with open(config, encoding="utf-8") as file:
        # It is written as JSON, which is YAML too.
        make_certificate(json.load(file))

    from synapse.app import homeserver

    # Synapse reads its arguments from here.
    sys.argv = ["synapse.app.homeserver", "-c", config]
    homeserver.main()


main(sys.argv[1])
