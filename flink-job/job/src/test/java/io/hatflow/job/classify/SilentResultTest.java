package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SilentResultTest {

    @Test
    void holdsAnEventAndDoesNotSayWhichOne() {
        SilentResult<String> result = new SilentResult<>("what nobody may read");
        assertThat(result.toString()).isEqualTo("[an event]");
        assertThat(result.iterator()).toIterable().containsExactly("what nobody may read");
    }
}
