package io.hatflow.inference.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.task.Head;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the golden inputs of a bundle and decides whether they can be replayed; whether they agree, the replay shows. */
final class GoldenReader {

    private static final String GOLDEN = "golden.jsonl";
    private static final String REMEDY = "; export the bundle again";
    private static final JsonMapper JSON = new JsonMapper();

    private GoldenReader() {}

    /** The golden inputs up to the first line that is wrong, whose problem is added to the others: all lines have one origin. */
    static List<GoldenCase> read(Path folder, Manifest manifest, List<String> problems) {
        List<GoldenCase> cases = new ArrayList<>();
        try {
            List<String> lines = Files.readAllLines(folder.resolve(GOLDEN));
            for (int number = 1; number <= lines.size() && problems.isEmpty(); number++) {
                String line = lines.get(number - 1);
                if (!line.isBlank()) {
                    read(line, GOLDEN + " line " + number, manifest, cases, problems);
                }
            }
        } catch (CharacterCodingException e) {
            problems.add(GOLDEN + " is not UTF-8, expected a JSON object on each line" + REMEDY);
        } catch (IOException e) {
            problems.add(GOLDEN + " cannot be read: " + Sentences.of(e));
        }
        if (cases.isEmpty() && problems.isEmpty()) {
            problems.add(GOLDEN + " is empty, but a bundle that cannot be tested is not trusted" + REMEDY);
        }
        return cases;
    }

    private static void read(
            String line, String place, Manifest manifest, List<GoldenCase> cases, List<String> problems) {
        try {
            GoldenCase golden = JSON.readValue(line, GoldenCase.class);
            problem(golden, manifest)
                    .ifPresentOrElse(problem -> problems.add(place + problem + REMEDY), () -> cases.add(golden));
        } catch (JsonProcessingException e) {
            problems.add(place + " is not a golden input: " + Sentences.of(e) + REMEDY);
        }
    }

    private static Optional<String> problem(@Nullable GoldenCase golden, Manifest manifest) {
        if (golden == null) {
            return Optional.of(" is null, expected a JSON object");
        }
        Map<String, @Nullable Object> needed = new LinkedHashMap<>();
        needed.put("id", golden.id());
        needed.put("text", golden.text());
        switch (manifest.architecture()) {
            case HAT, ENCODER -> {
                needed.put("token_ids", golden.tokenIds());
                needed.put("token_offsets", golden.tokenOffsets());
                needed.put("segments", golden.segments());
            }
            case HOURGLASS -> {
                needed.put("symbols", golden.symbols());
                needed.put("symbol_offsets", golden.symbolOffsets());
            }
        }
        needed.put("windows", golden.windows());
        List<String> missing = needed.entrySet().stream()
                .filter(entry -> entry.getValue() == null)
                .map(Map.Entry::getKey)
                .toList();
        if (!missing.isEmpty()) {
            return Optional.of(" has no " + String.join(", ", missing));
        }
        return problemOfAnswers(golden, manifest);
    }

    private static Optional<String> problemOfAnswers(GoldenCase golden, Manifest manifest) {
        // Golden log-likelihoods have a number for each symbol.
        int labels =
                manifest.task() == Task.LANGUAGE_MODEL ? 0 : manifest.labels().size();
        Head head = manifest.head();
        for (float[] row : head.rows(golden.answers())) {
            int answered = row == null ? 0 : row.length;
            if (labels > 0 ? answered != labels : answered == 0) {
                return Optional.of(" has %d scores, expected %s"
                        .formatted(
                                answered,
                                labels > 0
                                        ? "one for each of the " + labels + " labels"
                                        : "what a model for " + manifest.task() + " answers"));
            }
        }
        return switch (manifest.architecture()) {
            case HAT, ENCODER -> head.problem(golden.answers(), golden.tokenIds().length, golden.segments().length);
            case HOURGLASS -> head.problem(golden.answers(), golden.symbols().length, golden.windows().length);
        };
    }
}
