"""Nodes, transactions, access control, and what the client asks of the server beside."""

import time

from kazoo.exceptions import (
    BadVersionError, InvalidACLError, NoAuthError, NoChildrenForEphemeralsError, NodeExistsError, NoNodeError,
    NotEmptyError, RolledBackError, RuntimeInconsistency,
)
from kazoo.protocol.states import ZnodeStat
from kazoo.security import ACL, Id, make_acl, make_digest_acl

from cases import MODE, equal, raises, true


def case_nodes(rig):
    zk, root = rig.client(), rig.root
    before = int(time.time() * 1000)
    equal(zk.create(root, b"one"), root)
    data, born = zk.get(root)
    equal(data, b"one")
    true(before <= born.ctime <= time.time() * 1000, "ctime %d, before %d" % (born.ctime, before))
    z = born.czxid
    equal(born, ZnodeStat(z, z, born.ctime, born.ctime, 0, 0, 0, 0, 3, 0, z), "stat of a new node")
    equal(zk.exists(root), born, "exists")

    stat = zk.set(root, b"three", version=0)
    true(stat.mzxid > z and stat.mtime >= born.ctime, "stat after set: %r" % (stat,))
    equal(stat, born._replace(mzxid=stat.mzxid, mtime=stat.mtime, version=1, dataLength=5), "stat after set")

    for name in "bca":
        zk.create(root + "/" + name)
    zk.delete(root + "/b")
    equal(sorted(zk.get_children(root)), ["a", "c"])
    children, parent = zk.get_children(root, include_data=True)
    equal(sorted(children), ["a", "c"])
    equal(parent, stat._replace(cversion=4, numChildren=2, pzxid=parent.pzxid), "stat of the parent")
    true(parent.pzxid > stat.mzxid, "pzxid %r" % (parent,))

    equal(zk.get(root + "/a")[0], b"")
    path, new = zk.create(root + "/new", b"12", include_data=True)
    equal(path, root + "/new")
    equal(new, zk.exists(root + "/new"), "stat with create")
    equal(zk.sync(root), root)
    true(zk.ensure_path(root + "/deep/down/here"), "ensure_path")
    zk.delete(root, recursive=True)
    equal(zk.exists(root), None)


def case_refusals(rig):
    zk, root = rig.client(), rig.root
    zk.create(root)
    zk.create(root + "/kid")
    raises(NodeExistsError, zk.create, root)
    raises(NoNodeError, zk.create, root + "/no/x")
    raises(NoNodeError, zk.get, root + "/no")
    raises(NoNodeError, zk.set, root + "/no", b"")
    raises(NoNodeError, zk.delete, root + "/no")
    raises(NoNodeError, zk.get_children, root + "/no")
    raises(NoNodeError, zk.get_acls, root + "/no")
    raises(BadVersionError, zk.set, root, b"", version=1)
    raises(BadVersionError, zk.delete, root + "/kid", version=1)
    raises(NotEmptyError, zk.delete, root)
    zk.create(root + "/eph", ephemeral=True)
    raises(NoChildrenForEphemeralsError, zk.create, root + "/eph/x")


def case_sequences(rig):
    zk, root = rig.client(), rig.root
    zk.create(root)
    equal(zk.create(root + "/s", sequence=True), root + "/s0000000000")
    equal(zk.create(root + "/e-", ephemeral=True, sequence=True), root + "/e-0000000001")
    zk.delete(root + "/s0000000000")
    zk.create(root + "/plain")
    equal(zk.create(root + "/", sequence=True), root + "/0000000003")


