"""Copies the database of a running Synapse once its background updates are done: `template.py FROM TO`."""

import sqlite3
import sys
import time

source, destination = sys.argv[1:]
database = sqlite3.connect(source, timeout=30, isolation_level=None)
deadline = time.monotonic() + 120
while database.execute("SELECT count(*) FROM background_updates").fetchone()[0] > 0:
    if time.monotonic() > deadline:
        sys.exit("the background updates of a new database did not end within two minutes")
    time.sleep(0.2)
# Unlike a copy of the file this sees what is still in the write-ahead log.
database.execute("VACUUM INTO ?", (destination,))
