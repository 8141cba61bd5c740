"""The parts of pack.sh, once everything is at hand.

    python pack.py --root CHECKOUT --wheels DIR --jre DIR --classpath FILE --architecture 90 --part-size 48 --output DIR

Three archives, in the order in which they are of use: python (scripts, exporter, ONNX Runtime for Python), onnxruntime (its native
libraries, which Python and Java share) and java (runtime, jars, classes, and the larger of the shipped models). Together they make a folder that is laid out like
a checkout. Parts are cut from them one after the other, so that every part but the last is full.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import lzma
import shutil
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCHMARKS = Path("flink-job/benchmarks")
OF_CHECKOUT = [
    BENCHMARKS / "gpu",
    BENCHMARKS / "python",
    BENCHMARKS / "common.sh",
    Path("deploy/bundles"),
    Path("deploy/conf/log4j2.properties"),
    Path("deploy/launch/build.sh"),
    Path("deploy/samples"),
    Path("onnx-export/src"),
    Path("schemas/src/main/json/bundle-manifest.schema.json"),
]
LARGE_MODEL = Path("deploy/bundles/contract-clauses/model.onnx")
LARGE_LIBRARIES = ("libonnxruntime_providers_cuda.so", "libonnxruntime.so")
NOT_IMPORTED = ("onnxruntime/transformers/", "onnxruntime/quantization/", "onnxruntime/tools/", "onnxruntime/datasets/")
"""Nor TensorRT's provider and the notices, which :func:`unzip` names."""

JARS_NOT_LOADED = (
    "async-profiler",
    "flink-shaded-zookeeper",
    "javassist",
    "jmh-core",
    "scala-reflect",
    "snappy-java",
    "zstd-jni",
)
"""No class of these is loaded by the commands that run.sh runs."""

NATIVE = (".so", ".dll", ".dylib", ".jnilib", ".a", ".lib")
FATBIN = struct.pack("<IHH", 0xBA55ED50, 1, 16)
XZ = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 192 << 20}]
"""Far enough back to find the libraries that are inside more than one jar."""


def thin(library: Path, architecture: int) -> None:
    """Overwrites with zeros, which compress to nothing, the GPU code for all architectures but one.

    Each container of CUDA's section .nv_fatbin is a magic number and its length, then one entry for each architecture: 64 bytes or more
    of header, which stay, and code.
    """
    data = bytearray(library.read_bytes())
    kept, at = 0, data.find(FATBIN)
    while at >= 0:
        end = at + 16 + struct.unpack_from("<Q", data, at + 8)[0]
        at += 16
        while at < end:
            header, length = struct.unpack_from("<IQ", data, at + 4)
            (entry,) = struct.unpack_from("<I", data, at + 28)
            if entry == architecture:
                kept += 1
            else:
                data[at + header : at + header + length] = bytes(length)
            at += header + length
        at = data.find(FATBIN, end)
    if not kept:
        raise SystemExit(f"pack.py: {library.name} has no code for architecture {architecture}")
    library.write_bytes(data)


def unzip(wheels: Path, folder: Path) -> None:
    """ONNX Runtime to a folder of its own, as the exporter runs with the one that is there."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as source:
            for name in source.namelist():
                if not name.startswith(NOT_IMPORTED) and "tensorrt" not in name and "ThirdPartyNotices" not in name:
                    source.extract(name, folder / ("site-gpu" if name.startswith("onnxruntime") else "site"))


def stored(jar: bytes) -> bytes:
    """The same jar uncompressed, so that the archive compresses all of them together, and without code for other systems."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(jar)) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            if not is_foreign(entry.filename):
                content = source.read(entry)
                target.writestr(entry.filename, stored(content) if entry.filename.endswith(".jar") else content)
    return result.getvalue()


def is_foreign(name: str) -> bool:
    """Whether it is native code that is not for Linux on x86-64; and ONNX Runtime's own, which Python's wheel brings."""
    if not name.endswith(NATIVE) and ".dSYM/" not in name:
        return False
    path = name.lower()
    ours = path.endswith(".so") and any(each in path for each in ("x86_64", "x86-64", "amd64", "linux-x64"))
    return not ours or "aarch" in path or "osx" in path or "bsd" in path or path.endswith("linux-x64/libonnxruntime.so")


def stage_java(root: Path, classpath: str, jre: Path, folder: Path) -> None:
    shutil.copytree(jre, folder / "jre", symlinks=True)
    target = folder / BENCHMARKS / "target"
    shutil.copytree(root / BENCHMARKS / "target" / "classes", target / "classes")
    (target / "lib").mkdir()
    jars = [Path(each) for each in classpath.split(":")]
    for index, jar in enumerate(each for each in jars if not each.name.startswith(JARS_NOT_LOADED)):
        # By number, as the order on the class path counts.
        (target / "lib" / f"{index:03d}-{jar.name}").write_bytes(stored(jar.read_bytes()))


def stage(options: argparse.Namespace, folder: Path) -> None:
    python, runtime, java = (folder / name for name in ("1-python", "2-onnxruntime", "3-java"))
    for path in OF_CHECKOUT:
        source, target = options.root / path, python / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    (python / "PACKED").touch()
    unzip(options.wheels, python)
    capi = Path("site-gpu/onnxruntime/capi")
    (runtime / capi).mkdir(parents=True)
    for library in (python / capi).iterdir():
        if library.name.startswith(LARGE_LIBRARIES):
            library.rename(runtime / capi / library.name)
    if options.architecture != "all":
        thin(runtime / capi / LARGE_LIBRARIES[0], int(options.architecture))
    (java / LARGE_MODEL).parent.mkdir(parents=True)
    (python / LARGE_MODEL).rename(java / LARGE_MODEL)
    stage_java(options.root, options.classpath.read_text().strip(), options.jre, java)


def archive(folder: Path) -> Path:
    """Beside the folder."""
    file = folder.with_name(f"{folder.name}.tar.xz")
    with (
        lzma.open(file, "wb", check=lzma.CHECK_CRC64, filters=XZ) as compressed,
        tarfile.open(fileobj=compressed, mode="w|") as tar,
    ):
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    return file


def pieces(archives: list[Path], part_size: int) -> Iterator[tuple[int, str, bytes]]:
    """Number of the part, name of the piece, content."""
    part, room = 1, part_size
    for file in archives:
        content = file.read_bytes()
        at = number = 0
        while at < len(content):
            if not room:
                part, room = part + 1, part_size
            piece = content[at : at + room]
            yield part, f"{file.name}.{number:02d}", piece
            at, room, number = at + len(piece), room - len(piece), number + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("root", "wheels", "jre", "classpath", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--architecture", required=True, help="compute capability without its point, or all")
    parser.add_argument("--part-size", type=int, required=True, help="MB of a part at most")
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=options.output.parent) as scratch:
        folder = Path(scratch)
        stage(options, folder)
        with ThreadPoolExecutor() as pool:
            archives = list(pool.map(archive, sorted(folder.iterdir())))
        lines = []
        for part, name, content in pieces(archives, options.part_size * 1_000_000):
            (options.output / str(part)).mkdir(parents=True, exist_ok=True)
            (options.output / str(part) / name).write_bytes(content)
            lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            print(f"part {part}: {name}, {len(content) / 1e6:.1f} MB")
    for part in options.output.iterdir():
        (part / "MANIFEST").write_text("".join(lines))
        shutil.copy2(Path(__file__).with_name("unpack.sh"), part)


if __name__ == "__main__":
    main()
