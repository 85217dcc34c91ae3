import static org.apache.zookeeper.KeeperException.Code.*;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Nodes, their stats, and reads of all kinds. */
final class Basics {
    static Stat stat(long czxid, long mzxid, long ctime, long mtime, int version, int cversion, int length,
            int children, long pzxid) {
        return new Stat(czxid, mzxid, ctime, mtime, version, cversion, 0, 0, length, children, pzxid);
    }

    static String make(ZooKeeper zk, String path) throws Exception {
        return zk.create(path, new byte[0], OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    static void nodes(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        long before = System.currentTimeMillis();
        Stat born = new Stat();
        Cases.equal(zk.create(root, "one".getBytes(), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, born), root);
        long z = born.getCzxid();
        long t = born.getCtime();
        Cases.equal(born, stat(z, z, t, t, 0, 0, 3, 0, z));
        Cases.yes(before <= t && t <= System.currentTimeMillis(), "ctime " + t);
        Stat got = new Stat();
        Cases.equal(new String(zk.getData(root, false, got)), "one");
        Cases.equal(got, born);
        Cases.equal(zk.exists(root, false), born);

        Stat set = zk.setData(root, "three".getBytes(), 0);
        Cases.equal(set, stat(z, set.getMzxid(), t, set.getMtime(), 1, 0, 5, 0, z));
        Cases.yes(set.getMzxid() > z, "mzxid " + set);

        for (String name : List.of("b", "c", "a")) {
            make(zk, root + "/" + name);
        }
        zk.delete(root + "/b", 0);
        Stat parent = new Stat();
        List<String> children = zk.getChildren(root, false, parent); // getChildren2
        Collections.sort(children);
        Cases.equal(children, List.of("a", "c"));
        Cases.equal(parent, stat(z, set.getMzxid(), t, set.getMtime(), 1, 4, 5, 2, parent.getPzxid()));
        Cases.yes(parent.getPzxid() > set.getMzxid(), "pzxid " + parent);
        children = zk.getChildren(root, false); // the old operation, without a stat
        Collections.sort(children);
        Cases.equal(children, List.of("a", "c"));
        Cases.equal(zk.getAllChildrenNumber(root), 2);

        zk.setData(root, null, -1);
        Cases.equal(zk.getData(root, false, got), null);
        zk.setData(root, new byte[0], -1);
        Cases.equal(zk.getData(root, false, got).length, 0);
        Cases.equal(got.getVersion(), 3);
    }

    static void refusals(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        make(zk, root);
        make(zk, root + "/kid");
        String no = root + "/no";
        Cases.refused(NODEEXISTS, () -> make(zk, root));
        Cases.refused(NONODE, () -> make(zk, no + "/x"));
        Cases.refused(NONODE, () -> zk.getData(no, false, null));
        Cases.refused(NONODE, () -> zk.setData(no, null, -1));
        Cases.refused(NONODE, () -> zk.delete(no, -1));
        Cases.refused(NONODE, () -> zk.getChildren(no, false));
        Cases.refused(NONODE, () -> zk.getAllChildrenNumber(no));
        Cases.refused(NONODE, () -> zk.getACL(no, null));
        Cases.refused(NONODE, () -> zk.setACL(no, OPEN_ACL_UNSAFE, -1));
        Cases.refused(BADVERSION, () -> zk.setData(root, null, 1));
        Cases.refused(BADVERSION, () -> zk.delete(root + "/kid", 1));
        Cases.refused(NOTEMPTY, () -> zk.delete(root, -1));
        Cases.refused(BADARGUMENTS, () -> zk.delete("/zookeeper", -1));
        zk.create(root + "/eph", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        Cases.refused(NOCHILDRENFOREPHEMERALS, () -> make(zk, root + "/eph/x"));
        Cases.equal(zk.exists(no, false), null);
    }

    /** Requests of one session are answered in order, whatever their kind; sync takes its place. */
    static void pipelined(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        make(zk, root);
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        List<String> want = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(400);
        for (int i = 0; i < 100; i++) {
            String path = root + "/" + i;
            byte[] data = ("" + i).getBytes();
            zk.create(path, data, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (rc, p, x, name) -> {
                told.add("create " + rc + " " + name);
                done.countDown();
            }, null);
            zk.getData(path, false, (rc, p, x, got, stat) -> {
                told.add("get " + rc + " " + new String(got));
                done.countDown();
            }, null);
            zk.sync(path, (rc, p, x) -> {
                told.add("sync " + rc + " " + p);
                done.countDown();
            }, null);
            zk.exists(path + "-no", false, (rc, p, x, stat) -> {
                told.add("exists " + rc);
                done.countDown();
            }, null);
            want.addAll(List.of("create 0 " + path, "get 0 " + i, "sync 0 " + path, "exists -101"));
        }
        Cases.yes(done.await(Cases.PATIENCE_MS, TimeUnit.MILLISECONDS), "only " + told.size() + " answers");
        Cases.equal(told, want);
        Cases.equal(zk.exists(root, false).getCversion(), 100);
    }

    static void chroot(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        make(zk, root);
        Cases.Session inner = rig.session(rig.addr + root, 10_000);
        Cases.equal(inner.zk.create("/a", "x".getBytes(), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), "/a");
        Cases.equal(inner.zk.getChildren("/", false), List.of("a"));
        Cases.equal(new String(zk.getData(root + "/a", false, null)), "x");
        Cases.equal(inner.zk.create("/s-", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL), "/s-0000000001");
        inner.zk.getData("/a", true, null);
        inner.zk.getChildren("/", true);
        zk.setData(root + "/a", null, -1);
        make(zk, root + "/b");
        inner.events.expect("NodeDataChanged /a", "NodeChildrenChanged /");
        Cases.refused(NONODE, () -> rig.session(rig.addr + root + "/nowhere", 10_000).zk.getChildren("/", false));
    }

    /** Data up to the limit of a packet goes through; more costs the connection, not the session. */
    static void large(Cases.Rig rig) throws Exception {
        Cases.Session s = rig.session(rig.addr, 10_000);
        byte[] data = new byte[1_000_000];
        data[999_999] = 7;
        make(s.zk, rig.root);
        s.zk.setData(rig.root, data, -1);
        Cases.equal(s.zk.getData(rig.root, false, null)[999_999], (byte) 7);
        long id = s.zk.getSessionId();
        Cases.refused(CONNECTIONLOSS, () -> s.zk.setData(rig.root, new byte[1_100_000], -1));
        s.events.state("SyncConnected", 2);
        Cases.equal(s.zk.getSessionId(), id);
        Cases.equal(s.zk.exists(rig.root, false).getVersion(), 1);
    }
}
