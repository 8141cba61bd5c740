package io.hatflow.flink.pool;

import io.hatflow.inference.onnx.Device;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.flink.api.common.externalresource.ExternalResourceInfo;
import org.apache.flink.api.common.functions.RuntimeContext;

/** On which device a task classifies. */
public final class TaskDevice {

    /** Flink's name of the external resource, as in {@code external-resource.gpu.amount}. */
    public static final String RESOURCE = "gpu";

    /** Flink's GPU driver's name of a GPU's number. */
    private static final String INDEX = "index";

    private TaskDevice() {}

    /** As {@link #among}, of the task itself. */
    static Device of(Device set, RuntimeContext task) {
        return among(
                task.getExternalResourceInfos(RESOURCE), set, task.getTaskInfo().getIndexOfThisSubtask());
    }

    /**
     * What is set; where that is auto, one of the GPUs that Flink has given to the TaskManager, if it has. Every operator of a TaskManager
     * sees all of them, so subtasks take them in turn.
     */
    static Device among(Set<ExternalResourceInfo> gpus, Device set, int subtask) {
        if (set.kind() != Device.Kind.AUTO) {
            return set;
        }
        List<Integer> ordinals = gpus.stream()
                .map(gpu -> gpu.getProperty(INDEX).orElse(null))
                .filter(Objects::nonNull)
                .map(Integer::valueOf)
                .sorted()
                .toList();
        return ordinals.isEmpty() ? set : set.at(ordinals.get(subtask % ordinals.size()));
    }
}
