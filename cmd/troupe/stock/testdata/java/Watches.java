import static org.apache.zookeeper.KeeperException.Code.*;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooKeeper;

/** Watches that fire once, that stay, and that are taken away. */
final class Watches {
    static void oneShot(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        Cases.Events mine = new Cases.Events();
        Cases.Events others = new Cases.Events();
        for (ZooKeeper client : List.of(zk, other)) {
            Cases.Events events = client == zk ? mine : others;
            client.getData(root, events, null);
            client.getChildren(root, events);
            Cases.equal(client.exists(root + "/kid", events), null);
        }
        Basics.make(zk, root + "/kid");
        Basics.make(zk, root + "/second");
        zk.setData(root, null, -1);
        zk.setData(root, null, -1);
        for (Cases.Events events : List.of(mine, others)) {
            events.expect("NodeCreated " + root + "/kid", "NodeChildrenChanged " + root, "NodeDataChanged " + root);
        }

        zk.getData(root + "/kid", mine, null);
        zk.getChildren(root + "/kid", mine);
        zk.getChildren(root, mine);
        Cases.refused(NONODE, () -> zk.getData(root + "/nothing", mine, null)); // leaves no watch
        zk.delete(root + "/kid", -1);
        mine.expect("NodeDeleted " + root + "/kid", "NodeChildrenChanged " + root);
        Basics.make(zk, root + "/nothing");
        zk.setData(root, null, -1);
        zk.exists(root, false);
        Cases.equal(mine.fired, List.of());
        Cases.equal(others.fired, List.of());
    }

