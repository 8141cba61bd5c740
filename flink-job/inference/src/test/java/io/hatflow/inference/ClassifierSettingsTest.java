package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.onnx.Device;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClassifierSettingsTest {

    @Test
    void defaultsLookAtAllOfADocument() {
        ClassifierSettings defaults = ClassifierSettings.defaults();
        assertThat(defaults.longDocuments()).isEqualTo(LongDocuments.WINDOW);
        assertThat(defaults.maxCharacters()).isEqualTo(10_000_000);
        assertThat(defaults.batchSegments()).isZero();
        assertThat(defaults.batchTarget()).isEqualTo(Duration.ofSeconds(2));
        assertThat(defaults.runTimeout()).isEqualTo(Duration.ofMinutes(5));
        assertThat(defaults.inferenceThreads()).isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(defaults.evidencePerLabel()).isEqualTo(3);
    }

    @Test
    void aValueThatCannotWorkIsNamed() {
        assertThatThrownBy(() -> new ClassifierSettings(
                        LongDocuments.WINDOW, 1, -1, Duration.ofSeconds(1), Duration.ofMinutes(5), Device.CPU, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("batchSegments is -1, expected at least 1, or 0 to learn it");
        assertThatThrownBy(() -> new ClassifierSettings(
                        LongDocuments.WINDOW, 1, 1, Duration.ZERO, Duration.ofMinutes(5), Device.CPU, 1, 1))
                .hasMessage("batchTarget is PT0S, expected above 0");
        assertThatThrownBy(() -> new ClassifierSettings(
                        LongDocuments.WINDOW, 1, 1, Duration.ofSeconds(1), Duration.ZERO, Device.CPU, 1, 1))
                .hasMessage("runTimeout is PT0S, expected above 0");
    }
}
