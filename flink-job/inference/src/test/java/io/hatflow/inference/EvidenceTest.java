package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.TextCleaning;
import io.hatflow.inference.text.Tokens;
import java.nio.file.Path;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the evidence of a label cuts out of the original text is what the model saw, whatever the text. */
@Timeout(120)
class EvidenceTest {

    private static final List<String> TEXTS = TestFiles.corpus().stream()
            .filter(text -> !text.get("name").asText().startsWith("large"))
            .map(TestFiles::text)
            .toList();

    @ParameterizedTest
    @ValueSource(strings = {"tiny-segments", "tiny-documents"})
    void evidenceIsWhatTheModelSaw(String bundle) throws Exception {
        Path folder = TestFiles.RESOURCES.resolve("bundles").resolve(bundle);
        assertThat(checkEvidence(folder, TEXTS)).isGreaterThan(3_000);
    }

    @Test
    void evidenceOfTheShippedBundleIsWhatTheModelSaw() throws Exception {
        List<String> some = new ArrayList<>();
        for (int i = 0; i < TEXTS.size(); i += 64) {
            some.add(TEXTS.get(i));
        }
        assertThat(checkEvidence(TestFiles.CONTRACT_CLAUSES, some)).isGreaterThan(500);
    }

    /** Classifies all texts at once; returns the number of spans that were found right. */
    private static int checkEvidence(Path bundle, List<String> texts) throws Exception {
        int[] continuations = continuations(bundle);
        int checked = 0;
        try (DocumentClassifier classifier = DocumentClassifier.open(bundle, ClassifierSettings.defaults())) {
            List<CompletableFuture<Outcome>> outcomes =
                    texts.stream().map(classifier::classify).toList();
            for (int i = 0; i < texts.size(); i++) {
                if (outcomes.get(i).get() instanceof Rejection rejection) {
                    assertThat(rejection.reason()).as(texts.get(i)).isIn(Reason.EMPTY_TEXT, Reason.NO_TOKENS);
                    continue;
                }
                Classification classification = (Classification) outcomes.get(i).get();
                SegmentedDocument seen = classifier.segment(texts.get(i));
                for (LabelScore label : classification.labels()) {
                    for (Evidence evidence : label.evidence()) {
                        checkEvidence(classifier, texts.get(i), seen, evidence, continuations);
                        checked++;
                    }
                }
            }
        }
        return checked;
    }

    private static void checkEvidence(
            DocumentClassifier classifier,
            String text,
            SegmentedDocument seen,
            Evidence evidence,
            int[] continuations) {
        Tokens tokens = seen.tokens();
        Span run = seen.segments().get(evidence.segment());
        assertThat(evidence.start())
                .as(text)
                .isEqualTo(Arrays.stream(tokens.starts(), run.first(), run.end())
                        .min()
                        .orElseThrow());
        assertThat(evidence.end())
                .as(text)
                .isEqualTo(Arrays.stream(tokens.ends(), run.first(), run.end())
                        .max()
                        .orElseThrow());
        boolean wholeWords =
                isWordStart(tokens, run.first(), continuations) && isWordStart(tokens, run.end(), continuations);
        String cut = text.substring(evidence.start(), evidence.end());
        if (wholeWords && isClean(text) && isClean(cut)) {
            assertThat(classifier.segment(cut).tokens().ids())
                    .as("%s, from %s", cut, text)
                    .containsExactly(Arrays.copyOfRange(tokens.ids(), run.first(), run.end()));
        }
    }

    /**
     * What cleaning changes depends on all of a text, and composing may end a span within its character (docs/segmentation.md): a piece of
     * such a text need not be read as it was in its place.
     */
    private static boolean isClean(String text) {
        return Normalizer.isNormalized(text, Form.NFC)
                && TextCleaning.PDF.clean(text).text().equals(text);
    }

    private static boolean isWordStart(Tokens tokens, int token, int[] continuations) {
        return token == tokens.count() || Arrays.binarySearch(continuations, tokens.ids()[token]) < 0;
    }

    /** Ids of the tokens that go on with a word, ascending. */
    private static int[] continuations(Path bundle) {
        JsonNode vocabulary =
                TestFiles.json(bundle.resolve("tokenizer.json")).get("model").get("vocab");
        return vocabulary.properties().stream()
                .filter(entry -> entry.getKey().startsWith("##"))
                .mapToInt(entry -> entry.getValue().asInt())
                .sorted()
                .toArray();
    }
}
