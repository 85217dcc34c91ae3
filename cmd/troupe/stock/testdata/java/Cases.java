import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** Runs cases against a server and tells how each went, one line for each (see suite_test.go). */
final class Cases {
    /** For what comes at once on an idle machine. */
    static final long PATIENCE_MS = 20_000;
    /** Cases that run side by side; most only wait. */
    static final int AT_ONCE = 6;

    /** A condition or a call that may throw. */
    interface Try {
        void run() throws Exception;
    }

    static void equal(Object got, Object want) {
        if (!(got == null ? want == null : got.equals(want))) {
            throw new AssertionError("got " + got + ", want " + want);
        }
    }

    static void yes(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void refused(KeeperException.Code code, Try call) throws Exception {
        try {
            call.run();
        } catch (KeeperException e) {
            equal(e.code(), code);
            return;
        }
        throw new AssertionError("nothing refused, want " + code);
    }

    static void eventually(String what, Callable<Boolean> holds) throws Exception {
        for (long end = System.currentTimeMillis() + PATIENCE_MS; !holds.call(); Thread.sleep(10)) {
            yes(System.currentTimeMillis() < end, "not within " + PATIENCE_MS + " ms: " + what);
        }
    }

    /** Collects watch events as "Type path", and changes of the connection by their names. */
    static final class Events implements Watcher {
        final List<String> fired = new CopyOnWriteArrayList<>();
        final List<String> states = new CopyOnWriteArrayList<>();

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) {
                states.add(event.getState().name());
            } else {
                fired.add(event.getType() + " " + event.getPath());
            }
        }

        /** Waits for these watch events. The list begins anew. */
        void expect(String... want) throws Exception {
            eventually("events " + Arrays.toString(want) + ", only " + fired, () -> fired.size() >= want.length);
            List<String> got = new ArrayList<>(fired);
            fired.clear();
            equal(got, List.of(want));
        }

        /** Waits until a state has come for the nth time. */
        void state(String name, int nth) throws Exception {
            eventually(name + " for time " + nth, () -> states.stream().filter(name::equals).count() >= nth);
        }
    }

    /** A client and the default watcher that it was given. */
    static final class Session {
        final Events events = new Events();
        final ZooKeeper zk;

        Session(String addr, int timeout) throws Exception {
            zk = new ZooKeeper(addr, timeout, events);
        }

        Session(String addr, int timeout, long id, byte[] password) throws Exception {
            zk = new ZooKeeper(addr, timeout, events, id, password);
        }

        Session open() throws Exception {
            events.state("SyncConnected", 1);
            return this;
        }
    }

    /** What a case is given: the server, a node of its own, and clients that are closed after it. */
    static final class Rig implements AutoCloseable {
        final String addr;
        final String root;
        private final List<AutoCloseable> toClose = new CopyOnWriteArrayList<>();

        Rig(String addr, String name) {
            this.addr = addr;
            this.root = "/java-" + name;
        }

        ZooKeeper client() throws Exception {
            return session(addr, 10_000).zk;
        }

        Session session(String where, int timeout) throws Exception {
            return kept(new Session(where, timeout)).open();
        }

        Session resume(long id, byte[] password) throws Exception {
            return kept(new Session(addr, 10_000, id, password));
        }

        Proxy proxy() throws Exception {
            Proxy proxy = new Proxy(addr);
            toClose.add(proxy);
            return proxy;
        }

        private Session kept(Session session) {
            toClose.add(() -> session.zk.close());
            return session;
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable c : toClose) {
                c.close();
            }
        }
    }

    private static synchronized void tell(String line) {
        System.out.println(line);
    }

    private static void runCase(String addr, Method method) {
        String name = method.getDeclaringClass().getName() + "." + method.getName();
        try (Rig rig = new Rig(addr, name)) {
            method.invoke(null, rig);
            tell("ok " + name);
        } catch (Throwable e) {
            StringWriter trace = new StringWriter();
            Throwable cause = e instanceof InvocationTargetException ? e.getCause() : e;
            cause.printStackTrace(new PrintWriter(trace));
            tell("not ok " + name + ": " + trace.toString().replace("\n", "\\n"));
        }
    }

    /** Runs the methods that take a rig, each as a case. */
    static void run(String addr, Class<?>... classes) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        int count = 0;
        for (Class<?> c : classes) {
            Method[] methods = c.getDeclaredMethods();
            Arrays.sort(methods, Comparator.comparing(Method::getName));
            for (Method m : methods) {
                if (Arrays.equals(m.getParameterTypes(), new Class<?>[] {Rig.class})) {
                    count++;
                    pool.execute(() -> runCase(addr, m));
                }
            }
        }
        pool.shutdown();
        yes(pool.awaitTermination(80, TimeUnit.SECONDS), "cases still running");
        tell("cases " + count);
    }
}
