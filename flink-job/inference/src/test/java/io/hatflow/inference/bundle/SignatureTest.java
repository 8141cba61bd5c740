package io.hatflow.inference.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.TestFiles;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a signature is required, nothing else is opened. */
class SignatureTest {

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
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(problem)
                .hasMessageContaining(signer.toString());
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
        assertRefused("it is not signed: manifest.json.sig is missing");
    }

    @Test
    void aBundleThatAnotherKeySignedIsRefused() throws Exception {
        sign(KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate());
        assertRefused("is no signature of this manifest.json");
    }

    @Test
    void aManifestThatWasChangedIsRefusedEvenIfItIsNoneAnyMore() throws IOException {
        byte[] manifest = Files.readAllBytes(folder.resolve("manifest.json"));
        for (int i : new int[] {0, manifest.length / 2, manifest.length - 1}) {
            byte[] changed = manifest.clone();
            changed[i] ^= 1;
            Files.write(folder.resolve("manifest.json"), changed);
            assertRefused("is no signature of this manifest.json");
        }
        Files.write(folder.resolve("manifest.json"), Arrays.copyOf(manifest, manifest.length + 1));
        assertRefused("is no signature of this manifest.json");
    }

    @Test
    void aSignatureThatIsNoneIsRefused() throws IOException {
        byte[] highest = new byte[64];
        Arrays.fill(highest, (byte) 0xff);
        for (byte[] signature : new byte[][] {new byte[0], new byte[64], new byte[65], highest}) {
            Files.write(folder.resolve("manifest.json.sig"), signature);
            assertRefused("is no signature of this manifest.json");
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
                .hasMessageContainingAll(file.toString(), "cannot be read");
        Files.writeString(file, "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n");
        assertThatThrownBy(() -> SignerKey.read(file)).hasMessageContaining("holds no public key");
        byte[] rsa = KeyPairGenerator.getInstance("RSA")
                .generateKeyPair()
                .getPublic()
                .getEncoded();
        Files.writeString(
                file,
                "-----BEGIN PUBLIC KEY-----\n" + Base64.getMimeEncoder().encodeToString(rsa)
                        + "\n-----END PUBLIC KEY-----\n");
        assertThatThrownBy(() -> SignerKey.read(file)).hasMessageContaining("holds no Ed25519 public key");
    }
}
