"""Forest files that nobody should trust: refused with a reason, never a crash; also under the sanitizers."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from tests.workloads.inference.forest import models
from tests.workloads.inference.forest.test_forest import save
from workloads.inference.forest import library
from workloads.inference.forest.forest import Forest, ForestError

HEADER = struct.Struct("<8s8I")
NODE = struct.Struct("<ffiI")
GCC = shutil.which("gcc")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save(models.train("shallow"), tmp_path_factory.mktemp("forest") / "model.forest").read_bytes()


class Parts:
    """A forest file taken apart, so that one thing of it can be broken."""

    def __init__(self, data: bytes) -> None:
        self.head = list(HEADER.unpack_from(data))
        outputs, trees, nodes = self.head[3], self.head[4], self.head[5]
        at = HEADER.size + 4 * outputs
        self.base = bytearray(data[HEADER.size : at])
        self.first = list(struct.unpack_from(f"<{trees}I", data, at))
        self.output = list(struct.unpack_from(f"<{trees}I", data, at + 4 * trees))
        at += 8 * trees
        self.nodes = [list(NODE.unpack_from(data, at + 16 * index)) for index in range(nodes)]
        self.rest = data[at + 16 * nodes :]

    def data(self) -> bytes:
        lists = struct.pack(f"<{len(self.first)}I", *self.first) + struct.pack(f"<{len(self.output)}I", *self.output)
        nodes = b"".join(NODE.pack(*node) for node in self.nodes)
        return HEADER.pack(*self.head) + bytes(self.base) + lists + nodes + self.rest


def refusal(data: bytes, tmp_path: Path) -> str:
    path = tmp_path / "model.forest"
    path.write_bytes(data)
    with pytest.raises(ForestError) as caught:
        Forest(path, library.build())
    return str(caught.value).removeprefix(f"{path} is no sound forest file: ")


@pytest.mark.parametrize(
    ("index", "value", "message"),
    [
        (0, b"MLFORESX", "it does not begin with MLFOREST"),
        (1, 2, "it is of version 2, this code reads version 1"),
        (2, 0, "0 features, allowed are 1 to 4096"),
        (2, 5000, "5000 features, allowed are 1 to 4096"),
        (3, 0, "0 outputs, allowed are 1 to 1024"),
        (3, 2**32 - 1, "4294967295 outputs, allowed are 1 to 1024"),
        (4, 2**32 - 1, "49 nodes for 4294967295 trees"),
        (5, 2**32 - 1, "it has 3136 bytes, its header announces 68719478672"),
        (6, 4, "transformation 4, allowed are 0 to 3"),
        (7, 2**32 - 1, "it has 3136 bytes, its header announces 137438954488"),
        (8, 1, "a reserved field holds 1"),
    ],
)
def test_headers(sound: bytes, tmp_path: Path, index: int, value: int, message: str) -> None:
    parts = Parts(sound)
    parts.head[index] = value
    found = refusal(parts.data(), tmp_path)
    if "announces" in message:
        assert found.startswith("it has ")
        assert "its header announces " in found
    else:
        assert found == message


def test_trees_and_nodes(sound: bytes, tmp_path: Path) -> None:
    def broken(change: str) -> str:
        parts = Parts(sound)
        scope = {"p": parts, "n": parts.nodes}
        exec(change, scope)  # noqa: S102 - the lines below
        return refusal(parts.data(), tmp_path)

    end = Parts(sound).first[1] - 1
    assert broken("p.first[0] = 1") == "the first tree begins at node 1"
    assert broken("p.first[1] = 0") == "tree 0 has no nodes"
    assert broken("p.first[1] = 4000000000") == "tree 0 has no nodes"
    assert broken("p.output[2] = 9") == "tree 2 adds to output 9 of 1"
    assert broken("n[0][3] = 0") == f"node 0 has its children at 0, outside its tree's 1..{end}"
    assert broken("n[0][3] = 4294967295") == f"node 0 has its children at 4294967295, outside its tree's 1..{end}"
    assert broken(f"n[0][3] = {end}") == f"node 0 has its children at {end}, outside its tree's 1..{end}"
    assert broken("n[0][3] = 2") == "node 1 of tree 0 has no parent"
    assert broken("n[1][3] = 2") == "node 1 takes children that have a parent"
    assert broken("n[0][2] = 7") == "node 0 reads feature 7 of 7"
    assert broken("n[0][2] = -2") == "node 0 has feature -2"
    assert broken("n[0][2] = 0x3fffffff") == "node 0 reads feature 1073741823 of 7"
    assert broken("n[0][0] = float('nan')") in ("node 0 has threshold nan", "node 0 has threshold -nan")
    assert broken("n[0][0] = float('-inf')") == "node 0 has threshold -inf"
    assert broken("n[0][1] = -1.0") == "node 0 has cover -1"
    assert broken(f"n[{end}][0] = float('inf')") == f"leaf {end} has value inf"
    assert broken("p.base[:] = b'\\x00\\x00\\x80\\x7f'") == "base score inf of output 0"


def test_a_chain_that_is_too_deep(tmp_path: Path) -> None:
    levels = 70
    nodes = b"".join(
        NODE.pack(0, 1, 0, 2 * level + 1) + (b"" if level == 0 else NODE.pack(0.5, 1, -1, 0)) for level in range(levels)
    )
    nodes += NODE.pack(0.5, 1, -1, 0) * 2
    head = HEADER.pack(b"MLFOREST", 1, 1, 1, 1, len(nodes) // 16, 0, 0, 0)
    assert refusal(head + struct.pack("<fII", 0.5, 0, 0) + nodes, tmp_path) == "tree 0 is more than 64 levels deep"


def test_files_cut_short(sound: bytes, tmp_path: Path) -> None:
    for length in [*range(60), *range(60, len(sound), 97)]:
        assert refusal(sound[:length], tmp_path).startswith("it has ")
    assert refusal(sound + b"\0", tmp_path).startswith("it has ")


def test_any_flipped_bits(sound: bytes, tmp_path: Path) -> None:
    """Damage is refused, or it is in a number and the probes show it, or the file still means something sound."""
    chance = random.Random(7)  # noqa: S311 - reproducible damage
    path, location = tmp_path / "model.forest", library.build()
    refused = 0
    for _ in range(3000):
        data = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            forest = Forest(path, location)
        except ForestError:
            refused += 1
        else:
            forest.many(array("d", [0.5] * forest.features * 20))
    assert refused > 1500


SANITIZED = """
import sys
sys.path.insert(0, {root!r})
import random
from array import array
from pathlib import Path
from workloads.inference.forest.forest import Forest, ForestError
location, path = Path(sys.argv[1]), Path(sys.argv[2])
sound = [Path(name).read_bytes() for name in sys.argv[3:]]
chance = random.Random(11)
values = [float("nan"), float("inf"), -1e300, 0.0, 3.5, -40.0]
rows = array("d", [chance.choice(values) for _ in range(7 * 150)])
refused = opened = 0
for round in range(1500):
    data = bytearray(chance.choice(sound))
    if round >= 2 * len(sound):
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data) if chance.random() < 0.5 else 200)] = chance.randrange(256)
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)):]
    path.write_bytes(data)
    try:
        forest = Forest(path, location, kernel=round % 4)
    except ForestError:
        refused += 1
        continue
    opened += 1
    if forest.features == 7:
        forest.many(rows), forest.many(rows[:21])
        try:
            forest.contributions(rows[:14])
        except ForestError:
            pass
