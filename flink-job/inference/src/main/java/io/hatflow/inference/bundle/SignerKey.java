package io.hatflow.inference.bundle;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The public key of whoever signs bundles, by Ed25519 (RFC 8032). What it has signed is a bundle's manifest, which holds the checksums of
 * all other files: {@code docs/bundle.md}.
 */
public record SignerKey(PublicKey key) implements Serializable {

    private static final String ALGORITHM = "Ed25519";
    private static final int SIGNATURE_BYTES = 64;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----");

    /**
     * Read a key.
     *
     * @param pem an X.509 SubjectPublicKeyInfo as {@code openssl pkey -pubout} writes it
     * @throws IllegalArgumentException if the file holds no such key
     */
    public static SignerKey read(Path pem) {
        try {
            Matcher matcher = PEM.matcher(Files.readString(pem, StandardCharsets.US_ASCII));
            if (!matcher.find()) {
                throw new IllegalArgumentException(
                        pem + " holds no public key, expected -----BEGIN PUBLIC KEY-----, as written by"
                                + " openssl pkey -in KEY -pubout");
            }
            byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
            return new SignerKey(KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded)));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    pem + " cannot be read (" + e + "), expected the PEM file of an Ed25519 public key", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    pem + " holds no Ed25519 public key, expected that of openssl genpkey -algorithm ed25519", e);
        }
    }

    /** Whether this key's owner has signed these bytes. */
    boolean signed(byte[] bytes, byte[] signature) {
        if (signature.length != SIGNATURE_BYTES) {
            return false;
        }
        try {
            Signature verifier = Signature.getInstance(ALGORITHM);
            verifier.initVerify(key);
            verifier.update(bytes);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // Of a signature, this says that its numbers are out of range.
            return false;
        }
    }

    /** What tells keys apart. */
    @Override
    public String toString() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return "Ed25519 SHA-256:" + HexFormat.of().formatHex(digest, 0, 8);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
