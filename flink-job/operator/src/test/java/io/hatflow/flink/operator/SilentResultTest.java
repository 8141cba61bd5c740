package io.hatflow.flink.operator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SilentResultTest {

    @Test
    void holdsAnEventAndDoesNotSayWhichOne() {
        SilentResult<String> result = new SilentResult<>("what must not be read");
        assertThat(result.toString()).isEqualTo("[an event]");
        assertThat(result.iterator()).toIterable().containsExactly("what must not be read");
    }
}
