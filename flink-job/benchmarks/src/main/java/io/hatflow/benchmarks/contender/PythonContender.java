package io.hatflow.benchmarks.contender;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A script of {@code python/} in a process of its own. It gets token ids instead of texts: that it need
 * not tokenize and segment is its advantage over the contenders in Java. Protocol, one line each: we write {@code run FILE}, it reads the
 * slice, warms up and writes {@code ready}; we write {@code go}, it writes a JSON object with {@code nanos} and {@code logits}.
 */
public final class PythonContender implements Contender {

    private static final int LOG_LINES_SHOWN = 20;

    /** 128 + 9, the signal. */
    private static final int KILLED = 137;

    private static final JsonMapper JSON = new JsonMapper();

    /** A document as the scripts read it: ids [segments][tokens] of each window, CLS included. */
    private record Ids(String id, List<int[][]> windows) {}

    private record SliceFile(Packing packing, List<Ids> warmUp, List<Ids> measured) {}

    private final String name;
    private final TextReader reader;
    private final Path folder;
    private final Process process;
    private final Writer toScript;
    private final BufferedReader fromScript;

    /**
     * Starts the script.
     *
     * @param folder for files that it reads, and for its log
     * @param command interpreter, script and what selects the contender
     */
    public PythonContender(
            String name, TextReader reader, Path folder, Path plainGraph, Resources resources, List<String> command)
            throws IOException {
        this.name = name;
        this.reader = reader;
        this.folder = folder;
        List<String> whole = Stream.concat(
                        command.stream(),
                        Stream.of(
                                "--graph",
                                plainGraph.toString(),
                                "--threads",
                                Integer.toString(resources.threads()),
                                "--device",
                                resources.device().toString()))
                .toList();
        this.process = new ProcessBuilder(whole)
                .redirectError(folder.resolve(name + ".log").toFile())
                .start();
        this.toScript = process.outputWriter(StandardCharsets.UTF_8);
        this.fromScript = process.inputReader(StandardCharsets.UTF_8);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Run run(Slice slice) throws IOException {
        Map<String, Reading> readings = new HashMap<>();
        Path file = folder.resolve(name + ".json");
        JSON.writeValue(
                file.toFile(),
                new SliceFile(reader.packing(), ids(slice.warmUp(), readings), ids(slice.measured(), readings)));
        tell("run " + file);
        String ready = answer();
        if (!ready.equals("ready")) {
            throw new IllegalStateException(name + " said \"" + ready + "\", expected \"ready\"");
        }
        long begun = System.nanoTime();
        tell("go");
        JsonNode done = JSON.readTree(answer());
        Files.delete(file);
        Map<String, float[]> scores = new HashMap<>();
        for (Document document : slice.measured()) {
            Reading reading = requireNonNull(readings.get(document.id()));
            List<WindowAnswer> logits = new ArrayList<>();
            for (JsonNode window : done.path("logits").path(document.id())) {
                logits.add(new WindowAnswer(new float[0], JSON.convertValue(window, float[][].class)));
            }
            scores.put(document.id(), reader.scores(reading, logits).document());
        }
        return new Run(begun, done.path("nanos").asLong(), scores);
    }

    private List<Ids> ids(List<Document> documents, Map<String, Reading> readings) {
        List<Ids> ids = new ArrayList<>();
        for (Document document : documents) {
            Reading reading = reader.read(document.text());
            readings.put(document.id(), reading);
            ids.add(new Ids(
                    document.id(), reading.windows().stream().map(this::ids).toList()));
        }
        return ids;
    }

    private int[][] ids(Window window) {
        return window.segments().stream().map(segment -> ids(window, segment)).toArray(int[][]::new);
    }

    private int[] ids(Window window, Span segment) {
        return IntStream.concat(
                        IntStream.of(reader.packing().cls()),
                        Arrays.stream(window.tokenIds(), segment.first(), segment.end()))
                .toArray();
    }

    private void tell(String line) throws IOException {
        toScript.write(line + "\n");
        toScript.flush();
    }

    private String answer() throws IOException {
        String line = fromScript.readLine();
        if (line == null) {
            int code = process.onExit().join().exitValue();
            String killed = code == KILLED ? ", which is a kill: has the machine too little memory?" : "";
            throw new IllegalStateException(name + " ended without an answer, with exit code " + code + killed
                    + "; the end of its log:\n" + endOfLog());
        }
        return line;
    }

    private String endOfLog() {
        try {
            List<String> lines = Files.readAllLines(folder.resolve(name + ".log"));
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
