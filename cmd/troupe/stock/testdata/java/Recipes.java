import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.recipes.leader.LeaderElectionSupport;
import org.apache.zookeeper.recipes.leader.LeaderElectionSupport.EventType;
import org.apache.zookeeper.recipes.lock.LockListener;
import org.apache.zookeeper.recipes.lock.WriteLock;
import org.apache.zookeeper.recipes.queue.DistributedQueue;

/** The recipes that come with the Java client. */
final class Recipes {
    static void lock(Cases.Rig rig) throws Exception {
        Basics.make(rig.client(), rig.root);
        List<Integer> acquired = new CopyOnWriteArrayList<>();
        List<Integer> released = new CopyOnWriteArrayList<>();
        List<WriteLock> locks = new ArrayList<>();
        List<ZooKeeper> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            clients.add(rig.client());
            locks.add(new WriteLock(clients.get(i), rig.root, OPEN_ACL_UNSAFE, new LockListener() {
                @Override
                public void lockAcquired() {
                    acquired.add(number);
                }

                @Override
                public void lockReleased() {
                    released.add(number);
                }
            }));
            locks.get(i).lock();
        }
        Cases.eventually("first owner", () -> locks.get(0).isOwner());
        Cases.yes(!locks.get(1).isOwner() && !locks.get(2).isOwner(), "several owners");
        locks.get(0).unlock();
        Cases.eventually("second owner", () -> acquired.contains(1));
        clients.get(1).close(); // its lock ends with its session
        Cases.eventually("third owner", () -> acquired.contains(2));
        locks.get(2).unlock();
        // The next owner may know before the last one's own call has returned: two lists, not one.
        Cases.equal(acquired, List.of(0, 1, 2));
        Cases.equal(released, List.of(0, 2));
    }

    static void election(Cases.Rig rig) throws Exception {
        ZooKeeper observer = rig.client();
        Basics.make(observer, rig.root);
        List<LeaderElectionSupport> candidates = new ArrayList<>();
        List<List<EventType>> told = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            LeaderElectionSupport candidate = new LeaderElectionSupport();
            List<EventType> events = new CopyOnWriteArrayList<>();
            candidate.setZooKeeper(rig.client());
            candidate.setRootNodeName(rig.root);
            candidate.setHostName("host" + i);
            candidate.addListener(events::add);
            candidate.start();
            candidates.add(candidate);
            told.add(events);
        }
        Cases.eventually("first leads", () -> told.get(0).contains(EventType.ELECTED_COMPLETE));
        Cases.eventually("others wait", () -> told.get(1).contains(EventType.READY_COMPLETE)
                && told.get(2).contains(EventType.READY_COMPLETE));
        Cases.equal(candidates.get(2).getLeaderHostName(), "host0");
        candidates.get(0).stop();
        Cases.eventually("second leads", () -> told.get(1).contains(EventType.ELECTED_COMPLETE));
        Cases.equal(candidates.get(2).getLeaderHostName(), "host1");
        Cases.yes(!told.get(2).contains(EventType.ELECTED_START), "two leaders");
        candidates.get(1).getZooKeeper().close(); // a leader whose session ends
        Cases.eventually("third leads", () -> told.get(2).contains(EventType.ELECTED_COMPLETE));
        Cases.equal(candidates.get(2).getLeaderHostName(), "host2");
        candidates.get(2).stop();
        for (List<EventType> events : told) {
            Cases.yes(!events.contains(EventType.FAILED), "failed: " + events);
        }
    }

    static void queue(Cases.Rig rig) throws Exception {
        DistributedQueue queue = new DistributedQueue(rig.client(), rig.root, OPEN_ACL_UNSAFE);
        DistributedQueue elsewhere = new DistributedQueue(rig.client(), rig.root, OPEN_ACL_UNSAFE);
        for (int i = 0; i < 5; i++) {
            queue.offer(("" + i).getBytes());
        }
        Cases.equal(new String(elsewhere.peek()), "0");
        Cases.equal(new String(elsewhere.remove()), "0");
        Cases.equal(new String(queue.poll()), "1");
        Cases.equal(new String(elsewhere.take()), "2");
        Cases.equal(new String(queue.take()), "3");
        Cases.equal(new String(queue.element()), "4");
        Cases.equal(new String(queue.take()), "4");
        Cases.equal(queue.poll(), null);

        ExecutorService pool = Executors.newSingleThreadExecutor();
        try {
            Future<byte[]> waiting = pool.submit(elsewhere::take);
            queue.offer("late".getBytes());
            Cases.equal(new String(waiting.get(Cases.PATIENCE_MS, TimeUnit.MILLISECONDS)), "late");
        } finally {
            pool.shutdownNow();
        }
    }
}
