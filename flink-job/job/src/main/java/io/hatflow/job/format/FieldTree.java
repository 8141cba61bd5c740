package io.hatflow.job.format;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The paths that are read from a record, as a tree of their names: whoever walks a record walks down this beside it. */
final class FieldTree {

    private static final int NONE = -1;

    private final Map<String, FieldTree> children = new HashMap<>();
    private int slot = NONE;

    private FieldTree() {}

    /** The root. A path's slot is its place in the collection. */
    static FieldTree of(Collection<FieldPath> paths) {
        FieldTree root = new FieldTree();
        int slot = 0;
        for (FieldPath path : paths) {
            FieldTree node = root;
            for (String name : path.names()) {
                node = node.children.computeIfAbsent(name, unused -> new FieldTree());
            }
            node.slot = slot++;
        }
        return root;
    }

    /** Null where no path leads. */
    @Nullable
    FieldTree child(String name) {
        return children.get(name);
    }

    void forEachChild(BiConsumer<String, FieldTree> each) {
        children.forEach(each);
    }

    boolean hasChildren() {
        return !children.isEmpty();
    }

    /** Whether a path ends here. */
    boolean isRead() {
        return slot != NONE;
    }

    /** Where the value goes among those of the record; only where {@link #isRead}. */
    int slot() {
        return slot;
    }
}
