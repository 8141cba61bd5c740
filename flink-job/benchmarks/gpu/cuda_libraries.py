"""Prints the folders of CUDA's libraries that Python packages brought, for LD_LIBRARY_PATH; else where NVIDIA's installer puts them."""

import importlib.util
from pathlib import Path

packages = importlib.util.find_spec("nvidia")
roots = [Path(each) for each in (packages.submodule_search_locations or [])] if packages else []
folders = {file.parent for root in roots for file in root.rglob("lib*.so.*")}
folders |= {file.parent for file in Path("/usr/local").glob("cuda*/lib64/libcublasLt.so.*")} if not folders else set()
print(":".join(sorted(map(str, folders))))
