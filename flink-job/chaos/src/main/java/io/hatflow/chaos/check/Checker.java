package io.hatflow.chaos.check;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads all topics of a run from their beginning, and says whether every record of the input has its answer. Believes nobody: what
 * was sent is what the input topic holds, and what it must hold follows from the seed. Not thread-safe.
 */
public final class Checker {

    private static final int EXAMPLES = 20;
    private static final String QUARANTINED = Answer.dead("INFERENCE QUARANTINED");

    private final Documents documents;
    private final String inputTopic;
    private final boolean exactlyOnce;
    private final boolean ordered;

    /** By partition, what was sent at each offset; the values are left out, as they follow from the numbers. */
    private final List<List<Sent>> sent = new ArrayList<>();

    private final List<BitSet> answered = new ArrayList<>();
    private final Map<Integer, Answer> undisturbed = new HashMap<>();
    private final Map<Integer, List<Answer>> early = new HashMap<>();
    private final Map<String, Long> lastOffset = new HashMap<>();
    private final Map<String, Integer> deadLetters = new TreeMap<>();
    private final List<String> examples = new ArrayList<>();
    private final BitSet numbers = new BitSet();
    private int labelled;
    private int dead;
    private int duplicated;
    private int wrong;

    private record Sent(Which which, long timestamp) {

        int number() {
            return which.number();
        }
    }

    /**
     * Has read nothing yet.
     *
     * @param exactlyOnce whether each answer must come only once
     * @param ordered whether answers must come in the order of their records
     */
    public Checker(Documents documents, String inputTopic, boolean exactlyOnce, boolean ordered) {
        this.documents = documents;
        this.inputTopic = inputTopic;
        this.exactlyOnce = exactlyOnce;
        this.ordered = ordered;
        for (int i = 0; i < Documents.PARTITIONS; i++) {
            sent.add(new ArrayList<>());
            answered.add(new BitSet());
        }
    }

    /**
     * Reads the topics as they are.
     *
     * @param total records that were sent
     * @param patience how long an open transaction may take to end, behind which nothing can be read
     */
    public Verdict read(Topics topics, int total, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        boolean committed = topics.allIsCommitted();
        while (!committed && System.nanoTime() < end) {
            Thread.sleep(1000);
            committed = topics.allIsCommitted();
        }
        if (!committed) {
            wrong("a transaction is still open after " + patience.toSeconds() + " s");
        }
        topics.read(topics.input(), this::input);
        Wire wire = documents.wire();
        topics.read(topics.labelled(), record -> answer(Answer.labelled(wire, record)));
        topics.read(topics.deadLetters(), record -> answer(Answer.deadLetter(wire, record)));
        return verdict(total);
    }

    /** Takes the next record of the input. */
    void input(ConsumerRecord<byte[], byte[]> record) {
        Which which = Which.of(record.headers());
        int number = which.number();
        if (numbers.get(number)
                || !Arrays.equals(record.key(), documents.key(number))
                || !Arrays.equals(record.value(), documents.value(which))) {
            wrong("the input at " + record.partition() + "@" + record.offset() + " is not record " + number);
        }
        List<Sent> places = sent.get(record.partition());
        if (places.size() != record.offset()) {
            throw new IllegalStateException(
                    "Offsets of the input have a gap at " + record.offset() + "; nothing but documents was expected");
        }
        places.add(new Sent(which, record.timestamp()));
        numbers.set(number);
    }

    /** Takes the next event, when all of the input is there. */
    void answer(Answer answer) {
        List<Sent> places = sent.get(answer.partition());
        String place = answer.partition() + "@" + answer.offset();
        if (answer.offset() >= places.size()) {
            wrong("an answer to " + place + ", where nothing was sent");
            return;
        }
        Sent record = places.get((int) answer.offset());
        BitSet already = answered.get(answer.partition());
        if (already.get((int) answer.offset())) {
            duplicated++;
            if (exactlyOnce) {
                example("duplicated: " + place + ", record " + record.number() + ": " + answer.words());
            }
        } else {
            already.set((int) answer.offset());
            labelled += answer.isDead() ? 0 : 1;
            dead += answer.isDead() ? 1 : 0;
            if (answer.isDead()) {
                deadLetters.merge(answer.words(), 1, Integer::sum);
            }
        }
        checkWhose(record, answer, place);
        checkWhat(record, answer, place);
        checkOrder(answer, place);
    }

    private void checkWhose(Sent record, Answer answer, String place) {
        Which which = record.which();
        if (!answer.isOf(documents.record(inputTopic, which), record.timestamp(), documents.stated(which))) {
            wrong("the event at " + place + " is not wholly that of record " + which.number() + ": " + answer.words());
        }
    }

    private void checkWhat(Sent record, Answer answer, String place) {
        if (record.which().killer()) {
            if (!answer.words().equals(QUARANTINED)) {
                wrong("the killer at " + place + " was answered " + answer.words());
            }
            return;
        }
        int like = documents.like(record.number());
        String refusal = documents.refusal(like);
        if (refusal == null ? answer.isDead() : !answer.words().equals(Answer.dead(refusal))) {
            wrong(place + " was answered " + answer.words() + ", expected "
                    + (refusal == null ? "labels" : Answer.dead(refusal)));
        }
        compare(record.number(), like, answer);
    }

    /** Answers may come before that of the record that they must be like. */
    private void compare(int number, int like, Answer answer) {
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
            wrong(answer.partition() + "@" + answer.offset() + " was answered " + answer.words() + " " + answer.scores()
                    + ", undisturbed " + expected.words() + " " + expected.scores());
        }
    }

    /** Labelled documents of one partition and key come in their order. */
    private void checkOrder(Answer answer, String place) {
        if (!ordered || answer.isDead()) {
            return;
        }
        String key = answer.partition() + " " + new String(answer.written().key(), StandardCharsets.UTF_8);
        Long before = lastOffset.put(key, answer.offset());
        if (before != null && before > answer.offset()) {
            wrong(place + " came after " + before + " of the same key");
        }
    }

    /**
     * What came of it.
     *
     * @param total records that were sent
     */
    Verdict verdict(int total) {
        if (numbers.cardinality() != total || numbers.length() > total) {
            wrong(total + " records were sent, and the input holds " + numbers.cardinality());
        }
        int lost = 0;
        for (int partition = 0; partition < Documents.PARTITIONS; partition++) {
            for (int offset = 0; offset < sent.get(partition).size(); offset++) {
                if (!answered.get(partition).get(offset)) {
                    lost++;
                    example("lost: " + partition + "@" + offset + ", record "
                            + sent.get(partition).get(offset).number());
                }
            }
        }
        int all = sent.stream().mapToInt(List::size).sum();
        return new Verdict(all, labelled, dead, lost, duplicated, wrong, examples);
    }

    /** How many dead letters of each kind there were, for people. */
    public Map<String, Integer> deadLetters() {
        return deadLetters;
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
}
