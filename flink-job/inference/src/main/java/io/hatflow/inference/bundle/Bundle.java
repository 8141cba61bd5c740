package io.hatflow.inference.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A model bundle on disk whose manifest is well-formed and whose files are those that it names: {@code docs/bundle.md}.
 *
 * <p>Whether graph and tokenizer fit is checked where they are opened; the golden cases are replayed by the classifier.
 */
public final class Bundle {

    private static final String SIGNATURE = "manifest.json.sig";

    private final Path folder;
    private final Manifest manifest;
    private final String digest;
    private final List<GoldenCase> goldenCases;

    private Bundle(Path folder, Manifest manifest, String digest, List<GoldenCase> goldenCases) {
        this.folder = folder;
        this.manifest = manifest;
        this.digest = digest;
        this.goldenCases = List.copyOf(goldenCases);
    }

    /**
     * Read a bundle and check that it is the one that was written.
     *
     * @throws BundleException listing every problem, if it is not a bundle of a known format or its files are not those of the manifest
     */
    public static Bundle open(Path folder) {
        return open(folder, null);
    }

    /**
     * As {@link #open(Path)}, where somebody must have signed the bundle. That is looked at before anything that the bundle says.
     *
     * @param signer who; null if nobody must
     */
    public static Bundle open(Path folder, @Nullable SignerKey signer) {
        byte[] bytes = manifestBytes(folder);
        if (signer != null) {
            requireSignature(folder, bytes, signer);
        }
        Manifest manifest = ManifestReader.read(folder, bytes);
        List<String> problems = fileProblems(folder, manifest);
        List<GoldenCase> goldenCases = problems.isEmpty() ? GoldenReader.read(folder, manifest, problems) : List.of();
        if (!problems.isEmpty()) {
            throw new BundleException(folder, problems);
        }
        return new Bundle(folder, manifest, HexFormat.of().formatHex(sha256().digest(bytes)), goldenCases);
    }

    /**
     * What tells the content of a bundle from any other's, without reading more of it than its manifest: {@link BundleInfo#digest}.
     *
     * @throws BundleException if there is no manifest
     */
    public static String digest(Path folder) {
        return HexFormat.of().formatHex(sha256().digest(manifestBytes(folder)));
    }

    public Path folder() {
        return folder;
    }

    public Path model() {
        return folder.resolve("model.onnx");
    }

    public Path tokenizer() {
        return folder.resolve("tokenizer.json");
    }

    public Manifest manifest() {
        return manifest;
    }

    public List<GoldenCase> goldenCases() {
        return goldenCases;
    }

    public BundleInfo info() {
        return new BundleInfo(
                manifest.name(),
                manifest.version(),
                digest,
                manifest.task(),
                manifest.problemType(),
                manifest.precision().toString(),
                manifest.labels().stream().map(Manifest.Label::name).toList());
    }

    private static void requireSignature(Path folder, byte[] manifest, SignerKey signer) {
        Path path = folder.resolve(SIGNATURE);
        if (!Files.isRegularFile(path)) {
            throw new BundleException(
                    folder,
                    List.of("it is not signed: " + SIGNATURE + " is missing, but a signature by the key " + signer
                            + " is required; get it from the bundle's maker, or sign it as docs/bundle.md says"));
        }
        try {
            if (signer.signed(manifest, Files.readAllBytes(path))) {
                return;
            }
        } catch (IOException e) {
            throw new BundleException(folder, List.of(SIGNATURE + " cannot be read: " + Sentences.of(e)));
        }
        throw new BundleException(
                folder,
                List.of(SIGNATURE + " is not a signature of this " + ManifestReader.MANIFEST + " by the key " + signer
                        + ": the manifest was changed after it was signed, or somebody else signed it; get the bundle again from"
                        + " its maker, or give the public key of its signer"));
    }

    private static byte[] manifestBytes(Path folder) {
        Path path = folder.resolve(ManifestReader.MANIFEST);
        try {
            if (Files.isRegularFile(path)) {
                if (leadsOutside(folder, path)) {
                    throw new BundleException(
                            folder,
                            List.of(path.getFileName() + " is a link to " + path.toRealPath()
                                    + ", outside the bundle; copy the bundle with its files (cp -rL)"));
                }
                return Files.readAllBytes(path);
            }
        } catch (IOException e) {
            throw new BundleException(folder, List.of(path.getFileName() + " cannot be read: " + Sentences.of(e)));
        }
        String found = Files.isDirectory(folder)
                ? "it has no " + ManifestReader.MANIFEST
                : Files.exists(folder) ? "it is a file; unpack it if it is an archive" : "there is no such folder";
        throw new BundleException(
                folder, List.of(found + "; expected a folder written by `python -m onnx_export bundle`"));
    }

    /** Links within the folder are fine: Kubernetes mounts files so. */
    private static boolean leadsOutside(Path folder, Path file) throws IOException {
        return !file.toRealPath().startsWith(folder.toRealPath());
    }

    private static List<String> fileProblems(Path folder, Manifest manifest) {
        List<String> problems = new ArrayList<>();
        new TreeMap<>(manifest.files()).forEach((name, expected) -> {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) {
                problems.add(
                        name + (Files.exists(file) ? " is not a file" : " is missing") + "; copy the bundle again");
                return;
            }
            try {
                if (leadsOutside(folder, file)) {
                    problems.add(name + " is a link to " + file.toRealPath()
                            + ", outside the bundle; copy the bundle with its files (cp -rL)");
                    return;
                }
                long bytes = Files.size(file);
                if (bytes != expected.bytes()) {
                    problems.add("%s has %d bytes, the manifest says %d; copy the bundle again"
                            .formatted(name, bytes, expected.bytes()));
                    return;
                }
                String sum = sha256(file);
                if (!sum.equals(expected.sha256())) {
                    problems.add(name + " has SHA-256 " + sum + ", the manifest says " + expected.sha256()
                            + "; copy the bundle again, or export it again if the file was changed on purpose");
                }
            } catch (IOException e) {
                problems.add(name + " cannot be read: " + Sentences.of(e));
            }
        });
        return problems;
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream stream = new DigestInputStream(Files.newInputStream(file), digest)) {
            stream.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
