"""The bundle: what it holds and promises, how it is written, checked, unpacked, and answers. See ``docs/bundle.md``."""
