package io.hatflow.job.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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

    StrictDecoder(byte[] buffer, int offset, int length) {
        bytes = DecoderFactory.get().binaryDecoder(buffer, offset, length, null);
    }

    /** Bytes that have not been read. */
    int remaining() throws IOException {
        return bytes.inputStream().available();
    }

    @Override
    public String readString() throws IOException {
        byte[] utf8 = readSized("text");
        // Throws where the bytes are no UTF-8, unlike new String.
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
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

    /** Every item of Document's collections takes a byte or more. */
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
        return bytes.readBoolean();
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
