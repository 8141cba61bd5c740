"""Takes secrets out of settings, answers of Flink's REST interface and logs."""

import re
from typing import Any

MASK = "******"

# Words of a key whose value is a secret: parted by dots, dashes, underlines or capitals.
_WORDS = (
    r"password|passwd|passphrase|secret|secrets|token|jaas|credential|credentials|authorization|apikey|api[._-]?key|accesskey|access[._-]?key|"
    r"private[._-]?key|service[._-]?key|account[._-]?key|key[._-]?pem|user[._-]?info|basic[._-]?auth|sas"
)
_SENSITIVE = re.compile(rf"(?:^|[^a-z])(?:{_WORDS})(?:$|[^a-z])", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REFERENCE = re.compile(r"^[\"']?\$\{(?:file|dir|env):[^}]*\}[\"']?[;,]?$")

_PAIR = re.compile(
    r"""(?P<key>-{0,2}[\w.$-]+)(?P<quote>["']?)(?P<between>\s?[=:]\s?|(?<=\w)\ (?=\S))(?P<value>\$\{[^}]*\};?|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&)\]}]+)""",
    re.VERBOSE,
)
_ELSEWHERE = (
    (re.compile(r"://[^/\s:@]+:[^/\s@]+@"), f"://{MASK}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w+/=.~-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL), MASK),
)
_HIDDEN_BY_FLINK = "(sensitive information)"


def is_sensitive(key: str) -> bool:
    """Whether the value of a key is a secret, by the key's name."""
    return bool(_SENSITIVE.search(_CAPITAL.sub(".", key)))


def _masked_pair(match: re.Match[str]) -> str:
    key, between, value = match["key"], match["between"], match["value"]
    # Without = or :, only a flag has a value behind it; a sentence has not.
    if not is_sensitive(key) or _REFERENCE.match(value) or (between == " " and not key.startswith("--")):
        return match[0]
    return f"{key}{match['quote']}{between}{MASK}"


def in_line(text: str) -> str:
    """A text of one line, without the values of pairs that sound secret, and without what looks like a secret."""
    for pattern, replacement in _ELSEWHERE:
        text = pattern.sub(replacement, text)
    end, parts = 0, []
    while match := _PAIR.search(text, end):
        masked = _masked_pair(match)
        # What is not masked may hold a pair in its value.
        stop = match.end() if masked != match[0] else match.start("value")
        parts.append(text[end : match.start()] + (masked if masked != match[0] else text[match.start() : stop]))
        end = stop
    return "".join(parts) + text[end:]


def in_json(value: Any, key: str = "") -> Any:
    """The same JSON: values of keys that sound secret are masked, whether pairs are fields or objects of key and value."""
    if isinstance(value, dict):
        name = str(value.get("key", ""))
        return {each: in_json(inner, name if each == "value" and name else each) for each, inner in value.items()}
    if isinstance(value, list):
        return [in_json(each, key) for each in value]
    if isinstance(value, str) and value:
        return MASK if is_sensitive(key) and not _REFERENCE.match(value) else in_text(value)
    return value


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def in_text(text: str) -> str:
    """Lines of settings or of a log. In YAML, what stands below a key that sounds secret is masked, too."""
    for pattern, replacement in _ELSEWHERE:
        text = pattern.sub(replacement, text)
    lines, below, hidden = [], None, False
    for line in text.split("\n"):
        if below is not None and line.strip() and _indentation(line) > below:
            lines.append(f"{line[: _indentation(line)]}{MASK}")
            continue
        opens = re.match(r"^\s*(?:- )?[\"']?([\w.$-]+)[\"']?\s*:\s*(?:[|>][-+\d]*)?\s*$", line)
        below = _indentation(line) if opens and is_sensitive(opens[1]) else below if not line.strip() else None
        # Flink hides an argument that sounds secret, and logs the next one, which is its value.
        message = re.search(r" - \s*(\S.*)$", line)
        if hidden and message and not message[1].startswith("-"):
            line = f"{line[: message.start(1)]}{MASK}"
        hidden = _HIDDEN_BY_FLINK in line
        lines.append(in_line(line))
    return "\n".join(lines)
