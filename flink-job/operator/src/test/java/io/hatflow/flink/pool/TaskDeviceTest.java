package io.hatflow.flink.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.onnx.Device;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.flink.api.common.externalresource.ExternalResourceInfo;
import org.junit.jupiter.api.Test;

class TaskDeviceTest {

    /** As Flink's GPU driver describes one. */
    private record Gpu(String index) implements ExternalResourceInfo {

        @Override
        public Optional<String> getProperty(String key) {
            return key.equals("index") ? Optional.of(index) : Optional.empty();
        }

        @Override
        public Collection<String> getKeys() {
            return List.of("index");
        }
    }

    @Test
    void autoTakesTheGpusOfTheTaskManagerInTurn() {
        Set<ExternalResourceInfo> gpus = Set.of(new Gpu("10"), new Gpu("2"));
        assertThat(TaskDevice.among(gpus, Device.AUTO, 0)).isEqualTo(Device.AUTO.at(2));
        assertThat(TaskDevice.among(gpus, Device.AUTO, 1)).isEqualTo(Device.AUTO.at(10));
        assertThat(TaskDevice.among(gpus, Device.AUTO.limitedTo(7), 2))
                .isEqualTo(Device.AUTO.at(2).limitedTo(7));
    }

    @Test
    void withoutGpusAutoStaysAsItIs() {
        assertThat(TaskDevice.among(Set.of(), Device.AUTO, 5)).isEqualTo(Device.AUTO);
    }

    @Test
    void aDeviceThatIsSetIsTakenWhateverFlinkGives() {
        Set<ExternalResourceInfo> gpus = Set.of(new Gpu("2"));
        assertThat(TaskDevice.among(gpus, Device.parse("cpu"), 0)).isEqualTo(Device.parse("cpu"));
        assertThat(TaskDevice.among(gpus, Device.parse("cuda:1"), 0)).isEqualTo(Device.parse("cuda:1"));
    }
}
