package io.hatflow.benchmarks.throughput;

import io.hatflow.benchmarks.contender.Contender;
import io.hatflow.benchmarks.contender.Run;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.report.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Lets contenders classify the same documents by turns. In every repetition each of them gets the same slice of the stream, and the order
 * changes, so that what else the machine does hits all of them alike. Their scores are compared before anything is measured, and after
 * every repetition.
 */
final class Tournament {

    /** Of the documents of a repetition, those by which scores are compared before anything is measured. */
    private static final double SHARE_OF_CHECK = 1.0 / 16;

    private final String stream;
    private final List<Contender> contenders;
    private final String reference;
    private final Set<String> int8;
    private final Progress progress;

    /** {@code reference}: whose scores the others' are held against; {@code int8}: names of those that do not compute in fp32. */
    Tournament(String stream, List<Contender> contenders, String reference, Set<String> int8, Progress progress) {
        this.stream = stream;
        this.contenders = List.copyOf(contenders);
        this.reference = reference;
        this.int8 = int8;
        this.progress = progress;
    }

    /** Documents per second of every contender in every repetition. */
    Map<String, List<Double>> run(List<Slice> repetitions) throws Exception {
        List<Document> few = repetitions.get(0).measured();
        few = few.subList(0, (int) Math.ceil(SHARE_OF_CHECK * few.size()));
        contenders.forEach(contender -> {
            progress.plan(step("check", contender), 1);
            repetitions.forEach(repetition -> progress.plan(step("", contender), 1));
        });
        Map<String, List<Double>> rates = new LinkedHashMap<>();
        contenders.forEach(contender -> rates.put(contender.name(), new ArrayList<>()));
        runAll("check", contenders, new Slice(repetitions.get(0).warmUp().subList(0, 1), few));
        for (int repetition = 0; repetition < repetitions.size(); repetition++) {
            progress.say("%s, repetition %d of %d".formatted(stream, repetition + 1, repetitions.size()));
            List<Contender> order = new ArrayList<>(contenders);
            Collections.rotate(order, repetition);
            if (repetition % 2 == 1) {
                Collections.reverse(order);
            }
            runAll("", order, repetitions.get(repetition))
                    .forEach((name, run) -> rates.getOrDefault(name, List.of()).add(run.documentsPerSecond()));
        }
        return rates;
    }

    private Map<String, Run> runAll(String kind, List<Contender> order, Slice slice) throws Exception {
        Map<String, Run> runs = new LinkedHashMap<>();
        for (Contender contender : order) {
            long begun = System.nanoTime();
            Run run = contender.run(slice);
            runs.put(contender.name(), run);
            progress.done(
                    step(kind, contender),
                    Duration.ofNanos(System.nanoTime() - begun),
                    String.format(Locale.ROOT, "%8.3f documents/s", run.documentsPerSecond()));
        }
        Run ours = runs.get(reference);
        if (ours != null) {
            runs.forEach((name, run) -> Agreement.check(name, run, reference, ours, int8.contains(name)));
        }
        return runs;
    }

    private String step(String kind, Contender contender) {
        return stream + ", " + (kind.isEmpty() ? "" : kind + ", ") + contender.name();
    }
}
