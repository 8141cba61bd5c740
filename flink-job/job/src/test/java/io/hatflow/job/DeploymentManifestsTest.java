package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExternalResourceOptions;
import org.apache.flink.configuration.HighAvailabilityOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What no schema of Kubernetes sees: the job's settings and Flink's options in the manifests and in the image. */
class DeploymentManifestsTest {

    private static final Path DEPLOY = Path.of("../../deploy");

    private static final String IN_CONTAINER = "/etc/hatflow/job.yaml";

    /** Where options of ours are declared, in classes that every cluster has. */
    private static final List<Class<?>> DECLARED_IN = List.of(
            CheckpointingOptions.class,
            CoreOptions.class,
            ExternalResourceOptions.class,
            HighAvailabilityOptions.class,
            RestartStrategyOptions.class,
            TaskManagerOptions.class);

    /** Of the operator, or named after a reporter or resource: declared nowhere under their full names. */
    private static final Pattern ELSEWHERE = Pattern.compile(
            "kubernetes\\.operator\\..+|job\\.autoscaler\\.enabled|metrics\\.reporter\\.prom\\.(factory\\.class|port)"
                    + "|external-resource\\.gpu\\.(amount|driver-factory\\.class|kubernetes\\.config-key)");

    @ParameterizedTest
    @ValueSource(strings = {"minimal", "gpu", "production"})
    void theJobTakesItsSettings(String overlay, @TempDir Path folder) throws IOException {
        Map<String, String> environment = environment(overlay);
        assertThat(environment).containsEntry("HATFLOW_CONFIG", IN_CONTAINER);
        Path file = Files.writeString(folder.resolve("job.yaml"), settings(overlay));
        environment.put("HATFLOW_CONFIG", file.toString());

        JobSettings settings = JobSettings.read(new String[0], environment);

        assertThat(settings.openSecrets()).as("secrets by reference alone").isEmpty();
        assertThat(settings.bootstrapServers()).contains("my-cluster-kafka-bootstrap");
    }

    @ParameterizedTest
    @ValueSource(strings = {"minimal", "gpu", "production"})
    void flinkKnowsItsOptions(String overlay) throws IOException {
        Map<String, String> options = flinkOptions(overlay);

        checkOptions(options);

        assertThat(options)
                .as("without it, Flink refuses the job")
                .containsKeys("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir");
        assertThat(options).as("as the image has them").containsAllEntriesOf(sharedWithTheImage(overlay));
    }

    @ParameterizedTest
    @ValueSource(strings = {"minimal", "gpu", "production"})
    void memoryFitsIntoThePods(String overlay) throws IOException {
        Object memory = at(deployment(overlay), "spec", "taskManager", "resource", "memory");

        checkMemory(flinkOptions(overlay), memory.toString());
    }

    @Test
    void theImagesOptionsAreFlinksAndItsMemoryAddsUp() throws IOException {
        Map<String, String> options = imageOptions();

        checkOptions(options);
        checkMemory(options, options.getOrDefault("taskmanager.memory.process.size", "0"));
    }

    private static void checkOptions(Map<String, String> options) {
        Map<String, ConfigOption<?>> declared = declared();
        Configuration configuration = Configuration.fromMap(options);
        options.keySet().stream()
                .filter(key -> !ELSEWHERE.matcher(key).matches())
                .forEach(key -> {
                    assertThat(declared).as("options of Flink").containsKey(key);
                    // Throws where the value is not of the option's type.
                    assertThat(configuration.getOptional(declared.get(key))).isPresent();
                });
    }

    private static void checkMemory(Map<String, String> options, String process) {
        Configuration configuration = Configuration.fromMap(options);
        configuration.set(TaskManagerOptions.TOTAL_PROCESS_MEMORY, MemorySize.parse(process));

        // Throws where the sizes do not fit into the process's.
        TaskExecutorProcessSpec memory = TaskExecutorProcessUtils.processSpecFromConfig(configuration);

        assertThat(memory.getTotalProcessMemorySize()).isEqualTo(MemorySize.parse(process));
        assertThat(memory.getTaskHeapSize().getMebiBytes())
                .as("heap for two tasks full of documents, docs/delivery.md")
                .isGreaterThan(500);
    }

    private static Map<String, ConfigOption<?>> declared() {
        Map<String, ConfigOption<?>> options = new HashMap<>();
        for (Class<?> each : DECLARED_IN) {
            for (Field field : each.getFields()) {
                if (Modifier.isStatic(field.getModifiers()) && field.getType() == ConfigOption.class) {
                    try {
                        ConfigOption<?> option = (ConfigOption<?>) field.get(null);
                        options.put(option.key(), option);
                    } catch (IllegalAccessException e) {
                        throw new IllegalStateException(e);
                    }
                }
            }
        }
        return options;
    }

    /** The options that the image gives by Flink's own script, {@code -Dkey=value}. */
    private static Map<String, String> imageOptions() throws IOException {
        Map<String, String> options = new LinkedHashMap<>();
        Pattern.compile("-D([a-z.A-Z-]+)=\"?([^\"\\s]+)")
                .matcher(Files.readString(DEPLOY.resolve("docker/Dockerfile")))
                .results()
                .forEach(option -> options.put(option.group(1), option.group(2)));
        assertThat(options).as("options in the Dockerfile").hasSizeGreaterThan(5);
        return options;
    }

    /** The operator replaces the image's configuration, and a pod's memory stands elsewhere; the GPU needs more. */
    private static Map<String, String> sharedWithTheImage(String overlay) throws IOException {
        Map<String, String> options = imageOptions();
        options.remove("taskmanager.memory.process.size");
        if (overlay.equals("gpu")) {
            options.remove("taskmanager.memory.task.off-heap.size");
        }
        return options;
    }

    private static Map<String, String> flinkOptions(String overlay) throws IOException {
        Map<String, String> options = new TreeMap<>();
        ((Map<?, ?>) at(deployment(overlay), "spec", "flinkConfiguration"))
                .forEach((key, value) -> options.put(key.toString(), value.toString()));
        return options;
    }

    private static String settings(String overlay) throws IOException {
        return at(resource(overlay, "ConfigMap"), "data", "job.yaml").toString();
    }

    /** What the job's own settings are of the main container's environment. */
    private static Map<String, String> environment(String overlay) throws IOException {
        Map<String, String> environment = new HashMap<>();
        List<?> containers = (List<?>) at(deployment(overlay), "spec", "podTemplate", "spec", "containers");
        for (Object variable : (List<?>) at(containers.get(0), "env")) {
            String name = at(variable, "name").toString();
            if (name.startsWith("HATFLOW_")) {
                environment.put(name, at(variable, "value").toString());
            }
        }
        return environment;
    }

    private static Object deployment(String overlay) throws IOException {
        return resource(overlay, "FlinkDeployment");
    }

    private static Object resource(String overlay, String kind) throws IOException {
        List<Object> found = new ArrayList<>();
        new Yaml(new SafeConstructor(new LoaderOptions()))
                .loadAll(Files.readString(DEPLOY.resolve("kubernetes/rendered/" + overlay + ".yaml")))
                .forEach(each -> {
                    if (at(each, "kind").equals(kind)) {
                        found.add(each);
                    }
                });
        assertThat(found).as(kind + " in " + overlay).hasSize(1);
        return found.get(0);
    }

    private static Object at(Object value, String... path) {
        Object found = value;
        for (String name : path) {
            Object next = ((Map<?, ?>) found).get(name);
            assertThat(next).as(name).isNotNull();
            found = next;
        }
        return found;
    }
}
