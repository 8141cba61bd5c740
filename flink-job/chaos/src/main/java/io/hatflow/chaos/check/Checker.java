package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Reads all topics of a run from their beginning, and says whether every record of the input has its answer. Believes nobody: what
 * was sent is what the input topic holds, and what it must hold follows from the seed. Not thread-safe.
 */
public final class Checker {

    private static final int EXAMPLES = 20;
    private static final String QUARANTINED = "dead INFERENCE QUARANTINED";

    private final Topics topics;
    private final Documents documents;
    private final boolean exactlyOnce;
    private final boolean ordered;

    /** By partition, number of the record at each offset; negative, minus one, for a killer. */
    private final List<List<Integer>> numbers = new ArrayList<>();

    private final List<BitSet> answered = new ArrayList<>();
    private final Map<Integer, Answer> undisturbed = new HashMap<>();
    private final Map<Integer, List<Answer>> early = new HashMap<>();
    private final Map<Integer, String> eventIds = new HashMap<>();
    private final Map<String, Long> lastOffset = new HashMap<>();
    private final Map<String, Integer> byWords = new TreeMap<>();
    private final List<String> examples = new ArrayList<>();
    private int sent;
    private int labelled;
    private int dead;
    private int duplicated;
    private int wrong;

    /**
     * Checks nothing yet.
     *
     * @param exactlyOnce whether each answer must come only once
     * @param ordered whether answers must come in the order of their records
     */
    public Checker(Topics topics, Documents documents, boolean exactlyOnce, boolean ordered) {
        this.ordered = ordered;
        this.topics = topics;
        this.documents = documents;
        this.exactlyOnce = exactlyOnce;
        for (int i = 0; i < Documents.PARTITIONS; i++) {
            numbers.add(new ArrayList<>());
            answered.add(new BitSet());
        }
    }

    /**
     * Compares input and outputs as they are.
     *
     * @param total records that were sent
     * @param patience how long an open transaction may take to end, behind which nothing can be read
     */
    public Verdict verdict(int total, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!topics.allIsCommitted() && System.nanoTime() < end) {
            Thread.sleep(1000);
        }
        readInput(total);
        topics.read(topics.labelled(), record -> take(record, Answer.labelled(record.value())));
        topics.read(topics.deadLetters(), record -> take(record, Answer.deadLetter(record.value())));
        int lost = 0;
        for (int partition = 0; partition < Documents.PARTITIONS; partition++) {
            for (int offset = 0; offset < numbers.get(partition).size(); offset++) {
                if (!answered.get(partition).get(offset)) {
                    lost++;
                    example("lost: " + partition + "@" + offset + ", record "
                            + numbers.get(partition).get(offset));
                }
            }
        }
        return new Verdict(sent, labelled, dead, lost, duplicated, wrong, examples);
    }

    /** How many answers of each kind there were, for people. */
    public Map<String, Integer> deadLettersByReason() {
        return byWords;
    }

    private void example(String sentence) {
        if (examples.size() < EXAMPLES) {
            examples.add(sentence);
        }
    }

    private void wrong(String sentence) {
        wrong++;
        example("wrong: " + sentence);
    }

    private void readInput(int total) {
        BitSet seen = new BitSet();
        topics.read(topics.input(), record -> {
            int number = ByteBuffer.wrap(
                            record.headers().lastHeader(Documents.NUMBER).value())
                    .getInt();
            boolean killer = record.headers().lastHeader(Documents.KILLER) != null;
            if (seen.get(number)
                    || !Arrays.equals(record.key(), documents.key(number))
                    || !Arrays.equals(record.value(), documents.value(number, killer))) {
                wrong("the input at " + record.partition() + "@" + record.offset() + " is not record " + number);
            }
            List<Integer> places = numbers.get(record.partition());
            if (places.size() != record.offset()) {
                throw new IllegalStateException("Offsets of the input have a gap at " + record.offset()
                        + "; nothing but documents was expected");
            }
            places.add(killer ? -1 - number : number);
            seen.set(number);
            sent++;
        });
        if (seen.cardinality() != total || seen.length() > total) {
            wrong(total + " records were sent, and the input holds " + seen.cardinality());
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> written, Answer answer) {
        List<Integer> places = numbers.get(answer.partition());
        String place = answer.partition() + "@" + answer.offset();
        if (answer.offset() >= places.size()) {
            wrong("an answer to " + place + ", where nothing was sent");
            return;
        }
        int signed = places.get((int) answer.offset());
        int number = signed < 0 ? -1 - signed : signed;
        boolean first = !answered.get(answer.partition()).get((int) answer.offset());
        answered.get(answer.partition()).set((int) answer.offset());
        if (first) {
            labelled += answer.isDead() ? 0 : 1;
            dead += answer.isDead() ? 1 : 0;
            eventIds.put(number, answer.eventId());
            if (answer.isDead()) {
                byWords.merge(answer.words(), 1, Integer::sum);
            }
        } else {
            duplicated++;
            if (exactlyOnce) {
                example("duplicated: " + place + ", record " + number + ": " + answer.words());
            }
            if (!answer.eventId().equals(eventIds.get(number))) {
                wrong("two answers to " + place + " have different event ids");
            }
        }
        compare(number, signed < 0, answer, place);
        checkOrder(written, answer, place);
        GenericRecord letter = answer.deadLetter();
        if (letter != null) {
            checkReturned(written, letter, number, signed < 0, place);
        }
    }

    /** Answers may come before that of the record that they must be like. */
    private void compare(int number, boolean killer, Answer answer, String place) {
        if (killer) {
            if (!answer.words().equals(QUARANTINED)) {
                wrong("the killer at " + place + " was answered " + answer.words());
            }
            return;
        }
        int like = documents.like(number);
        if (like == number) {
            Answer before = undisturbed.putIfAbsent(number, answer);
            if (before == null) {
                List<Answer> waiting = early.remove(number);
                if (waiting != null) {
                    waiting.forEach(each -> compareWith(answer, each));
                }
                return;
            }
        }
        Answer expected = undisturbed.get(like);
        if (expected == null) {
            early.computeIfAbsent(like, key -> new ArrayList<>()).add(answer);
        } else {
            compareWith(expected, answer);
        }
    }

    private void compareWith(Answer expected, Answer answer) {
        if (!answer.isLike(expected)) {
            wrong(answer.partition() + "@" + answer.offset() + " was answered " + answer.words() + " "
                    + Arrays.toString(answer.scores()) + ", undisturbed " + expected.words() + " "
                    + Arrays.toString(expected.scores()));
        }
    }

    /** Labelled documents of one partition and key come in their order. */
    private void checkOrder(ConsumerRecord<byte[], byte[]> written, Answer answer, String place) {
        if (!ordered || answer.isDead()) {
            return;
        }
        String key = answer.partition() + " " + new String(written.key(), StandardCharsets.UTF_8);
        Long before = lastOffset.put(key, answer.offset());
        if (before != null && before > answer.offset()) {
            wrong(place + " came after " + before + " of the same key");
        }
    }

    private void checkReturned(
            ConsumerRecord<byte[], byte[]> written, GenericRecord letter, int number, boolean killer, String place) {
        byte @Nullable [] value = documents.value(number, killer);
        Header[] headers =
                documents.record(topics.input(), number, killer).headers().toArray();
        if (!Answer.returns(letter, written, documents.key(number), value, headers)) {
            wrong("the dead letter of " + place + " does not hold the record as it came");
        }
    }

    /** Reasons that undisturbed poison was refused for; there must be no others but the quarantine. */
    public Set<String> reasons() {
        return byWords.keySet();
    }
}
