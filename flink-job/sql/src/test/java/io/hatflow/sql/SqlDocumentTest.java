package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.flink.pool.ClassifierConfigOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.description.HtmlFormatter;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.config.ExecutionConfigOptions;
import org.apache.flink.util.TimeUtils;
import org.junit.jupiter.api.Test;

/** {@code docs/sql.md} says what the code does. */
class SqlDocumentTest {

    private static final Pattern SQL = Pattern.compile("```sql\\n(.*?)```", Pattern.DOTALL);

    private static String document() throws IOException {
        return Files.readString(Path.of("../../docs/sql.md"));
    }

    @Test
    void itHasEveryOption() throws IOException {
        for (ConfigOption<?> option : Stream.concat(
                        Stream.of(ClassifierConfigOptions.BUNDLE), ClassifierConfigOptions.OPTIONAL.stream())
                .toList()) {
            String meaning = new HtmlFormatter().format(option.description());
            assertThat(document()).contains("| `%s` | %s | %s |".formatted(option.key(), written(option), meaning));
        }
    }

    private static String written(ConfigOption<?> option) {
        Object value = option.defaultValue();
        if (value == null) {
            return option.equals(ClassifierConfigOptions.BUNDLE) ? "**must be given**" : "";
        }
        return "`"
                + (value instanceof Duration duration
                        ? TimeUtils.formatWithHighestUnit(duration)
                        : value.toString().toLowerCase(Locale.ROOT))
                + "`";
    }

    @Test
    void itHasEveryColumn() throws IOException {
        for (OutputColumn column : OutputColumn.values()) {
            String type = column.type().asSummaryString().replace("`", "");
            assertThat(document()).contains("| `" + column.columnName() + "` | `" + type + "` |");
        }
    }

    @Test
    void itsStatementsArePlanned() throws IOException {
        TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        Matcher blocks = SQL.matcher(document());
        int planned = 0;
        while (blocks.find()) {
            for (String statement : Stream.of(blocks.group(1).split(";"))
                    .map(String::strip)
                    .filter(each -> !each.isEmpty())
                    .toList()) {
                if (statement.startsWith("SELECT")) {
                    assertThat(tables.explainSql(statement)).contains("MLPredictTableFunction");
                    planned++;
                } else if (statement.startsWith("SET")) {
                    assertThat(statement)
                            .contains("'"
                                    + ExecutionConfigOptions.TABLE_EXEC_ASYNC_ML_PREDICT_MAX_CONCURRENT_OPERATIONS.key()
                                    + "'");
                } else {
                    tables.executeSql(statement);
                }
            }
        }
        assertThat(planned).isEqualTo(6);
    }
}
