package io.hatflow.sql;

import java.lang.reflect.Proxy;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.FlinkRuntimeException;

/**
 * A row in the place of an answer that the machine failed to give: it throws the failure as soon as something is read from it, which is on
 * the task's own thread, when Flink copies the row or the next operator takes it. Given to Flink as a failure, it would come out in a
 * message with the whole input row.
 *
 * <p>With {@code pipeline.object-reuse}, a query that reads no column of the model does not notice the failure, and loses nothing by it.
 */
final class FailedRow {

    private FailedRow() {}

    /** A row that throws a failure. */
    static RowData of(Throwable failure) {
        return (RowData) Proxy.newProxyInstance(
                RowData.class.getClassLoader(),
                new Class<?>[] {RowData.class},
                (row, method, arguments) -> switch (method.getName()) {
                    case "getRowKind" -> RowKind.INSERT;
                    case "setRowKind" -> null;
                    case "toString" -> "(a failure)";
                    case "hashCode" -> System.identityHashCode(row);
                    case "equals" -> row == arguments[0];
                    default ->
                        throw new FlinkRuntimeException(
                                "A text could not be classified, for no fault of its own", failure);
                });
    }
}
