"""Lives through a restart of the server: survivor.py HOST:PORT NAME (see restart_test.go)."""

import logging
import sys
import threading

from kazoo.client import KazooClient, KazooState

logging.disable(logging.CRITICAL)
telling = threading.Lock()


def tell(line):
    with telling:
        print(line, flush=True)


def main(addr, name):
    zk = KazooClient(hosts=addr, timeout=30.0)
    zk.start(timeout=20)
    base = "/restart/" + name
    zk.create(base + "-eph", ephemeral=True)
    zk.add_listener(lambda state: tell("EVENT " + {
        KazooState.CONNECTED: "Connected", KazooState.SUSPENDED: "Disconnected", KazooState.LOST: "Expired",
    }[state]))

    # This client does not tell the server of its watches anew: its recipes look and watch again.
    def watch(register, event, path):
        calls = []

        @register(path)
        def changed(*_):
            calls.append(path)
            if len(calls) > 1:
                tell("EVENT %s %s" % (event, path))

    watch(zk.DataWatch, "NodeDataChanged", base)
    watch(zk.ChildrenWatch, "NodeChildrenChanged", base)
    watch(zk.DataWatch, "NodeCreated", base + "-late")
    tell("READY")
    threading.Event().wait()


main(*sys.argv[1:])
