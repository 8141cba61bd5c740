package io.hatflow.benchmarks.throughput;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.contender.Contender;
import io.hatflow.benchmarks.contender.Run;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Lets contenders classify the same documents by turns. In every repetition each of them gets the same slice of the stream, and the order
 * changes, so that what else the machine does hits all of them alike. Their scores are compared before anything is measured, and after
 * every repetition. Every run is written to the results as soon as it is over.
 */
final class Tournament {

    /** Of the documents of a repetition, those by which scores are compared before anything is measured. */
    private static final double SHARE_OF_CHECK = 1.0 / 16;

    /** Most of them where time is limited: the slowest contender gets as many as the fastest. */
    private static final int LARGEST_CHECK = 32;

    /** Times as many documents as in a run that was too short. */
    private static final double LARGEST_GROWTH = 8;

    private final String stream;
    private final List<Contender> contenders;
    private final String reference;
    private final Agreement agreement;
    private final double seconds;
    private final Progress progress;
    private final Results results;
    /** Of each contender's last run, where time is limited. */
    private final Map<String, Double> pace = new HashMap<>();

    /** A run as it stands in the results; what it begins with, when, in UTC, its clock started. */
    private record TimedRun(
            String stream, String step, String contender, String begun, double seconds, int documents) {}

    /** {@code reference}: whose scores the others' are held against. */
    Tournament(
            String stream,
            List<Contender> contenders,
            String reference,
            Agreement agreement,
            Progress progress,
            Results results) {
        this(stream, contenders, reference, agreement, 0, progress, results);
    }

    /**
     * With limited time.
     *
     * @param seconds of a run, by the contender's last one: who is slower gets fewer documents, the first of the slice; 0 for no limit
     */
    Tournament(
            String stream,
            List<Contender> contenders,
            String reference,
            Agreement agreement,
            double seconds,
            Progress progress,
            Results results) {
        this.stream = stream;
        this.contenders = List.copyOf(contenders);
        this.reference = reference;
        this.agreement = agreement;
        this.seconds = seconds;
        this.progress = progress;
        this.results = results;
    }

    /** Documents per second of every contender in every repetition. */
    Map<String, List<Double>> run(List<Slice> repetitions) throws Exception {
        List<Document> few = repetitions.get(0).measured();
        int checked = (int) Math.ceil(SHARE_OF_CHECK * few.size());
        few = few.subList(0, seconds > 0 ? Math.min(LARGEST_CHECK, checked) : checked);
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
            Run run = seconds > 0 && pace.containsKey(contender.name())
                    ? inTime(slice, contender)
                    : whole(slice, contender);
            pace.put(contender.name(), run.documentsPerSecond());
            runs.put(contender.name(), run);
            write(kind, contender, run);
            progress.done(
                    step(kind, contender),
                    Duration.ofNanos(System.nanoTime() - begun),
                    String.format(Locale.ROOT, "%8.3f documents/s", run.documentsPerSecond()));
        }
        Run ours = runs.get(reference);
        if (ours != null) {
            runs.forEach((name, run) -> agreement.check(name, run, reference, ours));
        }
        return runs;
    }

    /** As many documents as take the time. A run that took less than half of it is repeated with more, and does not count. */
    private Run inTime(Slice slice, Contender contender) throws Exception {
        int all = slice.measured().size();
        int documents = (int) Math.max(1, seconds * requireNonNull(pace.get(contender.name())));
        Run run = whole(slice.first(documents), contender);
        while (run.nanos() < seconds * 1e9 / 2 && documents < all) {
            documents = (int) Math.min(all, documents * Math.min(LARGEST_GROWTH, seconds * 1e9 / run.nanos()));
            run = whole(slice.first(documents), contender);
        }
        return run;
    }

    /** A run that counts: with an answer to each document, and to nothing else. */
    private static Run whole(Slice slice, Contender contender) throws Exception {
        Run run = contender.run(slice);
        Set<String> asked = slice.measured().stream().map(Document::id).collect(Collectors.toSet());
        if (!run.scores().keySet().equals(asked)) {
            throw new IllegalStateException("%s answered %d documents, expected the %d that it was given"
                    .formatted(contender.name(), run.scores().size(), asked.size()));
        }
        return run;
    }

    private void write(String kind, Contender contender, Run run) throws Exception {
        Instant begun = Instant.now().minusNanos(System.nanoTime() - run.begunNanos());
        results.add(
                "runs",
                new TimedRun(
                        stream,
                        kind.isEmpty() ? "measured" : kind,
                        contender.name(),
                        begun.truncatedTo(ChronoUnit.MILLIS).toString(),
                        run.nanos() / 1e9,
                        run.scores().size()));
    }

    private String step(String kind, Contender contender) {
        return stream + ", " + (kind.isEmpty() ? "" : kind + ", ") + contender.name();
    }
}
