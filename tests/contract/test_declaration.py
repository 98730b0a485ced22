"""What a system says of itself: card, docstring, settings, presets."""

import dataclasses
import re
import sys

import pytest
import torch

from zerosum.cli.catalogue import describe
from zerosum.core import Card, Model, UsageError, build, settings_of
from zerosum.data import DataConfig
from zerosum.engine import TrainConfig
from zerosum.runs import create, plan


def docstring(cls: type[Model]) -> str:
    return sys.modules[cls.__module__].__doc__ or ""


def test_name_and_family_come_from_the_file(cls, name):
    assert cls.__module__ == f"zerosum.models.{cls.family}.{name.replace('-', '_')}"
    assert cls.name == name


def test_card_is_complete(cls):
    assert isinstance(cls.card, Card)
    for field in dataclasses.fields(Card):
        value = getattr(cls.card, field.name)
        assert value not in ("", ()) or (cls.name, field.name) == ("recipe", "arxiv"), field.name
        if isinstance(value, str):
            assert value == value.strip() and "\n" not in value, field.name
    assert 1900 < cls.card.year < 2100
    assert cls.card.structure in ("direct", "hierarchical", "iterative", "other")
    assert cls.card.density in ("implicit", "approximate", "tractable")
    assert re.fullmatch(r"\d{4}\.\d{4,5}|https://\S+", cls.card.arxiv) or (cls.name, cls.card.arxiv) == ("recipe", "")
    assert cls.card.summary.endswith(".")


def test_docstring_names_paper_players_and_departures(cls):
    text = docstring(cls)
    first = text.split("\n\n")[0].replace("\n", " ")
    assert first.endswith(".")
    assert re.search(r"^Players  +\S", text, re.MULTILINE)
    assert re.search(r"^Departures  +\S", text, re.MULTILINE)
    if cls.card.authors != "zerosum":        # a system of this library has no paper
        address = f"arXiv:{cls.card.arxiv}" if "/" not in cls.card.arxiv else cls.card.arxiv.removeprefix("https://")
        assert address in first
        assert str(cls.card.year) in first
        assert cls.card.authors.split(",")[0] in first


def test_docstring_names_every_player(cls, tiny):
    players = re.search(r"^Players(.*?)^Departures", docstring(cls), re.MULTILINE | re.DOTALL)[1]
    for player in tiny().model.players():
        assert player.rstrip("0123456789") in players


def test_settings_are_few_flat_and_explained(cls):
    settings = settings_of(cls.Config)
    assert dataclasses.is_dataclass(cls.Config) and cls.Config.__dataclass_params__.frozen
    assert len(settings) <= 20
    for setting in settings:
        assert setting.help, f"{setting.name} has no comment behind it"
        assert setting.type_name
        assert setting.parse(setting.default) == setting.default


def test_settings_collide_with_no_other_configuration(cls):
    mine = {s.name for s in settings_of(cls.Config)}
    for other in (TrainConfig, DataConfig):
        assert not mine & {s.name for s in settings_of(other)}


def test_settings_are_validated(cls):
    """A number that must be positive, and is not, is refused when the configuration is made."""
    numbers = [s for s in settings_of(cls.Config) if s.type in (int, float) and s.default > 0]
    refused = []
    for setting in numbers:
        try:
            build(cls.Config, {setting.name: -setting.default})
        except UsageError as error:
            assert setting.name in str(error)
            refused.append(setting.name)
    assert set(refused) == {s.name for s in numbers}


def test_presets(cls, name, specs):
    assert {"tiny", "small", "paper"} <= set(cls.PRESETS)
    for preset in cls.PRESETS:
        chosen = plan(name, preset)
        assert chosen.model is cls and chosen.preset == preset
        assert specs(chosen.data).shape


def test_the_papers_scale_can_be_built(name, specs):
    chosen = plan(name, "paper")
    with torch.device("meta"):
        model = create(name, specs(chosen.data), preset="paper")
    assert model.cfg == chosen.cfg
    assert sum(p.numel() for p in model.parameters()) > 0


def test_the_defaults_are_the_papers(cls):
    """The paper's preset says which data and how long; the paper's values are the defaults of the configuration."""
    assert not set(cls.PRESETS["paper"]) & {s.name for s in settings_of(cls.Config)}


def test_an_unknown_setting_is_refused_by_the_nearest_name(name):
    with pytest.raises(UsageError, match=r"unknown setting 'batch_sice' \(did you mean batch_size\?\)"):
        plan(name, "tiny", {"batch_sice": 3})


def test_it_can_be_described(cls):
    document = describe(cls, {})
    assert set(document["players"]) and all(count > 0 for count in document["players"].values())
    assert all(moves for moves in document["rounds"].values())