def case_ephemerals(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    zk.create(root + "/eph", b"x", ephemeral=True)
    equal(other.get(root + "/eph")[1].ephemeralOwner, zk.client_id[0], "owner")
    equal(other.get(root)[1].ephemeralOwner, 0, "owner of a persistent node")
    zk.stop()
    equal(other.get_children(root), [], "once its session is closed")


def case_large_data(rig):
    zk, root = rig.client(), rig.root
    data = bytes(range(256)) * 2048  # 512 KiB, under the limit of a packet
    zk.create(root, data)
    equal(zk.get(root)[0], data)
    zk.set(root, b"")
    equal(zk.get(root)[0], b"")


def case_unicode(rig):
    zk, root = rig.client(), rig.root
    name = root + "/\u00fcb\u00e9r-\u4e16\u754c"
    equal(zk.create(name, "\u00e4".encode(), makepath=True), name)
    equal(zk.get_children(root), [name.rpartition("/")[2]])
    equal(zk.get(name)[0].decode(), "\u00e4")


def case_chroot(rig):
    zk, root = rig.client(), rig.root
    zk.create(root)
    inner = rig.client(chroot=root)
    equal(inner.create("/a", b"x"), "/a")
    equal(inner.get_children("/"), ["a"])
    equal(zk.get(root + "/a")[0], b"x")
    equal(inner.create("/s-", sequence=True), "/s-0000000001")
    transaction = inner.transaction()
    transaction.create("/t")
    equal(transaction.commit(), ["/t"])
    equal(inner.sync("/a"), "/a")


def case_async(rig):
    """Many requests under way at once are answered in order."""
    zk, root = rig.client(), rig.root
    zk.create(root)
    creates = [zk.create_async("%s/%03d" % (root, i), b"%d" % i) for i in range(200)]
    gets = [zk.get_async("%s/%03d" % (root, i)) for i in range(200)]
    equal([r.get(20) for r in creates], ["%s/%03d" % (root, i) for i in range(200)])
    equal([r.get(20)[0] for r in gets], [b"%d" % i for i in range(200)])
    zxids = [r.get()[1].czxid for r in gets]
    equal(zxids, sorted(zxids), "zxids")
    equal(zk.exists(root).cversion, 200)


def case_transactions(rig):
    zk, root = rig.client(), rig.root
    zk.create(root)
    t = zk.transaction()
    t.create(root + "/a", b"1")
    t.create(root + "/s-", sequence=True)
    t.set_data(root + "/a", b"2", version=0)
    t.check(root + "/a", version=1)
    t.delete(root + "/s-0000000001")
    got = t.commit()
    equal(got[:2] + got[3:], [root + "/a", root + "/s-0000000001", True, True], "results")
    equal(got[2], zk.get(root + "/a")[1], "stat of the set")
    equal(zk.exists(root).pzxid, got[2].czxid, "one zxid for all")

    before = zk.exists(root)
    t = zk.transaction()
    t.create(root + "/b")
    t.delete(root + "/nothing")
    t.create(root + "/c")
    equal([type(r) for r in t.commit()], [RolledBackError, NoNodeError, RuntimeInconsistency], "failure")
    equal(zk.exists(root), before, "parent after a failure")

    t = zk.transaction()
    t.check(root + "/a", version=7)
    equal([type(r) for r in t.commit()], [BadVersionError], "check alone")
    equal(zk.transaction().commit(), [], "empty transaction")
    with zk.transaction() as t:
        t.create(root + "/with", ephemeral=True)
        t.delete(root + "/a")
    equal(zk.get_children(root), ["with"])


def case_access(rig):
    zk, other, root = rig.client(), rig.client(), rig.root
    zk.create(root)
    equal(zk.get_acls(root)[0], [ACL(31, Id("world", "anyone"))])
    auth = [make_acl("auth", "", all=True)]
    raises(InvalidACLError, zk.create, root + "/x", acl=auth)
    zk.add_auth("digest", "kate:pass")
    zk.create(root + "/mine", b"secret", acl=auth)
    digest = make_digest_acl("kate", "pass", all=True)
    acl, stat = zk.get_acls(root + "/mine")
    equal((acl, stat.acl_version), ([digest], 0))

    for credential in [None, "kate:wrong", "kim:pass"]:
        if credential:
            true(other.add_auth("digest", credential), "add_auth")
        raises(NoAuthError, other.get, root + "/mine")
        raises(NoAuthError, other.set, root + "/mine", b"")
        raises(NoAuthError, other.get_children, root + "/mine")
        raises(NoAuthError, other.create, root + "/mine/x")
        raises(NoAuthError, other.set_acls, root + "/mine", [digest])
        raises(NoAuthError, other.get_acls, root + "/mine")
        true(other.exists(root + "/mine"), "exists asks for no permission")

    stat = zk.set_acls(root + "/mine", [digest, make_acl("world", "anyone", read=True)], version=0)
    equal((stat.acl_version, stat.version), (1, 0))
    raises(BadVersionError, zk.set_acls, root + "/mine", [digest], version=0)
    equal(other.get(root + "/mine")[0], b"secret")
    masked = [ACL(31, Id("digest", "kate:x")), ACL(1, Id("world", "anyone"))]
    equal(other.get_acls(root + "/mine")[0], masked)

    t = other.transaction()
    t.create(root + "/t")
    t.set_data(root + "/mine", b"")
    equal([type(r) for r in t.commit()], [RolledBackError, NoAuthError])

    with_auth = rig.client(auth_data=[("digest", "kate:pass")], default_acl=[digest])
    equal(with_auth.get(root + "/mine")[0], b"secret")
    with_auth.create(root + "/default")
    raises(NoAuthError, other.get, root + "/default")
    zk.create(root + "/local", acl=[make_acl("ip", "127.0.0.1", all=True)])
    other.set(root + "/local", b"")
    zk.create(root + "/remote", acl=[make_acl("ip", "10.1.2.3", all=True)])
    raises(NoAuthError, zk.set, root + "/remote", b"")


def case_words(rig):
    """The client reads the server's version from the first piece of the answer to envi."""
    zk = rig.client()
    equal(zk.server_version(), (3, 8, 0))
    equal(zk.command(b"ruok"), "imok")
    true("\nMode: %s\n" % MODE in zk.command(b"srvr"), "mode in srvr")
    true("zk_server_state\t%s\n" % MODE in rig.word("mntr"), "mode in mntr")
    equal(len(rig.connections(zk.client_id[0])), 1, "connections of the session")
