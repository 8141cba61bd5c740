package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code docs/troubleshooting.md}: under each heading a table of messages, where {@code …} stands for what differs, with what they mean and
 * what to do.
 */
public final class TroubleshootingPage {

    private static final Path PAGE = Path.of("..", "..", "docs", "troubleshooting.md");

    private TroubleshootingPage() {}

    /** Whether the section explains each of the messages, and no other. */
    public static void assertExplains(String heading, Stream<String> messages) {
        List<String> explained = rows(heading);
        List<String> shown = messages.toList();
        assertThat(shown).as("messages").allSatisfy(message -> assertThat(explained)
                .as("rows of \"%s\" for: %s", heading, message)
                .anyMatch(row -> pattern(row).matcher(message).matches()));
        assertThat(explained).as("rows").allSatisfy(row -> assertThat(shown)
                .as("messages for the row: %s", row)
                .anyMatch(message -> pattern(row).matcher(message).matches()));
    }

    /** A message in which {@code …} stands for any text of one line. */
    public static Pattern pattern(String message) {
        return Pattern.compile(
                Stream.of(message.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
    }

    private static List<String> rows(String heading) {
        try {
            String page = Files.readString(PAGE);
            String section = page.substring(page.indexOf("\n## " + heading + "\n") + 1);
            return section.lines()
                    .skip(1)
                    .takeWhile(line -> !line.startsWith("## "))
                    .filter(line -> line.startsWith("| `"))
                    .map(line -> line.split(" \\| ", -1)[0].replaceAll("^\\| `+ ?| ?`+$", ""))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
