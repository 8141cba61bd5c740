package io.hatflow.job.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/** A real HTTP server that says what a test tells it to, and notes what it was asked. Of everything else it says that it is not there. */
public final class StubRegistry implements AutoCloseable {

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Deque<Reply>> replies = new ConcurrentHashMap<>();
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    /** What the server says. */
    public record Reply(int status, String body) {}

    /**
     * What it was asked.
     *
     * @param question method and path, such as {@code GET /schemas/ids/1}
     * @param login the header, or nothing
     */
    record Asked(String question, String login, String body) {}

    static {
        // The JDK's server sends head and body apart, and without this the second waits 40 ms for the first to be
        // acknowledged.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private StubRegistry(HttpServer server) {
        this.server = server;
        server.setExecutor(threads);
        server.createContext("/", this::reply);
        server.start();
    }

    public static StubRegistry start() throws IOException {
        return new StubRegistry(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    public static Reply ok(String json) {
        return new Reply(200, json);
    }

    /** One that speaks TLS and asks for a certificate. */
    static StubRegistry start(SSLContext tls) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters wanted = tls.getDefaultSSLParameters();
                wanted.setNeedClientAuth(true);
                parameters.setSSLParameters(wanted);
            }
        });
        return new StubRegistry(server);
    }

    /** As registries say of what they do not know. */
    public static Reply unknown() {
        return new Reply(404, "{\"error_code\": 40403, \"message\": \"Schema not found\"}");
    }

    /** What to say to a question, one reply after the other; the last one stays. */
    public void says(String question, Reply... inTurn) {
        replies.put(question, new ArrayDeque<>(Arrays.asList(inTurn)));
    }

    public String url() {
        return (server instanceof HttpsServer ? "https" : "http") + "://127.0.0.1:"
                + server.getAddress().getPort();
    }

    List<Asked> asked() {
        return asked;
    }

    List<String> questions() {
        return asked.stream().map(Asked::question).toList();
    }

    private void reply(HttpExchange exchange) throws IOException {
        String question = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String login = exchange.getRequestHeaders().getFirst("Authorization");
        asked.add(new Asked(question, login == null ? "" : login, body));
        Reply reply = next(question);
        byte[] bytes = reply.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "text/plain");
        exchange.sendResponseHeaders(reply.status(), bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private Reply next(String question) {
        Deque<Reply> inTurn = replies.getOrDefault(question, new ArrayDeque<>(List.of(new Reply(404, ""))));
        synchronized (inTurn) {
            return inTurn.size() > 1 ? inTurn.remove() : inTurn.element();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
