package io.hatflow.inference.bundle;

import io.hatflow.inference.bundle.Manifest.Graph;
import io.hatflow.inference.onnx.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Whether a graph has the tensors that the contract of its architecture asks for and the manifest promises: {@code docs/bundle.md}. */
public final class GraphContract {

    private GraphContract() {}

    /**
     * Compare a graph with its manifest, and both with the contract.
     *
     * @param required by the contract
     * @param promised by the manifest
     * @param actual what the graph really takes and gives
     * @return what is wrong, in sentences; empty if the graph fits
     */
    public static List<String> problems(Graph required, Graph promised, Graph actual) {
        List<String> problems = new ArrayList<>();
        compare("the manifest's graph input", required.inputs(), promised.inputs(), problems);
        compare("the manifest's graph output", required.outputs(), promised.outputs(), problems);
        compare("model.onnx input", required.inputs(), actual.inputs(), problems);
        compare("model.onnx output", required.outputs(), actual.outputs(), problems);
        // Outputs that nobody asked for are left alone; without an input that nobody gives, no graph runs.
        List<String> given = required.inputs().stream().map(TensorSpec::name).toList();
        actual.inputs().stream()
                .filter(input -> !given.contains(input.name()))
                .forEach(input ->
                        problems.add("model.onnx input " + input + " is unknown, expected " + given + " alone"));
        return problems;
    }

    private static void compare(
            String what, List<TensorSpec> required, List<TensorSpec> actual, List<String> problems) {
        Map<String, TensorSpec> byName = actual.stream()
                .collect(Collectors.toMap(
                        TensorSpec::name, Function.identity(), (first, second) -> second, TreeMap::new));
        for (TensorSpec expected : required) {
            TensorSpec found = byName.get(expected.name());
            if (found == null) {
                problems.add("%s %s is missing, expected %s; there are %s"
                        .formatted(what, expected.name(), expected, byName.values()));
            } else if (!found.type().equals(expected.type()) || !sameShape(expected.shape(), found.shape())) {
                problems.add("%s is %s, expected %s".formatted(what, found, expected));
            }
        }
    }

    private static boolean sameShape(List<String> expected, List<String> found) {
        if (expected.size() != found.size()) {
            return false;
        }
        for (int axis = 0; axis < expected.size(); axis++) {
            // How a graph calls an axis that varies is its own affair; that it varies is not.
            boolean same = isNumber(expected.get(axis))
                    ? expected.get(axis).equals(found.get(axis))
                    : !isNumber(found.get(axis));
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNumber(String axis) {
        return axis.chars().allMatch(Character::isDigit) && !axis.isEmpty();
    }
}
