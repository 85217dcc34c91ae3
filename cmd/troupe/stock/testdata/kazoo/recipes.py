"""Queues, barriers, counters, parties and partitions."""

import struct
import threading

from cases import Failure, equal, eventually, raises, true, within


def case_Queue(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    queue, elsewhere = zk.Queue(root), other.Queue(root)
    equal(queue.get(), None)
    for value, priority in (b"later", 200), (b"first", 100), (b"second", 100), (b"urgent", 1):
        queue.put(value, priority)
    equal(len(elsewhere), 4)
    equal([elsewhere.get(), queue.get(), elsewhere.get(), queue.get(), queue.get()],
          [b"urgent", b"first", b"second", b"later", None])


def case_Queue_contended(rig):
    """Every entry is taken once, whoever takes it."""
    root, taken, guard = rig.root, [], threading.Lock()
    queue = rig.client().Queue(root)
    for i in range(40):
        queue.put(b"%02d" % i)

    def work(zk):
        mine = zk.Queue(root)
        while True:
            value = mine.get()
            if value is None:
                return
            with guard:
                taken.append(value)

    for thread in [rig.spawn(work, rig.client()) for _ in range(4)]:
        thread.finish()
    equal(sorted(taken), [b"%02d" % i for i in range(40)])


def case_LockingQueue(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    queue, elsewhere = zk.LockingQueue(root), other.LockingQueue(root)
    queue.put_all([b"one", b"two"])
    queue.put(b"zero", priority=1)
    equal(queue.get(1), b"zero")
    equal(queue.get(1), b"zero", "again until consumed")
    equal(elsewhere.get(1), b"one", "another takes another")
    true(queue.holds_lock() and elsewhere.holds_lock(), "locks")
    true(queue.consume() and not queue.consume(), "consume once")
    equal(len(queue), 2)
    true(elsewhere.release(), "release")
    zk.sync(root)
    equal(queue.get(1), b"one", "a released entry")
    equal(elsewhere.get(1), b"two")
    zk.stop()  # what it held is free again
    true(elsewhere.consume(), "consume")
    equal(elsewhere.get(10), b"one")
    true(elsewhere.consume(), "consume")
    equal(elsewhere.get(0.1), None)
    waiting = []
    thread = rig.spawn(lambda: waiting.append(elsewhere.get(20)))
    rig.client().LockingQueue(root).put(b"late")
    thread.finish()
    equal(waiting, [b"late"])


def case_Barrier(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    barrier = zk.Barrier(root)
    barrier.create()
    other.sync(root)
    equal(other.Barrier(root).wait(0.1), False, "a barrier that stands")
    passed = []
    thread = rig.spawn(lambda: passed.append(other.Barrier(root).wait(20)))
    eventually("somebody waits", lambda: root in other._data_watchers)
    true(barrier.remove(), "remove")
    thread.finish()
    equal(passed, [True])
    equal(barrier.remove(), False, "remove again")
    other.sync(root)
    equal(other.Barrier(root).wait(1), True, "no barrier")


def case_DoubleBarrier(rig):
    root, count, guard, log = rig.root, 3, threading.Lock(), []

    def work(zk, barrier):
        note("coming")
        barrier.enter()
        note("inside")
        barrier.leave()
        note("left")
        true(not barrier.participating, "still participating")

    def note(what):
        with guard:
            log.append(what)

    for i in range(count):
        zk = rig.client()
        rig.spawn(work, zk, zk.DoubleBarrier(root, count, "m%d" % i))
        if i < count - 1:
            eventually("member %d waits" % i, lambda: zk.exists(root) and len(zk.get_children(root)) == i + 1)
            equal(log, ["coming"] * (i + 1))
    for thread in rig.threads:
        thread.finish()
    # All have come before any is inside, and all were inside before any has left.
    equal(log[:count], ["coming"] * count)
    equal(log.index("left"), 2 * count, "first to leave in %r" % log)


def case_Counter(rig):
    root = rig.root

    def work(zk):
        counter = zk.Counter(root)
        for _ in range(10):
            counter += 2
            counter -= 1

    for thread in [rig.spawn(work, rig.client()) for _ in range(4)]:
        thread.finish()
    zk = rig.client()
    equal(zk.Counter(root).value, 40)
    equal(zk.get(root)[1].version, 80, "one write for each step")
    float_counter = zk.Counter(root + "-float", default=1.5)
    float_counter += 2.0
    equal((float_counter.value, float_counter.pre_value, float_counter.post_value), (3.5, 1.5, 3.5))
    curator = zk.Counter(root + "-curator", support_curator=True)
    curator += 7
    equal(zk.get(root + "-curator")[0], struct.pack(">i", 7))


def case_Party(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    for kind in "Party", "ShallowParty":
        path = root + "-" + kind
        mine, yours = getattr(zk, kind)(path, "mine"), getattr(other, kind)(path, "yours")
        mine.join()
        yours.join()
        mine.join()  # once more changes nothing
        zk.sync(root)
        equal((sorted(mine), len(yours)), (["mine", "yours"], 2), kind)
        true(mine.leave(), "leave")
        other.sync(root)
        equal(list(yours), ["yours"], kind)
    other.stop()
    zk.sync(root)
    equal(list(zk.Party(root + "-Party")) + list(zk.ShallowParty(root + "-ShallowParty")), [])


def case_SetPartitioner(rig):
    root, items = rig.root, tuple(range(7))
    clients = [rig.client() for _ in range(3)]

    def partitioner(i):
        return clients[i].SetPartitioner(root, items, identifier="m%d" % i, time_boundary=0.2)

    members = [partitioner(0)]
    settle(members)
    equal(sorted(members[0]), list(items), "alone")
    members += [partitioner(1), partitioner(2)]
    settle(members)
    equal([sorted(m) for m in members], [[0, 3, 6], [1, 4], [2, 5]], "three members")
    clients[1].stop()
    members[1].finish()
    del members[1]
    settle(members)
    equal([sorted(m) for m in members], [[0, 2, 4, 6], [1, 3, 5]], "two members")


def settle(members):
    """Plays each member's part until all have their share and nobody wants to share anew."""

    def settled():
        for member in members:
            if member.failed:
                raise Failure("a member failed")
            if member.release:
                member.release_set()
        shares = [item for member in members if member.acquired for item in member]
        return all(m.acquired for m in members) and len(shares) == len(set(shares)) == 7

    eventually("partition", settled)
