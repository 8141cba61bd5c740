package io.hatflow.inference.text;

import io.hatflow.inference.text.CleanedText.Edit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Headers, footers and numbers of pages, and whether a line goes on after what stands between it and the next. */
final class Pages {

    private static final String SPACE = "[" + Characters.SPACE + "]";
    private static final String PAGE_AND_NUMBER =
            "[Pp](?:age|AGE)" + SPACE + "*+[0-9]{1,4}(?:" + SPACE + "*+(?:of|OF|/)" + SPACE + "*+[0-9]{1,4})?";
    private static final Pattern PAGE_NUMBER = Pattern.compile(
            "[-\u2013\u2014]?" + SPACE + "*+(?:" + PAGE_AND_NUMBER + "|[0-9]{1,4}" + SPACE + "++(?:of|OF)" + SPACE
                    + "++[0-9]{1,4})" + SPACE + "*+[-\u2013\u2014]?"
                    + "|[-\u2013\u2014]" + SPACE + "*+[0-9]{1,4}" + SPACE + "*+[-\u2013\u2014]");
    private static final Pattern BARE_NUMBER = Pattern.compile("[0-9]{1,4}");
    private static final Pattern PAGE_WITHIN =
            Pattern.compile(PAGE_AND_NUMBER + "|\\A[0-9]{1,4}(?=" + SPACE + "{2})|(?<=" + SPACE + "{2})[0-9]{1,4}\\z");
    private static final Pattern NUMBERS = Pattern.compile("[0-9]+");
    private static final Pattern SPACES = Pattern.compile(SPACE + "+");
    private static final int LONGEST_HEADER = 120;
    private static final int LEAST_REPEATED = 3;
    private static final int LEAST_LETTERS = 4;
    private static final int PAGE_APART = 300;

    private final String text;
    private final List<Line> lines;
    /** Indices of the lines that belong to a page and not to the text. */
    private final Set<Integer> found = new HashSet<>();

    private Pages(String text) {
        this.text = text;
        this.lines = Line.of(text);
    }

    static List<Edit> edits(String text) {
        Pages pages = new Pages(text);
        pages.find();
        return pages.edits();
    }

    private List<Edit> edits() {
        List<Edit> edits = new ArrayList<>();
        int before = -1;
        Spacing spacing = Spacing.of(text, lines);
        for (int after = 0; after < lines.size(); after++) {
            if (found.contains(after)) {
                continue;
            }
            if (before >= 0) {
                addGap(edits, spacing, before, after);
            } else if (after > 0) {
                edits.add(Edit.delete(lines.get(0).start(), lines.get(after).start()));
            }
            before = after;
        }
        if (before >= 0 && before < lines.size() - 1) {
            edits.add(Edit.delete(
                    lines.get(before).end(), lines.get(lines.size() - 1).end()));
        }
        return edits;
    }

    private void addGap(List<Edit> edits, Spacing spacing, int before, int after) {
        List<Line> following = lines.subList(before + 1, after + 1);
        int breaks = following.stream().mapToInt(Line::breaks).max().orElseThrow();
        boolean page = following.stream().anyMatch(Line::page);
        boolean interrupted = page || after - before > 1;
        if (!interrupted && !(breaks == 2 && spacing.blankLines())) {
            return;
        }
        boolean goesOn = spacing.goesOn(lines.get(before), lines.get(after));
        if (interrupted || goesOn) {
            int gapStart = lines.get(before).end();
            int gapEnd = lines.get(after).start();
            String gap = goesOn || (breaks == 1 && !page) ? "\n" : "\n\n";
            edits.add(new Edit(gapStart, gapEnd, gap));
        }
    }

    private void find() {
        Map<Integer, Integer> numbers = new LinkedHashMap<>();
        Map<String, List<Integer>> repeated = new LinkedHashMap<>();
        Map<String, List<Integer>> alike = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).length() > LONGEST_HEADER) {
                continue;
            }
            String content = lines.get(i).content(text);
            if (PAGE_NUMBER.matcher(content).matches()) {
                found.add(i);
            } else if (BARE_NUMBER.matcher(content).matches()) {
                numbers.put(i, Integer.parseInt(content));
            } else if (content.chars()
                            .filter(c -> Characters.isLetter((char) c))
                            .count()
                    >= LEAST_LETTERS) {
                add(repeated, PAGE_WITHIN.matcher(content).replaceAll("#"), i);
                add(alike, NUMBERS.matcher(content).replaceAll("#"), i);
            }
        }
        found.addAll(numberedPages(numbers));
        found.addAll(numbers.keySet().stream().filter(this::interrupts).toList());
        repeated.values().forEach(this::findRepeated);
        alike.values().forEach(this::findAlike);
    }

    private static void add(Map<String, List<Integer>> lines, String key, int line) {
        lines.computeIfAbsent(SPACES.matcher(key).replaceAll(" "), first -> new ArrayList<>())
                .add(line);
    }

    /** Lines of a number alone, of which the one before or after is by one lower or higher, a page away. */
    private Set<Integer> numberedPages(Map<Integer, Integer> numbers) {
        Set<Integer> numbered = new HashSet<>();
        int before = -1;
        int lower = 0;
        for (Map.Entry<Integer, Integer> number : numbers.entrySet()) {
            if (before >= 0 && number.getValue() == lower + 1 && aPageApart(before, number.getKey())) {
                numbered.add(before);
                numbered.add(number.getKey());
            }
            before = number.getKey();
            lower = number.getValue();
        }
        return numbered;
    }

    private void findRepeated(List<Integer> indices) {
        List<Integer> apart = new ArrayList<>();
        for (int i = 1; i < indices.size(); i++) {
            if (aPageApart(indices.get(i - 1), indices.get(i))) {
                apart.add(indices.get(i));
            }
        }
        if (apart.size() >= LEAST_REPEATED - 1 && 2 * apart.size() >= indices.size() - 1) {
            addFirstBetweenPages(indices);
            found.addAll(apart);
        }
    }

    private void findAlike(List<Integer> indices) {
        long between = indices.stream().filter(this::betweenPages).count();
        if (between >= 2 && 2 * between >= indices.size()) {
            addFirstBetweenPages(indices);
            found.addAll(indices.subList(1, indices.size()));
        }
    }

    /** The first of some equal lines, unless it may be the text's own: what headers repeat is often its title. */
    private void addFirstBetweenPages(List<Integer> indices) {
        if (betweenPages(indices.get(0))) {
            found.add(indices.get(0));
        }
    }

    private boolean aPageApart(int before, int after) {
        return lines.get(after).place() - lines.get(before).place() >= PAGE_APART;
    }

    private boolean betweenPages(int line) {
        return found.contains(line - 1)
                || found.contains(line + 1)
                || lines.get(line).page()
                || interrupts(line);
    }

    /** Whether the text goes on from before a line to after it; up to two lines that belong to a page may stand on each side. */
    private boolean interrupts(int line) {
        int before = line - 1;
        while (before > line - 3 && found.contains(before)) {
            before--;
        }
        int after = line + 1;
        while (after < line + 3 && found.contains(after)) {
            after++;
        }
        return before >= 0
                && after < lines.size()
                && !found.contains(before)
                && !found.contains(after)
                && Spacing.torn(text, lines.get(before), lines.get(after));
    }
}
