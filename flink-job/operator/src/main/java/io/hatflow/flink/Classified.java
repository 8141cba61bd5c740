package io.hatflow.flink;

import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.typeutils.PojoField;
import org.apache.flink.api.java.typeutils.PojoTypeInfo;
import org.jspecify.annotations.Nullable;

/**
 * An element of a stream with what the model says of its text: labels, or why there are none.
 *
 * @param element as it came
 * @param classification null where the text was rejected
 * @param rejection null where it was classified
 * @param model what has answered
 */
public record Classified<T>(
        T element,
        @Nullable Classification classification,
        @Nullable Rejection rejection,
        Model model) {

    /**
     * Which model has answered.
     *
     * @param digest of the bundle's whole content
     */
    public record Model(String name, String version, String digest) {}

    static <T> Classified<T> of(T element, Outcome outcome, BundleInfo bundle) {
        Model model = new Model(bundle.name(), bundle.version(), bundle.digest());
        return outcome instanceof Classification classification
                ? new Classified<>(element, classification, null, model)
                : new Classified<>(element, null, (Rejection) outcome, model);
    }

    /** Whether the text could not be classified, for a reason that lies in itself. */
    public boolean isRejected() {
        return rejection != null;
    }

    /** All labels of the model with their scores, in the bundle's order; none where the text was rejected. */
    public List<LabelScore> labels() {
        return classification == null ? List.of() : classification.labels();
    }

    /** The labels whose score reaches their threshold. */
    public List<LabelScore> present() {
        return labels().stream().filter(LabelScore::aboveThreshold).toList();
    }

    /** Of classified elements of a type. Every part has a serializer of its own, none is left to Kryo. */
    static <T> TypeInformation<Classified<T>> type(TypeInformation<T> element) {
        TypeInformation<LabelScore> label = pojo(
                LabelScore.class,
                Map.of(
                        "label", Types.STRING,
                        "score", Types.FLOAT,
                        "aboveThreshold", Types.BOOLEAN,
                        "evidence", Types.LIST(Types.POJO(Evidence.class))));
        TypeInformation<Classification> classification = pojo(
                Classification.class,
                Map.of(
                        "labels", Types.LIST(label),
                        "bitsPerByte", Types.DOUBLE,
                        "coverage", Types.ENUM(Classification.Coverage.class),
                        "tokensSeen", Types.INT,
                        "tokensTotal", Types.INT,
                        "segments", Types.INT,
                        "windows", Types.INT,
                        "timings", Types.POJO(Timings.class)));
        TypeInformation<Rejection> rejection =
                pojo(Rejection.class, Map.of("reason", Types.ENUM(Rejection.Reason.class), "message", Types.STRING));
        @SuppressWarnings("unchecked") // the class of all Classified
        Class<Classified<T>> classified = (Class<Classified<T>>) (Class<?>) Classified.class;
        return pojo(
                classified,
                Map.of(
                        "element", element,
                        "classification", classification,
                        "rejection", rejection,
                        "model", Types.POJO(Model.class)));
    }

    private static <P> TypeInformation<P> pojo(Class<P> type, Map<String, TypeInformation<?>> fields) {
        return new PojoTypeInfo<>(
                type,
                Arrays.stream(type.getRecordComponents())
                        .map(component -> field(type, component.getName(), fields))
                        .toList());
    }

    private static PojoField field(Class<?> type, String name, Map<String, TypeInformation<?>> fields) {
        try {
            return new PojoField(type.getDeclaredField(name), fields.get(name));
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("every record has a field for each of its components", e);
        }
    }
}
