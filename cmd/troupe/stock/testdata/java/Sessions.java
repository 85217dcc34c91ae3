import static org.apache.zookeeper.KeeperException.Code.*;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;

/** How sessions are resumed, and end. */
final class Sessions {
    static void ephemeral(ZooKeeper zk, String path) throws Exception {
        zk.create(path, null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    }

    /** Id and password are all it takes to carry a session on. */
    static void resumed(Cases.Rig rig) throws Exception {
        Proxy proxy = rig.proxy();
        Cases.Session first = rig.session(proxy.addr(), 10_000);
        ZooKeeper other = rig.client();
        Basics.make(other, rig.root);
        ephemeral(first.zk, rig.root + "/eph");
        long id = first.zk.getSessionId();
        proxy.shut(true); // the first client is away and stays away
        Cases.Session heir = rig.resume(id, first.zk.getSessionPasswd()).open();
        Cases.equal(heir.zk.getSessionId(), id);
        Cases.equal(other.exists(rig.root + "/eph", false).getEphemeralOwner(), id);
        Cases.equal(heir.zk.getEphemerals(), List.of(rig.root + "/eph"));
        ephemeral(heir.zk, rig.root + "/second");
        heir.zk.close();
        Cases.equal(other.getChildren(rig.root, false), List.of());
        // Its session closed by another, the first client is told when it comes back.
        proxy.shut(false);
        first.events.state("Expired", 1);
        Cases.equal(first.events.states, List.of("SyncConnected", "Disconnected", "Expired"));
        Cases.refused(SESSIONEXPIRED, () -> first.zk.exists("/", false));
    }

    static void wrongPassword(Cases.Rig rig) throws Exception {
        ZooKeeper zk = rig.client();
        ZooKeeper other = rig.client();
        ephemeral(zk, rig.root);
        Cases.Session thief = rig.resume(zk.getSessionId(), new byte[16]);
        thief.events.state("Expired", 1);
        Cases.Session stranger = rig.resume(0x1234567890abcdL, new byte[16]);
        stranger.events.state("Expired", 1);
        Cases.equal(other.exists(rig.root, false).getEphemeralOwner(), zk.getSessionId());
    }

    /**
     * A client that falls silent loses its session after the timeout, and not before. One that is idle
     * meanwhile keeps its own by pings.
     */
    static void silent(Cases.Rig rig) throws Exception {
        int timeout = 3000;
        Proxy proxy = rig.proxy();
        Cases.Session silent = rig.session(proxy.addr(), timeout);
        Cases.Session idle = rig.session(rig.addr, timeout);
        ZooKeeper other = rig.client();
        Basics.make(other, rig.root);
        ephemeral(idle.zk, rig.root + "/idle");
        ephemeral(silent.zk, rig.root + "/silent");
        Cases.Events events = new Cases.Events();
        Cases.yes(other.exists(rig.root + "/silent", events) != null, "no ephemeral node");
        silent.zk.exists("/", false); // the server hears it for the last time
        long last = System.currentTimeMillis();
        proxy.shut(true);
        events.expect("NodeDeleted " + rig.root + "/silent");
        long lived = System.currentTimeMillis() - last;
        Cases.yes(lived >= timeout * 9 / 10, "gone after " + lived + " ms");
        Cases.equal(other.getChildren(rig.root, false), List.of("idle"));
        proxy.shut(false);
        silent.events.state("Expired", 1);
    }

    /** What a client asks for is brought into the server's bounds. */
    static void timeouts(Cases.Rig rig) throws Exception {
        Cases.equal(rig.session(rig.addr, 10).zk.getSessionTimeout(), 1000);
        Cases.equal(rig.session(rig.addr, 5000).zk.getSessionTimeout(), 5000);
        Cases.equal(rig.session(rig.addr, 1_000_000).zk.getSessionTimeout(), 30_000);
    }
}
