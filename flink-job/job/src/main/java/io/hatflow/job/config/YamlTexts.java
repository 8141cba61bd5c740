package io.hatflow.job.config;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * The texts in a YAML file. A scalar is the text that was written, by YAML's failsafe schema: {@code off} is no boolean, {@code 0123} no
 * octal number, {@code 2024_10} no number. Nested mappings and dotted keys mean the same. Nothing that is said holds a value.
 */
final class YamlTexts {

    private static final Set<String> NOTHING = Set.of("", "~", "null", "Null", "NULL");
    private static final Set<Tag> FAILSAFE = Set.of(Tag.STR, Tag.SEQ, Tag.MAP);
    private static final String MERGE = "<<";

    private final BiConsumer<String, String> found;
    private final Consumer<String> problem;

    /** The mappings and lists around the one that is read: an alias may lead back to one of them. */
    private final Deque<Node> around = new ArrayDeque<>();

    /**
     * Nothing is read yet.
     *
     * @param found is given each dotted key and its text
     * @param problem is told what is wrong, as the end of a sentence that begins with the file's name
     */
    YamlTexts(BiConsumer<String, String> found, Consumer<String> problem) {
        this.found = found;
        this.problem = problem;
    }

    void read(String content) {
        try {
            Node root = root(content);
            if (root instanceof MappingNode mapping) {
                mapping("", mapping);
            } else if (root != null) {
                problem.accept(" is not a YAML mapping of keys to values");
            }
        } catch (MarkedYAMLException e) {
            problem.accept(" is not valid YAML: " + withoutName(e.getProblem()) + " ("
                    + line(e.getProblemMark().getLine()) + ")");
        } catch (ReaderException e) {
            problem.accept(String.format(
                    " is not valid YAML: it holds the character U+%04X (%s)",
                    e.getCodePoint(),
                    line(Math.toIntExact(content.codePoints()
                            .limit(e.getPosition())
                            .filter(each -> each == '\n')
                            .count()))));
        } catch (YAMLException e) {
            problem.accept(" is not valid YAML: " + e.getMessage());
        }
    }

    private static @Nullable Node root(String content) {
        LoaderOptions options = new LoaderOptions();
        Resolver failsafe = new Resolver() {
            @Override
            protected void addImplicitResolvers() {
                // A scalar without a tag is a text.
            }
        };
        return new Composer(new ParserImpl(new StreamReader(content), options), failsafe, options).getSingleNode();
    }

    /** A password that begins with * or ! and is not quoted is taken for the name of an alias or a tag. */
    private static String withoutName(String said) {
        return said.replaceFirst(
                "^(found undefined (?:alias|tag handle)).*", "$1; quote a value that begins with * or !");
    }

    private static String line(int index) {
        return "line " + (index + 1);
    }

    private void mapping(String prefix, MappingNode mapping) {
        if (!enter(mapping)) {
            return;
        }
        Set<String> keys = new HashSet<>();
        for (NodeTuple entry : mapping.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode name)) {
                problem.accept(
                        " has a key that is a list or a mapping; expected a text (" + line(entry.getKeyNode()) + ")");
            } else if (isPlain(name) && name.getValue().equals(MERGE)) {
                problem.accept(
                        " merges a mapping with <<, which is not supported; write its keys out (" + line(name) + ")");
            } else if (keys.add(name.getValue())) {
                value(prefix + name.getValue(), entry.getValueNode());
            } else {
                problem.accept(": " + prefix + name.getValue() + " is given more than once");
            }
        }
        around.pop();
    }

    private void value(String key, Node value) {
        if (value instanceof MappingNode mapping) {
            mapping(key + ".", mapping);
        } else if (value instanceof SequenceNode list) {
            list(key, list);
        } else if (value instanceof ScalarNode scalar && isFailsafe(scalar)) {
            found.accept(key, text(scalar));
        }
    }

    /** Kafka and the job separate by commas, Flink by semicolons. */
    private void list(String key, SequenceNode list) {
        if (!isFailsafe(list)) {
            return;
        }
        String separator = key.startsWith("flink.") ? ";" : ",";
        List<String> texts = new ArrayList<>();
        for (Node item : list.getValue()) {
            if (!(item instanceof ScalarNode scalar)) {
                problem.accept(
                        ": " + key + " holds a list or a mapping within a list; expected a text (" + line(item) + ")");
            } else if (isFailsafe(scalar)) {
                texts.add(text(scalar));
            }
        }
        if (texts.stream().anyMatch(text -> text.contains(separator))) {
            problem.accept(": " + key + " has an item that holds \"" + separator
                    + "\", which separates items; give each item of its own");
        } else if (texts.size() == list.getValue().size()) {
            found.accept(key, String.join(separator, texts));
        }
    }

    private boolean enter(MappingNode mapping) {
        if (around.contains(mapping)) {
            problem.accept(" has an alias within what it stands for; write its keys out (" + line(mapping) + ")");
            return false;
        }
        if (!isFailsafe(mapping)) {
            return false;
        }
        around.push(mapping);
        return true;
    }

    private boolean isFailsafe(Node node) {
        if (FAILSAFE.contains(node.getTag())) {
            return true;
        }
        problem.accept(
                " has a tag, which would change what a value is; leave it out, or quote a value that begins with !"
                        + " (" + line(node) + ")");
        return false;
    }

    private static String text(ScalarNode scalar) {
        return isPlain(scalar) && NOTHING.contains(scalar.getValue()) ? "" : scalar.getValue();
    }

    private static boolean isPlain(ScalarNode scalar) {
        return scalar.getScalarStyle() == ScalarStyle.PLAIN;
    }

    private static String line(Node node) {
        return line(node.getStartMark().getLine());
    }
}
