"""Locks of every sort, semaphores, leases and elections."""

import datetime
import threading

from kazoo.exceptions import LockTimeout
from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease

from cases import Failure, equal, eventually, raises, true, within


class Section:
    """A section that tells how many were inside at once."""

    def __init__(self):
        self.guard, self.inside, self.most, self.entered = threading.Lock(), 0, 0, 0

    def __enter__(self):
        with self.guard:
            self.inside += 1
            self.entered += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_):
        with self.guard:
            self.inside -= 1


def case_Lock(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    first, second = zk.Lock(root, "first"), other.Lock(root, "second")
    true(first.acquire(), "acquire")
    equal(second.acquire(blocking=False), False, "acquire of a held lock")
    raises(LockTimeout, second.acquire, timeout=0.2)
    equal(zk.get_children(root), [first.node], "nodes after a timeout")
    waiter = rig.spawn(second.acquire)
    eventually("two contenders", lambda: second.contenders() == ["first", "second"])
    true(not second.is_acquired, "two hold the lock")
    first.release()
    waiter.finish()
    true(second.is_acquired, "lock not handed over")
    equal(zk.Lock(root).contenders(), ["second"])
    other.stop()  # its lock ends with its session
    true(first.acquire(timeout=20), "acquire after the holder's end")


def case_Lock_contended(rig):
    root, section = rig.root, Section()

    def work(zk):
        for _ in range(5):
            with zk.Lock(root):
                with section:
                    pass

    for thread in [rig.spawn(work, rig.client()) for _ in range(5)]:
        thread.finish()
    equal((section.most, section.entered), (1, 25))


def case_Lock_fair(rig):
    """Who asked first is served first."""
    root, order = rig.root, []
    holder = rig.client().Lock(root, "holder")
    holder.acquire()

    def wait(lock, name):
        with lock:
            order.append(name)

    threads = []
    for i in range(4):
        lock = rig.client().Lock(root, str(i))
        threads.append(rig.spawn(wait, lock, i))
        eventually("contender %d" % i, lambda: len(holder.contenders()) == i + 2)
    holder.release()
    for thread in threads:
        thread.finish()
    equal(order, [0, 1, 2, 3])


def case_ReadLock_WriteLock(rig):
    clients, root = [rig.client() for _ in range(4)], rig.root
    read = [clients[i].ReadLock(root, "r%d" % i) for i in range(2)]
    write, late = clients[2].WriteLock(root, "w"), clients[3].ReadLock(root, "late")
    true(read[0].acquire(timeout=20) and read[1].acquire(timeout=20), "two readers at once")
    equal(write.acquire(blocking=False), False, "write beside readers")
    writer = rig.spawn(write.acquire)
    eventually("writer queued", lambda: len(clients[0].get_children(root)) == 3)
    reader = rig.spawn(late.acquire)
    eventually("reader queued", lambda: len(clients[0].get_children(root)) == 4)
    read[0].release()
    true(not write.is_acquired and not late.is_acquired, "queued too early through")
    read[1].release()
    writer.finish()
    true(write.is_acquired and not late.is_acquired, "reader before the writer it queued behind")
    write.release()
    reader.finish()
    true(late.is_acquired, "last reader")


def case_Semaphore(rig):
    root, section = rig.root, Section()

    def work(zk):
        for _ in range(3):
            with zk.Semaphore(root, max_leases=2):
                with section:
                    # The first does not leave before a second has come.
                    eventually("both leases used", lambda: section.most >= 2)

    for thread in [rig.spawn(work, rig.client()) for _ in range(4)]:
        thread.finish()
    equal((section.most, section.entered), (2, 12))

    zk = rig.client()
    held = [zk.Semaphore(root, str(i), max_leases=2) for i in range(2)]
    for s in held:
        true(s.acquire(blocking=False), "a free lease")
    third = zk.Semaphore(root, "2", max_leases=2)
    equal(third.acquire(blocking=False), False, "a third lease")
    equal(sorted(third.lease_holders()), ["0", "1"])
    raises(ValueError, zk.Semaphore(root, max_leases=3).acquire)
    equal(zk.get(root)[0], b"2")


def case_Election(rig):
    root, led, go = rig.root, [], threading.Event()

    def lead(name):
        led.append(name)
        within(go, "permission to step down")

    elections = []
    for i in range(3):
        election = rig.client().Election(root, "c%d" % i)
        elections.append(election)
        rig.spawn(election.run, lead, i)
        eventually("contender %d" % i, lambda: len(election.contenders()) == i + 1)
    equal(elections[0].contenders(), ["c0", "c1", "c2"])
    eventually("first leader", lambda: led == [0])
    elections[1].cancel()
    eventually("contender gone", lambda: elections[0].contenders() == ["c0", "c2"])
    go.set()
    for thread in rig.threads:
        thread.finish()
    equal(led, [0, 2])


def case_Election_failover(rig):
    """A leader whose session ends is followed by the next."""
    root, led, hold = rig.root, [], threading.Event()

    def lead(name):
        led.append(name)
        hold.wait(20)

    first, second = rig.client(), rig.client()
    rig.spawn(lead_until_lost, first.Election(root, "first"), lead)
    eventually("first leads", lambda: led == ["first"])
    rig.spawn(second.Election(root, "second").run, lead, "second")
    eventually("second waits", lambda: len(second.get_children(root)) == 2)
    first.stop()
    eventually("second leads", lambda: led == ["first", "second"])
    hold.set()


def lead_until_lost(election, lead):
    """The release at the end of a lost session fails: that is not the case's concern."""
    try:
        election.run(lead, "first")
    except Exception as e:
        if type(e).__name__ not in ("ConnectionClosedError", "SessionExpiredError"):
            raise Failure("election ended with %r" % e)


def case_NonBlockingLease(rig):
    zk, root, hour = rig.client(), rig.root, datetime.timedelta(hours=1)
    true(NonBlockingLease(zk, root, hour, identifier="me"), "a free lease")
    true(not NonBlockingLease(zk, root, hour, identifier="you"), "a lease that is taken")
    true(NonBlockingLease(zk, root, hour, identifier="me"), "renewal")
    later = lambda: datetime.datetime.utcnow() + 2 * hour
    true(NonBlockingLease(zk, root, hour, identifier="you", utcnow=later), "a lease that has ended")
    multi = root + "/multi"
    equal([bool(MultiNonBlockingLease(zk, 2, multi, hour, identifier=i)) for i in "abc"], [True, True, False])
