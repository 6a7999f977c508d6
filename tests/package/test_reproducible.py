"""A release can be checked by building it again: the same source gives the same bytes, wherever it is."""

import subprocess
from pathlib import Path

import pytest

from tests.builders import packages
from tests.builders.packages import Built


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built of a copy in another folder, with other times and modes of its files."""
    folder = tmp_path_factory.mktemp("again")
    return packages.build(packages.copy_of_the_checkout(folder / "copy"), folder / "dist")


def test_another_checkout_gives_the_same_bytes(built: Built, again: Built) -> None:
    assert built.wheel.read_bytes() == again.wheel.read_bytes()
    assert built.sdist.read_bytes() == again.sdist.read_bytes()


def test_the_source_distribution_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    # By another program: tarfile's filters came with patch releases of Python, and newer ones insist on them.
    (tmp_path / "source").mkdir()
    subprocess.run(["tar", "-xzf", str(built.sdist), "-C", str(tmp_path / "source")], check=True)
    [source] = (tmp_path / "source").iterdir()
    again = packages.build(source, tmp_path / "dist")
    assert built.wheel.read_bytes() == again.wheel.read_bytes()
    assert built.sdist.read_bytes() == again.sdist.read_bytes()
