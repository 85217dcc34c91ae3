"""How sessions are resumed, taken over, and end."""

import os
import subprocess
import sys
import threading
import time

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import NoNodeError

from cases import PATIENCE, Events, equal, eventually, raises, true, within

# A session of this length, in seconds, ends while a case waits.
BRIEF = 2.0


def victim(addr, path):
    """Another process: holds an ephemeral node, tells its session, and waits to be killed."""
    zk = KazooClient(hosts=addr, timeout=BRIEF if path.endswith("killed") else 10.0)
    zk.start(timeout=PATIENCE)
    zk.create(path, ephemeral=True)
    session, password = zk.client_id
    print(session, password.hex(), flush=True)
    threading.Event().wait()


def start_victim(rig, path):
    """Returns the process, its session's id and password."""
    suite = os.path.join(os.path.dirname(os.path.abspath(__file__)), "suite.py")
    process = subprocess.Popen([sys.executable, suite, rig.addr, path], stdout=subprocess.PIPE, text=True)
    session, password = process.stdout.readline().split()
    return process, int(session), bytes.fromhex(password)


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def case_resume(rig):
    """Id and password are all it takes to carry a dead process's session on."""
    zk, root = rig.client(), rig.root
    zk.create(root)
    path = root + "/resumed"
    process, session, password = start_victim(rig, path)
    kill(process)
    heir = rig.client(client_id=(session, password))
    equal(heir.client_id, (session, password))
    equal(heir.exists(path).ephemeralOwner, session)
    heir.create(root + "/second", ephemeral=True)
    heir.stop()
    equal(zk.get_children(root), [])


def case_wrong_password(rig):
    """With a wrong password there is no session to carry on: the client gets a new one, and who
    has the session keeps it. (Apache closes the owner's connection nevertheless; it comes back.)"""
    zk, root = rig.client(), rig.root
    zk.create(root, ephemeral=True)
    session = zk.client_id[0]
    thief = rig.client(client_id=(session, b"\x01" * 16))
    true(thief.client_id[0] != session, "session taken over")
    equal(thief.exists(root).ephemeralOwner, session)
    eventually("the owner is connected", lambda: zk.client_id and zk.client_id[0] == session)
    unknown = rig.client(client_id=(0x1234567890abcd, b"\x01" * 16))
    true(unknown.client_id[0] != 0x1234567890abcd, "unknown session resumed")


def case_killed(rig):
    """A killed process's ephemeral nodes live until its session's timeout, and no longer."""
    zk, root = rig.client(), rig.root
    zk.create(root)
    path, events, gone = root + "/killed", Events(), threading.Event()
    process, _, _ = start_victim(rig, path)
    zk.exists(path, watch=lambda event: (events(event), gone.set()))
    kill(process)
    killed = time.monotonic()
    within(gone, "ephemeral node's end")
    events.expect("DELETED " + path)
    # The server last heard of the client up to a third of the timeout before its death.
    true(time.monotonic() - killed >= BRIEF / 2, "gone %.2f s after the kill" % (time.monotonic() - killed))
    raises(NoNodeError, zk.get, path)


def case_expired(rig):
    """A client whose session was closed behind its back is told so, and given another."""
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    zk.create(root + "/eph", ephemeral=True)
    states, back = [], threading.Event()

    def listen(state):
        states.append(state)
        if state == KazooState.CONNECTED:
            back.set()

    zk.add_listener(listen)
    session, password = zk.client_id
    zk.set_hosts("127.0.0.1:1")  # nobody is there, so it cannot take its session back meanwhile
    usurper = rig.client(client_id=(session, password))
    equal(usurper.client_id[0], session)
    usurper.stop()
    equal(other.get_children(root), [], "nodes of the closed session")
    zk.set_hosts(rig.addr)
    within(back, "connection with a new session")
    equal(states, [KazooState.SUSPENDED, KazooState.LOST, KazooState.CONNECTED])
    true(zk.client_id[0] != session, "session %x again" % session)
    zk.create(root + "/eph", ephemeral=True)
    equal(other.exists(root + "/eph").ephemeralOwner, zk.client_id[0])


def case_taken_over(rig):
    """Who resumes a session closes its old connection; nodes and watches of the session remain."""
    zk, root = rig.client(), rig.root
    zk.create(root)
    zk.create(root + "/eph", ephemeral=True)
    suspended = threading.Event()
    zk.add_listener(lambda state: state == KazooState.SUSPENDED and suspended.set())
    session = zk.client_id
    zk.set_hosts("127.0.0.1:1")
    heir = rig.client(client_id=session)
    within(suspended, "end of the old connection")
    equal(heir.client_id, session)
    equal(heir.exists(root + "/eph").ephemeralOwner, session[0])
    events = Events()
    heir.get(root, watch=events)
    heir.set(root, b"x")
    events.expect("CHANGED " + root)
    eventually("old connection forgotten", lambda: len(rig.connections(session[0])) == 1)


def case_negotiated_timeout(rig):
    """What a client asks for is brought into the server's bounds."""
    for asked, want in (0.5, 1000), (5.0, 5000), (1000.0, 30000):
        zk = rig.client(timeout=asked)
        lines = rig.connections(zk.client_id[0])
        true(len(lines) == 1 and ",to=%d," % want in lines[0], "asked for %r s: %r" % (asked, lines))
