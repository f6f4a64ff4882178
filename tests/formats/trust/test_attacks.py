"""Everything that is known to fool readers of pickles, tried on ours: nothing runs, and the error says trust."""

import copyreg
import os
import pickle
import pickletools
import struct

import cloudpickle
import numpy as np
import pytest

from mlops_lite import formats
from mlops_lite.errors import DamagedError, UntrustedError
from mlops_lite.formats import trust
from mlops_lite.formats.container import Manifest, Place
from mlops_lite.formats.trust import Trust, machine
from mlops_lite.formats.trust.judgement import _Known
from mlops_lite.formats.trust.names import known
from mlops_lite.formats.trust.symbols import Name, RefusedPickleError

PROTO = b"\x80\x05"


def text(value):
    return b"\x8c" + struct.pack("<B", len(value)) + value.encode()


def name(module, attribute):
    return text(module) + text(attribute) + b"\x93"


def call(function, *arguments):
    """A pickle that calls a function with texts."""
    return PROTO + function + b"(" + b"".join(map(text, arguments)) + b"tR."


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "it-ran"


@pytest.fixture
def command(marker):
    return f"touch {marker}"


def attacks(command, marker):
    """Name and pickle of each attack; every one of them runs the command, or does harm, in a plain unpickler."""
    system = name("os", "system")
    yield "a call by name", call(system, command)
    yield "memo confusion", (
        # the real machine counts entries, so the second one replaces the first; who counts otherwise reads "math"
        PROTO + text("math") + b"q\x01" + b"0" + text("os") + b"\x94" + b"0"
        + b"h\x01" + text("system") + b"\x93" + text(command) + b"\x85R."
    )  # fmt: skip
    yield "INST", PROTO + b"(" + text(command) + b"ios\nsystem\n."
    yield "OBJ", PROTO + b"(" + b"cos\nsystem\n" + text(command) + b"o."
    yield "GLOBAL, as older protocols write it", PROTO + b"cos\nsystem\n" + text(command) + b"\x85R."
    yield "a computed name", (
        PROTO + name("builtins", "str.lower") + text("OS") + b"\x85R" + text("system") + b"\x93" + text(command)
        + b"\x85R."
    )  # fmt: skip
    yield "a nested pickle", PROTO + name("pickle", "loads") + b"C" + _sized(call(system, command)) + b"\x85R."
    yield "a nested pickle of the C module", (
        PROTO + name("_pickle", "loads") + b"C" + _sized(call(system, command)) + b"\x85R."
    )  # fmt: skip
    yield "a function by value", _by_value(str(marker))
    yield "eval", call(name("builtins", "eval"), f"__import__('os').system({command!r})")
    yield "getattr", PROTO + name("builtins", "getattr") + name("os", "path") + text("join") + b"\x86R."
    yield "an attribute of something known", PROTO + name("numpy", "testing.measure") + text("1") + b"\x85R."
    yield "a prefix of something known", call(name("numpy.testing._private.utils", "runstring"), command)
    yield "the storage loader of torch", (
        PROTO + name("torch.storage", "_load_from_bytes") + b"C" + _sized(call(system, command)) + b"\x85R."
    )  # fmt: skip
    yield "torch.load", call(name("torch", "load"), str(marker))
    yield "joblib", call(name("joblib", "load"), str(marker))
    yield "attributes of a class", PROTO + name("collections", "OrderedDict") + b"}" + text("get") + text("x") + b"sb."
    yield "attributes of a function", PROTO + name("numpy", "mean") + b"}" + text("__doc__") + text("x") + b"sb."
    yield "a persistent id", PROTO + text("x") + b"Q."
    yield "calling what a call gave", (
        PROTO + name("collections", "OrderedDict") + b")R" + text(command) + b"\x85R."
    )  # fmt: skip
    yield "the constructor of a class of which only instances are made", (
        PROTO + name("xgboost.core", "Booster") + b"(NNt" + b"R."
    )  # fmt: skip
    yield "an instance of a class that is only mentioned", (
        PROTO + name("numpy", "ndarray") + b"((K\x01K\x01t" + text("d") + b"t\x81."
    )  # fmt: skip


