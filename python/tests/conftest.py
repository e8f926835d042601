"""One tiny run, which most tests look at."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, NamedTuple

import drawn
import foretask
import pytest

SCRIPT = """
let data = dataset("photos");
let few = data.split("train").per_class(3, #{ seed: 1, draws: 2 });
let net = resnet10(#{ width: 4 });
let pre = pretrain(net, rotation(), data.unlabeled(), #{ steps: param("steps", 2), batch_size: 8 });
report("stripes", #{ probe: linear_probe(pre.encoder, few).evaluate(data.split("test")) });
"""


class Done(NamedTuple):
    """A finished run, and the folder that holds script and images."""

    run: foretask.Run
    place: Path


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    place = tmp_path_factory.mktemp("stripes")
    drawn.draw(place / "photos")
    (place / "stripes.rhai").write_text(SCRIPT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        run = foretask.run("stripes.rhai", set={"steps": 3}, quiet=True)
    return Done(foretask.Run(place / run.folder, run.text), place)


@pytest.fixture
def there(done: Done, monkeypatch: pytest.MonkeyPatch) -> Iterator[Done]:
    """As ``done``, from within its folder."""
    monkeypatch.chdir(done.place)
    yield done


@pytest.fixture
def no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary files go where they can be counted, and none may be left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    assert not list(tmp_path.iterdir())
