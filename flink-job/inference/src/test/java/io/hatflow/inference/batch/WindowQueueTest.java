package io.hatflow.inference.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.batch.WindowQueue.Waiting;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WindowQueueTest {

    private final WindowQueue<Integer, String> queue = new WindowQueue<>();

    @Test
    void urgentWindowsGoFirstAndTheOthersFillWhatIsLeft() throws Exception {
        put(1, 2, false);
        put(2, 2, false);
        put(3, 2, true);
        put(4, 2, true);
        assertThat(names(queue.take(6, () -> false))).containsExactly(3, 4, 1);
        assertThat(names(queue.take(6, () -> false))).containsExactly(2);
    }

    @Test
    void aFloodOfUrgentWindowsDoesNotStarveTheOthers() throws Exception {
        put(0, 5, false); // larger than what urgent windows leave of a batch
        for (int i = 1; i <= 100; i++) {
            put(i, 3, true);
        }
        int batches = 0;
        while (!names(queue.take(6, () -> false)).contains(0)) {
            batches++;
        }
        assertThat(batches).isEqualTo(3);
        assertThat(names(queue.take(6, () -> false))).hasSize(2);
    }

    @Test
    void aWindowAboveTheBudgetComesAlone() throws Exception {
        put(1, 9, false);
        put(2, 1, false);
        assertThat(names(queue.take(4, () -> false))).containsExactly(1);
        assertThat(names(queue.take(4, () -> false))).containsExactly(2);
    }

    @Test
    void onlyAFullBatchIsTakenAhead() {
        put(1, 3, false);
        assertThat(queue.takeFull(4)).isEmpty();
        put(2, 1, true);
        assertThat(names(queue.takeFull(4))).containsExactly(2, 1);
        assertThat(queue.takeFull(1)).isEmpty();
    }

    @Test
    void depthCountsWhatWaits() throws Exception {
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(0, 0, null));
        put(1, 3, false);
        put(2, 4, true);
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(2, 7, 1L));
        queue.take(4, () -> false);
        assertThat(queue.depth()).isEqualTo(new WindowQueue.Depth(1, 3, 1L));
        queue.take(100, () -> false);
        assertThat(queue.depth().rows()).isZero();
    }

    /** A window is its name, which also is when it was put. */
    private void put(int name, int rows, boolean urgent) {
        queue.put(new Waiting<>(name, rows, urgent, name, new CompletableFuture<>()));
    }

    private static List<Integer> names(List<Waiting<Integer, String>> waiting) {
        return waiting.stream().map(Waiting::window).toList();
    }
}
