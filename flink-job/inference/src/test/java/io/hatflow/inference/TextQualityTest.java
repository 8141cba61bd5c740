package io.hatflow.inference;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bundle {@code text-quality} that ships, on the samples that ship. */
@Timeout(120)
class TextQualityTest {

    private static final Path DEPLOY = Path.of("../../deploy");
    private static final Map<String, Classification> ANSWERS = new TreeMap<>();
    private static final Map<String, String> TEXTS = new TreeMap<>();

    private static DocumentClassifier classifier;

    @BeforeAll
    static void classifyTheSamples() throws Exception {
        classifier = DocumentClassifier.open(DEPLOY.resolve("bundles/text-quality"), ClassifierSettings.defaults());
        try (Stream<Path> files = Files.list(DEPLOY.resolve("samples"))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".txt")).toList()) {
                String name = file.getFileName().toString();
                String text = Files.readString(file);
                TEXTS.put(name, text);
                ANSWERS.put(name, answer(text));
            }
        }
    }

    @AfterAll
    static void close() {
        classifier.close();
    }

    private static Classification answer(String text) throws Exception {
        return (Classification) classifier.classify(text).get();
    }

    @Test
    void ofTheSamplesTheScannedContractAndThePostInManyScriptsAreGarbled() {
        assertThat(ANSWERS).hasSizeGreaterThan(15);
        assertThat(ANSWERS.entrySet().stream()
                        .filter(each -> each.getValue().labels().stream().anyMatch(LabelScore::aboveThreshold))
                        .map(Map.Entry::getKey))
                .containsExactly("17-post-many-scripts.txt", "19-scanned-maintenance-agreement.txt");
    }

    @Test
    void theMisreadPageIsTheEvidence() {
        String name = "19-scanned-maintenance-agreement.txt";
        Classification answer = requireNonNull(ANSWERS.get(name));
        LabelScore passage = answer.labels().get(1);
        assertThat(passage.label()).isEqualTo("garbled-passage");
        assertThat(passage.aboveThreshold()).isTrue();
        Evidence worst = passage.evidence().get(0);
        String text = requireNonNull(TEXTS.get(name));
        assertThat(worst.start()).isGreaterThan(text.indexOf("3. Term."));
        assertThat(worst.end()).isLessThan(text.indexOf("8. Governing law."));
        assertThat(worst.bitsPerByte()).isGreaterThan(4f);
        assertThat(answer.bitsPerByte()).isLessThan(3);
    }

    @Test
    void allOfATextIsSeen() {
        assertThat(ANSWERS.values())
                .allSatisfy(answer -> assertThat(answer.tokensSeen()).isEqualTo(answer.tokensTotal()));
    }

    @Test
    void aLineIsOnlyGarbledIfItIsSoThroughout() throws IOException, Exception {
        assertThat(answer("Payment is due on Xzqwvky 31.").labels()).noneMatch(LabelScore::aboveThreshold);
        assertThat(answer("q#8Zk@~]xV0{wQ4|jZ7^Hq9`T+zJ%b\\kR&y;N<Lp?Gs=Df}Ax_Mc/Ue")
                        .labels())
                .anyMatch(LabelScore::aboveThreshold);
    }
}
