"""Systems by name: found without importing the others, registered once, from anyone's file."""

import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import zerosum as zs
from zerosum import models
from zerosum.core import UsageError, find, find_all, names, registry
from zerosum.core.meanings import ALSO, SEVERAL, plain
from zerosum.core.registry import discover

FOLDER = Path(models.__file__).parent
OWN = '''"""Mine."""
from zerosum.core import register
from zerosum.models.objective.gan import GAN


@register
class Mine(GAN):
    """My game."""
'''


@pytest.fixture(autouse=True)
def _unchanged(monkeypatch):
    find_all()                                # what registers now is kept
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "_modules", dict(registry._modules))


def test_every_file_is_a_system():
    files = {file.stem.replace("_", "-") for file in FOLDER.glob("*/[a-z]*.py")}
    ours = [cls.name for cls in find_all() if cls.__module__.startswith("zerosum.")]     # other tests register theirs
    assert ours == sorted(files) and set(files) <= set(names())
    assert [cls.name for cls in find_all()] == names()
    assert {"gan", "dcgan", "keras-dcgan", "wgan", "wgan-gp", "cgan", "vae", "recipe"} <= files


def test_only_what_is_asked_for_is_imported():
    code = ("import sys\nfrom zerosum import models\nfrom zerosum.core import find, names\nassert len(names()) > 7\n"
            "assert not [m for m in sys.modules if m.startswith('zerosum.models.')]\nfind('wgan-gp')\n"
            "print([m for m in sys.modules if m.startswith('zerosum.models.') and m.count('.') == 3])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['zerosum.models.objective.wgan_gp']"


def test_models_by_their_python_name():
    assert models.WGANGP is find("wgan-gp") and zs.models.GAN.name == "gan"
    with pytest.raises(AttributeError, match="no model class 'GANN'"):
        _ = models.GANN


def test_unknown_names():
    with pytest.raises(UsageError, match=r"unknown model 'dcgn' \(did you mean dcgan\?\)"):
        find("dcgn")
    with pytest.raises(UsageError, match="no such model file: my_gan"):
        find("my_gan.py")


def test_a_users_file():
    Path("my_game.py").write_text(OWN)
    cls = find("my_game.py")
    assert (cls.name, cls.__name__, cls.__doc__) == ("my-game", "Mine", "My game.")
    assert find("my-game") is cls and "my-game" in names()
    again = find("my_game.py")                # edited, at a prompt: the file counts as it is now
    assert again is not cls and find("my-game") is again


def test_a_users_file_hides_no_module():
    Path("random.py").write_text(OWN)
    assert find("random.py").name == "random"
    assert sys.modules["random"] is random


def test_a_file_that_registers_nothing():
    Path("empty.py").write_text('"""Nothing."""\n')
    with pytest.raises(UsageError, match=r"empty.py registers no model: put @register above its class"):
        find("empty.py")


def test_a_name_is_registered_once():
    find("gan")
    Path("gan.py").write_text(OWN)
    with pytest.raises(UsageError, match=r"gan.py registers 'gan' a second time \(zerosum.models.objective.gan.GAN"):
        find("gan.py")
    assert find("gan").__module__ == "zerosum.models.objective.gan"


def test_discovery_skips_private_files(tmp_path):
    package = SimpleNamespace(__name__="toys", __path__=[str(tmp_path)])
    (tmp_path / "family").mkdir()
    for name in ("new_gan.py", "_shared.py", "__init__.py"):
        (tmp_path / "family" / name).write_text("")
    (tmp_path / "alone.py").write_text("")
    discover(package)
    assert registry._modules["new-gan"] == "toys.family.new_gan"
    assert not {"shared", "-shared", "alone"} & registry._modules.keys()


@pytest.mark.parametrize("name", [*SEVERAL, "SGAN", "SS-GAN", "SC_GAN", "LS-GAN", "Rank GAN"])
def test_a_name_that_means_several_systems_is_refused_with_their_list(name):
    if (own := name.lower().replace("_", "-").replace(" ", "-")) in names():
        assert find(name).name == own         # a system's own name means that system
        return
    with pytest.raises(UsageError, match="means several systems; say which: ") as refused:
        find(name)
    here, _, elsewhere = str(refused.value).partition("; not in zerosum: ")
    for what, system in SEVERAL[plain(name)]:
        assert (f"{system} ({what})" in here) if system in names() else (what in elsewhere)
    assert "\n" not in str(refused.value)


def test_every_ambiguous_name_of_ours_still_names_its_other_meaning():
    for name, several in SEVERAL.items():
        assert len(several) > 1 and plain(name) == name
        if name in names():
            assert name in [system for _, system in several]


@pytest.mark.parametrize(("spelled", "system"), [
    ("WGAN-GP", "wgan-gp"), ("wgan_gp", "wgan-gp"), ("WGANGP", "wgan-gp"), ("DCGAN", "dcgan"), ("LSGAN", "lsgan"),
    ("Wasserstein GAN", "wgan"), ("RaGAN", "relativistic-gan"), ("Unrolled", "unrolled-gan"),
])
def test_other_spellings_are_known(spelled, system):
    assert find(spelled).name == system


def test_other_names_are_no_systems_themselves():
    assert not set(ALSO) & {plain(name) for name in names()} and not set(ALSO) & set(SEVERAL)
