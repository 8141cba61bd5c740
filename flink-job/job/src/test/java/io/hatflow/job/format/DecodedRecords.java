package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;

/** What every decoder keeps, whatever a record holds. */
final class DecodedRecords {

    private DecodedRecords() {}

    /** A document that can be written, or a refusal for one of the reasons that there are; nothing else. */
    static void check(DocumentDecoder decoder, SourceRecord record, Set<Reason> reasons) {
        Decoded decoded = decoder.decode(record);
        Document document = decoded.document();
        Refusal refusal = decoded.refusal();
        assertThat(document == null).isNotEqualTo(refusal == null);
        if (refusal != null) {
            assertThat(refusal.message()).isNotBlank();
            assertThat(refusal.reason()).isIn(reasons);
        }
        if (document != null) {
            assertThat(document.getId()).isNotBlank();
            try {
                assertThat(Document.fromByteBuffer(document.toByteBuffer()).getMetadata())
                        .hasSameSizeAs(document.getMetadata());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
