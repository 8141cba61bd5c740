package io.hatflow.job.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonDocumentTest {

    private static Decoded parse(String line) {
        return JsonDocument.parse(line.replace('\'', '"').getBytes(UTF_8));
    }

    @Test
    void aTextIsGivenWholeOrInSegments() {
        assertThat(parse("{'id': '7', 'text': 'One. Two.'}").document())
                .isEqualTo(Document.newBuilder().setId("7").setText("One. Two.").build());
        assertThat(parse("{'id': '7', 'segments': ['One.', '', 'Two.']}").document())
                .isEqualTo(Document.newBuilder()
                        .setId("7")
                        .setText("")
                        .setSegments(List.of("One.", "", "Two."))
                        .build());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'id': '7'}                                | ~\"text\" is missing~",
                "{'id': '7', 'text': 5}                     | ~\"text\" is number~",
                "{'id': '7', 'text': 'a', 'segments': ['a']} | ~has \"text\" and \"segments\"~",
                "{'id': '7', 'segments': []}                | ~\"segments\" is empty~",
                "{'id': '7', 'segments': 'a'}               | ~\"segments\" is string~",
                "{'id': '7', 'segments': null}              | ~\"segments\" is null~",
                "{'id': '7', 'segments': ['a', 5]}          | ~\"segments\" holds number~",
            })
    void whatIsNeitherIsRefusedWithItsId(String line, String message) {
        Refusal refusal = parse(line).refusal();
        assertThat(refusal).isNotNull();
        assertThat(refusal.reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
        assertThat(refusal.message()).contains(message);
    }
}
