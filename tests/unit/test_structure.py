"""The house keeps its shape: who may import whom, what a file may be, and what starting up may cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "zerosum"
FILES = sorted(ROOT.rglob("*.py"))
BASE = {"core", "ops", "version"}

# A room and what it may import (docs/design.md); what is missing here belongs to no room and fails.
MAY: dict[str, set[str]] = {
    "version": set(), "core": set(), "ops": set(),
    "layers": {"ops"}, "losses": {"ops"}, "penalties": {"ops"}, "augment": {"ops"},
    "networks": {"layers", "ops"},
    "models": {"core", "networks", "layers", "losses", "penalties", "augment", "ops"},
    "data": {"core"},
    "engine": {"core", "data"},
    "latent": BASE,
    "metrics": BASE | {"data"},
    "doctor": BASE | {"data"},
    "interop": BASE | {"networks", "layers"},
    "runs": BASE | {"data", "doctor", "engine", "interop", "metrics", "models"},
}
MAY["claims"] = set(MAY)                      # everything below
MAY["demos"] = MAY["study"] = MAY["claims"]
MAY["cli"] = MAY["claims"] | {"claims", "demos", "study"}
MAY["__init__"] = MAY["cli"] | {"cli"}        # the door
MAY["__main__"] = {"cli"}


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(file: Path, tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Absolute names of all modules that a file imports, wherever in it."""
    package = ("zerosum", *file.relative_to(ROOT).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            module = (*base, *node.module.split(".")) if node.module else base
            yield from [(*module, alias.name) for alias in node.names] if module == ("zerosum",) else [module]


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


each_file = pytest.mark.parametrize("file", FILES, ids=named)


def test_there_is_something_to_look_at():
    assert len(FILES) > 80 and {"core", "engine", "models", "cli"} <= {room_of(file) for file in FILES}


@each_file
def test_rooms_import_only_what_lies_below(file):
    room = room_of(file)
    assert room in MAY, f"{room} is no room of the design"
    inside = {name[1] for name in imports(file, parsed(file)) if name[0] == "zerosum" and len(name) > 1}
    assert inside - {room} <= MAY[room]


def test_no_room_stands_on_itself():
    below = {room: MAY[room] - {room} for room in MAY}
    while below:
        floor = [room for room, rooms in below.items() if not rooms]
        assert floor, f"a cycle among {sorted(below)}"
        below = {room: rooms - set(floor) for room, rooms in below.items() if room not in floor}


def test_modules_within_a_room_have_no_cycle():
    """By what is imported when a module is loaded; an import inside a function may look back."""
    modules = {".".join(("zerosum", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): file
               for file in FILES}
    edges: dict[str, set[str]] = {}
    for name, file in modules.items():
        tree = parsed(file)
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        found = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package.split(".")[:len(package.split(".")) - node.level + 1]
                module = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
                found |= {f"{module}.{a.name}" if f"{module}.{a.name}" in modules else module for a in node.names}
        # A module's own package is being loaded already when it imports a sibling.
        edges[name] = {m for m in found & modules.keys() if m != name and not name.startswith(m + ".")}
    while edges:
        ready = [name for name, needs in edges.items() if not needs & edges.keys()]
        assert ready, f"a cycle among {sorted(edges)}"
        edges = {name: needs for name, needs in edges.items() if name not in ready}


@pytest.mark.parametrize("file", [f for f in FILES if room_of(f) not in ("models", "claims")], ids=named)
def test_no_one_but_models_and_claims_knows_a_concrete_model(file):
    assert not [name for name in imports(file, parsed(file)) if name[:2] == ("zerosum", "models") and len(name) > 2]


@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*/[a-z]*.py")), ids=named)
def test_a_model_has_at_most_one_parent_model(file):
    assert len({name for name in imports(file, parsed(file)) if name[:2] == ("zerosum", "models")}) <= 1


@each_file
def test_a_file_says_first_what_it_is_for(file):
    first = (ast.get_docstring(parsed(file)) or "").split("\n\n")[0].strip()
    assert first and first[-1] in ".:"


@each_file
def test_a_file_has_a_subject(file):
    assert not {part.removesuffix(".py") for part in file.relative_to(ROOT).parts} & {
        "utils", "util", "common", "helpers", "helper", "misc", "shared"}


@each_file
def test_a_file_fits_the_head(file):
    most = {"networks": 400}.get(room_of(file), 300 if named(file) == "engine/trainer.py" else 250)
    assert len(file.read_text(encoding="utf-8").splitlines()) <= most


def test_the_engine_is_small():
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in FILES if room_of(file) == "engine") <= 900


def nesting(node: ast.AST, depth: int = 0) -> int:
    deepest = depth
    for child in ast.iter_child_nodes(node):
        inner = depth + isinstance(child, ast.If | ast.For | ast.While | ast.With | ast.Try)
        if isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse:
            inner = depth                     # elif
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = 0
        deepest = max(deepest, nesting(child, inner))
    return deepest


@each_file
def test_functions_fit_on_a_screen(file):
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef):
            given = [a.arg for a in [*node.args.posonlyargs, *node.args.args] if a.arg not in ("self", "cls")]
            assert node.end_lineno - node.lineno < 40, node.name
            assert nesting(node) <= 3, node.name
            kernel = any(ast.unparse(decorator) == "triton.jit" for decorator in node.decorator_list)
            assert kernel or len(given) <= (12 if node.name == "__init__" else 6), node.name


