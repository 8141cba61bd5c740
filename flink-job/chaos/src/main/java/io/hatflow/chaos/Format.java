package io.hatflow.chaos;

import java.util.Arrays;
import java.util.stream.Collectors;

/** In which form documents come and events go, as the settings of the job spell it. */
enum Format {
    /** Avro's single-object encoding of hatflow's own documents and events. */
    HATFLOW("hatflow"),
    /** Records of a user's own, and events, by schemas in a registry. */
    CONFLUENT_AVRO("confluent-avro");

    private final String spelling;

    Format(String spelling) {
        this.spelling = spelling;
    }

    /** @throws IllegalArgumentException if there is none that is spelled so */
    static Format of(String text) {
        return Arrays.stream(values())
                .filter(each -> each.spelling.equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--format is \"" + text + "\", expected "
                        + Arrays.stream(values()).map(Format::toString).collect(Collectors.joining(" or "))));
    }

    @Override
    public String toString() {
        return spelling;
    }
}
