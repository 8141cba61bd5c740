package io.hatflow.benchmarks.report;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.kafka.common.utils.AppInfoParser;

/** Where something was measured, and with which versions. */
public record Machine(
        String processor,
        int processors,
        List<String> vectorInstructions,
        double memoryGiB,
        String system,
        String java,
        String onnxRuntime,
        String flink,
        String kafka,
        double loadBefore) {

    private static final List<String> VECTOR_FLAGS =
            List.of("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd");

    /** This one, now. */
    public static Machine here() {
        String cpu = read("/proc/cpuinfo");
        String flags = " " + field(cpu, "flags", field(cpu, "Features", "")) + " ";
        String memory = field(read("/proc/meminfo"), "MemTotal", "0 kB");
        return new Machine(
                field(cpu, "model name", System.getProperty("os.arch")),
                Runtime.getRuntime().availableProcessors(),
                VECTOR_FLAGS.stream()
                        .filter(flag -> flags.contains(" " + flag + " "))
                        .toList(),
                Math.round(Long.parseLong(memory.replaceAll("[^0-9]", "")) / 104857.6) / 10.0,
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
                OrtEnvironment.getEnvironment().getVersion(),
                EnvironmentInformation.getVersion(),
                AppInfoParser.getVersion(),
                load());
    }

    /** Processes that wanted to run in the last minute, of others: nothing of ours ran yet. */
    private static double load() {
        return Double.parseDouble(Stream.of(read("/proc/loadavg").split(" "))
                .findFirst()
                .filter(text -> !text.isEmpty())
                .orElse("-1"));
    }

    private static String field(String file, String name, String otherwise) {
        return file.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT)))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(otherwise);
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException notLinux) {
            return "";
        }
    }
}
