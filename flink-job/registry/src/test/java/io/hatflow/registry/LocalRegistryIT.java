package io.hatflow.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class LocalRegistryIT {

    @Test
    void isStartedAgainAtTheSamePlaceAndLeavesNothingBehind(@TempDir Path folder) throws Exception {
        try (LocalRegistry registry = LocalRegistry.start(folder)) {
            String place = registry.url();
            registry.kill();
            assertThatThrownBy(() -> status(place)).isInstanceOf(ConnectException.class);
            registry.restart();

            assertThat(registry.url()).isEqualTo(place);
            // Nobody trusts its certificate who was not given it.
            assertThatThrownBy(() -> status(place)).isInstanceOf(SSLHandshakeException.class);
            assertThat(registry.trustStore()).isNotEmptyFile();
            assertThat(registry.certificate()).content().startsWith("-----BEGIN CERTIFICATE-----");
        }
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    private static int status(String url) throws Exception {
        return ((HttpURLConnection) URI.create(url + "/subjects").toURL().openConnection()).getResponseCode();
    }
}
