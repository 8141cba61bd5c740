package io.hatflow.inference.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.TroubleshootingPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a signature is required, nothing else is opened. */
class SignatureTest {

    private static final String UNSIGNED =
            "it is not signed: manifest.json.sig is missing, but a signature by the key … is required; get it"
                    + " from the bundle's maker, or sign it as docs/bundle.md says";
    private static final String NO_SIGNATURE =
            "manifest.json.sig is not a signature of this manifest.json by the key …: the manifest was changed"
                    + " after it was signed, or somebody else signed it; get the bundle again from its maker, or give the public key of"
                    + " its signer";
    private static final String UNREADABLE_KEY = "… cannot be read (…), expected the PEM file of an Ed25519 public key";
    private static final String NO_KEY =
            "… holds no public key, expected -----BEGIN PUBLIC KEY-----, as written by openssl pkey -in KEY"
                    + " -pubout";
    private static final String ANOTHER_KIND_OF_KEY =
            "… holds no Ed25519 public key, expected that of openssl genpkey -algorithm ed25519";

    /** Made by the commands of docs/bundle.md. */
    private static final Path BY_OPENSSL = TestFiles.RESOURCES.resolve("signature");

    private final Path folder;
    private final KeyPair keys;
    private final SignerKey signer;

    SignatureTest(@TempDir Path folder) throws GeneralSecurityException {
        this.folder = TestFiles.copyOf(TestFiles.TINY_SEGMENTS, folder);
        this.keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        this.signer = new SignerKey(keys.getPublic());
    }

    @BeforeEach
    void sign() throws Exception {
        sign(keys.getPrivate());
    }

    private void sign(PrivateKey key) throws Exception {
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(key);
        signature.update(Files.readAllBytes(folder.resolve("manifest.json")));
        Files.write(folder.resolve("manifest.json.sig"), signature.sign());
    }

    private void assertRefused(String problem) {
        assertThatThrownBy(() -> Bundle.open(folder, signer))
                .isInstanceOfSatisfying(BundleException.class, refusal -> assertThat(refusal.problems())
                        .singleElement(STRING)
                        .matches(TroubleshootingPage.pattern(problem))
                        .contains(signer.toString()));
    }

    @Test
    void aBundleWithTheSignatureOpens() {
        DocumentClassifier.open(folder, ClassifierSettings.defaults(), signer).close();
    }

    @Test
    void whereNoneIsRequiredNoneIsLookedAt() throws IOException {
        Files.writeString(folder.resolve("manifest.json.sig"), "no signature");
        assertThat(Bundle.open(folder).manifest().name()).isEqualTo("tiny-segments");
    }

    @Test
    void aBundleWithoutSignatureIsRefused() throws IOException {
        Files.delete(folder.resolve("manifest.json.sig"));
        assertRefused(UNSIGNED);
    }

    @Test
    void aBundleThatAnotherKeySignedIsRefused() throws Exception {
        sign(KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate());
        assertRefused(NO_SIGNATURE);
    }

    @Test
    void aManifestThatWasChangedIsRefusedEvenIfItIsNoneAnyMore() throws IOException {
        byte[] manifest = Files.readAllBytes(folder.resolve("manifest.json"));
        for (int i : new int[] {0, manifest.length / 2, manifest.length - 1}) {
            byte[] changed = manifest.clone();
            changed[i] ^= 1;
            Files.write(folder.resolve("manifest.json"), changed);
            assertRefused(NO_SIGNATURE);
        }
        Files.write(folder.resolve("manifest.json"), Arrays.copyOf(manifest, manifest.length + 1));
        assertRefused(NO_SIGNATURE);
    }

    @Test
    void aSignatureThatIsNoneIsRefused() throws IOException {
        byte[] highest = new byte[64];
        Arrays.fill(highest, (byte) 0xff);
        for (byte[] signature : new byte[][] {new byte[0], new byte[64], new byte[65], highest}) {
            Files.write(folder.resolve("manifest.json.sig"), signature);
            assertRefused(NO_SIGNATURE);
        }
    }

    @Test
    void anyOtherFileThatWasChangedIsRefusedByItsChecksum() throws IOException {
        byte[] model = Files.readAllBytes(folder.resolve("model.onnx"));
        model[model.length / 2] ^= 1;
        Files.write(folder.resolve("model.onnx"), model);
        assertThatThrownBy(() -> Bundle.open(folder, signer))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("model.onnx has SHA-256");
    }

    @Test
    void whatOpensslSignsIsSigned() throws IOException {
        SignerKey openssl = SignerKey.read(BY_OPENSSL.resolve("public.pem"));
        byte[] manifest = Files.readAllBytes(BY_OPENSSL.resolve("manifest.json"));
        byte[] signature = Files.readAllBytes(BY_OPENSSL.resolve("manifest.json.sig"));
        assertThat(openssl.signed(manifest, signature)).isTrue();
        assertThat(signer.signed(manifest, signature)).isFalse();
        manifest[0] ^= 1;
        assertThat(openssl.signed(manifest, signature)).isFalse();
    }

    @Test
    void aFileThatHoldsNoSuchKeyIsRefused() throws Exception {
        Path file = folder.resolve("key.pem");
        assertThatThrownBy(() -> SignerKey.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches(TroubleshootingPage.pattern(UNREADABLE_KEY))
                .contains(file.toString());
        Files.writeString(file, "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n");
        assertThatThrownBy(() -> SignerKey.read(file)).message().matches(TroubleshootingPage.pattern(NO_KEY));
        byte[] rsa = KeyPairGenerator.getInstance("RSA")
                .generateKeyPair()
                .getPublic()
                .getEncoded();
        Files.writeString(
                file,
                "-----BEGIN PUBLIC KEY-----\n" + Base64.getMimeEncoder().encodeToString(rsa)
                        + "\n-----END PUBLIC KEY-----\n");
        assertThatThrownBy(() -> SignerKey.read(file))
                .message()
                .matches(TroubleshootingPage.pattern(ANOTHER_KIND_OF_KEY));
    }

    @Test
    void thePageExplainsAllRefusals() {
        TroubleshootingPage.assertExplains(
                "Signatures", Stream.of(UNSIGNED, NO_SIGNATURE, UNREADABLE_KEY, NO_KEY, ANOTHER_KIND_OF_KEY));
    }
}
