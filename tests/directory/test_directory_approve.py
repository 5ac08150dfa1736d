"""`directory approve` for several States: each has words of its own, or nobody is listed."""

import json
from pathlib import Path

from tests.fixtures.processes import Network


def test_a_state_without_words_of_its_own_stops_the_whole_command(tmp_path: Path) -> None:
    network = Network(tmp_path)
    network.run("directory", "init", "--home", "register", "--purpose", "training", "--name", "Exercise")
    words = ("--words", "one two three", "--home", "register", "--json")
    ran = network.run("directory", "approve", "XA", "XB", *words, code=2)
    assert json.loads(ran.stdout)["error"] == "E-USAGE"
    assert "once for each" in ran.stderr
    assert json.loads(network.run("directory", "list", "--home", "register", "--json").stdout) == {"states": []}