def _sized(data):
    assert len(data) < 256
    return bytes([len(data)]) + data


def _by_value(path):
    class Runs:
        def __reduce__(self):
            return (lambda where: open(where, "w").close()), (path,)

    return cloudpickle.dumps(Runs(), protocol=5)


NAMES = [what for what, _ in attacks("true", "x")]


def forged(store, head):
    """Put a pickle into a store as somebody who can write there would: with a manifest that matches."""
    facts = {"head": 0}
    with store.objects.batch() as batch:
        digest = batch.add(head)
        listed = Manifest("pickle", facts, ((digest, len(head)),), (Place(0, 0, len(head)),))
        return batch.add(listed.encode())


@pytest.mark.parametrize("what", NAMES)
def test_no_attack_is_opened_below_code(what, store, command, marker):
    stored = forged(store, dict(attacks(command, marker))[what])
    for trusted in ("arrays", "known", ["my.module.Model"]):
        with pytest.raises(UntrustedError, match="Nothing was opened"):
            formats.load(stored, store, trusted=trusted, what="model/churn@3")
    assert not marker.exists()


@pytest.mark.parametrize("what", NAMES)
def test_every_attack_is_judged_to_need_code(what, command, marker):
    judgement = trust.judge(dict(attacks(command, marker))[what])
    assert judgement.level == "code"
    assert judgement.reason


SEEN_BY_THE_MACHINE_ONLY = {
    "a persistent id", "attributes of a class", "attributes of a function", "calling what a call gave",
    "the constructor of a class of which only instances are made", "an instance of a class that is only mentioned",
}  # fmt: skip
LOOKED_UP = [what for what in NAMES if what not in SEEN_BY_THE_MACHINE_ONLY]


@pytest.mark.parametrize("what", LOOKED_UP)
def test_the_unpickler_alone_looks_up_nothing_unknown(what, command, marker):
    """Even if the machine were wrong: what looks up an unknown name is stopped a second time."""
    import io

    with pytest.raises((UntrustedError, pickle.UnpicklingError)):
        _Known(io.BytesIO(dict(attacks(command, marker))[what]), (), frozenset()).load()
    assert not marker.exists()


def test_the_attacks_are_real(command, marker):
    """A plain unpickler runs them: else the tests above would prove nothing."""
    for what in ("a call by name", "memo confusion", "INST", "OBJ", "a computed name", "a nested pickle", "eval"):
        pickle.loads(dict(attacks(command, marker))[what])
        assert marker.exists(), what
        marker.unlink()
    pickle.loads(dict(attacks(command, marker))["a function by value"])
    assert marker.exists()


def test_extension_codes_are_refused_though_their_cache_is_warm(store, command, marker):
    copyreg.add_extension("os", "system", 0xF0)
    try:
        head = PROTO + b"\x82\xf0" + text(command) + b"\x85R."
        pickle.loads(head)  # fills the cache, so that no unpickler asks find_class again
        marker.unlink()
        stored = forged(store, head)
        with pytest.raises(UntrustedError, match="opcode"):
            formats.load(stored, store, trusted="known")
        assert not marker.exists()
    finally:
        copyreg.remove_extension("os", "system", 0xF0)
        copyreg.clear_extension_cache()


def test_thirty_bytes_cannot_ask_for_sixteen_gibibytes(store):
    shape = b"\x8a\x05" + (1 << 31).to_bytes(5, "little") + b"\x85"
    reconstruct = name("numpy._core.multiarray", "_reconstruct")
    head = PROTO + reconstruct + name("numpy", "ndarray") + shape + b"C\x01d" + b"\x87R."
    assert pickle.loads(PROTO + reconstruct + name("numpy", "ndarray") + b"K\x00\x85C\x01d\x87R.").shape == (0,)
    stored = forged(store, head)
    with pytest.raises(UntrustedError, match="_reconstruct"):
        formats.load(stored, store, trusted="known")
    for large in ("<f8", "V17179869184"):
        data = PROTO + name("mlops_lite.formats.numpy", "array") + b"(C\x00" + text(large) + shape + text("C") + b"tR."
        with pytest.raises(DamagedError, match=r"no (array|type)"):
            formats.load(forged(store, data), store, trusted="known")


