package io.hatflow.sql;

import io.hatflow.flink.pool.ClassifierConfigOptions;
import io.hatflow.flink.pool.ClassifierPool.Answers;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.config.ExecutionConfigOptions;
import org.apache.flink.table.catalog.ResolvedCatalogModel;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.factories.FactoryUtil.ModelProviderFactoryHelper;
import org.apache.flink.table.factories.ModelProviderFactory;
import org.apache.flink.table.ml.ModelProvider;

/**
 * {@code CREATE MODEL … WITH ('provider' = 'hatflow', 'bundle' = '…')}. Flink finds it by {@code META-INF/services}, and asks it whenever
 * a query is planned, so that everything is checked here that can be without opening the bundle.
 */
public final class HatflowModelProviderFactory implements ModelProviderFactory {

    /** The option {@code provider}. */
    public static final String IDENTIFIER = "hatflow";

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(ClassifierConfigOptions.BUNDLE);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return new HashSet<>(ClassifierConfigOptions.OPTIONAL);
    }

    /** @throws ValidationException if an option or a column is not as it must be */
    @Override
    public ModelProvider createModelProvider(Context context) {
        ModelProviderFactoryHelper helper = FactoryUtil.createModelProviderFactoryHelper(this, context);
        helper.validate();
        String name = context.getObjectIdentifier().asSummaryString();
        ResolvedCatalogModel model = context.getCatalogModel();
        try {
            InputColumn.require(model.getResolvedInputSchema());
            OutputColumns columns = OutputColumns.of(model.getResolvedOutputSchema());
            if (columns.answers() == Answers.VECTORS) {
                requireOnlyWhatVectorsHave(helper.getOptions());
            }
            return new HatflowModelProvider(
                    ClassifierConfigOptions.read(helper.getOptions()),
                    columns,
                    context.getConfiguration()
                            .get(ExecutionConfigOptions.TABLE_EXEC_ASYNC_ML_PREDICT_MAX_CONCURRENT_OPERATIONS));
        } catch (IllegalArgumentException e) {
            throw new ValidationException("Model " + name + ": " + e.getMessage(), e);
        }
    }

    private static void requireOnlyWhatVectorsHave(ReadableConfig options) {
        for (ConfigOption<?> ofLabels :
                List.of(ClassifierConfigOptions.LONG_DOCUMENTS, ClassifierConfigOptions.EVIDENCE_PER_LABEL)) {
            if (options.getOptional(ofLabels).isPresent()) {
                throw new IllegalArgumentException(ofLabels.key()
                        + " is set, but a vector is always of the whole text and has no evidence; leave it out");
            }
        }
    }
}
