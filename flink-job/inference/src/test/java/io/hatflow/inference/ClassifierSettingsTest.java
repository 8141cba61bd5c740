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
        assertThat(defaults.model().batchSize()).isEqualTo(new BatchSize.Learned(Duration.ofSeconds(2)));
        assertThat(defaults.model().runTimeout()).isEqualTo(Duration.ofMinutes(5));
        assertThat(defaults.model().inferenceThreads())
                .isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(defaults.evidencePerLabel()).isEqualTo(3);
    }

    @Test
    void aValueThatCannotWorkIsNamed() {
        assertThatThrownBy(() -> new BatchSize.Fixed(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("segments is 0, expected at least 1");
        assertThatThrownBy(() -> new BatchSize.Learned(Duration.ZERO)).hasMessage("target is PT0S, expected above 0");
        assertThatThrownBy(() -> new ModelSettings(BatchSize.learned(), Duration.ZERO, Device.CPU, 1))
                .hasMessage("runTimeout is PT0S, expected above 0");
        assertThatThrownBy(() -> new ClassifierSettings(LongDocuments.WINDOW, 0, 1, ModelSettings.defaults()))
                .hasMessage("maxCharacters is 0, expected at least 1");
    }
}
