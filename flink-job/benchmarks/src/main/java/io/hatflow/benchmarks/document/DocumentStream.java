package io.hatflow.benchmarks.document;

import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.inference.text.Span;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

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
        // Not java.util.Random: what its neighbouring seeds draw first is nearly the same, and lengths would come in
        // waves.
        SplittableRandom seeds = new SplittableRandom(seed);
        // A generator of its own for each document, so that a longer stream begins like a shorter one.
        List<SplittableRandom> chances =
                IntStream.range(0, count).mapToObj(i -> seeds.split()).toList();
        return IntStream.range(0, count)
                .parallel()
                .mapToObj(i -> {
                    RandomGenerator chance = chances.get(i);
                    return new Document(lengths + "-" + i, text(lengths.draw(chance), chance), false);
                })
                .toList();
    }

    /** The same documents, but one in {@code oneIn} is a long one instead, called {@code long-} and its place. */
    public List<Document> withLong(List<Document> documents, int oneIn, int segments, RandomGenerator chance) {
        return IntStream.range(0, documents.size())
                .mapToObj(i -> i % oneIn == oneIn / 2
                        ? new Document("long-" + i, text(segments, chance), false)
                        : documents.get(i))
                .toList();
    }

    /** A text of exactly so many segments. */
    public String text(int segments, RandomGenerator chance) {
        while (true) {
            String text = attempt(segments, chance);
            if (reader.read(text).segments().size() == segments) {
                return text;
            }
        }
    }

    /**
     * Clause by clause, of which only the last segment's are read again each time. Mostly right: a full stop that turns out to end no
     * sentence when the next clause follows may move what has been counted.
     */
    private String attempt(int segments, RandomGenerator chance) {
        int room = reader.packing().segmentLength() - 1;
        int lastFill = 1 + chance.nextInt(room);
        StringBuilder text = new StringBuilder();
        int lastSegment = 0; // where in the text it begins
        int begun = 1;
        for (int clauses = 0; ; clauses++) {
            boolean heading = clauses % CLAUSES_PER_SECTION == 0;
            String clause = heading
                    ? "\n\n" + Clauses.heading(1 + clauses / CLAUSES_PER_SECTION, chance) + "\n\n"
                    : Clauses.sentence(chance) + " ";
            Reading reading = reader.read(text.substring(lastSegment) + clause);
            int more = reading.segments().size() - 1;
            if (begun + more > segments) {
                return text.isEmpty() ? firstTokens(clause, room) : text.toString();
            }
            text.append(clause);
            begun += more;
            Span last = reading.segments().get(more);
            lastSegment += more == 0 ? 0 : reading.tokens().starts()[last.first()];
            if (begun == segments && last.end() - last.first() >= lastFill) {
                return text.toString();
            }
        }
    }

    /** Where even the first clause has more tokens than the text may have: its beginning. */
    private String firstTokens(String clause, int room) {
        return clause.substring(0, reader.endOfToken(clause, room));
    }
}
