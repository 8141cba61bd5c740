package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.job.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConfigurationDocumentTest {

    /** When this fails, put the table that it shows into the document. */
    @Test
    void theDocumentHoldsEverySettingAsTheCodeHasIt() throws IOException {
        String table = JobSettings.SETTINGS.stream()
                .map(ConfigurationDocumentTest::row)
                .collect(Collectors.joining(
                        "\n", "| setting | default | value | meaning |\n| --- | --- | --- | --- |\n", "\n"));

        assertThat(Files.readString(Path.of("../../docs/configuration.md"))).contains(table);
    }

    private static String row(Setting<?> setting) {
        String text = setting.defaultText();
        String byDefault = text == null ? "**must be given**" : text.isEmpty() ? "" : "`" + text + "`";
        return "| `" + setting.key() + "` | " + byDefault + " | " + setting.expected() + " | " + setting.meaning()
                + " |";
    }
}
