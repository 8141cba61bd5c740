package io.hatflow.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.TestFiles;
import io.hatflow.inference.TroubleshootingPage;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Over the ONNX Runtime of the build, which has no CUDA. */
class DeviceTest {

    private static final Path GRAPH = TestFiles.FIXTURES.resolve("sentcls").resolve("model.onnx");

    @ParameterizedTest
    @CsvSource({"auto, auto", "cpu, cpu", "cuda, cuda:0", "cuda:0, cuda:0", "cuda:12, cuda:12"})
    void aDeviceIsReadAsItIsWritten(String text, String written) {
        assertThat(Device.parse(text)).hasToString(written);
        assertThat(Device.parse(written)).isEqualTo(Device.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1:2", "cpu:0", " cpu"})
    void anotherTextIsNoDevice(String text) {
        assertThatThrownBy(() -> Device.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("\"" + text + "\" is not a device, expected auto, cpu or cuda:N");
    }

    @Test
    void aGpuThatIsAskedForAndCannotBeUsedIsNeverReplacedByTheCpu() {
        String message = "The model cannot run on cuda:1. This ONNX Runtime was built without CUDA: put the jar"
                + " onnxruntime_gpu in the place of onnxruntime (docs/gpu.md); or choose the CPU with the device cpu, or auto."
                + " ONNX Runtime says: …";
        assertThatThrownBy(() -> OnnxSession.open(GRAPH, 1, Device.parse("cuda:1")))
                .isInstanceOf(DeviceException.class)
                .message()
                .matches(TroubleshootingPage.pattern(message));
        TroubleshootingPage.assertExplains("Devices", Stream.of(message));
    }

    @Test
    void autoIsTheCpuWhereThereIsNoCuda() {
        try (OnnxSession model = OnnxSession.open(GRAPH, 1, Device.AUTO.at(3).limitedTo(1 << 30))) {
            assertThat(model.inputs()).isNotEmpty();
        }
    }

    @Test
    void aGraphThatCannotBeLoadedIsNotTheDevicesFault() {
        assertThatThrownBy(() -> OnnxSession.open(Path.of("/nowhere/model.onnx"), 1, Device.AUTO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ONNX Runtime cannot load /nowhere/model.onnx");
    }
}
