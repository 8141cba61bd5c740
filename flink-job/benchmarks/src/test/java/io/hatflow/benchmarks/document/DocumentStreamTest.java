package io.hatflow.benchmarks.document;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.benchmarks.model.TextReader;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentStreamTest {

    private static final Path SHIPPED = Path.of("..", "..", "deploy", "bundles", "contract-clauses");

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 32, 300})
    void aTextHasExactlyAsManySegmentsAsAskedFor(int segments) {
        try (TextReader reader = TextReader.open(SHIPPED)) {
            DocumentStream stream = new DocumentStream(reader);
            for (int seed = 0; seed < 20; seed++) {
                assertThat(reader.read(stream.text(segments, new Random(seed))).segments())
                        .hasSize(segments);
            }
        }
    }

    @Test
    void theSameSeedGivesTheSameStreamAndALongerOneBeginsAlike() {
        try (TextReader reader = TextReader.open(SHIPPED)) {
            DocumentStream stream = new DocumentStream(reader);
            assertThat(stream.draw(Lengths.MIXED, 6, 7))
                    .startsWith(stream.draw(Lengths.MIXED, 4, 7).toArray(Document[]::new));
            assertThat(stream.draw(Lengths.MIXED, 4, 7)).isNotEqualTo(stream.draw(Lengths.MIXED, 4, 8));
        }
    }

    @Test
    void howLongADocumentIsSaysNothingAboutTheNext() {
        try (TextReader reader = TextReader.open(SHIPPED)) {
            double[] logarithms = new DocumentStream(reader)
                    .draw(Lengths.MIXED, 400, 7).stream()
                            .mapToDouble(document -> Math.log(
                                    reader.read(document.text()).segments().size()))
                            .toArray();
            double mean = DoubleStream.of(logarithms).average().orElseThrow();
            double together = 0;
            double alone = 0;
            for (int i = 1; i < logarithms.length; i++) {
                together += (logarithms[i] - mean) * (logarithms[i - 1] - mean);
                alone += (logarithms[i] - mean) * (logarithms[i] - mean);
            }
            assertThat(together / alone)
                    .as("correlation of neighbours; its standard error is 0.05")
                    .isBetween(-0.15, 0.15);
        }
    }

    @Test
    void mixedLengthsHaveTheMedianAndTheMeanThatTheyPromise() {
        Random chance = new Random(1);
        int[] drawn = IntStream.generate(() -> Lengths.MIXED.draw(chance))
                .limit(100_000)
                .sorted()
                .toArray();
        assertThat(drawn[50_000]).isEqualTo(5);
        assertThat(IntStream.of(drawn).average().orElseThrow()).isBetween(7.0, 7.6);
        assertThat(drawn[0]).isEqualTo(1);
        assertThat(drawn[99_999]).isEqualTo(32);
    }

    @Test
    void contractsAreAsLongAsThoseThatWereCounted() {
        Random chance = new Random(1);
        int[] drawn = IntStream.generate(() -> Lengths.CONTRACTS.draw(chance))
                .limit(100_000)
                .sorted()
                .toArray();
        assertThat(drawn[50_000]).isBetween(61, 65);
        assertThat(drawn[95_000]).isBetween(310, 345);
    }
}
