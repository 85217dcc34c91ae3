import static org.apache.zookeeper.KeeperException.Code.*;
import static org.apache.zookeeper.ZooDefs.Ids.*;

import java.util.Arrays;
import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Who may do what. */
final class Access {
    /** The client looks for null in its lists, which those of List.of do not allow. */
    private static List<ACL> acl(ACL... entries) {
        return Arrays.asList(entries);
    }

    static void digest(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        String mine = root + "/mine";
        Basics.make(zk, root);
        Stat stat = new Stat();
        Cases.equal(zk.getACL(root, stat), OPEN_ACL_UNSAFE);
        Cases.equal(stat, zk.exists(root, false));
        Cases.refused(INVALIDACL, () -> zk.create(mine, null, CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        zk.addAuthInfo("digest", "jane:pass".getBytes());
        zk.create(mine, "secret".getBytes(), CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        Id jane = new Id("digest", DigestAuthenticationProvider.generateDigest("jane:pass"));
        Cases.equal(zk.getACL(mine, null), acl(new ACL(Perms.ALL, jane)));

        for (String credentials : new String[] {null, "jane:wrong", "jack:pass"}) {
            if (credentials != null) {
                other.addAuthInfo("digest", credentials.getBytes());
            }
            Cases.refused(NOAUTH, () -> other.getData(mine, false, null));
            Cases.refused(NOAUTH, () -> other.setData(mine, null, -1));
            Cases.refused(NOAUTH, () -> other.getChildren(mine, false));
            Cases.refused(NOAUTH, () -> other.getAllChildrenNumber(mine));
            Cases.refused(NOAUTH, () -> other.getACL(mine, null));
            Cases.refused(NOAUTH, () -> other.setACL(mine, OPEN_ACL_UNSAFE, -1));
            Cases.refused(NOAUTH, () -> Basics.make(other, mine + "/x"));
            Cases.refused(NOAUTH, () -> other.multi(List.of(Op.check(root, -1), Op.setData(mine, null, -1))));
            Cases.yes(other.exists(mine, false) != null, "exists asks for no permission");
        }

        List<ACL> shared = acl(new ACL(Perms.ALL, jane), new ACL(Perms.READ, ANYONE_ID_UNSAFE));
        Cases.equal(zk.setACL(mine, shared, 0).getAversion(), 1);
        Cases.refused(BADVERSION, () -> zk.setACL(mine, shared, 0));
        Cases.equal(new String(other.getData(mine, false, null)), "secret");
        ACL masked = new ACL(Perms.ALL, new Id("digest", "jane:x"));
        Cases.equal(other.getACL(mine, null), acl(masked, new ACL(Perms.READ, ANYONE_ID_UNSAFE)));
        Cases.equal(zk.getACL(mine, null), shared);
        // A child's end is its parent's matter.
        zk.setACL(root, acl(new ACL(Perms.ALL & ~Perms.DELETE, ANYONE_ID_UNSAFE)), -1);
        Cases.refused(NOAUTH, () -> zk.delete(mine, -1));
    }

    static void lists(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        String root = rig.root;
        Cases.refused(INVALIDACL, () -> zk.create(root, null, acl(), CreateMode.PERSISTENT));
        Cases.refused(INVALIDACL, () -> zk.create(
                root, null, acl(new ACL(Perms.ALL, new Id("nosuch", "x"))), CreateMode.PERSISTENT));
        Cases.refused(INVALIDACL, () -> zk.create(
                root, null, acl(new ACL(Perms.ALL, new Id("ip", "not an address"))), CreateMode.PERSISTENT));
        Basics.make(zk, root);
        ACL here = new ACL(Perms.ALL, new Id("ip", "127.0.0.0/8"));
        zk.create(root + "/here", null, acl(here, here), CreateMode.PERSISTENT);
        Cases.equal(zk.getACL(root + "/here", null), acl(here));
        zk.setData(root + "/here", null, 0);
        zk.create(root + "/away", null, acl(new ACL(Perms.ALL, new Id("ip", "10.1.2.3"))), CreateMode.PERSISTENT);
        Cases.refused(NOAUTH, () -> zk.setData(root + "/away", null, -1));
    }

    static void whoAmI(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        Cases.equal(zk.whoAmI(), List.of(new ClientInfo("ip", "127.0.0.1")));
        zk.addAuthInfo("digest", "jane:pass".getBytes());
        List<ClientInfo> who = zk.whoAmI();
        Cases.yes(who.size() == 2 && who.contains(new ClientInfo("digest", "jane"))
                && who.contains(new ClientInfo("ip", "127.0.0.1")), "" + who);
    }

    /** What a client may not read, its watches do not tell. */
    static void watches(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        String root = rig.root;
        Basics.make(zk, root);
        zk.addAuthInfo("digest", "jane:pass".getBytes());
        Cases.Events events = new Cases.Events();
        Cases.Events owners = new Cases.Events();
        other.addWatch(root, events, AddWatchMode.PERSISTENT_RECURSIVE);
        zk.addWatch(root, owners, AddWatchMode.PERSISTENT_RECURSIVE);
        zk.create(root + "/secret", null, CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        zk.setData(root + "/secret", null, -1);
        zk.delete(root + "/secret", -1);
        Basics.make(zk, root + "/open");
        owners.expect("NodeCreated " + root + "/secret", "NodeDataChanged " + root + "/secret",
                "NodeDeleted " + root + "/secret", "NodeCreated " + root + "/open");
        events.expect("NodeCreated " + root + "/open");
    }

    /** An unknown scheme costs the connection, and this client gives up then. */
    static void badScheme(Cases.Rig rig) throws Exception {
        Cases.Session s = rig.session(rig.addr, 10_000);
        s.zk.addAuthInfo("nosuch", "x".getBytes());
        s.events.state("AuthFailed", 1);
        Cases.refused(AUTHFAILED, () -> s.zk.exists("/", false));
    }

    static void config(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        Stat stat = new Stat();
        zk.getConfig(false, stat);
        Cases.equal(stat.getAversion(), -1);
        Cases.equal(stat.getVersion(), "follower".equals(System.getenv("TROUPE_STOCK_MODE")) ? -1 : 0);
        Cases.equal(zk.getACL("/zookeeper/config", null), READ_ACL_UNSAFE);
        try (ZooKeeperAdmin admin = new ZooKeeperAdmin(rig.addr, 10_000, e -> { })) {
            String joining = "server.2=127.0.0.1:1:2;3";
            Cases.refused(RECONFIGDISABLED, () -> admin.reconfigure(joining, null, null, -1, null));
        }
    }
}
