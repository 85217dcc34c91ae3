"""Runs cases against a server and tells how each went, one line for each (see suite_test.go)."""

import concurrent.futures
import logging
import os
import socket
import threading
import time
import traceback

from kazoo.client import KazooClient

PATIENCE = 20  # seconds, for what comes at once on an idle machine
AT_ONCE = 6  # cases that run side by side; most only wait
MODE = os.environ.get("TROUPE_STOCK_MODE", "standalone")  # of the server

logging.disable(logging.CRITICAL)


class Failure(Exception):
    pass


def equal(got, want, what=""):
    if got != want:
        raise Failure("%s: got %r, want %r" % (what or "value", got, want))


def true(holds, what):
    if not holds:
        raise Failure(what)


def raises(error, call, *args, **kwargs):
    try:
        got = call(*args, **kwargs)
    except error as e:
        return e
    raise Failure("%s%r returned %r, want %s" % (call.__name__, args, got, error.__name__))


def eventually(what, holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise Failure("not within %d s: %s" % (PATIENCE, what))
        time.sleep(0.01)


def within(event, what):
    if not event.wait(PATIENCE):
        raise Failure("not within %d s: %s" % (PATIENCE, what))


class Events:
    """Watch events as "TYPE path", in the order in which they came. It is itself a watcher."""

    def __init__(self):
        self.seen = []

    def __call__(self, event):
        self.seen.append("%s %s" % (event.type, event.path))

    def expect(self, *want):
        """Waits for these events. The list begins anew."""
        eventually("events %s" % " ".join(want), lambda: len(self.seen) >= len(want))
        seen, self.seen = self.seen, []
        equal(seen, list(want), "events")


class Rig:
    """What a case is given: the server, a node of its own, and clients that are closed after it."""

    def __init__(self, addr, name):
        self.addr = addr
        self.root = "/kazoo-" + name
        self.clients = []
        self.threads = []

    def client(self, chroot="", **options):
        options.setdefault("timeout", 10.0)
        client = KazooClient(hosts=self.addr + chroot, **options)
        self.clients.append(client)
        client.start(timeout=PATIENCE)
        return client

    def spawn(self, call, *args):
        """Runs a call beside the case, which fails if the call does or does not end."""
        thread = Thread(call, args)
        self.threads.append(thread)
        thread.start()
        return thread

    def word(self, word):
        """All of the answer to a four-letter word; the client's own way reads the first 8 KiB."""
        host, port = self.addr.split(":")
        with socket.create_connection((host, int(port)), PATIENCE) as s, s.makefile("r") as answer:
            s.sendall(word.encode())
            return answer.read()

    def connections(self, session):
        """What the server tells of a session's connections."""
        return [line for line in self.word("cons").splitlines() if "sid=0x%x," % session in line]

    def close(self):
        for client in self.clients:
            client.stop()
            client.close()


class Thread(threading.Thread):
    def __init__(self, call, args):
        super().__init__(daemon=True)
        self.call, self.args, self.error = call, args, None

    def run(self):
        try:
            self.call(*self.args)
        except Exception as e:
            self.error = e

    def finish(self):
        self.join(PATIENCE)
        if self.is_alive():
            raise Failure("%s does not end" % self.call.__name__)
        if self.error:
            raise self.error


telling = threading.Lock()


def tell(line):
    with telling:
        print(line, flush=True)


def run_case(addr, case):
    name = case.__name__[len("case_"):]
    rig = Rig(addr, name.replace("_", "-"))
    try:
        case(rig)
        for thread in rig.threads:
            thread.finish()
        tell("ok " + name)
    except Exception:
        tell("not ok %s: %s" % (name, traceback.format_exc().replace("\n", "\\n")))
    finally:
        rig.close()


def run(modules):
    """Runs the cases of modules, each against its address."""
    cases = [(addr, value) for m, addr in modules.items()
             for name, value in sorted(vars(m).items()) if name.startswith("case_")]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(run_case, addr, case) for addr, case in cases]:
            done.result()
    tell("cases %d" % len(cases))