    /** The event of a session's own write reaches it before the answer to that write. */
    static void order(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        List<String> told = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 10; i++) {
            String n = "" + i;
            zk.getData(root, e -> told.add("event " + n), (rc, p, c, data, stat) -> told.add("get " + n), null);
            zk.setData(root, null, -1, (rc, p, c, stat) -> told.add("set " + n), null);
        }
        Cases.eventually("all told", () -> told.size() == 30);
        for (int i = 0; i < 10; i++) {
            Cases.equal(told.subList(3 * i, 3 * i + 3), List.of("get " + i, "event " + i, "set " + i));
        }
    }

    static void persistent(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        Cases.Events events = new Cases.Events();
        zk.addWatch(root, events, AddWatchMode.PERSISTENT);
        Basics.make(other, root);
        Basics.make(other, root + "/kid");
        other.setData(root + "/kid", null, -1);
        Basics.make(other, root + "/kid/kid");
        other.setData(root, null, -1);
        other.setData(root, null, -1);
        other.delete(root + "/kid/kid", -1);
        other.delete(root + "/kid", -1);
        other.delete(root, -1);
        Basics.make(other, root);
        events.expect("NodeCreated " + root, "NodeChildrenChanged " + root, "NodeDataChanged " + root,
                "NodeDataChanged " + root, "NodeChildrenChanged " + root, "NodeDeleted " + root,
                "NodeCreated " + root);
    }

    static void recursive(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        Cases.Events events = new Cases.Events();
        zk.addWatch(root, events, AddWatchMode.PERSISTENT_RECURSIVE);
        Basics.make(other, root);
        Basics.make(other, root + "-beside");
        Basics.make(other, root + "/a");
        Basics.make(other, root + "/a/b");
        other.setData(root + "/a/b", null, -1);
        other.delete(root + "/a/b", -1);
        other.delete(root + "/a", -1);
        other.setData(root, null, -1);
        events.expect("NodeCreated " + root, "NodeCreated " + root + "/a", "NodeCreated " + root + "/a/b",
                "NodeDataChanged " + root + "/a/b", "NodeDeleted " + root + "/a/b", "NodeDeleted " + root + "/a",
                "NodeDataChanged " + root);
    }

    static void removed(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        Cases.Events data = new Cases.Events();
        Cases.Events child = new Cases.Events();
        Cases.Events stay = new Cases.Events();
        zk.getData(root, data, null);
        zk.getChildren(root, child);
        Cases.refused(NOWATCHER, () -> zk.removeWatches(root, stay, WatcherType.Any, false));
        zk.removeWatches(root, data, WatcherType.Data, false);
        data.expect("DataWatchRemoved " + root);
        Cases.refused(NOWATCHER, () -> zk.removeWatches(root, data, WatcherType.Data, false));
        other.setData(root, null, -1);
        Basics.make(other, root + "/a");
        child.expect("NodeChildrenChanged " + root);

        zk.addWatch(root, stay, AddWatchMode.PERSISTENT);
        zk.getChildren(root, child);
        zk.removeAllWatches(root, WatcherType.Any, false);
        child.expect("ChildWatchRemoved " + root);
        stay.expect("PersistentWatchRemoved " + root);
        other.setData(root, null, -1);
        other.delete(root + "/a", -1);
        zk.exists(root, false);
        Cases.equal(data.fired, List.of());
        Cases.equal(child.fired, List.of());
        Cases.equal(stay.fired, List.of());
    }

    /** Back on a new connection, a client has its watches and is told what it missed. */
    static void reconnect(Cases.Rig rig) throws Exception {
        Proxy proxy = rig.proxy();
        Cases.Session s = rig.session(proxy.addr(), 10_000);
        ZooKeeper zk = s.zk;
        ZooKeeper other = rig.client();
        String root = rig.root;
        for (String name : List.of("", "/data", "/gone", "/child", "/quiet", "/stay", "/deep")) {
            Basics.make(zk, root + name);
        }
        Cases.Events events = new Cases.Events();
        Cases.Events stay = new Cases.Events();
        Cases.Events deep = new Cases.Events();
        zk.getData(root + "/data", events, null);
        zk.getData(root + "/gone", events, null);
        zk.getChildren(root + "/child", events);
        zk.exists(root + "/late", events);
        zk.getData(root + "/quiet", events, null);
        zk.addWatch(root + "/stay", stay, AddWatchMode.PERSISTENT);
        zk.addWatch(root + "/deep", deep, AddWatchMode.PERSISTENT_RECURSIVE);

        proxy.shut(true);
        s.events.state("Disconnected", 1);
        other.setData(root + "/data", null, -1);
        other.delete(root + "/gone", -1);
        Basics.make(other, root + "/child/x");
        Basics.make(other, root + "/late");
        proxy.shut(false);
        s.events.state("SyncConnected", 2);
        Cases.eventually("what was missed: " + events.fired, () -> events.fired.size() == 4);
        // Among themselves they come in the order of the client's own sets.
        List<String> got = new ArrayList<>(events.fired);
        Collections.sort(got);
        Cases.equal(got, List.of("NodeChildrenChanged " + root + "/child", "NodeCreated " + root + "/late",
                "NodeDataChanged " + root + "/data", "NodeDeleted " + root + "/gone"));
        events.fired.clear();

        // What happens before the server has them back, watches that stay never tell. They are sent
        // first on a new connection, so they are there once a later request is answered.
        zk.exists(root, false);
        other.setData(root + "/quiet", null, -1);
        events.expect("NodeDataChanged " + root + "/quiet");
        other.setData(root + "/stay", null, -1);
        Basics.make(other, root + "/stay/kid");
        stay.expect("NodeDataChanged " + root + "/stay", "NodeChildrenChanged " + root + "/stay");
        Basics.make(other, root + "/deep/kid");
        deep.expect("NodeCreated " + root + "/deep/kid");
    }

    /** So many watches that the client sends them again in several packets. */
    static void reconnectWithMany(Cases.Rig rig) throws Exception {
        Proxy proxy = rig.proxy();
        Cases.Session s = rig.session(proxy.addr(), 10_000);
        ZooKeeper other = rig.client();
        Basics.make(other, rig.root);
        String prefix = rig.root + "/" + "x".repeat(200) + "-";
        Cases.Events events = new Cases.Events();
        int count = 1500; // some 330 KB of paths, in packets of 128 KiB
        for (int i = 0; i < count; i++) {
            s.zk.exists(prefix + i, events, (rc, path, ctx, stat) -> { }, null);
        }
        Cases.equal(s.zk.exists(prefix + "none", false), null); // all are set
        proxy.shut(true);
        s.events.state("Disconnected", 1);
        proxy.shut(false);
        s.events.state("SyncConnected", 2);
        Cases.equal(s.zk.exists(prefix + "none", false), null);
        for (int i : List.of(0, 700, count - 1)) {
            other.create(prefix + i, null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            events.expect("NodeCreated " + prefix + i);
        }
    }
}
