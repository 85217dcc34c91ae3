import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.Collections;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Every kind of node: its name, its owner, and how it ends. */
final class Kinds {
    static String create(ZooKeeper zk, String path, CreateMode mode) throws Exception {
        return zk.create(path, null, OPEN_ACL_UNSAFE, mode);
    }

    static void sequential(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        create(zk, root, CreateMode.PERSISTENT);
        Cases.equal(create(zk, root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL), root + "/s-0000000000");
        Cases.equal(create(zk, root + "/e-", CreateMode.EPHEMERAL_SEQUENTIAL), root + "/e-0000000001");
        zk.delete(root + "/s-0000000000", -1);
        zk.delete(root + "/e-0000000001", -1);
        create(zk, root + "/plain", CreateMode.PERSISTENT);
        Cases.equal(create(zk, root + "/", CreateMode.PERSISTENT_SEQUENTIAL), root + "/0000000003");
        Stat stat = new Stat();
        CreateMode mode = CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL;
        String ttl = zk.create(root + "/t-", null, OPEN_ACL_UNSAFE, mode, stat, 60_000);
        Cases.equal(ttl, root + "/t-0000000004");
        Cases.equal(stat, zk.exists(ttl, false));
    }

    static void ephemeral(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        create(zk, root, CreateMode.PERSISTENT);
        create(zk, root + "/a", CreateMode.EPHEMERAL);
        create(zk, root + "/b", CreateMode.EPHEMERAL);
        create(other, root + "/c", CreateMode.EPHEMERAL);
        Cases.equal(other.exists(root + "/a", false).getEphemeralOwner(), zk.getSessionId());
        List<String> mine = zk.getEphemerals();
        Collections.sort(mine);
        Cases.equal(mine, List.of(root + "/a", root + "/b"));
        Cases.equal(zk.getEphemerals(root + "/b"), List.of(root + "/b"));
        Cases.equal(zk.getEphemerals("/nowhere"), List.of());
        zk.close();
        Cases.equal(other.getChildren(root, false), List.of("c"));
    }

    static void container(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        create(zk, root, CreateMode.CONTAINER);
        create(zk, root + "/inner", CreateMode.CONTAINER);
        Cases.equal(zk.exists(root, false).getEphemeralOwner(), 0L);
        create(zk, root + "/inner/kid", CreateMode.PERSISTENT);
        zk.delete(root + "/inner/kid", -1);
        // The outer one is empty once the inner one is gone.
        Cases.eventually("containers gone", () -> zk.exists(root, false) == null);
    }

    static void ttl(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        create(zk, root, CreateMode.PERSISTENT);
        Stat brief = new Stat();
        zk.create(root + "/brief", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, brief, 400);
        // At once: a parent without a child could be gone before it has one.
        zk.multi(List.of(
            Op.create(root + "/parent", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 100),
            Op.create(root + "/parent/kid", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)));
        // The longest that there is.
        zk.create(root + "/long", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 0xFFFFFFFFFFL);
        Cases.equal(brief.getEphemeralOwner(), 0L);
        Cases.eventually("TTL node gone", () -> zk.exists(root + "/brief", false) == null);
        Cases.yes(System.currentTimeMillis() >= brief.getMtime() + 400, "gone too early");
        List<String> left = zk.getChildren(root, false);
        Collections.sort(left);
        Cases.equal(left, List.of("long", "parent"));
        zk.delete(root + "/parent/kid", -1);
        Cases.eventually("childless TTL node gone", () -> zk.exists(root + "/parent", false) == null);
    }
}
