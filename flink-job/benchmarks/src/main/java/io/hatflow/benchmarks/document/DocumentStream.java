package io.hatflow.benchmarks.document;

import io.hatflow.benchmarks.model.TextReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Draws documents: the same for the same seed and bundle. A document is made of clauses until it has as many segments as its length
 * asks for, its last segment filled by chance.
 */
public final class DocumentStream {

    private static final int CLAUSES_PER_SECTION = 9;

    private final TextReader reader;

    /** {@code reader} decides what a segment is. */
    public DocumentStream(TextReader reader) {
        this.reader = reader;
    }

    /** Documents {@code lengths-0}, {@code lengths-1}, … */
    public List<Document> draw(Lengths lengths, int count, long seed) {
        List<Document> documents = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // One generator for each document, so that a longer stream begins like a shorter one.
            Random chance = new Random(seed + 31L * i);
            documents.add(new Document(lengths + "-" + i, text(lengths.draw(chance), chance), false));
        }
        return documents;
    }

    /** A text of exactly so many segments. */
    public String text(int segments, Random chance) {
        int room = reader.packing().segmentLength() - 1;
        int lastFill = 1 + chance.nextInt(room);
        StringBuilder text = new StringBuilder();
        int begun = 1; // segments, counted as the segmenter does
        int filled = 0;
        int clauses = 0;
        while (true) {
            boolean heading = clauses % CLAUSES_PER_SECTION == 0;
            String next =
                    heading ? Clauses.heading(1 + clauses / CLAUSES_PER_SECTION, chance) : Clauses.sentence(chance);
            clauses++;
            int length = reader.tokenCount(next);
            int segmentsAfter = begun;
            int filledAfter = filled + length;
            if (length <= room && filledAfter > room) {
                segmentsAfter++;
                filledAfter = length;
            }
            while (filledAfter > room) {
                segmentsAfter++;
                filledAfter -= room;
            }
            if (segmentsAfter > segments) {
                return text.isEmpty() ? firstTokens(next, room) : text.toString();
            }
            text.append(text.isEmpty() ? "" : heading ? "\n\n" : " ")
                    .append(next)
                    .append(heading ? "\n\n" : "");
            begun = segmentsAfter;
            filled = filledAfter;
            if (begun == segments && filled >= lastFill) {
                return text.toString();
            }
        }
    }

    /** Where even the first clause has more tokens than the text may have: its beginning. */
    private String firstTokens(String clause, int room) {
        return clause.substring(0, reader.endOfToken(clause, room));
    }
}
