package io.hatflow.inference.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class WindowQueueTest {

    /** A window's place among those of its document. */
    private record Place(int document, int window) {}

    private static final int BUDGET = 6;

    private final WindowQueue<Place, String> queue = new WindowQueue<>(() -> BUDGET);
    private long clock;

    /** A document of windows of so many rows each. */
    private List<WaitingWindow<Place, String>> put(int document, boolean urgent, int... rows) {
        clock++;
        List<WaitingWindow<Place, String>> windows = IntStream.range(0, rows.length)
                .mapToObj(window -> new WaitingWindow<Place, String>(
                        new Place(document, window), rows[window], urgent, clock, new CompletableFuture<>()))
                .toList();
        queue.put(windows);
        return windows;
    }

    private List<Place> take() {
        try {
            return places(queue.take(() -> true));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Place> places(List<WaitingWindow<Place, String>> waiting) {
        return waiting.stream().map(WaitingWindow::window).toList();
    }

    private List<Integer> takeDocuments() {
        return take().stream().map(Place::document).toList();
    }

    private static int[] windows(int count, int rows) {
        return IntStream.generate(() -> rows).limit(count).toArray();
    }

    @Test
    void urgentDocumentsGoFirstAndTheOthersFillWhatIsLeft() {
        put(1, false, 2);
        put(2, false, 2);
        put(3, true, 2);
        put(4, true, 2);
        assertThat(takeDocuments()).containsExactly(3, 4, 1);
        assertThat(takeDocuments()).containsExactly(2);
    }

    @Test
    void aFloodOfUrgentDocumentsDoesNotStarveTheOthers() {
        put(0, false, 5); // larger than what urgent ones leave of a batch
        for (int i = 1; i <= 100; i++) {
            put(i, true, 3);
        }
        int batches = 0;
        while (!takeDocuments().contains(0)) {
            batches++;
        }
        assertThat(batches).isEqualTo(3);
        assertThat(takeDocuments()).hasSize(2);
    }

    @Test
    void aWindowAboveTheBudgetComesAlone() {
        put(1, false, 9);
        put(2, false, 1);
        assertThat(takeDocuments()).containsExactly(2);
        assertThat(takeDocuments()).containsExactly(1);
    }

    @Test
    void aShortDocumentIsInTheNextBatchWhateverElseWaits() {
        for (int i = 1; i <= 50; i++) {
            put(i, false, windows(100, 8));
        }
        for (int i = 0; i < 200; i++) {
            assertThat(takeDocuments()).hasSize(1).doesNotContain(0);
            put(0, false, 1);
            assertThat(takeDocuments()).containsExactly(0);
        }
    }

    @Test
    void ofLongDocumentsTheOneWithLeastLeftGoesFirst() {
        put(1, false, windows(100, 8));
        assertThat(takeDocuments()).containsExactly(1);
        put(2, false, windows(3, 8));
        put(3, false, windows(5, 2)); // three of these are a turn
        assertThat(Stream.generate(this::takeDocuments).limit(7))
                .containsExactly(
                        List.of(3, 3, 3), List.of(3, 3), List.of(2), List.of(1), List.of(2), List.of(2), List.of(1));
    }

    /** So whoever waits for any of them to end waits for one. */
    @Test
    void ofEqualLongDocumentsTheFirstEndsBeforeTheNextBegins() {
        for (int i = 0; i < 20; i++) {
            put(i, false, windows(5, 8));
        }
        for (int i = 0; i < 20; i++) {
            for (int window = 0; window < 5; window++) {
                assertThat(take()).containsExactly(new Place(i, window));
            }
        }
    }

    @Test
    void aFloodOfLessLongDocumentsDoesNotStarveALongerOne() {
        put(0, false, windows(10, 8));
        take();
        for (int i = 1; i <= 100; i++) {
            put(i, false, windows(2, 8));
        }
        for (int turn = 1; turn < 8; turn++) { // then it is no longer than the others
            for (int batch = 0; batch < 3; batch++) {
                assertThat(takeDocuments()).doesNotContain(0);
            }
            assertThat(takeDocuments()).containsExactly(0);
        }
    }

    @Test
    void aFloodOfShortDocumentsDoesNotStarveALongOne() {
        put(0, false, windows(10, 8));
        for (int i = 1; i <= 1000; i++) {
            put(i, false, 1);
        }
        for (int turn = 0; turn < 10; turn++) {
            for (int batch = 0; batch < 3; batch++) {
                assertThat(takeDocuments()).hasSize(BUDGET).doesNotContain(0);
            }
            assertThat(takeDocuments()).containsExactly(0);
        }
    }

    /** Of urgent ones that leave no room in a batch, and of some that leave room for lines. */
    @ParameterizedTest
    @CsvSource({"3, 3", "4, 1", "6, 6", "1, 2"})
    void aLongDocumentThatIsNotUrgentEndsWhileUrgentAndShortOnesNeverCease(int urgentRows, int lineRows) {
        put(0, false, windows(10, 8));
        int batches = 0;
        for (int served = 0; served < 10; batches++) {
            for (int i = 0; i < BUDGET; i++) {
                put(1, true, urgentRows);
                put(2, false, lineRows);
            }
            served += takeDocuments().contains(0) ? 1 : 0;
        }
        assertThat(batches).isLessThanOrEqualTo(10 * 16);
    }

    @Test
    void shortDocumentsOfSeveralWindowsAreServedFirstComeFirstServed() {
        put(1, false, 2, 2);
        put(2, false, 2, 2);
        put(3, false, 2, 2);
        assertThat(takeDocuments()).containsExactly(1, 1, 2);
        assertThat(takeDocuments()).containsExactly(2, 3, 3);
    }

    @Test
    void onlyWhatShortDocumentsFillIsTakenAhead() {
        put(1, false, windows(10, 8));
        put(2, false, 5);
        assertThat(queue.takeAhead()).isEmpty();
        put(3, true, 1);
        assertThat(places(queue.takeAhead())).containsExactly(new Place(3, 0), new Place(2, 0));
        assertThat(queue.takeAhead()).isEmpty();
    }

    @Test
    void onlyShortDocumentsAreTakenToRunBesideALongRun() throws InterruptedException {
        put(1, false, windows(10, 8));
        put(2, false, 5);
        put(3, true, 2, 3);
        put(4, false, 1);
        put(5, false, 40); // one window, and no short one
        queue.longRunBegins();
        assertThat(queue.takeAhead()).as("what would wait for the long run").isEmpty();
        assertThat(places(queue.takeBesides())).containsExactly(new Place(3, 0), new Place(3, 1));
        assertThat(places(queue.takeBesides())).containsExactly(new Place(2, 0), new Place(4, 0));
        queue.longRunEnds();
        assertThat(takeDocuments()).containsExactly(5);
        assertThat(take()).containsExactly(new Place(1, 0));
        queue.close(new IllegalStateException("closed"));
        assertThat(queue.takeBesides()).isEmpty();
    }

    @Test
    void ofTheShortDocumentsBesideALongRunEveryFourthBatchBeginsWithOneThatIsNotUrgent() throws InterruptedException {
        queue.longRunBegins();
        for (int i = 0; i < 100; i++) {
            put(1, true, BUDGET);
            put(2, false, BUDGET);
        }
        for (int turn = 0; turn < 10; turn++) {
            for (int batch = 0; batch < 3; batch++) {
                assertThat(places(queue.takeBesides())).containsExactly(new Place(1, 0));
            }
            assertThat(places(queue.takeBesides())).containsExactly(new Place(2, 0));
        }
    }

    /** A filing of 2,000 segments in windows of 64, and a thousand lines: each line is in the next batch, or in the one after it. */
    @Test
    void aThousandLinesDoNotWaitForAFilingAndItEnds() {
        put(0, false, windows(32, 64));
        int batches = 0;
        for (int line = 1; line <= 1000; line++) {
            put(line, false, 1);
            List<Integer> first = takeDocuments();
            List<Integer> served = first.contains(line) ? first : takeDocuments();
            batches += first.contains(line) ? 1 : 2;
            assertThat(served).contains(line);
        }
        assertThat(batches).as("one for each line, and 32 for the filing").isEqualTo(1032);
        assertThat(queue.depth().windows()).isZero();
    }

    @Test
    void depthCountsWhatWaits() {
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(0, 0, null));
        put(1, false, 5);
        put(2, true, 4, 4);
        put(3, false, 2);
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(4, 15, 1L));
        assertThat(take()).containsExactly(new Place(2, 0));
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(3, 11, 1L));
        assertThat(take()).containsExactly(new Place(2, 1));
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(2, 7, 1L));
        assertThat(take()).containsExactly(new Place(1, 0));
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(1, 2, 3L));
        take();
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(0, 0, null));
    }

    @Test
    void whatWasGivenUpIsDropped() {
        put(1, false, windows(5, 8)).forEach(window -> window.result().cancel(false));
        put(2, false, 1);
        put(3, false, windows(2, 8));
        assertThat(takeDocuments()).containsExactly(2);
        assertThat(takeDocuments()).containsExactly(3);
        assertThat(takeDocuments()).containsExactly(3);
        assertThat(queue.depth().windows()).isZero();
    }

    /** Any documents, coming at any time, some given up. */
    @RepeatedTest(300)
    void everyWindowIsServedOnceAndInItsOrder(RepetitionInfo repetition) {
        Random chance = new Random(repetition.getCurrentRepetition());
        Map<Integer, List<WaitingWindow<Place, String>>> unserved = new HashMap<>();
        int documents = 0;
        while (documents < 60 || !unserved.isEmpty()) {
            for (int more = documents < 60 ? chance.nextInt(4) : 0; more > 0; more--) {
                int[] rows = windows(1 + chance.nextInt(chance.nextInt(3) == 0 ? 12 : 1), 1 + chance.nextInt(9));
                List<WaitingWindow<Place, String>> put = put(documents, chance.nextInt(3) == 0, rows);
                if (chance.nextInt(10) == 0) {
                    put.forEach(window -> window.result().cancel(false));
                } else {
                    unserved.put(documents, new ArrayList<>(put));
                }
                documents++;
            }
            List<Place> batch = take();
            int room = BUDGET;
            for (Place place : batch) {
                List<WaitingWindow<Place, String>> left = unserved.getOrDefault(place.document(), List.of());
                assertThat(left.get(0).window())
                        .as("windows of a document stay in order")
                        .isEqualTo(place);
                room -= left.remove(0).rows();
                if (left.isEmpty()) {
                    unserved.remove(place.document());
                }
            }
            assertThat(room >= 0 || batch.size() == 1)
                    .as("what exceeds the budget is alone")
                    .isTrue();
            assertThat(batch.isEmpty() && !unserved.isEmpty())
                    .as("the model is idle while windows wait")
                    .isFalse();
        }
        assertThat(queue.depth().windows()).isZero();
    }
}
