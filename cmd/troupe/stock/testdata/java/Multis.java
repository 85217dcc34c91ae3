import static org.apache.zookeeper.KeeperException.Code.*;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Several operations as one, for writes and for reads. */
final class Multis {
    static Op create(String path, CreateMode mode) {
        return Op.create(path, null, OPEN_ACL_UNSAFE, mode);
    }

    static void writes(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        List<OpResult> got = zk.multi(List.of(
                create(root + "/a", CreateMode.PERSISTENT),
                create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL),
                Op.setData(root + "/a", "2".getBytes(), 0),
                Op.check(root + "/a", 1),
                create(root + "/a/eph", CreateMode.EPHEMERAL),
                create(root + "/box", CreateMode.CONTAINER),
                Op.create(root + "/ttl", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 60_000),
                Op.delete(root + "/s-0000000001", 0)));
        Stat a = zk.exists(root + "/a", false);
        Stat set = new Stat(a.getCzxid(), a.getMzxid(), a.getCtime(), a.getMtime(), 1, 0, 0, 0, 1, 0, a.getCzxid());
        Cases.equal(((OpResult.CreateResult) got.get(0)).getPath(), root + "/a");
        Cases.equal(((OpResult.CreateResult) got.get(1)).getPath(), root + "/s-0000000001");
        // The stat as it was at that step, before the child.
        Cases.equal(((OpResult.SetDataResult) got.get(2)).getStat(), set);
        Cases.equal(got.get(3), new OpResult.CheckResult());
        Cases.equal(((OpResult.CreateResult) got.get(4)).getPath(), root + "/a/eph");
        Cases.equal(((OpResult.CreateResult) got.get(5)).getPath(), root + "/box");
        Cases.equal(((OpResult.CreateResult) got.get(6)).getPath(), root + "/ttl");
        Cases.equal(got.get(7), new OpResult.DeleteResult());
        Cases.equal(got.size(), 8);
        Stat parent = zk.exists(root, false);
        Cases.equal(parent.getPzxid(), a.getCzxid());
        Cases.equal(parent.getCversion(), 5);
        Cases.equal(zk.exists(root + "/a/eph", false).getEphemeralOwner(), zk.getSessionId());
        Cases.equal(zk.multi(List.of()), List.of());
    }

    static void failure(Cases.Rig rig) throws Exception {
        Cases.Session s = rig.session(rig.addr, 10_000);
        ZooKeeper zk = s.zk;
        String root = rig.root;
        Basics.make(zk, root);
        Stat before = zk.exists(root, false);
        zk.getChildren(root, true);
        try {
            zk.multi(List.of(
                    create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL),
                    create(root + "/a", CreateMode.PERSISTENT),
                    Op.delete(root + "/nothing", -1),
                    create(root + "/b", CreateMode.PERSISTENT)));
            throw new AssertionError("nothing refused");
        } catch (KeeperException e) {
            Cases.equal(e.code(), NONODE);
            List<Integer> codes = new ArrayList<>();
            for (OpResult r : e.getResults()) {
                codes.add(((OpResult.ErrorResult) r).getErr());
            }
            Cases.equal(codes, List.of(0, 0, NONODE.intValue(), RUNTIMEINCONSISTENCY.intValue()));
        }
        Cases.equal(zk.exists(root, false), before);
        Cases.equal(s.events.fired, List.of());
        String next = zk.create(root + "/s-", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL);
        Cases.equal(next, root + "/s-0000000000");
        s.events.expect("NodeChildrenChanged " + root);
    }

    /** A read that fails does not touch the others. */
    static void reads(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        zk.create(root, "r".getBytes(), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        Basics.make(zk, root + "/a");
        List<OpResult> got = zk.multi(List.of(
                Op.getData(root), Op.getChildren(root + "/nothing"), Op.getChildren(root), Op.getData(root + "/a")));
        OpResult.GetDataResult first = (OpResult.GetDataResult) got.get(0);
        Cases.equal(new String(first.getData()), "r");
        Cases.equal(first.getStat(), zk.exists(root, false));
        Cases.equal(((OpResult.ErrorResult) got.get(1)).getErr(), NONODE.intValue());
        Cases.equal(((OpResult.GetChildrenResult) got.get(2)).getChildren(), List.of("a"));
        Cases.equal(((OpResult.GetDataResult) got.get(3)).getData().length, 0);
        Cases.equal(got.size(), 4);
    }

    /** Multis under way at once see what the earlier ones left. */
    static void pipelined(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        List<Integer> codes = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 20; i++) {
            Op step = i % 2 == 0 ? create(root + "/x", CreateMode.PERSISTENT) : Op.delete(root + "/x", -1);
            zk.multi(List.of(Op.check(root, -1), step), (rc, path, ctx, results) -> codes.add(rc), null);
        }
        zk.multi(List.of(Op.delete(root + "/x", -1)), (rc, path, ctx, results) -> codes.add(rc), null);
        Cases.eventually("answers", () -> codes.size() == 21);
        List<Integer> want = new ArrayList<>(Collections.nCopies(20, 0));
        want.add(NONODE.intValue());
        Cases.equal(codes, want);
    }
}
