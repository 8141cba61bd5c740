package io.hatflow.inference.bundle;

import static io.hatflow.inference.bundle.DamagedBundle.array;
import static io.hatflow.inference.bundle.DamagedBundle.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.LanguageModel;
import io.hatflow.inference.LanguageModelSettings;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.TroubleshootingPage;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bundles that do not keep what they promise, how each is made, and what a person sees. In messages {@code …} stands for what differs
 * from case to case.
 */
class WrongBundlesTest {

    /** A tokenizer of whole words, where that of the bundle has pieces of them. */
    private static final String WORDS = """
            {"model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "the": 1}, "unk_token": "[UNK]"},
             "pre_tokenizer": {"type": "Whitespace"}}""";

    /** A tokenizer that leaves nothing of a text. */
    private static final String NOTHING = """
            {"model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
             "normalizer": {"type": "Replace", "pattern": {"Regex": "."}, "content": ""},
             "pre_tokenizer": {"type": "Whitespace"}}""";

    static Stream<Wrong> wrongBundles() {
        return Stream.of(
                // The folder.
                wrong(
                        "no such folder",
                        DamagedBundle::delete,
                        "there is no such folder; expected a folder written by `python -m onnx_export bundle`"),
                wrong(
                        "an empty folder",
                        DamagedBundle::empty,
                        "it has no manifest.json; expected a folder written by `python -m onnx_export bundle`"),
                wrong(
                        "an archive",
                        DamagedBundle::archive,
                        "it is a file; unpack it if it is an archive; expected a folder written by `python -m onnx_export bundle`"),
                wrong(
                        "a folder around the bundle",
                        DamagedBundle::nest,
                        "it has no manifest.json; expected a folder written by `python -m onnx_export bundle`"),
                // The manifest as a text.
                wrong(
                        "an empty manifest",
                        bundle -> bundle.manifest(""),
                        "manifest.json is empty, expected a JSON object"),
                wrong(
                        "a manifest that ends early",
                        bundle -> bundle.manifest("{\"name\": "),
                        "manifest.json is not JSON: Unexpected end-of-input within/between Object entries (line 1, column 10)"),
                wrong(
                        "a manifest in YAML",
                        bundle -> bundle.manifest("name: tiny"),
                        "manifest.json is not JSON: Unrecognized token 'name': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') (line 1, column 1)"),
                wrong(
                        "a manifest that is a list",
                        bundle -> bundle.manifest("[]"),
                        "manifest.json: array found, object expected"),
                wrong(
                        "two manifests in one file",
                        bundle -> bundle.manifest("{} {}"),
                        "manifest.json is not JSON: something follows its end (line 1, column 4)"),
                wrong(
                        "a key that is there twice",
                        bundle -> bundle.manifest("{\"name\": \"a\", \"name\": \"b\"}"),
                        "manifest.json is not JSON: Duplicate field 'name' (line 1, column 21)"),
                wrong(
                        "a manifest in Latin-1",
                        bundle -> bundle.write("manifest.json", new byte[] {'"', (byte) 0xE4, '"'}),
                        "manifest.json is not UTF-8, expected a JSON object"),
                // What the manifest says, by its schema.
                wrong(
                        "a key that is missing",
                        bundle -> bundle.manifest(manifest -> manifest.remove("segmentation")),
                        "manifest.json: required property 'segmentation' not found"),
                wrong(
                        "a key that is misspelt",
                        bundle -> bundle.manifest(manifest -> manifest.put("segment_lenght", 16)),
                        "manifest.json: property 'segment_lenght' is not defined in the schema and the schema does not allow additional properties"),
                wrong(
                        "a number as text",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("segment_length", "16")),
                        "manifest.json at /segmentation/segment_length is \"16\": string found, integer expected"),
                wrong(
                        "segments of one token",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("segment_length", 1)),
                        "manifest.json at /segmentation/segment_length is 1: must have a minimum value of 2"),
                wrong(
                        "half a token id",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "special_tokens").put("cls", 2.5)),
                        "manifest.json at /special_tokens/cls is 2.5: number found, integer expected"),
                wrong(
                        "a token id beyond 32 bits",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "special_tokens").put("cls", 1L << 40)),
                        "manifest.json: Numeric value (1099511627776) out of range of int (-2147483648 - 2147483647)"),
                wrong(
                        "a task that there is not",
                        bundle -> bundle.manifest(manifest -> manifest.put("task", "translation")),
                        "manifest.json at /task is \"translation\": does not have a value in the enumeration [\"document-classification\", \"segment-classification\", \"token-classification\", \"multiple-choice\", \"masked-lm\", \"embedding\", \"language-model\"]"),
                wrong(
                        "a format of the future",
                        bundle -> bundle.manifest(manifest -> manifest.put("format_version", "2.0")),
                        "its format_version is 2.0, but this release reads 1.x; export it again with this release's onnx_export, or upgrade"),
                wrong(
                        "a format that is no version",
                        bundle -> bundle.manifest(manifest -> manifest.put("format_version", "one")),
                        "manifest.json at /format_version is \"one\": does not match the regex pattern ^1\\.[0-9]+$"),
                wrong(
                        "a name with a space",
                        bundle -> bundle.manifest(manifest -> manifest.put("name", "Mein Modell")),
                        "manifest.json at /name is \"Mein Modell\": does not match the regex pattern ^[a-z0-9][a-z0-9._-]*$"),
                wrong(
                        "pooling where nothing is pooled",
                        bundle -> bundle.manifest(manifest -> manifest.put("pooling", "max")),
                        "manifest.json at /pooling: has no meaning for the task segment-classification of the architecture hat, expected none"),
                wrong(
                        "no labels",
                        bundle -> bundle.manifest(
                                manifest -> array(manifest, "labels").removeAll()),
                        "manifest.json at /labels: must have at least 1 items but found 0"),
                wrong(
                        "no checksum of the graph",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "files").remove("model.onnx")),
                        "manifest.json at /files: required property 'model.onnx' not found"),
                wrong(
                        "a file outside the folder",
                        bundle -> bundle.manifest(manifest ->
                                object(manifest, "files").set("../secret", manifest.at("/files/README.md"))),
                        "manifest.json at /files: property '../secret' name is not valid: does not match the regex pattern ^[A-Za-z0-9][A-Za-z0-9._-]*$"),
                wrong(
                        "a file at an absolute path",
                        bundle -> bundle.manifest(manifest ->
                                object(manifest, "files").set("/etc/passwd", manifest.at("/files/README.md"))),
                        "manifest.json at /files: property '/etc/passwd' name is not valid: does not match the regex pattern ^[A-Za-z0-9][A-Za-z0-9._-]*$"),
                wrong(
                        "a checksum that is none",
                        bundle -> bundle.manifest(manifest ->
                                object(manifest, "files", "README.md").put("sha256", "abc")),
                        "manifest.json at /files/README.md/sha256 is \"abc\": does not match the regex pattern ^[0-9a-f]{64}$"),
                // What the manifest says, and no schema can refuse.
                wrong(
                        "windows that do not move on",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("window_overlap", 6)),
                        "window_overlap is 6, expected less than max_segments, which is 6"),
                wrong(
                        "a label that is there twice",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "labels", "1").put("name", "payment")),
                        "label 'payment' is listed 2 times, expected each label once"),
                wrong(
                        "a threshold beyond all numbers",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "labels", "1").put("threshold", 1e300)),
                        "label 'termination' has a threshold beyond all numbers, expected one such as 0.5"),
                wrong(
                        "a number beyond all numbers",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "labels", "1").put("threshold", new BigDecimal("1e999"))),
                        "manifest.json at /labels/1/threshold: a number beyond all that a double holds, expected a smaller one"),
                wrong(
                        "an architecture that there is not",
                        bundle -> bundle.manifest(manifest -> manifest.put("architecture", "longformer")),
                        "manifest.json at /architecture is \"longformer\": does not have a value in the enumeration [\"hat\", \"encoder\", \"hourglass\"]"),
                wrong(
                        "the other architecture",
                        bundle -> bundle.manifest(manifest -> manifest.put("architecture", "hourglass")),
                        "manifest.json at /task is \"segment-classification\": the architecture hourglass has no such task, expected one that docs/bundle.md lists for it"),
                wrong(
                        "windows of symbols where there are segments",
                        bundle -> bundle.manifest(manifest ->
                                manifest.putObject("windows").put("length", 8).put("overlap", 4)),
                        "manifest.json at /windows: has no meaning for the task segment-classification of the architecture hat, expected none"),
                // The files.
                wrong(
                        "a file that is missing",
                        bundle -> bundle.delete("README.md"),
                        "README.md is missing; copy the bundle again"),
                wrong(
                        "a folder in place of a file",
                        bundle -> bundle.folderFor("model.onnx"),
                        "model.onnx is not a file; copy the bundle again"),
                wrong(
                        "model.onnx cut off",
                        bundle -> bundle.cut("model.onnx"),
                        "model.onnx has … bytes, the manifest says …; copy the bundle again"),
                wrong(
                        "tokenizer.json cut off",
                        bundle -> bundle.cut("tokenizer.json"),
                        "tokenizer.json has 2896 bytes, the manifest says 2897; copy the bundle again"),
                wrong(
                        "golden.jsonl cut off",
                        bundle -> bundle.cut("golden.jsonl"),
                        "golden.jsonl has 14513 bytes, the manifest says 14514; copy the bundle again"),
                wrong(
                        "one bit of the graph changed",
                        bundle -> bundle.flip("model.onnx"),
                        "model.onnx has SHA-256 …, the manifest says …; copy the bundle again, or export it again if the file was changed on purpose"),
                wrong(
                        "a link to a file outside",
                        bundle -> bundle.link("model.onnx"),
                        "model.onnx is a link to …/outside-model.onnx, outside the bundle; copy the bundle with its files (cp -rL)"),
                wrong(
                        "a link to a manifest outside",
                        bundle -> bundle.link("manifest.json"),
                        "manifest.json is a link to …/outside-manifest.json, outside the bundle; copy the bundle with its files (cp -rL)"),
                // Another task than classification.
                wrong(
                        "a bundle of another task",
                        bundle -> bundle.become("tiny-vectors"),
                        "its task is embedding, expected document-classification or segment-classification or token-classification or language-model; give the folder of a bundle that was exported from a checkpoint with such a head"),
                wrongLanguage(
                        "labels in place of a language model",
                        bundle -> bundle.become("tiny-segments"),
                        "its task is segment-classification, expected language-model; give the folder of a bundle that was exported from a checkpoint with such a head"),
                // Models that read symbols.
                wrongLanguage(
                        "segments where there are windows of symbols",
                        bundle -> bundle.manifest(
                                manifest -> manifest.putObject("text").put("cleaning", "pdf")),
                        "manifest.json at /text: has no meaning for the task language-model of the architecture hourglass, expected none"),
                wrongLanguage(
                        "a task of the other architecture",
                        bundle -> bundle.manifest(manifest -> manifest.put("task", "masked-lm")),
                        "manifest.json at /task is \"masked-lm\": the architecture hourglass has no such task, expected one that docs/bundle.md lists for it"),
                wrongLanguage(
                        "a vocabulary of bytes",
                        bundle -> bundle.manifest(manifest -> object(manifest, "symbols")
                                .putArray("vocabulary")
                                .add("a")),
                        "manifest.json at /symbols/vocabulary: has no meaning for symbols of the kind bytes, expected none"),
                wrongLanguage(
                        "nothing said of the first symbol",
                        bundle -> bundle.manifest(manifest -> manifest.remove("scores_first_symbol")),
                        "manifest.json: required property 'scores_first_symbol' not found"),
                wrongLanguage(
                        "a language model without its labels",
                        bundle -> bundle.manifest(manifest -> manifest.remove("labels")),
                        "manifest.json: required property 'labels' not found"),
                wrongLanguage(
                        "other labels of a language model",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "labels", "1").put("name", "noise")),
                        "manifest.json at /labels/1/name is \"noise\": must be the constant value 'garbled-passage'"),
                wrongLanguage(
                        "windows that share symbols and leave some out",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "windows").put("gap", 10)),
                        "manifest.json at /windows/overlap: has no meaning beside a gap, expected one of the two"),
                wrongLanguage(
                        "windows of which nothing is said but their length",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "windows").remove("overlap")),
                        "manifest.json at /windows: required property 'overlap' not found"),
                wrong(
                        "a classifier with gaps between its windows",
                        bundle -> {
                            bundle.become("tiny-bytes");
                            bundle.manifest(manifest -> manifest.putObject("windows")
                                    .put("length", 48)
                                    .put("gap", 48));
                        },
                        "manifest.json at /windows/gap: a model for document-classification must see all of a text, or it would miss the labels of what stands in the gaps; expected overlap"),
                wrongLanguage(
                        "windows longer than any model's",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "windows").put("length", 1 << 30)),
                        "manifest.json at /windows/length is 1073741824: must have a maximum value of 65536"),
                wrongLanguage(
                        "windows of symbols that do not move on",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "windows").put("overlap", 48)),
                        "windows.overlap is 48, expected less than windows.length, which is 48"),
                wrongLanguage(
                        "a character that is there twice",
                        bundle -> {
                            bundle.become("tiny-language-fixed");
                            bundle.manifest(manifest ->
                                    array(manifest, "symbols", "vocabulary").set(1, "z"));
                        },
                        "character 'z' is listed 2 times, expected each character once"),
                wrongLanguage(
                        "a graph that is not asked where windows begin",
                        bundle -> {
                            bundle.become("tiny-language-fixed");
                            bundle.manifest(
                                    manifest -> object(manifest, "shortening").put("boundaries", "levels"));
                        },
                        "model.onnx input offset int64[W] is unknown, expected [input_ids, attention_mask] alone"),
                wrongLanguage(
                        "a graph that does not ask",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "shortening").put("boundaries", "fixed")),
                        "the manifest's graph input offset is missing, expected offset int64[W]; there are [attention_mask int64[W, L], input_ids int64[W, L]]",
                        "model.onnx input offset is missing, expected offset int64[W]; there are [attention_mask int64[W, L], input_ids int64[W, L]]"),
                wrongLanguage(
                        "the graph of a classifier",
                        bundle -> bundle.replace("model.onnx", TestFiles.TINY_BYTES.resolve("model.onnx")),
                        "model.onnx output log_likelihood is missing, expected log_likelihood float32[W, L]; there are [logits float32[W, 3]]"),
                wrongLanguage(
                        "other windows of symbols",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "windows").put("overlap", 20)),
                        "golden input 'clause': its windows differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again (5 such inputs)"),
                wrongLanguage(
                        "another vocabulary",
                        bundle -> {
                            bundle.become("tiny-language-fixed");
                            bundle.manifest(manifest ->
                                    array(manifest, "symbols", "vocabulary").set(1, "\u00EB"));
                        },
                        "golden input 'word': the character at 3 is none of the 27 that the model knows, expected a text of those alone; the manifest was changed, or another release exported it: export the bundle again (7 such inputs)"),
                wrongLanguage(
                        "no symbols",
                        bundle -> bundle.golden(golden -> golden.remove(List.of("symbols", "symbol_offsets"))),
                        "golden.jsonl line 1 has no symbols, symbol_offsets; export the bundle again"),
                wrongLanguage(
                        "no log-likelihoods",
                        bundle -> bundle.golden(golden -> golden.remove("log_likelihoods")),
                        "golden.jsonl line 1 has 0 scores, expected what a model for language-model answers; export the bundle again"),
                wrongLanguage(
                        "a log-likelihood too few",
                        bundle -> bundle.golden(
                                golden -> array(golden, "log_likelihoods").remove(0)),
                        "golden.jsonl line 1 has log_likelihoods for 5 symbols, but 6 symbols; export the bundle again"),
                wrongLanguage(
                        "other symbols",
                        bundle ->
                                bundle.golden(golden -> array(golden, "symbols").set(0, 3)),
                        "golden input 'word': its symbols differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again"),
                wrongLanguage(
                        "other symbol offsets",
                        bundle -> bundle.golden(
                                golden -> array(golden, "symbol_offsets", "0").set(1, 99)),
                        "golden input 'word': its symbol offsets differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again"),
                wrongLanguage(
                        "log-likelihoods that nobody computes",
                        bundle -> bundle.golden(
                                golden -> array(golden, "log_likelihoods").set(0, -2000)),
                        "golden input 'word': its log-likelihoods differ from the exporter's by … on average, expected at most 0.0001; graph or manifest were changed, or this processor rounds differently (docs/precision.md): export the bundle again"),
                // The graph.
                wrong(
                        "text in place of a graph",
                        bundle -> bundle.replace("model.onnx", "no graph"),
                        "ONNX Runtime cannot load …/model.onnx: … failed:Protobuf parsing failed.; export the bundle again"),
                wrong(
                        "nothing in place of a graph",
                        bundle -> bundle.replace("model.onnx", ""),
                        "ONNX Runtime cannot load …/model.onnx: … ModelProto does not have a graph.; export the bundle again"),
                wrong(
                        "an input of another name",
                        bundle -> bundle.graph("segment_index", "segment_place"),
                        "model.onnx input segment_index is missing, expected segment_index int64[S]; there are [attention_mask int64[S, 16], document_index int64[S], input_ids int64[S, 16], segment_place int64[S]]",
                        "model.onnx input segment_place int64[S] is unknown, expected [input_ids, attention_mask, document_index, segment_index] alone"),
                wrong(
                        "an output of another name",
                        bundle -> bundle.graph("segment_logits", "segment_scores"),
                        "model.onnx output segment_logits is missing, expected segment_logits float32[S, 4]; there are [segment_scores float32[S, 4]]"),
                wrong(
                        "an input of another type",
                        bundle -> bundle.wrongGraph("int32-tokens"),
                        "model.onnx input is input_ids int32[S, 16], expected input_ids int64[S, 16]"),
                wrong(
                        "a batch of a fixed size",
                        bundle -> bundle.wrongGraph("fixed-batch"),
                        "model.onnx input is input_ids int64[4, 16], expected input_ids int64[S, 16]",
                        "model.onnx output is segment_logits float32[4, 4], expected segment_logits float32[S, 4]"),
                wrong(
                        "an input of another rank",
                        bundle -> bundle.wrongGraph("flat-index"),
                        "model.onnx input is segment_index int64[S, 1], expected segment_index int64[S]"),
                wrong(
                        "an input too many",
                        bundle -> bundle.wrongGraph("fifth-input"),
                        "model.onnx input token_type_ids int64[S, 16] is unknown, expected [input_ids, attention_mask, document_index, segment_index] alone"),
                wrong(
                        "the graph of another bundle",
                        bundle -> bundle.replace("model.onnx", TestFiles.TINY_DOCUMENTS.resolve("model.onnx")),
                        "model.onnx output is segment_logits float32[S, 3], expected segment_logits float32[S, 4]"),
                wrong(
                        "a graph of another vocabulary",
                        bundle -> bundle.replace("model.onnx", TestFiles.FIXTURES.resolve("sentcls/model.onnx")),
                        "golden input 'clause': the model fails on this document: … indices element out of data bounds, idx=193 must be within the inclusive range [-160,159]; the graph was made for another vocabulary or other segments: export the bundle again (6 such inputs)",
                        "golden input 'word': its scores differ from the exporter's by up to …, expected at most 0.0001; graph or manifest were changed, or this processor rounds differently (docs/precision.md): export the bundle again"),
                // Sizes that contradict the graph.
                wrong(
                        "another segment length",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("segment_length", 17)),
                        "the manifest's graph input is input_ids int64[S, 16], expected input_ids int64[S, 17]",
                        "the manifest's graph input is attention_mask int64[S, 16], expected attention_mask int64[S, 17]",
                        "model.onnx input is input_ids int64[S, 16], expected input_ids int64[S, 17]",
                        "model.onnx input is attention_mask int64[S, 16], expected attention_mask int64[S, 17]"),
                wrong(
                        "more segments than the graph knows",
                        bundle -> {
                            bundle.manifest(
                                    manifest -> object(manifest, "segmentation").put("max_segments", 40));
                            bundle.golden(golden -> {});
                        },
                        "a document of max_segments = 40 segments: the model fails on this document: … indices element out of data bounds, idx=7 must be within the inclusive range [-7,6]; the graph was made for another vocabulary or other segments: export the bundle again"),
                wrong(
                        "fewer segments",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("max_segments", 4)),
                        "golden input 'clause': its windows differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again (5 such inputs)"),
                wrong(
                        "an input that the manifest leaves out",
                        bundle -> bundle.manifest(
                                manifest -> array(manifest, "graph", "inputs").remove(0)),
                        "the manifest's graph input input_ids is missing, expected input_ids int64[S, 16]; there are [attention_mask int64[S, 16], document_index int64[S], segment_index int64[S]]"),
                wrong(
                        "another type in the manifest",
                        bundle -> bundle.manifest(manifest ->
                                object(manifest, "graph", "outputs", "0").put("type", "float16")),
                        "the manifest's graph output is segment_logits float16[S, 4], expected segment_logits float32[S, 4]"),
                wrong(
                        "a label too few",
                        bundle -> bundle.manifest(
                                manifest -> array(manifest, "labels").remove(0)),
                        "golden.jsonl line 1 has 4 scores, expected one for each of the 3 labels; export the bundle again"),
                wrong(
                        "a CLS id beyond the vocabulary",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "special_tokens").put("cls", 40000)),
                        "golden input 'word': the model fails: … indices element out of data bounds, idx=40000 must be within the inclusive range [-200,199]; the graph was made for another vocabulary or other segments: export the bundle again (7 such inputs)"),
                wrong(
                        "the CLS id of another token",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "special_tokens").put("cls", 5)),
                        "golden input 'word': its scores differ from the exporter's by up to …, expected at most 0.0001; graph or manifest were changed, or this processor rounds differently (docs/precision.md): export the bundle again (7 such inputs)"),
                // Tags of tokens.
                wrongTags(
                        "a label that no tag stands for",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "labels", "1").put("name", "CITY")),
                        "labels are [PER, CITY, DATE], expected those of the tags, [PER, PLACE, DATE]"),
                wrongTags(
                        "no tags",
                        bundle -> bundle.manifest(manifest -> manifest.remove("tags")),
                        "manifest.json: required property 'tags' not found"),
                wrongTags(
                        "segments that do not end",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "special_tokens").remove("sep")),
                        "manifest.json at /special_tokens: required property 'sep' not found"),
                wrongTags(
                        "segments that look at each other",
                        bundle -> bundle.manifest(
                                manifest -> object(manifest, "segmentation").put("max_segments", 2)),
                        "manifest.json at /segmentation/max_segments is 2: must be the constant value '1'"),
                // The tokenizer.
                wrong(
                        "text in place of a tokenizer",
                        bundle -> bundle.replace("tokenizer.json", "hello"),
                        "…/tokenizer.json is not a tokenizer in the Hugging Face tokenizers format: expected value at line 1 column 1; export the bundle again"),
                wrong(
                        "JSON that is no tokenizer",
                        bundle -> bundle.replace("tokenizer.json", "{}"),
                        "…/tokenizer.json is not a tokenizer in the Hugging Face tokenizers format: Model missing. at line 1 column 2; export the bundle again"),
                wrong(
                        "a tokenizer of another vocabulary",
                        bundle ->
                                bundle.replace("tokenizer.json", TestFiles.CONTRACT_CLAUSES.resolve("tokenizer.json")),
                        "golden input 'word': its token ids differ from the exporter's; tokenizer.json is not the one that the model was exported with: export the bundle again (7 such inputs)"),
                wrong(
                        "a tokenizer of another family",
                        bundle -> bundle.replace("tokenizer.json", WORDS),
                        "golden input 'word': its token ids differ from the exporter's; tokenizer.json is not the one that the model was exported with: export the bundle again (7 such inputs)"),
                wrong(
                        "a tokenizer that finds nothing",
                        bundle -> bundle.replace("tokenizer.json", NOTHING),
                        "golden input 'word': the tokenizer finds no token in the text; tokenizer.json is not the one that the model was exported with: export the bundle again (7 such inputs)"),
                // The golden inputs.
                wrong(
                        "no golden input",
                        bundle -> bundle.replace("golden.jsonl", ""),
                        "golden.jsonl is empty, but a bundle that cannot be tested is not trusted; export the bundle again"),
                wrong(
                        "null",
                        bundle -> bundle.replace("golden.jsonl", "null"),
                        "golden.jsonl line 1 is null, expected a JSON object; export the bundle again"),
                wrong(
                        "an empty object",
                        bundle -> bundle.replace("golden.jsonl", "{}"),
                        "golden.jsonl line 1 has no id, text, token_ids, token_offsets, segments, windows; export the bundle again"),
                wrong(
                        "a line that is no JSON",
                        bundle -> bundle.replace("golden.jsonl", "text"),
                        "golden.jsonl line 1 is not a golden input: Unrecognized token 'text': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') (line 1, column 1); export the bundle again"),
                wrong(
                        "golden inputs in Latin-1",
                        bundle -> bundle.replace("golden.jsonl", new byte[] {(byte) 0xE4}),
                        "golden.jsonl is not UTF-8, expected a JSON object on each line; export the bundle again"),
                wrong(
                        "text for token ids",
                        bundle -> bundle.golden(golden -> golden.put("token_ids", "many")),
                        "golden.jsonl line 1 is not a golden input: Cannot construct instance of `int[]`: no String-argument constructor/factory method to deserialize from String value ('many') (line 1, column …); export the bundle again"),
                wrong(
                        "no scores of a segment",
                        bundle -> bundle.golden(
                                golden -> array(golden, "segment_scores").setNull(0)),
                        "golden.jsonl line 1 has 0 scores, expected one for each of the 4 labels; export the bundle again"),
                wrong(
                        "a score too few",
                        bundle ->
                                bundle.golden(golden -> array(golden, "scores").remove(0)),
                        "golden.jsonl line 1 has 3 scores, expected one for each of the 4 labels; export the bundle again"),
                wrong(
                        "a segment too few",
                        bundle -> bundle.golden(
                                golden -> array(golden, "segment_scores").remove(0)),
                        "golden.jsonl line 1 has segment_scores for 0 segments, but 1 segments; export the bundle again"),
                wrong(
                        "other token ids",
                        bundle -> bundle.golden(
                                golden -> array(golden, "token_ids").set(0, 3)),
                        "golden input 'word': its token ids differ from the exporter's; tokenizer.json is not the one that the model was exported with: export the bundle again"),
                wrong(
                        "other token offsets",
                        bundle -> bundle.golden(
                                golden -> array(golden, "token_offsets", "0").set(1, 99)),
                        "golden input 'word': its token offsets differ from the exporter's; tokenizer.json is not the one that the model was exported with: export the bundle again"),
                wrong(
                        "other segments",
                        bundle -> bundle.golden(
                                golden -> array(golden, "segments", "0").set(1, 99)),
                        "golden input 'word': its segments differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again"),
                wrong(
                        "other windows",
                        bundle -> bundle.golden(
                                golden -> array(golden, "windows", "0").set(1, 99)),
                        "golden input 'word': its windows differ from the exporter's; the manifest was changed, or another release exported it: export the bundle again"),
                wrong(
                        "scores that nobody computes",
                        bundle ->
                                bundle.golden(golden -> array(golden, "scores").set(0, 2.0)),
                        "golden input 'word': its scores differ from the exporter's by up to …, expected at most 0.0001; graph or manifest were changed, or this processor rounds differently (docs/precision.md): export the bundle again"));
    }

    /** One way to damage a bundle. */
    @FunctionalInterface
    interface Damage {
        void spoil(DamagedBundle bundle) throws IOException;
    }

    record Wrong(String name, Path good, Damage damage, List<String> problems) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Wrong wrong(String name, Damage damage, String... problems) {
        return new Wrong(name, TestFiles.TINY_SEGMENTS, damage, List.of(problems));
    }

    private static Wrong wrongLanguage(String name, Damage damage, String... problems) {
        return new Wrong(name, TestFiles.TINY_LANGUAGE, damage, List.of(problems));
    }

    private static Wrong wrongTags(String name, Damage damage, String... problems) {
        return new Wrong(name, TestFiles.bundle("tiny-tags"), damage, List.of(problems));
    }

    private static void open(Wrong wrong, Path folder) {
        if (wrong.good().equals(TestFiles.TINY_LANGUAGE)) {
            LanguageModel.open(folder, LanguageModelSettings.defaults()).close();
        } else {
            DocumentClassifier.open(folder, ClassifierSettings.defaults()).close();
        }
    }

    @ParameterizedTest
    @MethodSource("wrongBundles")
    void itIsRefusedAtOpenWithTheMessageThatSaysWhy(Wrong wrong, @TempDir Path folder) throws IOException {
        DamagedBundle bundle = new DamagedBundle(wrong.good(), folder.resolve("bundle"));
        wrong.damage().spoil(bundle);

        BundleException refusal = catchThrowableOfType(BundleException.class, () -> open(wrong, bundle.folder()));

        assertThat(refusal)
                .isNotNull()
                .hasMessageStartingWith("The model bundle " + bundle.folder() + " cannot be used:\n");
        assertThat(refusal.problems()).zipSatisfy(wrong.problems(), (problem, expected) -> assertThat(problem)
                .matches(TroubleshootingPage.pattern(expected)));
        assertThat(refusal.getMessage()).as("what to do").containsPattern("export|Export|copy the bundle|unpack");
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Model bundles", wrongBundles().map(wrong -> wrong.problems().get(0)));
    }
}
