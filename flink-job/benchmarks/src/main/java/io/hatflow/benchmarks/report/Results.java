package io.hatflow.benchmarks.report;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What a run leaves behind for machines: one JSON file, written anew with every part, so that a run that breaks off leaves what it has. */
public final class Results {

    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final ObjectNode results = JSON.createObjectNode();

    /**
     * Begins a file.
     *
     * @param command that made it
     * @param settings of it
     */
    public Results(Path file, String command, Object settings) throws IOException {
        this.file = file;
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        results.put("begun", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        results.put("command", command);
        put("machine", Machine.here());
        put("settings", settings);
    }

    /** Sets a part and writes the file. */
    public void put(String part, Object value) throws IOException {
        results.set(part, JSON.valueToTree(value));
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
        Files.writeString(file, JSON.writer(printer).writeValueAsString(results) + "\n");
    }

    /** Adds to a part that is a list, and writes the file. */
    public void add(String part, Object value) throws IOException {
        put(part, results.withArray(part).addPOJO(value));
    }

    public Path file() {
        return file;
    }
}
