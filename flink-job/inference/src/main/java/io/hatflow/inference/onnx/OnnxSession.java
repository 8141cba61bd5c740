package io.hatflow.inference.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import io.hatflow.inference.batch.InferenceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A graph in ONNX Runtime; the only class that touches it.
 *
 * <p>Thread-safe; runs may overlap, and share the threads that compute. Closing a session in use would crash the process, so {@link #close}
 * waits for them. Inputs are copied into direct buffers that are kept from run to run.
 *
 * <p>ONNX Runtime's own clean-up at the end of the process crashes while a run is under way. So an ending JVM stops the run at its next
 * operator, and begins no other.
 */
public final class OnnxSession implements AutoCloseable {

    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();

    /** ONNX Runtime has no error code of its own for it. Host, CUDA allocations, cuBLAS and cuDNN workspaces. */
    private static final Pattern OUT_OF_MEMORY = Pattern.compile(
            "bad_alloc|failed to allocate memory|out of memory|_ALLOC_FAILED|available memory of",
            Pattern.CASE_INSENSITIVE);

    /** In the reasons for which a session cannot be made on a GPU, as against those that lie in the graph. */
    private static final Pattern CUDA_FAILURE =
            Pattern.compile("cuda|cublas|cudnn|shared library|available memory of", Pattern.CASE_INSENSITIVE);

    private static final Logger LOG = LoggerFactory.getLogger(OnnxSession.class);

    private static final Duration EXIT_LIMIT = Duration.ofSeconds(5);

    private final OrtSession session;
    private final OrtSession.SessionOptions options;
    private final Device device;
    /** Of runs that have ended, by the name of the input: as many as have ever overlapped. */
    private final Deque<Map<String, LongBuffer>> idleBuffers = new ConcurrentLinkedDeque<>();

    private final OrtSession.RunOptions runOptions;
    private final Thread atExit = new Thread(this::stopRunning, "hatflow-exit");
    private final AtomicInteger running = new AtomicInteger();
    private volatile boolean exiting;
    /** Runs share it, closing does not. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private OnnxSession(OrtSession session, OrtSession.SessionOptions options, Device device) throws OrtException {
        this.session = session;
        this.options = options;
        this.device = device;
        this.runOptions = new OrtSession.RunOptions();
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Load a graph.
     *
     * @param threads threads that one run uses; of little effect on a GPU
     * @throws IllegalArgumentException if ONNX Runtime cannot load the graph
     * @throws DeviceException if the device cannot be used; never for {@link Device.Kind#AUTO}
     */
    public static OnnxSession open(Path graph, int threads, Device device) {
        if (device.kind() != Device.Kind.AUTO) {
            return on(device, graph, threads);
        }
        Device gpu = new Device(Device.Kind.CUDA, device.ordinal(), device.memoryLimit());
        try {
            OnnxSession opened = on(gpu, graph, threads);
            LOG.info("The device is auto: {} runs on {}", graph, gpu);
            return opened;
        } catch (DeviceException e) {
            if (hasCuda()) {
                LOG.warn("The device is auto: {} runs on the CPU, not on the GPU. {}", graph, e.getMessage());
            } else {
                LOG.info("The device is auto: {} runs on the CPU, because this ONNX Runtime has no CUDA", graph);
            }
            return on(Device.CPU, graph, threads);
        }
    }

    private static boolean hasCuda() {
        return OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA);
    }

    private static OnnxSession on(Device device, Path graph, int threads) {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        try {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            // Threads that wait for each other within a run spin: the kernel would take longer to wake them.
            // Between two runs they leave the cores to Flink's task threads. Measured: docs/benchmarks.md.
            options.addConfigEntry("session.intra_op.allow_spinning", "1");
            options.addConfigEntry("session.force_spinning_stop", "1");
            // Plans memory for one set of shapes, but no two batches have the same.
            options.setMemoryPatternOptimization(false);
            if (device.kind() == Device.Kind.CUDA) {
                addCuda(options, device);
            }
            return new OnnxSession(ENVIRONMENT.createSession(graph.toString(), options), options, device);
        } catch (OrtException e) {
            options.close();
            String message = String.valueOf(e.getMessage());
            if (device.kind() == Device.Kind.CUDA
                    && CUDA_FAILURE.matcher(message).find()) {
                throw unusable(device, e);
            }
            throw new IllegalArgumentException("ONNX Runtime cannot load " + graph + ": " + message, e);
        } catch (DeviceException e) {
            options.close();
            throw e;
        }
    }

    private static void addCuda(OrtSession.SessionOptions options, Device device) {
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(device.ordinal())) {
            // Arenas never shrink, and by default they take twice what they had.
            cuda.add("arena_extend_strategy", "kSameAsRequested");
            // Ten bits of mantissa are too few for a float32 bundle's promise; float16 bundles use the tensor cores
            // anyway.
            cuda.add("use_tf32", "0");
            if (device.memoryLimit() > 0) {
                cuda.add("gpu_mem_limit", Long.toString(device.memoryLimit()));
            }
            options.addCUDA(cuda);
        } catch (OrtException e) {
            throw unusable(device, e);
        }
    }

    private static DeviceException unusable(Device device, OrtException e) {
        String remedy = hasCuda()
                ? "It takes an NVIDIA driver, the libraries cudart, cublas, cublasLt and curand of the version of CUDA that docs/gpu.md names"
                        + " on LD_LIBRARY_PATH, and a GPU of that number among those that CUDA_VISIBLE_DEVICES leaves (nvidia-smi -L)"
                : "This ONNX Runtime was built without CUDA: put the jar onnxruntime_gpu in the place of onnxruntime"
                        + " (docs/gpu.md)";
        return new DeviceException(
                "The model cannot run on " + device + ". " + remedy
                        + "; or choose the CPU with the device cpu, or auto. ONNX Runtime says: "
                        + String.valueOf(e.getMessage()).strip(),
                e);
    }

    /** Where the graph runs; never {@link Device.Kind#AUTO}. */
    public Device device() {
        return device;
    }

    /** What the graph takes. */
    public List<TensorSpec> inputs() {
        try {
            return specs(session.getInputInfo().values());
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not describe its inputs: " + e.getMessage(), e);
        }
    }

    /** What the graph gives. */
    public List<TensorSpec> outputs() {
        try {
            return specs(session.getOutputInfo().values());
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not describe its outputs: " + e.getMessage(), e);
        }
    }

    private static List<TensorSpec> specs(Collection<NodeInfo> nodes) {
        List<TensorSpec> specs = new ArrayList<>();
        for (NodeInfo node : nodes) {
            if (node.getInfo() instanceof TensorInfo tensor) {
                String[] names = tensor.getDimensionNames();
                List<String> shape = IntStream.range(0, tensor.getShape().length)
                        .mapToObj(axis -> tensor.getShape()[axis] >= 0
                                ? String.valueOf(tensor.getShape()[axis])
                                : names[axis].isEmpty() ? "?" : names[axis])
                        .toList();
                String type = tensor.type == OnnxJavaType.FLOAT
                        ? "float32"
                        : tensor.type.name().toLowerCase(Locale.ROOT);
                specs.add(new TensorSpec(node.getName(), type, shape));
            }
        }
        return specs;
    }

    /**
     * Run the graph.
     *
     * @param inputs all that it takes
     * @param outputs names of those of its float32 outputs that are asked for
     * @return for each of them its rows, along the first axis
     * @throws InferenceException if the run fails
     */
    public Map<String, float[][]> run(List<LongTensor> inputs, List<String> outputs) throws InferenceException {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the model is closed; nothing may run after close, this is a bug");
            }
            running.incrementAndGet(); // before it asks, as the hook asks after it has said so
            try {
                if (exiting) {
                    throw new CancellationException("this process ends");
                }
                return compute(inputs, outputs);
            } finally {
                running.decrementAndGet();
            }
        } finally {
            use.readLock().unlock();
        }
    }

    private Map<String, float[][]> compute(List<LongTensor> inputs, List<String> outputs) throws InferenceException {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        Map<String, LongBuffer> idle = idleBuffers.poll();
        Map<String, LongBuffer> buffers = idle == null ? new HashMap<>() : idle;
        try {
            for (LongTensor input : inputs) {
                tensors.put(input.name(), tensor(input, buffers));
            }
            try (OrtSession.Result result = session.run(tensors, runOptions)) {
                Map<String, float[][]> rows = new HashMap<>();
                for (String output : outputs) {
                    rows.put(output, rows(result, output));
                }
                return rows;
            }
        } catch (OrtException e) {
            if (exiting) {
                throw new CancellationException("this process ends");
            }
            String message = String.valueOf(e.getMessage());
            throw new InferenceException(
                    message, e, OUT_OF_MEMORY.matcher(message).find());
        } finally {
            tensors.values().forEach(OnnxTensor::close);
            idleBuffers.push(buffers);
        }
    }

    private static OnnxTensor tensor(LongTensor input, Map<String, LongBuffer> buffers) throws OrtException {
        LongBuffer buffer = filled(buffers.computeIfAbsent(input.name(), name -> direct(0)), input.values());
        buffers.put(input.name(), buffer);
        return OnnxTensor.createTensor(ENVIRONMENT, buffer, input.shape());
    }

    private static float[][] rows(OrtSession.Result result, String output) {
        OnnxTensor tensor = (OnnxTensor) result.get(output)
                .orElseThrow(() -> new IllegalArgumentException(
                        "the graph has no output " + output + "; its contract was not checked, this is a bug"));
        int count = Math.toIntExact(tensor.getInfo().getShape()[0]);
        FloatBuffer values = tensor.getFloatBuffer();
        float[][] rows = new float[count][values.remaining() / Math.max(count, 1)];
        for (float[] row : rows) {
            values.get(row);
        }
        return rows;
    }

    private static LongBuffer filled(LongBuffer buffer, long[] values) {
        // Doubling keeps the number of native buffers small while the batches grow to their full size.
        LongBuffer large =
                buffer.capacity() >= values.length ? buffer : direct(Math.max(values.length, 2 * buffer.capacity()));
        large.clear();
        large.put(values).flip();
        return large;
    }

    private static LongBuffer direct(int capacity) {
        return ByteBuffer.allocateDirect(capacity * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
    }

    /** Does not wait for ever: a run that hangs must not keep the process. */
    private void stopRunning() {
        exiting = true;
        long limit = System.nanoTime() + EXIT_LIMIT.toNanos();
        try {
            runOptions.setTerminate(true);
            while (running.get() > 0 && System.nanoTime() < limit) {
                Thread.sleep(1);
            }
        } catch (OrtException | InterruptedException e) {
            LOG.warn("A run of the model could not be stopped before the process ends: {}", e.toString());
        }
    }

    /** Waits for runs under way. */
    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                free();
            }
        } finally {
            use.writeLock().unlock();
        }
    }

    private void free() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            return; // the hook may be using the session; the process frees everything
        }
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session: " + e.getMessage(), e);
        } finally {
            runOptions.close();
            options.close();
        }
    }
}
