package io.hatflow.job;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * In the place of a collector of OpenTelemetry: takes metrics and spans by OTLP over HTTP. Their messages are read from protobuf's wire
 * format; the numbers of the fields are those of {@code opentelemetry/proto}.
 */
final class StubCollector implements AfterAllCallback {

    private final HttpServer server;
    private final Map<String, Long> counted = new ConcurrentHashMap<>();
    private final Set<String> spans = ConcurrentHashMap.newKeySet();

    StubCollector() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/v1/metrics", exchange -> take(exchange, this::takeMetrics));
        server.createContext("/v1/traces", exchange -> take(exchange, this::takeSpans));
        server.start();
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /** Of counters and whole gauges the values, by name, summed over all reports and tasks: counters come as what was added since the last. */
    Map<String, Long> counted() {
        return counted;
    }

    /** The names of the spans that came. */
    Set<String> spans() {
        return spans;
    }

    private interface Taker {
        void take(ByteBuffer request);
    }

    private static void take(HttpExchange exchange, Taker taker) throws IOException {
        taker.take(ByteBuffer.wrap(exchange.getRequestBody().readAllBytes()));
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    /** Resource metrics, scope metrics, metrics. */
    private void takeMetrics(ByteBuffer request) {
        for (ByteBuffer metric : at(request, 1, 2, 2)) {
            String name = text(at(metric, 1).get(0));
            counted.putIfAbsent(name, 0L);
            at(metric, 5, 1, 6).forEach(gauge -> counted.merge(name, gauge.getLong(), Long::sum));
            at(metric, 7, 1, 6).forEach(added -> counted.merge(name, added.getLong(), Long::sum));
        }
    }

    /** Resource spans, scope spans, spans, their names. */
    private void takeSpans(ByteBuffer request) {
        at(request, 1, 2, 2, 5).forEach(name -> spans.add(text(name)));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    /** The values of a field, which is reached by the numbers of those that hold it. */
    private static List<ByteBuffer> at(ByteBuffer message, int... path) {
        List<ByteBuffer> found = List.of(message);
        for (int number : path) {
            found = found.stream()
                    .flatMap(each -> values(each, number).stream())
                    .toList();
        }
        return found;
    }

    private static List<ByteBuffer> values(ByteBuffer whole, int number) {
        ByteBuffer message = whole.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        List<ByteBuffer> values = new ArrayList<>();
        while (message.hasRemaining()) {
            long tag = varint(message);
            int length =
                    switch ((int) tag & 7) {
                        case 0 -> lengthOfVarint(message);
                        case 1 -> Long.BYTES;
                        case 2 -> (int) varint(message);
                        case 5 -> Integer.BYTES;
                        default -> throw new IllegalArgumentException("no wire type of protobuf: " + (tag & 7));
                    };
            if (tag >> 3 == number) {
                values.add(message.slice(message.position(), length).order(ByteOrder.LITTLE_ENDIAN));
            }
            message.position(message.position() + length);
        }
        return values;
    }

    private static int lengthOfVarint(ByteBuffer message) {
        ByteBuffer ahead = message.duplicate();
        long unused = varint(ahead);
        return ahead.position() - message.position();
    }

    private static long varint(ByteBuffer message) {
        long value = 0;
        int shift = 0;
        byte next;
        do {
            next = message.get();
            value |= (long) (next & 0x7F) << shift;
            shift += 7;
        } while (next < 0);
        return value;
    }

    @Override
    public void afterAll(ExtensionContext context) {
        server.stop(0);
    }
}
