"""The constants of src/, as numbers: times in seconds, sizes in bytes, and the rest as they are."""

import ast
import functools
import operator
import re

from pages import ROOT

DECLARED = re.compile(r"\bconst ([A-Z][A-Z0-9_]*): (\[[^\]]*\]|[^=;]+) =\s*([^;]+);")
NAME = re.compile(r"\b(?:(?:super|crate|self)::)?(?:[a-z_]+::)*([A-Z][A-Z0-9_]{2,})\b(?!\()")
UNITS = {"millis": 0.001, "secs": 1, "mins": 60, "hours": 3600, "days": 86400}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@functools.cache
def declared(place):
    """The constants of a file, by name: their types and what they are set to."""
    text = (ROOT / "src" / f"{place}.rs").read_text(encoding="utf-8")
    return {name: (kind.strip(), value.strip()) for name, kind, value in DECLARED.findall(text)}


@functools.cache
def everywhere(name):
    """The files that declare a constant of this name."""
    paths = (path for path in (ROOT / "src").rglob("*.rs") if f"const {name}:" in path.read_text(encoding="utf-8"))
    return sorted(str(path.relative_to(ROOT / "src").with_suffix("")) for path in paths)


def constant(place, name):
    """The value of a constant; of a list, how long it is. A LookupError where it is not there."""
    if not (ROOT / "src" / f"{place}.rs").is_file() or name not in declared(place):
        raise LookupError(f"src/{place}.rs has no constant {name}: {everywhere(name) or 'nor has another'}")
    kind, value = declared(place)[name]
    if kind.startswith("["):
        return int(re.search(r";\s*(\d+)\]", kind)[1])
    return evaluated(value, place)


def evaluated(text, place):
    """The value of an expression of numbers, durations and constants that `place` sees."""
    text = re.sub(r"Duration::from_(\w+)\(", lambda found: f"{UNITS[found[1]]} * (", text)
    text = NAME.sub(lambda found: repr(seen(found[1], place)), text)
    text = re.sub(r"(?<=\d)_(?=\d)|(?<=[\d.])_?(?:[ui]\d+|usize|f64)\b", "", text)
    return calculated(ast.parse(text, mode="eval").body)


def seen(name, place):
    if name in declared(place):
        return constant(place, name)
    [other] = everywhere(name)
    return constant(other, name)


def calculated(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](calculated(node.left), calculated(node.right))
    raise ValueError(f"not a number: {ast.dump(node)}")
