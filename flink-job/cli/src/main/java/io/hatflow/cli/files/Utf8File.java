package io.hatflow.cli.files;

import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Opens files of UTF-8 text as people have them: with or without a byte order mark, gzipped or not. */
final class Utf8File {

    private static final int LONGEST_MARK = 4;

    private Utf8File() {}

    /**
     * The text's bytes, unzipped and without the byte order mark.
     *
     * @throws IllegalArgumentException if the file begins as UTF-16 or UTF-32 do, of which no line could be read
     */
    static InputStream open(Path file) throws IOException {
        // Not Files.newInputStream, which cannot read named pipes.
        return open(new FileInputStream(file.toFile()), file.toString());
    }

    /** As {@link #open(Path)}, of what is open already; {@code name} is for messages. */
    static InputStream open(InputStream opened, String name) throws IOException {
        InputStream bytes = new BufferedInputStream(opened, 1 << 16);
        try {
            int[] begin = peek(bytes);
            if (begin[0] == 0x1F && begin[1] == 0x8B) {
                bytes = new BufferedInputStream(new GZIPInputStream(bytes), 1 << 16);
                begin = peek(bytes);
            }
            requireUtf8(name, begin);
            if (begin[0] == 0xEF && begin[1] == 0xBB && begin[2] == 0xBF) {
                bytes.skipNBytes(3);
            }
            return bytes;
        } catch (IOException | RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    /** The first bytes, -1 after the end. */
    private static int[] peek(InputStream bytes) throws IOException {
        bytes.mark(LONGEST_MARK);
        byte[] read = bytes.readNBytes(LONGEST_MARK);
        bytes.reset();
        int[] begin = {-1, -1, -1, -1};
        for (int i = 0; i < read.length; i++) {
            begin[i] = read[i] & 0xFF;
        }
        return begin;
    }

    /** By their marks, or by the zero bytes of a first character that is ASCII. */
    private static void requireUtf8(String name, int[] begin) {
        boolean littleEndian = (begin[0] == 0xFF && begin[1] == 0xFE) || (begin[0] > 0 && begin[1] == 0);
        boolean bigEndian = (begin[0] == 0xFE && begin[1] == 0xFF) || (begin[0] == 0 && begin[1] >= 0);
        if (littleEndian || bigEndian) {
            boolean wide = littleEndian ? begin[2] == 0 && begin[3] == 0 : begin[0] == 0 && begin[1] == 0;
            String encoding = wide ? "UTF-32" : "UTF-16";
            throw new IllegalArgumentException(name + " is " + encoding
                    + ", expected UTF-8. Convert it first: iconv -f " + encoding
                    + (begin[0] >= 0xFE ? "" : littleEndian ? "LE" : "BE") + " -t UTF-8 " + name + " > utf-8-file");
        }
    }
}
