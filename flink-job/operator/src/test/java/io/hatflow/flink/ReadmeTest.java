package io.hatflow.flink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the README shows of the library is what the example does, which the build runs. */
class ReadmeTest {

    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?TextClassification.*?)```", Pattern.DOTALL);

    @Test
    void theExampleInTheReadmeIsThatOfTheExamples() throws IOException {
        Matcher shown = JAVA.matcher(Files.readString(Path.of("../../README.md")));
        assertThat(shown.find()).isTrue();
        assertThat(Path.of("../../examples/own-job/src/main/java/example/OwnJob.java"))
                .content()
                .containsIgnoringWhitespaces(shown.group(1));
    }
}
