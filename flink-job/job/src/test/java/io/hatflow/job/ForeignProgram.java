package io.hatflow.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs that know nothing of the job and print JSON. */
final class ForeignProgram {

    private ForeignProgram() {}

    /**
     * Runs a program to its end.
     *
     * @param environment in addition to this process's own
     * @return what it prints, each line as JSON
     * @throws IllegalStateException if it fails, with what it says
     */
    static List<JsonNode> run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path said = Files.createTempFile("program-", ".log");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(said.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(JobRun.LIMIT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IllegalStateException(
                    String.join(" ", command.subList(0, 2)) + " … failed: " + Files.readString(said));
        }
        Files.delete(said);
        List<JsonNode> lines = new ArrayList<>();
        JsonMapper mapper = new JsonMapper();
        for (String line : printed.lines().toList()) {
            lines.add(mapper.readTree(line));
        }
        return lines;
    }
}
