package io.hatflow.sql;

import io.hatflow.flink.pool.ClassifierOptions;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.config.MLPredictRuntimeConfigOptions;
import org.apache.flink.table.functions.AsyncPredictFunction;
import org.apache.flink.table.ml.AsyncPredictRuntimeProvider;
import org.apache.flink.table.ml.ModelProvider;

/**
 * A model of a query.
 *
 * @param options which bundle answers, and how
 * @param columns what is asked of it
 * @param capacity of the session: most texts that a task holds at a time, unless the query says otherwise
 */
record HatflowModelProvider(ClassifierOptions options, OutputColumns columns, int capacity)
        implements AsyncPredictRuntimeProvider {

    /** What a query may set, in the map that is the last argument of {@code ML_PREDICT}. */
    private static final Set<ConfigOption<?>> OF_A_QUERY = Set.of(
            MLPredictRuntimeConfigOptions.ASYNC,
            MLPredictRuntimeConfigOptions.ASYNC_OUTPUT_MODE,
            MLPredictRuntimeConfigOptions.ASYNC_MAX_CONCURRENT_OPERATIONS,
            MLPredictRuntimeConfigOptions.ASYNC_TIMEOUT);

    /** @throws ValidationException if the query sets what there is not; Flink itself ignores such keys */
    @Override
    public AsyncPredictFunction createAsyncPredictFunction(Context context) {
        ReadableConfig query = context.runtimeConfig();
        requireKnown(query);
        int ofQuery = query.getOptional(MLPredictRuntimeConfigOptions.ASYNC_MAX_CONCURRENT_OPERATIONS)
                .orElse(capacity);
        if (ofQuery < 1) {
            throw new ValidationException(
                    "max-concurrent-operations is " + ofQuery + ", expected a whole number from 1");
        }
        return new HatflowPredictFunction(options, columns, ofQuery);
    }

    private static void requireKnown(ReadableConfig query) {
        Set<String> known = new TreeSet<>();
        OF_A_QUERY.forEach(option -> known.add(option.key()));
        Set<String> given = new TreeSet<>(query.toMap().keySet());
        given.removeAll(known);
        if (!given.isEmpty()) {
            throw new ValidationException("ML_PREDICT is given " + given + ", expected keys among " + known);
        }
    }

    @Override
    public ModelProvider copy() {
        return this;
    }
}
