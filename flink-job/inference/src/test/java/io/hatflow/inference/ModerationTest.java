package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bundle {@code moderation} that ships, on the posts that ship. */
@Timeout(120)
class ModerationTest {

    private static final Path DEPLOY = Path.of("../../deploy");
    private static final Path POSTS = DEPLOY.resolve("samples/posts");

    /** As the model card says. */
    private static final String KNOWN_TO_BE_WRONG = "08-question-about-tomatoes.txt";

    private static DocumentClassifier classifier;

    @BeforeAll
    static void open() throws Exception {
        classifier = DocumentClassifier.open(DEPLOY.resolve("bundles/moderation"), ClassifierSettings.defaults());
    }

    @AfterAll
    static void close() {
        classifier.close();
    }

    private static List<LabelScore> given(String text) throws Exception {
        return ((Classification) classifier.classify(text).get())
                .labels().stream().filter(LabelScore::aboveThreshold).toList();
    }

    @Test
    void postsHaveTheLabelsThatAReaderGivesThem() throws Exception {
        JsonNode expected =
                new JsonMapper().readTree(POSTS.resolve("expected.json").toFile());
        assertThat(expected).hasSize(10);
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, JsonNode> post : expected.properties()) {
            List<String> given = given(Files.readString(POSTS.resolve(post.getKey()))).stream()
                    .map(LabelScore::label)
                    .toList();
            if (!given.containsAll(words(post.getValue().path("contains")))
                    || words(post.getValue().path("lacks")).stream().anyMatch(given::contains)) {
                wrong.add(post.getKey());
            }
        }
        assertThat(wrong).containsExactly(KNOWN_TO_BE_WRONG);
    }

    @Test
    void theSentenceThatInsultsIsTheEvidence() throws Exception {
        String text = Files.readString(POSTS.resolve("03-insult-at-the-end.txt"));
        LabelScore insult = given(text).stream()
                .filter(each -> each.label().equals("insult"))
                .findFirst()
                .orElseThrow();
        Evidence best = insult.evidence().get(0);
        assertThat(text.substring(best.start(), best.end())).contains("stupid").hasSizeLessThan(text.length() / 3);
    }

    private static List<String> words(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
