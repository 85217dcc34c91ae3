"""kazoo against a server: suite.py HOST:PORT. With a third argument it is a victim, see sessions.py."""

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
        cases.run(sys.argv[1], basics, watches, locks, recipes, sessions)
