import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** Lives through a restart of the server: java Survivor HOST:PORT NAME (see restart_test.go). */
final class Survivor {
    private static final CountDownLatch connected = new CountDownLatch(1);
    private static ZooKeeper zk;

    private static void tell(WatchedEvent event) {
        if (event.getType() != Watcher.Event.EventType.None) {
            System.out.println("EVENT " + event.getType() + " " + event.getPath());
        } else if (event.getState() != Watcher.Event.KeeperState.SyncConnected) {
            System.out.println("EVENT " + event.getState());
        } else if (connected.getCount() > 0) {
            connected.countDown();
        } else {
            // What happens before the server has them back, watches that stay never tell. They are
            // sent first on a new connection, so they are there once a later request is answered.
            zk.exists("/", false, (rc, path, ctx, stat) -> System.out.println("EVENT Connected"), null);
        }
    }

    public static void main(String[] args) throws Exception {
        zk = new ZooKeeper(args[0], 30_000, Survivor::tell);
        connected.await();
        String base = "/restart/" + args[1];
        zk.create(base + "-eph", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        // Watches that stay; the other clients have those that fire once.
        zk.addWatch(base, AddWatchMode.PERSISTENT);
        zk.addWatch(base + "-late", AddWatchMode.PERSISTENT_RECURSIVE);
        System.out.println("READY");
        new CountDownLatch(1).await();
    }
}
