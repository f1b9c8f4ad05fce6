"""Runs Synapse for exactly as long as its owner wants it: `launcher.py DATA_DIR`.

The owner holds the other end of standard input. The line "stop" asks for an orderly end which keeps the
data. End of file means that the owner is gone, however it died: Synapse ends at once, the data with it.
"""

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


def main(data_dir):
    threading.Thread(target=follow_owner, args=(data_dir,), daemon=True).start()
    make_signing_key(os.path.join(data_dir, "signing.key"))

    from synapse.app import homeserver

    # Synapse reads its arguments from here.
    sys.argv = ["synapse.app.homeserver", "-c", os.path.join(data_dir, "homeserver.yaml")]
    homeserver.main()


main(sys.argv[1])
