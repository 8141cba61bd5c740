package io.hatflow.chaos.check;

import io.hatflow.chaos.agent.FaultPoint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Which record is the n-th: always the same for a seed. The first ones are every text and every poison once, for the undisturbed
 * run; all that follow are repetitions of these under new ids. Thread-safe.
 */
public final class Documents {

    /** Partitions of every topic. */
    public static final int PARTITIONS = 4;

    /** Of a text; the job must refuse what is longer, which would be minutes of work for a tiny model with its tiny segments. */
    public static final int MOST_CHARACTERS = 1_000_000;

    /** Of those that it must refuse: a thousand pages, which take their share of what a task may hold. */
    private static final int TOO_MANY_CHARACTERS = 3_000_000;

    private static final int TEXTS = 300;

    /** How many of the texts have hundreds of pages: thousands of segments, many windows. */
    private static final int LONG_TEXTS = 3;

    private static final int LONG_SENTENCES = 2_400;

    /** Share of records with a long text, which then are most of the model's work. */
    private static final double LONG = 0.001;

    private static final int KEYS_PER_PARTITION = 5;
    private static final double POISONED = 0.04;

    /** What a record that is no good document is like. */
    enum Poison {
        NO_VALUE("DECODE NULL_VALUE"),
        NO_BYTES("DECODE NOT_AVRO"),
        NOT_AVRO("DECODE NOT_AVRO"),
        WRONG_MAGIC_BYTE("DECODE NOT_AVRO"),
        UNKNOWN_SCHEMA("DECODE UNKNOWN_SCHEMA"),
        CUT_OFF("DECODE MALFORMED_DOCUMENT"),
        LONGER("DECODE MALFORMED_DOCUMENT"),
        EMPTY_TEXT("TOKENIZE EMPTY_TEXT"),
        TOO_LONG("TOKENIZE TEXT_TOO_LONG"),
        /** Hard to cut into tokens, but a document. */
        MEGABYTE_OF_ONE_WORD(null),
        NOT_UTF8("DECODE MALFORMED_DOCUMENT"),
        /** Only where a topic may hold records of several schemas. */
        WITHOUT_TEXT("DECODE MISSING_FIELD");

        private final @Nullable String refusal;

        Poison(@Nullable String refusal) {
            this.refusal = refusal;
        }
    }

    /** Share of records that are not written by the newest schema: not all writers change to it at once. */
    private static final double OLDER = 0.25;

    private final long seed;
    private final Wire wire;
    private final List<String> texts;
    private final List<Poison> poison;

