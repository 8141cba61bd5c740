package io.hatflow.inference.hourglass;

import io.hatflow.inference.batch.Batch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The windows of a micro-batch, laid out as the tensors that the graph takes: {@code docs/bundle.md}, "Hourglass models".
 *
 * <p>A tensor is as wide as its longest window, and attention computes in its padding, too. So the windows are sorted by length, and the
 * shorter ones become a tensor of their own, which is another run of the graph, where that saves at least as many places as a full window
 * has. Windows of one long document are all full and stay together; among a few short ones nothing is gained by another run.
 */
public final class SymbolBatch implements Batch {

    private final int windowLength;
    private final List<SymbolTensors> tensors = new ArrayList<>();

    /**
     * Lay out at least one window.
     *
     * @param windowLength symbols of a full window
     */
    public SymbolBatch(int windowLength, List<SymbolWindow> windows) {
        if (windows.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one window");
        }
        this.windowLength = windowLength;
        List<Integer> longestFirst = IntStream.range(0, windows.size())
                .boxed()
                .sorted(Comparator.comparingInt(place -> -windows.get(place).length()))
                .toList();
        int first = 0;
        for (int next = 1; next <= longestFirst.size(); next++) {
            if (next == longestFirst.size() || isWorthARun(longestFirst, first, next, windows)) {
                tensors.add(new SymbolTensors(longestFirst.subList(first, next), windows));
                first = next;
            }
        }
    }

    private boolean isWorthARun(List<Integer> longestFirst, int first, int next, List<SymbolWindow> windows) {
        long narrower = (long) windows.get(longestFirst.get(first)).length()
                - windows.get(longestFirst.get(next)).length();
        return narrower * (longestFirst.size() - next) >= windowLength;
    }

    /** What the graph runs on, one after the other. */
    List<SymbolTensors> tensors() {
        return tensors;
    }

    /** Of all tensors. */
    int windowCount() {
        return tensors.stream().mapToInt(tensor -> tensor.places().size()).sum();
    }

    /** How many full windows have as many places, rounded up; never more than there are windows, unless one is longer than a full one. */
    @Override
    public int rows() {
        return Math.toIntExact((tokenSlots() + windowLength - 1) / windowLength);
    }

    @Override
    public long tokens() {
        return tensors.stream().mapToLong(SymbolTensors::symbols).sum();
    }

    @Override
    public long tokenSlots() {
        return tensors.stream().mapToLong(SymbolTensors::slots).sum();
    }
}
