"""What a source file says: its definitions by name, each as a hash of its syntax with the names and words in it.

Left out is what changes no number: comments, docstrings, annotations, cards, presets and the fields of a Config (the
settings have their values), and what a Claim says of its quantities (they are judged anew each time).
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

WORD = re.compile(r"[\w-]+")
JUDGED = ("statement", "baseline", "checks", "timed")         # of a Claim: what is said of its quantities
DottedName = tuple[str, ...]                 # ("zs", "models", "GAN")
Import = tuple[str, str]                     # the module, as written, and the name in it; "" for the module itself


def hash_of(content: Any, size: int = 16) -> str:
    """A hash of anything that JSON can say, `size` bytes in hexadecimal."""
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=size).hexdigest()


class Bare(ast.NodeTransformer):
    """Removes from a syntax tree what changes no number."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        bare = ast.Assign([node.target], node.value) if node.value else ast.Expr(node.target)
        return self.generic_visit(bare)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [each for each in node.body if not _names_bound(each) & {"card", "PRESETS"}
                     and not (node.name == "Config" and isinstance(each, ast.AnnAssign))]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Claim":
            node.keywords = [each for each in node.keywords if each.arg not in JUDGED]
        return self.generic_visit(node)


def _plain(node: Any) -> Any:
    """A syntax tree as lists, the same for every version of Python."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [[name, _plain(value)] for name, value in ast.iter_fields(node)
              if value not in (None, []) and name not in ("ctx", "kind", "type_comment")]
    return [type(node).__name__, fields]


def _names_bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return {node.id for target in targets if target is not None for node in ast.walk(target)
            if isinstance(node, ast.Name)}


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run when a module is loaded, those below an `if` or `try` too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _statements(node)


class Definition(NamedTuple):
    """What one definition says: a hash of its syntax, the names and words in it, and the names it goes through."""

    content: str
    names: tuple[DottedName, ...]
    words: frozenset[str]
    looped: frozenset[str]


class Source(NamedTuple):
    """A file's definitions and imports, by the name that its code uses."""

    definitions: dict[str, Definition]
    imports: dict[str, Import]


@cache
def read(text: str) -> Source:
    """Read the text of a file."""
    tree = Bare().visit(ast.parse(text))
    found: dict[str, list[ast.AST]] = {}
    for statement in _statements(tree):
        for name in _names_bound(statement):
            found.setdefault(name, []).append(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):     # all of one line together: nothing at run time tells them apart
            found.setdefault(f"<lambda>:{node.lineno}", []).append(node)
    return Source({name: _definition(nodes) for name, nodes in found.items()}, _imports(tree))


def _imports(tree: ast.AST) -> dict[str, Import]:
    found: dict[str, Import] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {each.asname or each.name: ("." * node.level + (node.module or ""), each.name)
                      for each in node.names}
        elif isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = (each.name if each.asname else top, "")
    return found


def _definition(nodes: list[ast.AST]) -> Definition:
    every = [node for each in nodes for node in ast.walk(each)]
    loops = [node.iter for node in every if isinstance(node, ast.For | ast.comprehension)]
    loops += [node.value for node in every if isinstance(node, ast.Attribute) and node.attr in ("values", "items")]
    texts = [node.value for node in every if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return Definition(hash_of(_plain(nodes)), tuple(sorted(set(filter(None, map(_dotted, every))))),
                      frozenset(word for text in texts for word in WORD.findall(text)),
                      frozenset(node.id for loop in loops for node in ast.walk(loop) if isinstance(node, ast.Name)))


def _dotted(node: ast.AST) -> DottedName:
    """The dotted name that a node is; () if it is none."""
    if isinstance(node, ast.Name):
        return (node.id,)
    parents = _dotted(node.value) if isinstance(node, ast.Attribute) else ()
    return (*parents, node.attr) if parents else ()
