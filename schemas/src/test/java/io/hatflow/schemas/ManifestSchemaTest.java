package io.hatflow.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ManifestSchemaTest {

    @Test
    void isOnTheClassPath() {
        assertThat(ManifestSchemaTest.class.getResource("/io/hatflow/schemas/bundle-manifest.schema.json"))
                .isNotNull();
    }
}
