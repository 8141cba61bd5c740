"""Links ONNX Runtime's native libraries of this Python together under the names that Java looks for, with the JNI library of Java's jar.

python native_libraries.py BENCHMARKS_TARGET FOLDER      does nothing without a class path in BENCHMARKS_TARGET
"""

import sys
import zipfile
from pathlib import Path

try:
    import onnxruntime
except ImportError as error:
    sys.exit(
        f"run.sh: Python {sys.version_info.major}.{sys.version_info.minor} cannot load onnxruntime ({error}); "
        "expected the Python that pack.sh --python named, 3.12 unless said"
    )

JNI = "ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so"

class_path, folder = Path(sys.argv[1]) / "benchmarks.classpath", Path(sys.argv[2])
if class_path.is_file():
    folder.mkdir(exist_ok=True)
    jar = next(each for each in class_path.read_text().strip().split(":") if f"onnxruntime-{onnxruntime.__version__}.jar" in each)
    (folder / Path(JNI).name).write_bytes(zipfile.ZipFile(jar).read(JNI))
    for library in (Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime*.so*"):
        link = folder / (library.name.partition(".so")[0] + ".so")
        link.unlink(missing_ok=True)
        link.symlink_to(library)
