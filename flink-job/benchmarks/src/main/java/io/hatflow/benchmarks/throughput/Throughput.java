package io.hatflow.benchmarks.throughput;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.contender.CeilingContender;
import io.hatflow.benchmarks.contender.Contender;
import io.hatflow.benchmarks.contender.OperatorContender;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.broker.LocalBroker;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Measures all contenders on a stream. */
final class Throughput {

    static final long SEED = 20_210_601;

    /** Before the clock starts, of as many documents as are measured. */
    private static final int WARM_UP_PART = 4;

    /**
     * How many times as many documents the close repetitions have: a job that starts, and the first and the last of its documents, which no
     * others accompany, shall not decide about a few per cent.
     */
    private static final int CLOSE_LENGTH = 9;

    /** The same of a close repetition: the JVM compiles for ten seconds what a job's start has run. */
    private static final int CLOSE_WARM_UP_PART = 2;

    /** Of the documents by which the ceiling chooses its batches: some seconds for each choice on a CPU, a few large batches on a GPU. */
    private static final int SEGMENTS_OF_TRIAL = 320;

    private static final int SEGMENTS_OF_TRIAL_ON_GPU = 4096;

    private final Field field;
    private final TextReader reader;
    private final LocalBroker broker;
    private final double seconds;
    private final Progress progress;
    private final Results results;

    /** {@code seconds}: of a contender's run at most; 0 for no limit. */
    Throughput(Field field, TextReader reader, LocalBroker broker, double seconds, Progress progress, Results results) {
        this.field = field;
        this.reader = reader;
        this.broker = broker;
        this.seconds = seconds;
        this.progress = progress;
        this.results = results;
    }

    /**
     * Lets the contenders run.
     *
     * @param documents measured in each repetition in which all take part
     * @param repetitions in which all take part
     * @param closeRepetitions longer ones in which, after these, only those take part whose distance is small
     */
    StreamResult measure(Lengths lengths, int documents, int repetitions, int closeRepetitions) throws Exception {
        int inClose = CLOSE_LENGTH * documents;
        int longestWarmUp = Math.max(1, closeRepetitions > 0 ? inClose / CLOSE_WARM_UP_PART : documents / WARM_UP_PART);
        int measuredCount = documents * repetitions + inClose * closeRepetitions;
        List<Document> stream = new DocumentStream(reader).draw(lengths, longestWarmUp + measuredCount, SEED);
        List<Document> warmUp = stream.subList(0, longestWarmUp);
        List<Document> measured = stream.subList(longestWarmUp, stream.size());
        List<Slice> slices = slices(
                warmUp.subList(0, Math.max(1, documents / WARM_UP_PART)),
                measured.subList(0, documents * repetitions),
                documents);
        List<Slice> closeSlices = slices(warmUp, measured.subList(documents * repetitions, measuredCount), inClose);
        progress.say(lengths + ": opening the contenders; the ceiling tries batch sizes …");
        List<Contender> contenders = new ArrayList<>();
        try {
            contenders.addAll(field.open(lengths, reader, broker, trial(stream)));
            Map<String, List<Double>> rates =
                    tournament(lengths.toString(), contenders).run(slices);
            Map<String, List<Double>> closeRates = Map.of();
            if (closeRepetitions > 0) {
                List<Contender> close = contenders.stream()
                        .filter(contender -> Field.CLOSE.contains(contender.name()))
                        .toList();
                closeRates = tournament(lengths + ", close", close).run(closeSlices);
            }
            return result(lengths, measured, contenders, rates, closeRates);
        } finally {
            contenders.forEach(Contender::close);
        }
    }

    private Tournament tournament(String name, List<Contender> contenders) {
        Agreement agreement = Agreement.of(reader.manifest().precision(), Set.of(Field.INT8_PIPELINE));
        return new Tournament(name, contenders, Field.REFERENCE, agreement, seconds, progress, results);
    }

    static List<Slice> slices(List<Document> warmUp, List<Document> measured, int documents) {
        List<Slice> slices = new ArrayList<>();
        for (int begin = 0; begin < measured.size(); begin += documents) {
            slices.add(new Slice(warmUp, measured.subList(begin, begin + documents)));
        }
        return slices;
    }

    private List<Document> trial(List<Document> stream) {
        int enough = field.resources().onGpu() ? SEGMENTS_OF_TRIAL_ON_GPU : SEGMENTS_OF_TRIAL;
        int segments = 0;
        int documents = 0;
        while (documents < stream.size() && segments < enough) {
            segments += reader.read(stream.get(documents).text()).segments().size();
            documents++;
        }
        return stream.subList(0, documents);
    }

    private StreamResult result(
            Lengths lengths,
            List<Document> measured,
            List<Contender> contenders,
            Map<String, List<Double>> rates,
            Map<String, List<Double>> closeRates)
            throws Exception {
        List<Reading> readings = measured.parallelStream()
                .map(document -> reader.read(document.text()))
                .toList();
        Fill fill = Fill.of(
                field.bundle().resolve("model.onnx"),
                reader.packing(),
                readings.stream()
                        .flatMap(reading -> reading.windows().stream())
                        .limit(256)
                        .toList(),
                field.resources(),
                field.folder());
        return new StreamResult(
                lengths.toString(),
                measured.size(),
                readings.stream()
                        .mapToInt(reading -> reading.segments().size())
                        .average()
                        .orElseThrow(),
                measured.stream()
                        .mapToInt(document -> document.text().length())
                        .average()
                        .orElseThrow(),
                readings.stream()
                                .filter(reading -> reading.windows().size() > 1)
                                .count()
                        / (double) readings.size(),
                fill,
                ((CeilingContender) contenders.get(0)).choice(),
                contenders.stream()
                        .filter(OperatorContender.class::isInstance)
                        .map(operator -> ((OperatorContender) operator).statistics())
                        .findFirst()
                        .orElse(null),
                rates,
                closeRates,
                StreamResult.ratios(rates, closeRates));
    }

    /** For a person. */
    static void print(StreamResult result, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "%n%s: %d documents, %.1f segments on average, %.0f %% in windows; segments %.0f %% full; ceiling: %s%n%n",
                result.stream(),
                result.documents(),
                result.meanSegments(),
                100 * result.windowedShare(),
                100 * result.fill().ofSegments(),
                result.ceilingChoice());
        List<Double> ceiling = requireNonNull(result.documentsPerSecond().get("ceiling"));
        out.printf("%-20s %14s   %-19s %s%n", "contender", "documents/s", "range", "of the ceiling");
        result.documentsPerSecond()
                .forEach((name, rates) -> out.printf(
                        Locale.ROOT,
                        "%-20s %14.3f   %-19s %10.3f%n",
                        name,
                        Ratio.median(rates),
                        String.format(Locale.ROOT, "%.3f–%.3f", Collections.min(rates), Collections.max(rates)),
                        Ratio.of(rates, ceiling).median()));
        out.println();
        result.ratios().forEach((name, ratio) -> out.printf("%-30s %s%n", name, ratio));
        out.printf(Locale.ROOT, "%-30s %.3f%n%n", "fill", result.fill().ofDenseLayers());
    }
}
