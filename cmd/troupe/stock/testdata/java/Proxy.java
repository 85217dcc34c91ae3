import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between a client and the server, and can cut the client off. */
final class Proxy implements AutoCloseable {
    private final ServerSocket listener;
    private final String server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile boolean shut;

    Proxy(String server) throws IOException {
        this.server = server;
        listener = new ServerSocket(0, 16, InetAddress.getByName("127.0.0.1"));
        daemon(this::accept);
    }

    String addr() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Cuts the client off until it is let in again. */
    void shut(boolean closed) throws IOException {
        shut = closed;
        if (closed) {
            for (Socket s : sockets) {
                s.close();
            }
            sockets.clear();
        }
    }

    private void accept() throws IOException {
        int colon = server.indexOf(':');
        while (true) {
            Socket client = listener.accept();
            if (shut) {
                client.close();
                continue;
            }
            Socket upstream = new Socket(server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)));
            sockets.add(client);
            sockets.add(upstream);
            daemon(() -> relay(client, upstream));
            daemon(() -> relay(upstream, client));
        }
    }

    private static void relay(Socket from, Socket to) throws IOException {
        try (from; to) {
            from.getInputStream().transferTo(to.getOutputStream());
        }
    }

    private static void daemon(Cases.Try body) {
        Thread thread = new Thread(() -> {
            try {
                body.run();
            } catch (Exception e) {
                // A connection or the listener was closed: that is what they are here for.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        shut(true);
    }
}
