package io.hatflow.inference.bundle;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.task.ChoiceHead;
import io.hatflow.inference.task.DocumentHead;
import io.hatflow.inference.task.EmbeddingHead;
import io.hatflow.inference.task.Head;
import io.hatflow.inference.task.LanguageModelHead;
import io.hatflow.inference.task.MaskedLmHead;
import io.hatflow.inference.task.PooledHead;
import io.hatflow.inference.task.ProblemType;
import io.hatflow.inference.task.SegmentHead;
import io.hatflow.inference.task.SegmentPooling;
import io.hatflow.inference.task.TokenHead;
import io.hatflow.inference.task.WindowHead;
import io.hatflow.inference.text.Alphabet;
import io.hatflow.inference.text.Segmenter;
import io.hatflow.inference.text.TextCleaning;
import io.hatflow.inference.text.TextCutter;
import io.hatflow.inference.text.Tokenization;
import io.hatflow.inference.text.Tokenizer;
import io.hatflow.inference.text.Windows;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a bundle promises; its form and meaning are in {@code bundle-manifest.schema.json}, by which it is checked first.
 *
 * @param tags of token classification, one for each of the graph's classes, in its order; empty for all other tasks
 * @param segmentation like {@code text} and {@code specialTokens}, what a HAT and an encoder have
 * @param padSegment of a HAT; an encoder has none
 * @param pooling null for tasks that pool nothing
 * @param symbols like {@code windows} and {@code shortening}, what only an Hourglass model has
 * @param scoresFirstSymbol of a language model: whether the first symbol of a document has a log-likelihood
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonIgnoreProperties(ignoreUnknown = true) // the schema has refused what does not belong
public record Manifest(
        String formatVersion,
        String name,
        String version,
        Architecture architecture,
        Task task,
        ProblemType problemType,
        List<Label> labels,
        List<String> tags,
        Text text,
        Segmentation segmentation,
        SpecialTokens specialTokens,
        PadSegment padSegment,
        @Nullable String pooling,
        Symbols symbols,
        SymbolWindows windows,
        boolean scoresFirstSymbol,
        Shortening shortening,
        Precision precision,
        Graph graph,
        Map<String, FileEntry> files) {

    /**
     * What classifies has labels and a problem type, and a language model has labels. All others give their numbers as they are, which is
     * what a regression does.
     */
    public Manifest {
        labels = Objects.requireNonNullElse(labels, List.of());
        problemType = Objects.requireNonNullElse(problemType, ProblemType.REGRESSION);
        tags = Objects.requireNonNullElse(tags, List.of());
        padSegment = Objects.requireNonNullElse(padSegment, PadSegment.NONE);
        text = Objects.requireNonNullElse(text, new Text(TextCleaning.NONE, Tokenization.WHOLE_TEXT));
    }

    /** What cuts texts as this manifest says. */
    public TextCutter cutter(Tokenizer tokenizer) {
        Segmenter.Kind kind =
                segmentation.segmenter().equals("sentence") ? Segmenter.Kind.SENTENCE : Segmenter.Kind.UNIFORM;
        int length = segmentation.segmentLength() - (specialTokens.sep() == null ? 0 : 1);
        return new TextCutter(text.cleaning(), text.tokenization(), tokenizer, new Segmenter(kind, length));
    }

    /** What the model answers. */
    public Head head() {
        return switch (task) {
            case DOCUMENT_CLASSIFICATION ->
                switch (architecture) {
                    case HAT -> new DocumentHead(problemType, labels.size());
                    case ENCODER ->
                        new PooledHead(
                                problemType, labels.size(), SegmentPooling.named(Objects.requireNonNull(pooling)));
                    case HOURGLASS -> new WindowHead(problemType, labels.size());
                };
            case SEGMENT_CLASSIFICATION -> new SegmentHead(problemType, labels.size());
            case TOKEN_CLASSIFICATION ->
                new TokenHead(
                        segmentation.segmentLength(),
                        tags,
                        labels.stream().map(Label::name).toList());
            case MULTIPLE_CHOICE -> new ChoiceHead();
            case MASKED_LM -> new MaskedLmHead(segmentation.segmentLength(), promisedWidth());
            case EMBEDDING -> new EmbeddingHead(promisedWidth());
            case LANGUAGE_MODEL -> new LanguageModelHead();
        };
    }

    /** How wide a vector or a vocabulary is: said in the shape of the outputs alone. */
    private String promisedWidth() {
        List<String> shape = graph.outputs().get(0).shape();
        return shape.get(shape.size() - 1);
    }

    /** Model architectures. */
    public enum Architecture {
        @JsonProperty("hat")
        HAT,
        @JsonProperty("encoder")
        ENCODER,
        @JsonProperty("hourglass")
        HOURGLASS;

        /** As in the manifest. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the model's head answers. */
    public enum Task {
        @JsonProperty("document-classification")
        DOCUMENT_CLASSIFICATION,
        @JsonProperty("segment-classification")
        SEGMENT_CLASSIFICATION,
        @JsonProperty("token-classification")
        TOKEN_CLASSIFICATION,
        @JsonProperty("multiple-choice")
        MULTIPLE_CHOICE,
        @JsonProperty("masked-lm")
        MASKED_LM,
        @JsonProperty("embedding")
        EMBEDDING,
        @JsonProperty("language-model")
        LANGUAGE_MODEL;

        /** As in the manifest. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** In which numbers the graph computes. */
    public enum Precision {
        @JsonProperty("fp32")
        FP32(1e-4f),
        /** For GPUs. */
        @JsonProperty("fp16")
        FP16(0.02f),
        /** For CPUs. */
        @JsonProperty("int8")
        INT8(0.1f);

        private final float goldenTolerance;

        Precision(float goldenTolerance) {
            this.goldenTolerance = goldenTolerance;
        }

        /**
         * Difference of scores that still counts as the same when golden inputs are replayed. One processor rounds a value
         * up that another rounds down: in float32 that moves its last digit, in int8 a whole step.
         */
        public float goldenTolerance() {
            return goldenTolerance;
        }

        /** As in the manifest. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Which pad segment a document of fewer than N segments gets. */
    public enum PadSegment {
        /** None. */
        @JsonProperty("none")
        NONE,
        /** One of pad ids alone. */
        @JsonProperty("pad")
        PAD,
        /** One that begins with the CLS id. */
        @JsonProperty("cls")
        CLS
    }

    /** A label and the score from which on it counts as present. */
    public record Label(String name, float threshold) {}

    /** What is done with a text before it is cut into segments. */
    public record Text(TextCleaning cleaning, Tokenization tokenization) {

        public Text {
            cleaning = Objects.requireNonNullElse(cleaning, TextCleaning.NONE);
            tokenization = Objects.requireNonNullElse(tokenization, Tokenization.WHOLE_TEXT);
        }
    }

    /** Segmenter ({@code sentence} or {@code uniform}), K, N, and the segments that two windows share. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Segmentation(String segmenter, int segmentLength, int maxSegments, int windowOverlap) {}

    /**
     * Token ids.
     *
     * @param cls begins every segment
     * @param sep ends every segment; null where none does
     * @param pad fills what is left of a segment
     */
    public record SpecialTokens(int cls, @Nullable Integer sep, int pad) {}

    /**
     * What the ids of a model without a tokenizer are.
     *
     * @param kind {@code bytes} or {@code characters}
     * @param vocabulary the character of each id; none for bytes
     */
    public record Symbols(String kind, List<String> vocabulary) {

        public Symbols {
            vocabulary = Objects.requireNonNullElse(vocabulary, List.of());
        }

        /** What reads texts as such symbols. */
        public Alphabet alphabet() {
            return kind.equals("bytes") ? Alphabet.utf8() : Alphabet.characters(vocabulary);
        }
    }

    /**
     * Symbols that the model looks at together.
     *
     * @param overlap those that two neighbouring windows share; 0 where they leave a gap
     * @param gap those between two neighbouring windows that are not looked at; 0 where they share some
     */
    public record SymbolWindows(int length, int overlap, int gap) {

        /** How a document is cut. */
        public Windows windows() {
            return overlap > 0 ? Windows.overlapping(length, overlap) : Windows.apart(length, gap);
        }
    }

    /** How the sequence is shortened inside: layers and factors of the stacks, and where groups of symbols end. */
    public record Shortening(String layout, String boundaries) {

        /** Whether groups are counted from the beginning of a document, and not of a window. */
        public boolean countsInDocument() {
            return boundaries.equals("fixed");
        }
    }

    /** The graph's tensors. */
    public record Graph(List<TensorSpec> inputs, List<TensorSpec> outputs) {}

    /** Checksum and size of a file. */
    public record FileEntry(String sha256, long bytes) {}
}
