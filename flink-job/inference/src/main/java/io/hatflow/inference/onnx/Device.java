package io.hatflow.inference.onnx;

import java.io.Serializable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a graph runs.
 *
 * @param ordinal of the GPU among those that CUDA shows to this process, which {@code CUDA_VISIBLE_DEVICES} decides; 0 for the CPU
 * @param memoryLimit bytes that ONNX Runtime may take of the GPU's memory, the model included; 0 for all there is
 */
public record Device(Kind kind, int ordinal, long memoryLimit) implements Serializable {

    /** What computes. */
    public enum Kind {
        /** The GPU where CUDA works, else the CPU, and a line in the log that says which and why. */
        AUTO,
        /** The processors. */
        CPU,
        /** That GPU and no other. */
        CUDA
    }

    public static final Device AUTO = new Device(Kind.AUTO, 0, 0);
    public static final Device CPU = new Device(Kind.CPU, 0, 0);

    private static final Pattern WRITTEN = Pattern.compile("auto|cpu|cuda(?::(\\d{1,4}))?");

    public Device {
        if (ordinal < 0 || memoryLimit < 0) {
            throw new IllegalArgumentException("the ordinal is " + ordinal + " and the memory limit " + memoryLimit
                    + ", expected 0 or more of both");
        }
    }

    /**
     * Reads {@code auto}, {@code cpu}, {@code cuda} for the first GPU, or {@code cuda:N}.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static Device parse(String text) {
        Matcher written = WRITTEN.matcher(text);
        if (!written.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is not a device, expected auto, cpu or cuda:N");
        }
        return switch (text) {
            case "auto" -> AUTO;
            case "cpu" -> CPU;
            default -> new Device(Kind.CUDA, written.group(1) == null ? 0 : Integer.parseInt(written.group(1)), 0);
        };
    }

    /** The same kind of device, another GPU. */
    public Device at(int anotherOrdinal) {
        return new Device(kind, anotherOrdinal, memoryLimit);
    }

    /** The same device, and how many bytes of its memory may be taken. */
    public Device limitedTo(long bytes) {
        return new Device(kind, ordinal, bytes);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return switch (kind) {
            case AUTO -> "auto";
            case CPU -> "cpu";
            case CUDA -> "cuda:" + ordinal;
        };
    }
}
