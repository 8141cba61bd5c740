package io.hatflow.sql;

import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
        Map<Integer, Integer> places = places(text, labels);
        return new GenericArrayData(labels.stream()
                .map(label -> GenericRowData.of(
                        StringData.fromString(label.label()),
                        (double) label.score(),
                        label.aboveThreshold(),
                        new GenericArrayData(label.evidence().stream()
                                .map(evidence -> row(text, places, evidence))
                                .toArray())))
                .toArray());
    }

    /** For every UTF-16 offset of evidence its place in characters, counted in one pass over the text. */
    private static Map<Integer, Integer> places(String text, List<LabelScore> labels) {
        Map<Integer, Integer> places = new TreeMap<>();
        labels.forEach(label -> label.evidence().forEach(evidence -> {
            places.put(evidence.start(), 0);
            places.put(evidence.end(), 0);
        }));
        int from = 0;
        int characters = 0;
        for (Map.Entry<Integer, Integer> place : places.entrySet()) {
            characters += text.codePointCount(from, place.getKey());
            from = place.getKey();
            place.setValue(characters);
        }
        return places;
    }

    private static GenericRowData row(String text, Map<Integer, Integer> places, Evidence evidence) {
        return GenericRowData.of(
                places.get(evidence.start()),
                places.get(evidence.end()),
                StringData.fromString(text.substring(evidence.start(), evidence.end())),
                (double) evidence.score());
    }
}
