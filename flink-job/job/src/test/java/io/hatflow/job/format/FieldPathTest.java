package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldPathTest {

    @Test
    void dotsPartNamesUnlessABackslashStandsBeforeThem() {
        assertThat(FieldPath.parse("a").names()).containsExactly("a");
        assertThat(FieldPath.parse("a.b.c d").names()).containsExactly("a", "b", "c d");
        assertThat(FieldPath.parse("a\\.b.c\\\\").names()).containsExactly("a.b", "c\\");
        assertThat(FieldPath.parse("\\key").names()).containsExactly("key");
        assertThat(FieldPath.parse("a\\.b.c\\\\")).hasToString("a\\.b.c\\\\");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".a", "a..b", "a\\"})
    void aNameIsNeverEmpty(String written) {
        assertThatThrownBy(() -> FieldPath.parse(written)).isInstanceOf(IllegalArgumentException.class);
    }
}