@each_file
def test_no_error_is_swallowed(file):
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "a bare except"
            assert not all(isinstance(statement, ast.Pass) for statement in node.body), f"line {node.lineno}"


@each_file
def test_only_torch_and_numpy_are_loaded_with_a_module(file):
    """All else is imported by the function that needs it; Pillow is what pictures are made of, Triton kernels."""
    allowed = {"torch", "numpy", "zerosum", *sys.stdlib_module_names} | ({"PIL"} if room_of(file) in ("runs", "claims")
                                                                         else set())
    if file.name == "kernels.py":            # loaded on a GPU only
        allowed |= {"triton"}
    loaded = [node for node in parsed(file).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not {name[0] for name in imports(file, ast.Module(loaded, []))} - allowed


# What starting up costs ----------------------------------------------------------------------------------------------


def loaded_after(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code + "\nimport sys; print(*sys.modules, file=sys.stderr)"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_the_library_itself_loads_nothing():
    loaded = loaded_after("import zerosum; assert 'train' in dir(zerosum) and zerosum.__version__")
    assert not loaded & {"torch", "numpy", "matplotlib", "zerosum.core"}


def test_version_and_help_need_no_torch():
    loaded = loaded_after("from zerosum.cli import main; assert main(['--version']) == main(['--help']) == 0")
    assert "torch" not in loaded


def test_the_first_step_needs_no_compiler_and_no_figures(tmp_path):
    """torch._dynamo takes 1.5 s to load, scikit-learn one more; a run on points needs neither before it is measured."""
    loaded = loaded_after(
        "from zerosum.runs.recorder import Recorder\nfrom zerosum.cli import main\n"
        "Recorder.score = lambda self, quick=False: []\n"
        f"words = 'train gan --preset ring --steps 3 --log-every 1 --device cpu --quiet --out {tmp_path}/run'.split()\n"
        "assert main(words) == 0")
    unwanted = ("torch._dynamo", "torch._inductor", "matplotlib", "sklearn", "scipy", "pandas", "tensorflow", "rich",
                "zerosum.models.explicit.vae", "zerosum.claims")
    assert {name for name in unwanted if name in loaded} == set()


def test_a_picture_run_loads_only_its_data(tmp_path):
    loaded = loaded_after(
        "from zerosum.runs.recorder import Recorder\nfrom zerosum.cli import main\n"
        "Recorder.score = lambda self, quick=False: []\n"
        f"words = 'train dcgan --preset tiny --device cpu --quiet --no-tensorboard --out {tmp_path}/run'.split()\n"
        "assert main(words) == 0")
    assert not loaded & {"torch._dynamo", "matplotlib", "tensorboard"}
