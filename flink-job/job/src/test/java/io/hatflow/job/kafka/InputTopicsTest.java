package io.hatflow.job.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class InputTopicsTest {

    private static InputTopics matching(String pattern, String labelled, String deadLetters) {
        return new InputTopics(
                List.of(),
                Pattern.compile(pattern),
                new OutputTopics(new OutputTopic(labelled), new OutputTopic(deadLetters)));
    }

    @Test
    void aPatternIsThatOfTheWholeName() {
        InputTopics topics = matching("posts-.*", "labelled", "dead");
        assertThat(topics.holds("posts-eu")).isTrue();
        assertThat(topics.holds("old-posts-eu")).isFalse();
        assertThat(topics.holds("posts")).isFalse();
    }

    @Test
    void whatTheJobWritesIsNotAmongThem() {
        InputTopics topics = matching(".*", "labelled", "{topic}.dead");
        assertThat(topics.holds("posts")).isTrue();
        assertThat(topics.holds("labelled")).isFalse();
        assertThat(topics.holds("posts.dead")).isFalse();
        assertThat(topics.holds("posts.dead.dead")).isFalse();
        assertThat(topics.holds(".dead")).isTrue();
    }

    @Test
    void whatTheJobWouldWriteForOtherTopicsIsAmongThem() {
        InputTopics topics = matching("posts.*|eu.dead", "labelled", "{topic}.dead");
        assertThat(topics.holds("eu.dead")).isTrue();
    }

    @Test
    void eventsGoToTheTopicOfTheirInput() {
        assertThat(new OutputTopic("a-{topic}-b").of("posts")).isEqualTo("a-posts-b");
        assertThat(new OutputTopic("a-{topic}-b").inputOf("a-posts-b")).contains("posts");
        assertThat(new OutputTopic("a-{topic}-b").inputOf("a-b")).isEmpty();
        assertThat(new OutputTopic("labelled").of("posts")).isEqualTo("labelled");
        assertThat(new OutputTopic("labelled").inputOf("labelled")).isEmpty();
    }
}
