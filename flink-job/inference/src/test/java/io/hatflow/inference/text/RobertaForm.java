package io.hatflow.inference.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The tokenizer of roberta-base with its tokens numbered as in GPT-2, mirrored in Python's {@code roberta_form.py}, which says why.
 *
 * <p>JTokkit carries GPT-2's tokens in the order in which they were merged; the merges follow from it.
 */
final class RobertaForm {

    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> SPECIAL = List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>");
    /** Tokens of GPT-2; the last one, of which nothing is merged, is its end of text. */
    private static final int TOKENS = 50_257;

    private final Map<ByteBuffer, Integer> ranks = new HashMap<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> merges = new ArrayList<>();

    private RobertaForm() {}

    static RobertaForm read() throws IOException {
        RobertaForm form = new RobertaForm();
        try (InputStream ranks = Objects.requireNonNull(
                        RobertaForm.class.getResourceAsStream("/com/knuddels/jtokkit/r50k_base.tiktoken"));
                BufferedReader lines = new BufferedReader(new InputStreamReader(ranks, UTF_8))) {
            lines.lines().forEach(line -> form.add(line.split(" ")));
        }
        form.numbers.put("<|endoftext|>", TOKENS - 1);
        for (String token : SPECIAL) {
            form.numbers.put(token, form.numbers.size());
        }
        return form;
    }

    private void add(String[] tokenAndRank) {
        byte[] token = Base64.getDecoder().decode(tokenAndRank[0]);
        int rank = Integer.parseInt(tokenAndRank[1]);
        if (token.length > 1) {
            merges.add(merge(token));
        }
        ranks.put(ByteBuffer.wrap(token), rank);
        numbers.put(written(token, 0, token.length), rank);
    }

    /** The last merge of a token, which is what remains to be merged when all that rank before it have been. */
    private String merge(byte[] token) {
        List<Integer> cuts = new ArrayList<>();
        for (int cut = 0; cut <= token.length; cut++) {
            cuts.add(cut);
        }
        while (cuts.size() > 3) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 2 < cuts.size(); i++) {
                Integer rank = ranks.get(ByteBuffer.wrap(token, cuts.get(i), cuts.get(i + 2) - cuts.get(i)));
                if (rank != null && rank < bestRank) {
                    best = i;
                    bestRank = rank;
                }
            }
            cuts.remove(best + 1);
        }
        return written(token, 0, cuts.get(1)) + " " + written(token, cuts.get(1), token.length);
    }

    /** Bytes as GPT-2's files write them: what is visible in Latin-1 stands for itself, the others follow from U+0100 on. */
    private static String written(byte[] token, int first, int end) {
        StringBuilder written = new StringBuilder();
        for (int i = first; i < end; i++) {
            int value = token[i] & 0xFF;
            if (value <= ' ') {
                written.append((char) (0x100 + value));
            } else if (value >= 0x7F && value <= 0xA0) {
                written.append((char) (0x100 + 0x21 + value - 0x7F));
            } else if (value == 0xAD) {
                written.append((char) (0x100 + 0x21 + 0x22));
            } else {
                written.append((char) value);
            }
        }
        return written.toString();
    }

    /** The number of every token here, by how files write the token. */
    Map<String, Integer> numbers() {
        return numbers;
    }

    /** Writes a {@code tokenizer.json}. */
    void write(Path file) throws IOException {
        ObjectNode tokenizer = JSON.createObjectNode();
        tokenizer.put("version", "1.0");
        tokenizer.putNull("truncation");
        tokenizer.putNull("padding");
        ArrayNode added = tokenizer.putArray("added_tokens");
        for (String token : SPECIAL) {
            added.addObject()
                    .put("id", numbers.get(token))
                    .put("special", true)
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", token.equals("<mask>"))
                    .put("rstrip", false)
                    .put("normalized", true);
        }
        tokenizer.putNull("normalizer");
        byteLevel(tokenizer.putObject("pre_tokenizer"));
        ObjectNode post = tokenizer.putObject("post_processor");
        post.put("type", "RobertaProcessing").put("trim_offsets", true).put("add_prefix_space", false);
        post.putArray("sep").add("</s>").add(numbers.get("</s>"));
        post.putArray("cls").add("<s>").add(numbers.get("<s>"));
        byteLevel(tokenizer.putObject("decoder"));
        ObjectNode model = tokenizer.putObject("model");
        model.put("type", "BPE").put("continuing_subword_prefix", "").put("end_of_word_suffix", "");
        model.putNull("dropout").putNull("unk_token").put("fuse_unk", false);
        model.set("vocab", JSON.valueToTree(numbers));
        model.set("merges", JSON.valueToTree(merges));
        JSON.writeValue(file.toFile(), tokenizer);
    }

    private static void byteLevel(ObjectNode part) {
        part.put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true);
    }
}
