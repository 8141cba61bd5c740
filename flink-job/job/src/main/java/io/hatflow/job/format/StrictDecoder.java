package io.hatflow.job.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.util.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * Avro's binary decoder for bytes that nobody vouches for. Avro's own believes what the bytes say about lengths, and takes
 * two gigabytes for a string of which ten bytes follow; it also replaces what is not UTF-8. Here a length that exceeds
 * what is left, and text that is not UTF-8, are errors.
 */
final class StrictDecoder extends Decoder {

    private final BinaryDecoder bytes;
    private final byte[] buffer;
    private final int end;

    StrictDecoder(byte[] buffer, int offset, int length) {
        this.buffer = buffer;
        end = offset + length;
        bytes = DecoderFactory.get().binaryDecoder(buffer, offset, length, null);
    }

    /** Bytes that have not been read. */
    int remaining() throws IOException {
        return bytes.inputStream().available();
    }

    @Override
    public String readString() throws IOException {
        int length = (int) checked(bytes.readLong(), "text");
        int begin = end - remaining();
        bytes.skipFixed(length);
        return StrictUtf8.decode(buffer, begin, length);
    }

    @Override
    public Utf8 readString(@Nullable Utf8 old) throws IOException {
        return new Utf8(readString());
    }

    @Override
    public ByteBuffer readBytes(@Nullable ByteBuffer old) throws IOException {
        return ByteBuffer.wrap(readSized("bytes"));
    }

    private byte[] readSized(String what) throws IOException {
        byte[] sized = new byte[(int) checked(bytes.readLong(), what)];
        bytes.readFixed(sized);
        return sized;
    }

    /** Skips an array whose items take no bytes, however many there are. */
    void skipItemsOfNothing() throws IOException {
        long count = bytes.readArrayStart();
        while (count != 0) {
            count = bytes.arrayNext();
        }
    }

    /** Every item takes a byte or more, but for those of {@link #skipItemsOfNothing}. */
    private long checked(long count, String what) throws IOException {
        if (count < 0 || count > remaining()) {
            throw new IOException(what + " of length " + count + " where " + remaining() + " bytes are left");
        }
        return count;
    }

    @Override
    public long readArrayStart() throws IOException {
        return checked(bytes.readArrayStart(), "array");
    }

    @Override
    public long arrayNext() throws IOException {
        return checked(bytes.arrayNext(), "array");
    }

    @Override
    public long readMapStart() throws IOException {
        return checked(bytes.readMapStart(), "map");
    }

    @Override
    public long mapNext() throws IOException {
        return checked(bytes.mapNext(), "map");
    }

    @Override
    public long skipArray() throws IOException {
        return checked(bytes.skipArray(), "array");
    }

    @Override
    public long skipMap() throws IOException {
        return checked(bytes.skipMap(), "map");
    }

    @Override
    public void skipString() throws IOException {
        bytes.skipFixed((int) checked(bytes.readLong(), "text"));
    }

    @Override
    public void skipBytes() throws IOException {
        bytes.skipFixed((int) checked(bytes.readLong(), "bytes"));
    }

    @Override
    public void readNull() throws IOException {
        bytes.readNull();
    }

    @Override
    public boolean readBoolean() throws IOException {
        byte[] value = new byte[1];
        bytes.readFixed(value);
        if (value[0] < 0 || value[0] > 1) {
            throw new IOException("a boolean that is neither true nor false");
        }
        return value[0] == 1;
    }

    @Override
    public int readInt() throws IOException {
        return bytes.readInt();
    }

    @Override
    public long readLong() throws IOException {
        return bytes.readLong();
    }

    @Override
    public float readFloat() throws IOException {
        return bytes.readFloat();
    }

    @Override
    public double readDouble() throws IOException {
        return bytes.readDouble();
    }

    @Override
    public void readFixed(byte[] fixed, int start, int length) throws IOException {
        bytes.readFixed(fixed, start, length);
    }

    @Override
    public void skipFixed(int length) throws IOException {
        checked(length, "bytes");
        bytes.skipFixed(length);
    }

    @Override
    public int readEnum() throws IOException {
        return bytes.readEnum();
    }

    @Override
    public int readIndex() throws IOException {
        return bytes.readIndex();
    }
}
