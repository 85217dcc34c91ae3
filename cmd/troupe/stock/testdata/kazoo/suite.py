"""kazoo against a server: suite.py HOST:PORT. With a third argument it is a victim, see sessions.py.

Clients that meet in a recipe are on different servers if TROUPE_STOCK_SPREAD names an address whose
connections go to several.
"""

import os
import sys

import basics
import cases
import locks
import recipes
import sessions
import watches

if __name__ == "__main__":
    if len(sys.argv) == 3:
        sessions.victim(sys.argv[1], sys.argv[2])
    else:
        addr = sys.argv[1]
        spread = os.environ.get("TROUPE_STOCK_SPREAD", addr)
        cases.run({basics: addr, sessions: addr, watches: spread, locks: spread, recipes: spread})
