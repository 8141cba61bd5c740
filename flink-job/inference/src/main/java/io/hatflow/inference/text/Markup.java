package io.hatflow.inference.text;

import io.hatflow.inference.text.CleanedText.Edit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tags and entities of HTML. */
final class Markup {

    private static final Set<String> BLOCKS = Set.of("""
            blockquote body br caption center dd div dl dt footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol option p page \
            pre section select table tbody tfoot thead title tr ul""".split("\\s+"));
    private static final Set<String> CELLS = Set.of("td", "th");
    private static final Set<String> INLINE = Set.of("""
            a abbr b big code col colgroup del em font i img input ins label link meta s script small span strike strong style sub sup \
            text textarea tt u""".split("\\s+"));
    private static final Pattern TAG =
            Pattern.compile("</?(?<name>[A-Za-z][A-Za-z0-9]*+)(?:[ \\t\\r\\n/][^<>]*+)?>|<![^<>]*+>");
    private static final Pattern ENTITY = Pattern.compile(
            "&(?:amp;){0,3}(?:#(?<decimal>[0-9]{1,6})|#[xX](?<hexadecimal>[0-9A-Fa-f]{1,5})|(?<name>[A-Za-z]{2,8}));");
    /** Numbers 128 to 159 mean these to every browser. */
    private static final String WINDOWS_1252 =
            "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
                    + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static final Map<String, String> ENTITIES = Stream.of("""
                    nbsp=\u00A0 ensp=\u2002 emsp=\u2003 thinsp=\u2009 shy= zwnj= zwj= amp=& lt=< gt=> quot=" apos=' \
                    ldquo=\u201C rdquo=\u201D lsquo=\u2018 rsquo=\u2019 sbquo=\u201A bdquo=\u201E laquo=\u00AB raquo=\u00BB \
                    ndash=\u2013 mdash=\u2014 hellip=\u2026 bull=\u2022 middot=\u00B7 sect=\u00A7 para=\u00B6 copy=\u00A9 reg=\u00AE \
                    trade=\u2122 deg=\u00B0 times=\u00D7 euro=\u20AC pound=\u00A3 cent=\u00A2 yen=\u00A5 \
                    auml=\u00E4 ouml=\u00F6 uuml=\u00FC Auml=\u00C4 Ouml=\u00D6 Uuml=\u00DC szlig=\u00DF eacute=\u00E9 egrave=\u00E8 \
                    agrave=\u00E0 ccedil=\u00E7 ntilde=\u00F1""".split(" "))
            .map(entity -> entity.split("=", 2))
            .collect(Collectors.toUnmodifiableMap(entity -> entity[0], entity -> entity[1]));

    private Markup() {}

    static List<Edit> edits(String text) {
        List<Edit> edits = new ArrayList<>();
        if (text.indexOf('<') >= 0) {
            addTags(text, edits);
        }
        if (text.indexOf('&') >= 0) {
            addEntities(text, edits);
        }
        edits.sort(Comparator.comparingInt(Edit::start));
        int end = 0;
        List<Edit> apart = new ArrayList<>();
        for (Edit edit : edits) {
            if (edit.start() >= end) { // what looks like an entity may be in a tag
                apart.add(edit);
                end = edit.end();
            }
        }
        return apart;
    }

    private static void addTags(String text, List<Edit> edits) {
        List<Tag> group = new ArrayList<>();
        for (MatchResult match : TAG.matcher(text).results().toList()) {
            String name = match.group(1) == null ? "" : match.group(1).toLowerCase(Locale.ROOT);
            if (!name.isEmpty() && !BLOCKS.contains(name) && !CELLS.contains(name) && !INLINE.contains(name)) {
                continue;
            }
            if (!group.isEmpty() && after(text, group.get(group.size() - 1).end()) < match.start()) {
                addGroup(text, group, edits);
                group.clear();
            }
            group.add(new Tag(name, match.start(), match.end()));
        }
        if (!group.isEmpty()) {
            addGroup(text, group, edits);
        }
    }

    private record Tag(String name, int start, int end) {}

    /** Tags with nothing between them: a line break if one of them makes one and there is none, else a space if one is of a cell. */
    private static void addGroup(String text, List<Tag> tags, List<Edit> edits) {
        String replacement = tags.stream().anyMatch(tag -> CELLS.contains(tag.name())) ? " " : "";
        if (tags.stream().anyMatch(tag -> BLOCKS.contains(tag.name()))
                && !besideBreak(
                        text, tags.get(0).start(), tags.get(tags.size() - 1).end())) {
            replacement = "\n";
        }
        for (Tag tag : tags) {
            edits.add(new Edit(tag.start(), tag.end(), replacement));
            replacement = "";
        }
    }

    /** Whether a line ends before {@code start} or after {@code end}, spaces and tabs aside. */
    private static boolean besideBreak(String text, int start, int end) {
        int before = start;
        while (before > 0 && isBlank(text.charAt(before - 1))) {
            before--;
        }
        int after = after(text, end);
        return before == 0
                || after == text.length()
                || Characters.isBreak(text.charAt(before - 1))
                || Characters.isBreak(text.charAt(after));
    }

    /** The first position from {@code position} on where there is neither space nor tab. */
    private static int after(String text, int position) {
        int after = position;
        while (after < text.length() && isBlank(text.charAt(after))) {
            after++;
        }
        return after;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static void addEntities(String text, List<Edit> edits) {
        Matcher entity = ENTITY.matcher(text);
        while (entity.find()) {
            String character = character(entity.group("decimal"), entity.group("hexadecimal"), entity.group("name"));
            if (character != null) {
                edits.add(new Edit(entity.start(), entity.end(), character));
            }
        }
    }

    private static @Nullable String character(
            @Nullable String decimal, @Nullable String hexadecimal, @Nullable String name) {
        if (name != null) {
            return ENTITIES.get(name);
        }
        int number = decimal != null ? Integer.parseInt(decimal) : Integer.parseInt(hexadecimal, 16);
        if (number >= 0x80 && number <= 0x9F) {
            return WINDOWS_1252.substring(number - 0x80, number - 0x7F);
        }
        boolean character = number == 0x9
                || number == 0xA
                || number == 0xD
                || (number >= 0x20 && number < 0xD800)
                || (number >= 0xE000 && number <= 0xFFFF);
        return character ? String.valueOf((char) number) : null;
    }
}
