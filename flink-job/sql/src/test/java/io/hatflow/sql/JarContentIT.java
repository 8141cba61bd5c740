package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** What lies in a cluster's lib/ may clash with nothing there. */
class JarContentIT {

    private static List<String> entries() throws IOException {
        try (JarFile jar = new JarFile(SqlClient.jar().toFile())) {
            return jar.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(ZipEntry::getName)
                    .toList();
        }
    }

    @Test
    void classesAreOursOrUnderNamesOfOurs() throws IOException {
        assertThat(entries()).filteredOn(name -> name.endsWith(".class")).allSatisfy(name -> assertThat(
                        name.replaceFirst("META-INF/versions/\\d+/", ""))
                .matches("(io/hatflow/|ai/onnxruntime/|ai/djl/|com/sun/jna/|org/jspecify/).*"));
    }

    @Test
    void itHoldsTheProviderTheModelsRuntimeAndWhatTheManifestMustBe() throws IOException {
        assertThat(entries())
                .contains(
                        "META-INF/services/org.apache.flink.table.factories.Factory",
                        "META-INF/LICENSE",
                        "META-INF/NOTICE",
                        "io/hatflow/sql/HatflowModelProviderFactory.class",
                        "io/hatflow/schemas/bundle-manifest.schema.json")
                .anyMatch(name -> name.startsWith("ai/onnxruntime/native/linux-x64/"))
                .anyMatch(name -> name.startsWith("native/lib/linux-x86_64/"))
                .noneMatch(name -> name.startsWith("io/hatflow/events/") || name.startsWith("org/apache/flink/"));
    }
}
