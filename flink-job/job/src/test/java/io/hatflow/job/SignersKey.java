package io.hatflow.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.Base64;

/**
 * The public key of somebody who signs bundles.
 *
 * @param file holds it in PEM
 */
record SignersKey(PublicKey key, Path file) {

    /** A new one, written to {@code key.pem}. */
    static SignersKey in(Path folder) throws IOException, NoSuchAlgorithmException {
        PublicKey key =
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic();
        String pem = "-----BEGIN PUBLIC KEY-----\n" + Base64.getEncoder().encodeToString(key.getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
        return new SignersKey(key, Files.writeString(folder.resolve("key.pem"), pem));
    }
}
