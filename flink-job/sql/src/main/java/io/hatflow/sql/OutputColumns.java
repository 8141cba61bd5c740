package io.hatflow.sql;

import io.hatflow.flink.pool.ClassifierPool.Answers;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleInfo;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;

/**
 * What a model gives for a text, as the model's OUTPUT names it: any of {@link OutputColumn}, in any order.
 *
 * @param columns in the order of the output
 * @param answers what a bundle must give for them
 */
record OutputColumns(List<OutputColumn> columns, Answers answers) implements Serializable {

    /** @throws IllegalArgumentException if a column is unknown or of another type, or if no bundle gives all of them */
    static OutputColumns of(ResolvedSchema schema) {
        List<OutputColumn> columns = new ArrayList<>();
        for (Column column : schema.getColumns()) {
            columns.add(of(column));
        }
        Set<Answers> answers =
                columns.stream().flatMap(column -> column.answers().stream()).collect(Collectors.toSet());
        if (columns.isEmpty() || answers.size() > 1) {
            throw new IllegalArgumentException("OUTPUT is " + written(schema.getColumns())
                    + (columns.isEmpty()
                            ? ", expected at least one of these columns: " + all()
                            : ", but a bundle gives labels or a vector, never both; make a model of each"));
        }
        return new OutputColumns(
                List.copyOf(columns), answers.contains(Answers.VECTORS) ? Answers.VECTORS : Answers.LABELS);
    }

    private static OutputColumn of(Column column) {
        LogicalType type = column.getDataType().getLogicalType();
        OutputColumn named = Stream.of(OutputColumn.values())
                .filter(each -> each.columnName().equals(column.getName()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "OUTPUT has a column " + column.getName() + ", expected some of these: " + all()));
        if (!type.isNullable() && named.isNullable()) {
            throw new IllegalArgumentException(
                    "OUTPUT column " + column.getName() + " is NOT NULL, but it is null where a text is "
                            + (named == OutputColumn.ERROR ? "not " : "") + "rejected; leave NOT NULL out");
        }
        if (!named.accepts(type)) {
            throw new IllegalArgumentException("OUTPUT column " + column.getName() + " is " + type.asSummaryString()
                    + ", expected " + named.type().asSummaryString());
        }
        return named;
    }

    private static String all() {
        return Stream.of(OutputColumn.values())
                .map(each -> each.columnName() + " " + each.type().asSummaryString())
                .collect(Collectors.joining(", "));
    }

    /** As in a statement, for messages. */
    static String written(List<Column> columns) {
        return columns.stream()
                .map(column -> column.getName() + " "
                        + column.getDataType().getLogicalType().asSummaryString())
                .collect(Collectors.joining(", ", "(", ")"));
    }

    /**
     * The row of a text.
     *
     * @param model what has answered
     */
    RowData row(String text, Outcome outcome, BundleInfo model) {
        GenericRowData row = new GenericRowData(columns.size());
        for (int i = 0; i < columns.size(); i++) {
            row.setField(i, columns.get(i).value(text, outcome, model));
        }
        return row;
    }
}
