package io.hatflow.sql;

import java.util.List;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.RowType.RowField;

/** {@code NOT NULL} inside of types, which says nothing where no value is null. */
final class Nullability {

    private Nullability() {}

    /** The type with everything in it nullable, and without comments on its fields. */
    static LogicalType ignoredIn(LogicalType type) {
        if (type instanceof ArrayType array) {
            return new ArrayType(ignoredIn(array.getElementType()));
        }
        if (type instanceof MapType map) {
            return new MapType(ignoredIn(map.getKeyType()), ignoredIn(map.getValueType()));
        }
        if (type instanceof RowType row) {
            List<RowField> fields = row.getFields().stream()
                    .map(field -> new RowField(field.getName(), ignoredIn(field.getType())))
                    .toList();
            return new RowType(fields);
        }
        return type.copy(true);
    }
}
