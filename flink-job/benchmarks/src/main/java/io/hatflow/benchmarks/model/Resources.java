package io.hatflow.benchmarks.model;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import io.hatflow.inference.onnx.Device;

/**
 * What a contender may use.
 *
 * @param device where the model runs
 * @param threads of one run of the model, on a CPU
 * @param tasks parallel tasks of our job, which tokenize
 */
public record Resources(Device device, int threads, int tasks) {

    /** Processors alone, and one task. */
    public static Resources ofCpu(int threads) {
        return new Resources(Device.CPU, threads, 1);
    }

    public boolean onGpu() {
        return device.kind() == Device.Kind.CUDA;
    }

    /**
     * Options of an ONNX Runtime session: its own but for threads and device. On a GPU without TF32, as our job has it, so that all
     * contenders compute the same.
     *
     * @param ofRun threads of one run
     * @throws OrtException if the device cannot be used; never a silent run on the CPU
     */
    public OrtSession.SessionOptions sessionOptions(int ofRun) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(ofRun);
        if (onGpu()) {
            try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(device.ordinal())) {
                cuda.add("use_tf32", "0");
                options.addCUDA(cuda);
            }
        }
        return options;
    }
}