print(refused, opened)
"""


def sanitizer_runtimes() -> list[str]:
    """The sanitizers' shared objects, to be loaded before Python's own code; empty where the compiler has none."""
    if GCC is None:
        return []
    names = ("libasan.so", "libubsan.so")
    paths = [subprocess.run([GCC, f"-print-file-name={n}"], capture_output=True, text=True, check=True) for n in names]
    found = [result.stdout.strip() for result in paths]
    return found if all(Path(path).is_absolute() for path in found) else []


@pytest.mark.skipif(not sanitizer_runtimes(), reason="needs gcc with its sanitizer libraries")
def test_under_the_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    built = tmp_path / "forest-sanitized.so"
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    kept = [flag for flag in library.FLAGS if flag != "-O3"]
    subprocess.run([GCC or "", *kept, *checks, "-o", str(built), str(library.SOURCE), "-lm"], check=True)
    kinds = ("shallow", "deep", "very deep", "classes", "constant")
    files = [str(save(models.train(kind), tmp_path / kind.replace(" ", "-"))) for kind in kinds]
    program = tmp_path / "program.py"
    program.write_text(SANITIZED.format(root=str(library.SOURCE.parents[3])))
    result = subprocess.run(
        [sys.executable, str(program), str(built), str(tmp_path / "mutated"), *files],
        env={"LD_PRELOAD": ":".join(sanitizer_runtimes()), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    refused, opened = map(int, result.stdout.split())
    assert refused > 200
    assert opened > 200
