package io.hatflow.flink.operator;

import io.hatflow.flink.pool.ClassifierProvider;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;

/** The operator in a stream. */
public final class ClassificationOperator {

    private ClassificationOperator() {}

    /**
     * Classifies the elements of a stream: one result for each, in its place.
     *
     * @param classifiers where tasks get their classifier from
     * @param results type of what leaves
     */
    public static <T, R> SingleOutputStreamOperator<R> of(
            DataStream<T> elements,
            ClassificationFunction<T, R> function,
            ClassifierProvider classifiers,
            OperatorSettings settings,
            TypeInformation<R> results) {
        return elements.transform(
                "classify", results, new BoundedAsyncOperatorFactory<>(function, classifiers, settings));
    }
}
