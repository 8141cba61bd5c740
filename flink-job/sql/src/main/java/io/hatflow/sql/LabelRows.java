package io.hatflow.sql;

import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import java.util.List;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.DataType;

/**
 * The labels of a text as rows with their evidence. Places in the text are counted as SQL counts them, in characters (code points) from 0,
 * so that {@code SUBSTRING(body FROM start_index + 1 FOR end_index - start_index)} is the excerpt.
 */
final class LabelRows {

    private static final DataType EVIDENCE = DataTypes.ROW(
            DataTypes.FIELD("start_index", DataTypes.INT()),
            DataTypes.FIELD("end_index", DataTypes.INT()),
            DataTypes.FIELD("excerpt", DataTypes.STRING()),
            DataTypes.FIELD("score", DataTypes.DOUBLE()));

    static final DataType TYPE = DataTypes.ARRAY(DataTypes.ROW(
            DataTypes.FIELD("label", DataTypes.STRING()),
            DataTypes.FIELD("score", DataTypes.DOUBLE()),
            DataTypes.FIELD("present", DataTypes.BOOLEAN()),
            DataTypes.FIELD("evidence", DataTypes.ARRAY(EVIDENCE))));

    private LabelRows() {}

    /** An array of rows, in the bundle's order of labels. */
    static ArrayData of(String text, List<LabelScore> labels) {
        boolean hasPairs = text.chars().anyMatch(unit -> Character.isSurrogate((char) unit));
        return new GenericArrayData(labels.stream()
                .map(label -> GenericRowData.of(
                        StringData.fromString(label.label()),
                        (double) label.score(),
                        label.aboveThreshold(),
                        new GenericArrayData(label.evidence().stream()
                                .map(evidence -> row(text, hasPairs, evidence))
                                .toArray())))
                .toArray());
    }

    private static GenericRowData row(String text, boolean hasPairs, Evidence evidence) {
        int start = evidence.start();
        int end = evidence.end();
        int characters = hasPairs ? text.codePointCount(start, end) : end - start;
        int first = hasPairs ? text.codePointCount(0, start) : start;
        return GenericRowData.of(first, first + characters, StringData.fromString(text.substring(start, end)), (double)
                evidence.score());
    }
}