def test_nothing_known_loads_code_or_reaches_any_attribute():
    bad = {"eval", "exec", "getattr", "setattr", "load", "loads", "open", "system", "__import__", "_load_from_bytes",
           "compile", "attrgetter", "methodcaller", "import_module", "apply", "partial"}  # fmt: skip
    for listed in known().mentioned:
        assert listed.name not in bad, listed
        assert "." not in listed.name, listed
        assert listed.module.partition(".")[0] in {
            "builtins", "collections", "copyreg", "datetime", "decimal", "fractions", "uuid", "mlops_lite", "numpy",
            "pandas", "pyarrow", "scipy", "sklearn", "torch", "xgboost", "lightgbm",
        }, listed  # fmt: skip


def test_few_names_may_be_called():
    """Most classes are only made: their constructors, which may read files, are out of reach."""
    assert len(known().called) < 80
    assert Name("xgboost.core", "Booster") not in known().called


def test_what_the_record_lists_is_no_permission(store, command, marker):
    """Whoever writes a harmful pickle can write a harmless list beside it."""
    head = call(name("os", "system"), command)
    with store.objects.batch() as batch:
        digest = batch.add(head)
        facts = {"head": 0, "names": ["builtins.list"], "level": "arrays", "trusted": "code", "by_value": []}
        stored = batch.add(Manifest("pickle", facts, ((digest, len(head)),), (Place(0, 0, len(head)),)).encode())
    with pytest.raises(UntrustedError):
        formats.load(stored, store, trusted="known")
    assert not marker.exists()


def test_a_pickle_under_another_format_is_judged_all_the_same(store, command, marker):
    head = call(name("os", "system"), command)
    for format in ("sklearn", "torch"):
        with store.objects.batch() as batch:
            digest = batch.add(head)
            manifest = Manifest(format, {"head": 0}, ((digest, len(head)),), (Place(0, 0, len(head)),))
            stored = batch.add(manifest.encode())
        with pytest.raises(UntrustedError):
            formats.load(stored, store, trusted="known")
    assert not marker.exists()


def test_exact_names_open_what_they_name_and_nothing_else(store):
    class_head = pickle.dumps(os.path.join, protocol=5)
    stored = forged(store, class_head)
    module = os.path.join.__module__
    assert formats.load(stored, store, trusted=[f"{module}.join"]) is os.path.join
    with pytest.raises(UntrustedError):
        formats.load(stored, store, trusted=[f"{module}.split"])


def test_a_cut_or_padded_pickle_is_refused():
    whole = pickle.dumps({"a": [1.5, "x"]}, protocol=5)
    assert trust.judge(whole).level == "known"
    for data in (whole[:-1], whole[:5], b"", whole + b"N."):
        assert trust.judge(data).refused


def is_understood(code):
    try:
        machine.read(PROTO + bytes([code]))
    except RefusedPickleError as refused:
        return "does not write" not in str(refused)
    return True


def test_the_machine_knows_what_protocol_5_writes_and_nothing_else():
    written = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
    understood = {bytes([code]) for code in range(256) if is_understood(code)}
    assert understood <= written
    refused = {opcode.name for opcode in pickletools.opcodes if opcode.code.encode("latin-1") not in understood}
    assert {"EXT1", "EXT2", "EXT4", "INST", "OBJ", "GLOBAL", "PERSID", "BINPERSID", "PUT", "BINPUT", "LONG_BINPUT",
            "DUP", "REDUCE"} - refused == {"REDUCE"}  # fmt: skip


def test_arrays_looks_nothing_up(store, monkeypatch):
    """At the lowest level no pickle is made, let alone opened."""
    with store.objects.batch() as batch:
        stored = formats.dump({"w": np.arange(3), "names": ["a", b"b"]}, batch)
    monkeypatch.setattr(pickle, "Unpickler", None)
    monkeypatch.setattr(pickle, "loads", None)
    assert stored.level == "arrays"
    assert formats.load(stored, store, trusted=Trust.of("arrays"))["names"] == ["a", b"b"]
