package io.hatflow.sql;

import java.util.List;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.types.logical.LogicalTypeFamily;

/** What goes into a model: one text. */
final class InputColumn {

    private InputColumn() {}

    /** @throws IllegalArgumentException if it is something else */
    static void require(ResolvedSchema schema) {
        List<Column> columns = schema.getColumns();
        if (columns.size() != 1
                || !columns.get(0).getDataType().getLogicalType().is(LogicalTypeFamily.CHARACTER_STRING)) {
            throw new IllegalArgumentException("INPUT is " + OutputColumns.written(columns)
                    + ", expected one column of texts, such as INPUT (body STRING)");
        }
    }
}
