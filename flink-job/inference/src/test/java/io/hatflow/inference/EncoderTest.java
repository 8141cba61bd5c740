package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What transformers computes for texts, against ours: alone, in shuffled batches, and of texts longer than the models can read. */
@Timeout(120)
class EncoderTest {

    private static final float TOLERANCE = 1e-4f;
    private static final int MANY = 1000;

    @ParameterizedTest
    @CsvSource({
        "tiny-encoder, MULTI_LABEL, MAX",
        "tiny-encoder-mean, SINGLE_LABEL, MEAN",
        "tiny-encoder-sum, REGRESSION, LOGSUMEXP"
    })
    void scoresAreThoseOfTransformersInAnyBatch(String name, String problemType, String pooling) throws Exception {
        List<JsonNode> texts = texts(name);
        try (DocumentClassifier classifier = open(name, LongDocuments.WINDOW)) {
            for (JsonNode text : texts) {
                assertScores(classify(classifier, text), text, problemType, pooling);
            }
            List<JsonNode> shuffled = new ArrayList<>();
            for (int copy = 0; copy < 10; copy++) {
                shuffled.addAll(texts);
            }
            Collections.shuffle(shuffled, new Random(5));
            List<CompletableFuture<Outcome>> together = shuffled.stream()
                    .map(text -> classifier.classify(text.get("text").asText()))
                    .toList();
            for (int i = 0; i < shuffled.size(); i++) {
                assertScores((Classification) together.get(i).get(), shuffled.get(i), problemType, pooling);
            }
        }
    }

    private static void assertScores(Classification actual, JsonNode text, String problemType, String pooling) {
        List<double[]> segments = logits(text);
        double[] pooled = new double[segments.get(0).length];
        for (int i = 0; i < pooled.length; i++) {
            int label = i;
            pooled[label] = pooled(segments.stream().mapToDouble(logits -> logits[label]), pooling);
        }
        assertThat(scores(actual)).as(text.get("text").asText()).hasSize(pooled.length);
        double[] expected = scores(pooled, problemType);
        for (int label = 0; label < expected.length; label++) {
            assertThat(scores(actual).get(label))
                    .as(text.get("text").asText())
                    .isCloseTo((float) expected[label], within(TOLERANCE));
            Evidence best = actual.labels().get(label).evidence().get(0);
            double[] own = scores(segments.get(best.segment()), problemType);
            assertThat(best.score()).isCloseTo((float) own[label], within(TOLERANCE));
        }
        assertThat(actual.segments()).isEqualTo(segments.size());
        assertThat(actual.tokensSeen()).isEqualTo(actual.tokensTotal());
    }

    /** As {@code truncation=True} does. */
    @Test
    void aTruncatedTextIsWhatTransformersTruncatesItTo() throws Exception {
        try (DocumentClassifier classifier = open("tiny-encoder", LongDocuments.TRUNCATE)) {
            for (JsonNode text : texts("tiny-encoder")) {
                Classification actual = classify(classifier, text);
                double[] expected = scores(logits(text).get(0), "MULTI_LABEL");
                for (int label = 0; label < expected.length; label++) {
                    assertThat(scores(actual).get(label)).isCloseTo((float) expected[label], within(TOLERANCE));
                }
                assertThat(actual.coverage())
                        .isEqualTo(logits(text).size() == 1 ? Coverage.COMPLETE : Coverage.TRUNCATED);
            }
        }
    }

    @Test
    void spansOfTagsAreThoseOfThePipelineOfTransformers() throws Exception {
        int found = 0;
        try (DocumentClassifier classifier = open("tiny-tags", LongDocuments.WINDOW)) {
            for (JsonNode text : texts("tiny-tags")) {
                Classification actual = classify(classifier, text);
                assertThat(actual.segments()).isEqualTo(text.get("segments").size());
                if (actual.segments() == 1) {
                    for (LabelScore label : actual.labels()) {
                        found += assertSpans(label, text);
                    }
                }
            }
        }
        assertThat(found).isGreaterThan(20);
    }

    private static int assertSpans(LabelScore label, JsonNode record) {
        String text = record.get("text").asText();
        List<JsonNode> expected = StreamSupport.stream(record.get("spans").spliterator(), false)
                .filter(span -> span.get(0).asText().equals(label.label()))
                .toList();
        assertThat(places(label))
                .as("%s in %s", label.label(), text)
                .containsExactlyInAnyOrderElementsOf(expected.stream()
                        .map(span -> text.offsetByCodePoints(0, span.get(2).asInt()) + " to "
                                + text.offsetByCodePoints(0, span.get(3).asInt()))
                        .toList());
        assertThat(label.evidence()).isSortedAccordingTo(Comparator.comparingDouble(span -> -span.score()));
        assertThat(label.aboveThreshold()).isEqualTo(!expected.isEmpty());
        double best = expected.stream()
                .mapToDouble(span -> span.get(1).asDouble())
                .max()
                .orElse(0);
        assertThat(label.score()).isCloseTo((float) best, within(TOLERANCE));
        return expected.size();
    }

    private static List<String> places(LabelScore label) {
        return label.evidence().stream()
                .map(span -> span.start() + " to " + span.end())
                .collect(Collectors.toList());
    }

    private static Classification classify(DocumentClassifier classifier, JsonNode text) throws Exception {
        return (Classification) classifier.classify(text.get("text").asText()).get();
    }

    private static List<Float> scores(Classification classification) {
        return classification.labels().stream().map(LabelScore::score).toList();
    }

    private static List<double[]> logits(JsonNode text) {
        return StreamSupport.stream(text.get("logits").spliterator(), false)
                .map(segment -> StreamSupport.stream(segment.spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .toArray())
                .toList();
    }

    private static double pooled(DoubleStream logits, String pooling) {
        return switch (pooling) {
            case "MAX" -> logits.max().orElseThrow();
            case "MEAN" -> logits.average().orElseThrow();
            default -> Math.log(logits.map(Math::exp).sum());
        };
    }

    private static double[] scores(double[] logits, String problemType) {
        double total = DoubleStream.of(logits).map(Math::exp).sum();
        return DoubleStream.of(logits)
                .map(logit -> switch (problemType) {
                    case "MULTI_LABEL" -> 1 / (1 + Math.exp(-logit));
                    case "SINGLE_LABEL" -> Math.exp(logit) / total;
                    default -> logit;
                })
                .toArray();
    }

    private static List<JsonNode> texts(String name) {
        JsonNode texts = TestFiles.json(
                        TestFiles.RESOURCES.resolve("encoder-texts").resolve(name + ".json"))
                .get("texts");
        return StreamSupport.stream(texts.spliterator(), false).toList();
    }

    private static DocumentClassifier open(String name, LongDocuments longDocuments) {
        return DocumentClassifier.open(
                TestFiles.bundle(name),
                new ClassifierSettings(
                        longDocuments,
                        100_000,
                        MANY,
                        new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1)));
    }
}
