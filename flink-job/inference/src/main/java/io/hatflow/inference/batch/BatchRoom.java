package io.hatflow.inference.batch;

import java.util.ArrayList;
import java.util.List;

/** A batch that is being filled. */
final class BatchRoom<W, A> {

    private final List<WaitingWindow<W, A>> windows = new ArrayList<>();
    private final int budgetRows;
    private int left;

    private final boolean firstMayExceed;

    private BatchRoom(int budgetRows, boolean firstMayExceed) {
        this.budgetRows = budgetRows;
        this.left = budgetRows;
        this.firstMayExceed = firstMayExceed;
    }

    /** Its first window may exceed the budget, and is then alone. */
    static <W, A> BatchRoom<W, A> forAny(int budgetRows) {
        return new BatchRoom<>(budgetRows, true);
    }

    /** No window may exceed the budget. */
    static <W, A> BatchRoom<W, A> within(int budgetRows) {
        return new BatchRoom<>(budgetRows, false);
    }

    /** Whether there is room for a window. One that was given up takes none. */
    boolean fits(WaitingWindow<W, A> window) {
        return window.isGivenUp() || (firstMayExceed && windows.isEmpty()) || window.rows() <= left;
    }

    /** A window that fits. One that was given up is dropped. */
    void add(WaitingWindow<W, A> window) {
        if (!window.isGivenUp()) {
            windows.add(window);
            left -= window.rows();
        }
    }

    int budgetRows() {
        return budgetRows;
    }

    List<WaitingWindow<W, A>> windows() {
        return windows;
    }
}
