package io.hatflow.job.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.job.source.RecordHeader;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {

    private static final String IDS = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final String PARENT = "00-" + IDS;

    private static RecordHeader header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static TraceContext of(String parent, String state) {
        return TraceContext.of(List.of(header("traceparent", parent), header("tracestate", state)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                PARENT,
                "cc-" + IDS,
                "cc-" + IDS + "-what-the-future-brings",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff"
            })
    void aTraceparentOfW3cIsCarried(String parent) {
        assertThat(of(parent, "a=1").traceparent()).isEqualTo(parent.getBytes(StandardCharsets.UTF_8));
    }

    /** The state means nothing without it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                PARENT + "-00",
                PARENT + " ",
                PARENT + "\n",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "ff-" + IDS,
                "cc-" + IDS + "x",
                "cc-" + IDS + "-\u00e9",
            })
    void anyOtherIsNotNorIsItsState(String parent) {
        assertThat(of(parent, "a=1").traceparent()).isNull();
        assertThat(of(parent, "a=1").tracestate()).isNull();
    }

    private static Stream<String> states() {
        return Stream.of(
                "",
                "a=1",
                "a=1, b=2,\tt@v=3",
                "k".repeat(256) + "=" + "v".repeat(256),
                members(32, "a=" + "v".repeat(256)));
    }

    @ParameterizedTest
    @MethodSource("states")
    void aTracestateWithinTheBoundsOfW3cIsCarried(String state) {
        assertThat(of(PARENT, state).tracestate()).isEqualTo(state.getBytes(StandardCharsets.UTF_8));
    }

    private static Stream<String> otherStates() {
        return Stream.of("a=\u00e9", "a=1\n", "a=1\0", "a=" + "v".repeat(10_000), members(33, "a=1"));
    }

    @ParameterizedTest
    @MethodSource("otherStates")
    void anyOtherIsNotButItsParentIs(String state) {
        assertThat(of(PARENT, state).tracestate()).isNull();
        assertThat(of(PARENT, state).traceparent()).isNotNull();
    }

    private static String members(int count, String member) {
        return String.join(",", Collections.nCopies(count, member));
    }

    @Test
    void theFirstOfEachNameCounts() {
        Headers written = new RecordHeaders();

        TraceContext.of(List.of(
                        header("tracestate", "a=1"),
                        header("Traceparent", "cc-" + IDS),
                        header("traceparent", PARENT),
                        header("traceparent", "cc-" + IDS),
                        header("tracestate", "b=2")))
                .addTo(written);

        assertThat(written)
                .extracting(header -> header.key() + ": " + new String(header.value(), StandardCharsets.UTF_8))
                .containsExactly("traceparent: " + PARENT, "tracestate: a=1");
    }

    @Test
    void whereTheFirstHasNoValueThereIsNone() {
        Headers written = new RecordHeaders();

        TraceContext.of(List.of(new RecordHeader("traceparent", null), header("traceparent", PARENT)))
                .addTo(written);

        assertThat(written).isEmpty();
    }
}
