package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.ClassifierSettings.LongDocuments;
import org.junit.jupiter.api.Test;

class ClassifierSettingsTest {

    @Test
    void defaultsLookAtAllOfADocument() {
        ClassifierSettings defaults = ClassifierSettings.defaults();
        assertThat(defaults.longDocuments()).isEqualTo(LongDocuments.WINDOW);
        assertThat(defaults.maxCharacters()).isEqualTo(10_000_000);
        assertThat(defaults.batchSegments()).isEqualTo(64);
        assertThat(defaults.inferenceThreads()).isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(defaults.evidencePerLabel()).isEqualTo(3);
    }

    @Test
    void aValueThatCannotWorkIsNamed() {
        assertThatThrownBy(() -> new ClassifierSettings(LongDocuments.WINDOW, 1, 0, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("batchSegments is 0, expected at least 1");
    }
}