    /** Records of a form. */
    public Documents(long seed, Wire wire) {
        this.seed = seed;
        this.wire = wire;
        this.poison = Stream.of(Poison.values())
                .filter(each ->
                        each != Poison.WITHOUT_TEXT || wire.withoutText("").isPresent())
                .toList();
        SplittableRandom random = new SplittableRandom(seed);
        List<String> made = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            made.add(text(random, i));
        }
        this.texts = List.copyOf(made);
    }

    /** A sentence to several pages, most of them short; and a few of hundreds of pages. */
    private static String text(SplittableRandom random, int number) {
        int sentences = 1 + (int) (30 * Math.pow(random.nextDouble(), 4));
        return text(random, number, number < TEXTS - LONG_TEXTS ? sentences : LONG_SENTENCES * (TEXTS - number));
    }

    private static String text(SplittableRandom random, int number, int sentences) {
        String[] words = {
            "party",
            "agreement",
            "shall",
            "notice",
            "days",
            "license",
            "term",
            "payment",
            "the",
            "of",
            "and",
            "any",
            "clause",
            "printer",
            "refund",
            "never",
            "works",
            "again",
            "terrible",
            "great",
            "terminate",
            "assign",
            "liability",
            "Größe",
            "契約"
        };
        StringBuilder text = new StringBuilder("Document ").append(number).append('.');
        for (int i = 0; i < sentences; i++) {
            int length = random.nextInt(4, 18);
            for (int j = 0; j < length; j++) {
                text.append(' ').append(words[random.nextInt(words.length)]);
            }
            text.append('.');
        }
        return text.toString();
    }

    /** Records at the beginning that hold everything once. */
    public int undisturbed() {
        return TEXTS + poison.size();
    }

    /** The record of the first ones that holds what the n-th record holds. */
    int like(int number) {
        if (number < undisturbed()) {
            return number;
        }
        SplittableRandom random = random(number);
        if (random.nextDouble() < LONG) {
            return TEXTS - 1 - random.nextInt(LONG_TEXTS);
        }
        if (random.nextDouble() >= POISONED) {
            return random.nextInt(TEXTS - LONG_TEXTS);
        }
        Poison chosen = poison.get(random.nextInt(poison.size()));
        // A tenth of those that are large.
        boolean large = chosen == Poison.TOO_LONG || chosen == Poison.MEGABYTE_OF_ONE_WORD;
        return TEXTS + poison.indexOf(large && random.nextInt(10) > 0 ? Poison.NOT_AVRO : chosen);
    }

    /** Stage and reason of the dead letter that answers one of the first records; null if it must be labelled. */
    @Nullable
    String refusal(int like) {
        return like < TEXTS ? null : poison.get(like - TEXTS).refusal;
    }

    private SplittableRandom random(int number) {
        return new SplittableRandom(seed * 1_000_003 + number);
    }

    /**
     * The n-th record, as it is sent now.
     *
     * @param newest version of the schema
     */
    Which which(int number, boolean killer, int newest) {
        SplittableRandom random = random(-1 - number);
        boolean older = newest > 0 && random.nextDouble() < OLDER;
        return new Which(number, killer, older ? random.nextInt(newest) : newest);
    }

    Wire wire() {
        return wire;
    }

    /** Of the document in a record; now and then that of the record before. */
    private String id(Which which) {
        int number = which.number();
        if (which.killer()) {
            return "killer-" + number;
        }
        boolean twice = number > undisturbed() && random(number).split().nextInt(200) == 0;
        return "d" + (twice ? number - 1 : number);
    }

    /** What the event of the document in a record must repeat. */
    Stated stated(Which which) {
        return wire.stated(which, id(which));
    }

    /** Null for the record without one. */
    byte @Nullable [] value(Which which) {
        String id = id(which);
        if (which.killer()) {
            return wire.document(which, id, FaultPoint.KILLER + " brings its process down.");
        }
        int like = like(which.number());
        return like < TEXTS ? wire.document(which, id, texts.get(like)) : poisoned(poison.get(like - TEXTS), which, id);
    }

    private byte @Nullable [] poisoned(Poison poison, Which which, String id) {
        byte[] whole = wire.document(which, id, "Its text is fine as such.");
        return switch (poison) {
            case NO_VALUE -> null;
            case NO_BYTES -> new byte[0];
            case NOT_AVRO -> ("{\"id\": \"" + id + "\"}").getBytes(StandardCharsets.UTF_8);
            case WRONG_MAGIC_BYTE -> {
                whole[0] ^= 1;
                yield whole;
            }
            case UNKNOWN_SCHEMA -> {
                // Of a fingerprint the lowest byte, of an id the second highest: a registry does not come that far.
                whole[2] ^= 0x55;
                yield whole;
            }
            case CUT_OFF -> Arrays.copyOf(whole, whole.length - 9);
            case LONGER -> Arrays.copyOf(whole, whole.length + 3);
            case EMPTY_TEXT -> wire.document(which, id, " \n ");
            case TOO_LONG -> wire.document(which, id, "word ".repeat(TOO_MANY_CHARACTERS / 5));
            case MEGABYTE_OF_ONE_WORD -> wire.document(which, id, "word".repeat(MOST_CHARACTERS / 4));
            case NOT_UTF8 -> {
                whole[whole.length - 10] = (byte) 0x80;
                yield whole;
            }
            case WITHOUT_TEXT -> wire.withoutText(id).orElseThrow();
        };
    }

    static int partition(int number) {
        return number % PARTITIONS;
    }

    byte[] key(int number) {
        return ("key-" + partition(number) + "-" + random(number).nextInt(KEYS_PER_PARTITION))
                .getBytes(StandardCharsets.UTF_8);
    }

    /** A record, to be sent. */
    ProducerRecord<byte[], byte @Nullable []> record(String topic, Which which) {
        int number = which.number();
        ProducerRecord<byte[], byte @Nullable []> record =
                new ProducerRecord<>(topic, partition(number), key(number), value(which));
        which.addTo(record.headers());
        return record;
    }
}
