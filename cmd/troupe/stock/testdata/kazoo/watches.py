"""Watches that fire once, and the recipes that keep them up."""

import threading

from kazoo.exceptions import NoNodeError
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.watchers import PatientChildrenWatch

from cases import Events, equal, eventually, raises, true, within


def case_one_shot_watches(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    mine, others = Events(), Events()
    for client, events in (zk, mine), (other, others):
        client.get(root, watch=events)
        client.get_children(root, watch=events)
        client.exists(root + "/kid", watch=events)
    zk.create(root + "/kid")
    zk.create(root + "/second")
    zk.set(root, b"x")
    zk.set(root, b"y")
    for events in mine, others:
        events.expect("CREATED %s/kid" % root, "CHILD %s" % root, "CHANGED %s" % root)

    zk.get(root + "/kid", watch=mine)
    zk.get_children(root, watch=mine)
    raises(NoNodeError, zk.get, root + "/nothing", watch=mine)
    zk.delete(root + "/kid")
    mine.expect("DELETED %s/kid" % root, "CHILD %s" % root)
    zk.create(root + "/nothing")  # a failed get leaves no watch
    zk.set(root, b"z")
    equal(mine.seen + others.seen, [])


def case_watches_in_transaction(rig):
    zk, root = rig.client(), rig.root
    zk.create(root)
    events = Events()
    zk.get_children(root, watch=events)
    zk.exists(root + "/a", watch=events)
    t = zk.transaction()
    t.create(root + "/a")
    t.delete(root + "/nothing")
    t.commit()
    equal(events.seen, [], "events of a failed transaction")
    t = zk.transaction()
    t.create(root + "/a")
    t.create(root + "/b")
    t.commit()
    events.expect("CREATED %s/a" % root, "CHILD %s" % root)


def case_DataWatch(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    seen = []

    @zk.DataWatch(root)
    def watch(data, stat, event):
        seen.append((data, stat and stat.version, event and event.type))
        return data != b"stop"

    other.create(root, b"1")
    eventually("creation seen", lambda: len(seen) == 2)
    other.set(root, b"2")
    eventually("change seen", lambda: len(seen) == 3)
    other.delete(root)
    eventually("deletion seen", lambda: len(seen) == 4)
    other.create(root, b"stop")
    eventually("creation seen again", lambda: len(seen) == 5)
    other.set(root, b"3")
    zk.sync(root)
    zk.get(root)
    equal(seen, [
        (None, None, None), (b"1", 0, "CREATED"), (b"2", 1, "CHANGED"), (None, None, "DELETED"),
        (b"stop", 0, "CREATED"),
    ])


def case_ChildrenWatch(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    seen = []

    @zk.ChildrenWatch(root)
    def watch(children):
        seen.append(sorted(children))

    for step, (change, want) in enumerate([
        (lambda: other.create(root + "/a"), ["a"]),
        (lambda: other.create(root + "/b"), ["a", "b"]),
        (lambda: other.delete(root + "/a"), ["b"]),
    ]):
        change()
        eventually("children %r" % want, lambda: len(seen) == step + 2)
        equal(seen[-1], want)
    equal(seen[0], [])


def case_PatientChildrenWatch(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    zk.create(root + "/a")
    result = PatientChildrenWatch(zk, root, time_boundary=0.2).start()
    children, changed = result.get(timeout=20)
    equal(children, ["a"])
    true(not changed.ready(), "changed before any change")
    other.create(root + "/b")
    changed.get(timeout=20)


def case_TreeCache(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root, b"r")
    zk.create(root + "/a", b"1")
    cache, ready = TreeCache(zk, root), threading.Event()
    cache.listen(lambda event: event.event_type == TreeEvent.INITIALIZED and ready.set())
    cache.start()
    within(ready, "cache filled")
    other.create(root + "/a/b", b"2")
    eventually("new node cached", lambda: cache.get_data(root + "/a/b") is not None)
    equal(cache.get_data(root + "/a/b").data, b"2")
    equal(cache.get_children(root), frozenset(["a"]))
    other.set(root + "/a", b"3")
    eventually("change cached", lambda: cache.get_data(root + "/a").data == b"3")
    other.sync(root)
    equal(cache.get_data(root + "/a").stat, other.exists(root + "/a"))
    other.delete(root + "/a", recursive=True)
    eventually("deletion cached", lambda: cache.get_children(root) == frozenset())
    cache.close()


def case_many_watches(rig):
    """One client, a watch on each of many nodes: each is told once, in the order of the writes."""
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    events = Events()
    paths = ["%s/%03d" % (root, i) for i in range(100)]
    for r in [zk.create_async(p) for p in paths]:
        r.get(20)
    for r in [zk.get_async(p, watch=events) for p in paths]:
        r.get(20)
    for r in [other.set_async(p, b"x") for p in paths]:
        r.get(20)
    events.expect(*["CHANGED " + p for p in paths])
