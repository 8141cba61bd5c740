package io.hatflow.flink.operator;

import java.util.AbstractList;
import java.util.Objects;

/** The one result of a record, which does not say what it holds: at DEBUG, Flink logs the results that an ending task drops. */
final class SilentResult<T> extends AbstractList<T> {

    private final T result;

    SilentResult(T result) {
        this.result = result;
    }

    @Override
    public T get(int index) {
        Objects.checkIndex(index, 1);
        return result;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public String toString() {
        return "[an event]";
    }
}
