package io.hatflow.job.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import org.junit.jupiter.api.Test;

class TextDecoderTest {

    private static Decoded decoded(SourceRecord record, String... settings) {
        return DocumentFormat.of(Settings.of("text", settings), null).decoder().decode(record);
    }

    @Test
    void theValueIsTheTextUnderTheRecordsKeyOrPlace() {
        String text = "Zwölf 😀\n\uFEFF\uFFFD";
        assertThat(decoded(Given.keyed("k", text)).document())
                .isEqualTo(Document.newBuilder().setId("k").setText(text).build());
        assertThat(decoded(Given.record(text)).document())
                .isEqualTo(Document.newBuilder().setId("t-3-17").setText(text).build());
        assertThat(decoded(Given.keyed("k", ""), "id=position").document())
                .isEqualTo(Document.newBuilder().setId("t-3-17").setText("").build());
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheText() {
        assertThat(decoded(Given.keyed("k", "\uFEFFZwölf\uFEFF")).document())
                .isEqualTo(
                        Document.newBuilder().setId("k").setText("Zwölf\uFEFF").build());
        assertThat(decoded(Given.keyed("k", "\uFEFF")).document())
                .isEqualTo(Document.newBuilder().setId("k").setText("").build());
    }

    @Test
    void whatIsNoTextIsRefused() {
        byte[] key = {'k'};
        byte[] notUtf8 = {'a', (byte) 0xED, (byte) 0xA0, (byte) 0x80};
        assertThat(decoded(Given.keyed(key, notUtf8)).refusal())
                .isEqualTo(new Refusal(Reason.NOT_UTF8, "The value is not UTF-8; expected a text in UTF-8.", "k"));
        assertThat(decoded(Given.keyed(key, null)).requireRefusal().reason()).isEqualTo(Reason.NULL_VALUE);
        assertThat(decoded(Given.keyed(null, "x".getBytes(UTF_8)), "id=key")
                        .requireRefusal()
                        .reason())
                .isEqualTo(Reason.MISSING_FIELD);
        assertThat(decoded(Given.keyed(notUtf8, "x".getBytes(UTF_8)), "id=key")
                        .requireRefusal()
                        .reason())
                .isEqualTo(Reason.NOT_UTF8);
    }
}
