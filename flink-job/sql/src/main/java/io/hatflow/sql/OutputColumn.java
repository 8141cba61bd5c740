package io.hatflow.sql;

import io.hatflow.flink.pool.ClassifierPool.Answers;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Embedding;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.label.LabelScore;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.jspecify.annotations.Nullable;

/** A column that a model can give for a text. All are null where a text is rejected, but for the model and the error. */
@SuppressWarnings("ImmutableEnumChecker") // Flink's types are immutable, and do not say so
enum OutputColumn {
    LABELS(LabelRows.TYPE, Answers.LABELS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return outcome instanceof Classification labels ? LabelRows.of(text, labels.labels()) : null;
        }
    },
    /** The label with the highest score, whether or not it reaches its threshold. */
    LABEL(DataTypes.STRING(), Answers.LABELS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return best(outcome)
                    .map(LabelScore::label)
                    .map(StringData::fromString)
                    .orElse(null);
        }
    },
    SCORE(DataTypes.DOUBLE(), Answers.LABELS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return best(outcome).map(label -> (double) label.score()).orElse(null);
        }
    },
    SCORES(DataTypes.MAP(DataTypes.STRING(), DataTypes.DOUBLE()), Answers.LABELS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            if (!(outcome instanceof Classification labels)) {
                return null;
            }
            Map<StringData, Double> scores = new HashMap<>();
            labels.labels().forEach(label -> scores.put(StringData.fromString(label.label()), (double) label.score()));
            return new GenericMapData(scores);
        }
    },
    /** Of a language model alone. */
    BITS_PER_BYTE(DataTypes.DOUBLE(), Answers.LABELS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return outcome instanceof Classification labels ? labels.bitsPerByte() : null;
        }
    },
    VECTOR(DataTypes.ARRAY(DataTypes.FLOAT()), Answers.VECTORS) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return outcome instanceof Embedding embedding ? new GenericArrayData(embedding.vector()) : null;
        }
    },
    /** Name and version of what has answered, or rejected the text. */
    MODEL(DataTypes.STRING(), null) {
        @Override
        Object value(String text, Outcome outcome, BundleInfo model) {
            return StringData.fromString(model.name() + " " + model.version());
        }
    },
    COVERAGE(DataTypes.STRING(), null) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            if (outcome instanceof Rejection) {
                return null;
            }
            return StringData.fromString(
                    outcome instanceof Classification labels
                            ? labels.coverage().name()
                            : ((Embedding) outcome).coverage().name());
        }
    },
    /** The reason, a colon, and a sentence that never holds text of the document. */
    ERROR(DataTypes.STRING(), null) {
        @Override
        @Nullable
        Object value(String text, Outcome outcome, BundleInfo model) {
            return outcome instanceof Rejection rejection
                    ? StringData.fromString(rejection.reason() + ": " + rejection.message())
                    : null;
        }
    };

    private final LogicalType type;
    private final @Nullable Answers answers;

    OutputColumn(DataType type, @Nullable Answers answers) {
        this.type = type.getLogicalType();
        this.answers = answers;
    }

    /** The value of a text's row, in Flink's internal form; null where there is none. */
    abstract @Nullable Object value(String text, Outcome outcome, BundleInfo model);

    /** Whether it is null where a text is rejected, or where it is not. */
    boolean isNullable() {
        return this != MODEL;
    }

    String columnName() {
        return name().toLowerCase(Locale.ROOT);
    }

    LogicalType type() {
        return type;
    }

    /** What a bundle must give for it; nothing in particular for some. */
    Optional<Answers> answers() {
        return Optional.ofNullable(answers);
    }

    /** Whether a column may be declared so: as {@link #type}, where nothing inside it is null, so that it may say so. */
    boolean accepts(LogicalType declared) {
        return Nullability.ignoredIn(declared).equals(type);
    }

    private static Optional<LabelScore> best(Outcome outcome) {
        return outcome instanceof Classification labels
                ? labels.labels().stream().max(Comparator.comparingDouble(LabelScore::score))
                : Optional.empty();
    }
}
