package io.hatflow.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.TestFiles;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With the shipped model, whose runs take long enough to end in the midst of one. */
@Timeout(300)
class ProcessExitTest {

    /** Without the hook, one in four ended with a crash in native code. */
    @Test
    void aProcessThatEndsInMidRunEndsInOrder(@TempDir Path folder) throws Exception {
        for (int trial = 0; trial < 4; trial++) {
            Path error = folder.resolve("crash-" + trial + ".log");
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:ErrorFile=" + error,
                            "-XX:-CreateCoredumpOnCrash",
                            "-Djava.io.tmpdir=" + folder,
                            ExitsInMidRun.class.getName(),
                            TestFiles.CONTRACT_CLAUSES.toAbsolutePath().toString(),
                            Integer.toString(400 + 37 * trial))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("said-" + trial).toFile());
            // By the environment: ONNX Runtime 1.29 crashes where the command line is very long.
            builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
            builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
            Process process = builder.start();

            assertThat(process.waitFor(200, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(ExitsInMidRun.CODE);
            assertThat(error).doesNotExist();
        }
    }
}
