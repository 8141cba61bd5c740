package io.hatflow.job.registry;

import static io.hatflow.job.registry.RegistrySettings.KEY_PASSWORD;
import static io.hatflow.job.registry.RegistrySettings.KEY_STORE;
import static io.hatflow.job.registry.RegistrySettings.LOCATION;
import static io.hatflow.job.registry.RegistrySettings.PASSWORD;
import static io.hatflow.job.registry.RegistrySettings.PREFIX;
import static io.hatflow.job.registry.RegistrySettings.TRUST_STORE;
import static io.hatflow.job.registry.RegistrySettings.TYPE;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Whom a registry's client trusts, and which certificate it shows. */
final class RegistryTls {

    private static final String PEM = "PEM";

    private final Map<String, String> properties;

    private RegistryTls(Map<String, String> properties) {
        this.properties = properties;
    }

    /**
     * Reads the stores.
     *
     * @param properties without references
     * @return empty where the properties name no store: then the JDK's own authorities count
     * @throws IllegalArgumentException if a store cannot be used, with a sentence
     */
    static Optional<SSLContext> context(Map<String, String> properties) {
        RegistryTls tls = new RegistryTls(properties);
        return tls.has(TRUST_STORE) || tls.has(KEY_STORE) ? Optional.of(tls.context()) : Optional.empty();
    }

    private boolean has(String store) {
        return properties.containsKey(store + LOCATION);
    }

    private SSLContext context() {
        TrustManager @Nullable [] trusted = has(TRUST_STORE) ? trusted() : null;
        KeyManager @Nullable [] own = has(KEY_STORE) ? own() : null;
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own, trusted, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This JDK has no TLS", e);
        }
    }

    private TrustManager[] trusted() {
        try {
            KeyStore store = store(TRUST_STORE);
            if (store.size() == 0) {
                throw new IOException("it holds no certificate that can be read without the right password");
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw unusable(TRUST_STORE, e);
        }
    }

    private KeyManager[] own() {
        try {
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(
                    store(KEY_STORE), characters(properties.getOrDefault(KEY_PASSWORD, text(KEY_STORE, PASSWORD, ""))));
            return factory.getKeyManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw unusable(KEY_STORE, e);
        }
    }

    private KeyStore store(String prefix) throws GeneralSecurityException, IOException {
        String type = text(prefix, TYPE, KeyStore.getDefaultType());
        boolean authorities = prefix.equals(TRUST_STORE) && type.equals(PEM);
        try (InputStream file = Files.newInputStream(Path.of(text(prefix, LOCATION, "")))) {
            KeyStore store = KeyStore.getInstance(authorities ? KeyStore.getDefaultType() : type);
            if (!authorities) {
                store.load(file, characters(text(prefix, PASSWORD, "")));
                return store;
            }
            store.load(null, null);
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("authority-" + store.size(), each);
            }
            return store;
        }
    }

    private String text(String prefix, String name, String otherwise) {
        return properties.getOrDefault(prefix + name, otherwise);
    }

    private static char @Nullable [] characters(String password) {
        return password.isEmpty() ? null : password.toCharArray();
    }

    private IllegalArgumentException unusable(String prefix, Exception failure) {
        return new IllegalArgumentException(
                prefix + LOCATION + " is " + text(prefix, LOCATION, "") + ", which cannot be used: " + reason(failure)
                        + "; check that file and " + PREFIX + prefix + "type and password",
                failure);
    }

    private static String reason(Exception failure) {
        return failure instanceof java.nio.file.NoSuchFileException
                ? "there is no such file"
                : String.valueOf(failure.getMessage());
    }
}
