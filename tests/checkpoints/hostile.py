"""Files that want more than to be read. Built here, byte by byte, so that nothing in them depends on a library.

`pickles` gives programs for the pickle machine; `containers` puts each of them wherever a checkpoint keeps
one; `archives` and `headers` attack what lies around them.
"""

import io
import json
import pickle
import struct
import zipfile

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
SYSTEM = b"\x80\x02}(X\x10\x00\x00\x00protocol_versionM\xe9\x03X\r\x00\x00\x00little_endian\x88u."
VERSION = b"\x80\x02M\xe9\x03."


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def named(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def looked_up(code, module, name):
    """An instruction that names a class or an object in another way than `named`."""
    return code + named(module, name)[1:]


def stacked(module, name):
    return text(module) + text(name) + b"\x93"


def call(function, *arguments):
    return function + b"(" + b"".join(arguments) + b"tR"


def tuple_of(*items):
    return b"(" + b"".join(items) + b"t"


def number(value):
    return b"J" + struct.pack("<i", value) if abs(value) < 2**31 else b"\x8a\x08" + struct.pack("<q", value)


def storage(count, key="0", kind="FloatStorage"):
    return tuple_of(text("storage"), named("torch", kind), text(key), text("cpu"), number(count)) + b"Q"


def tensor(size, stride, count=1, offset=0, key="0"):
    rebuild = named("torch._utils", "_rebuild_tensor_v2")
    sizes = (tuple_of(*map(number, axes)) for axes in (size, stride))
    return call(rebuild, storage(count, key), number(offset), *sizes, b"\x89", call(named("collections", "OrderedDict")))


def root(value, key="g_ema"):
    """A dict with one value."""
    return b"}" + text(key) + value + b"s"


def calls(canary):
    """Globals that would do harm when called."""
    touch = text(f"touch {canary}")
    write = text(f"open({str(canary)!r}, 'w').close()")
    for module, name, argument in (
        ("os", "system", touch),
        ("posix", "system", touch),
        ("nt", "system", touch),
        ("subprocess", "getoutput", touch),
        ("subprocess", "check_output", touch),
        ("pty", "spawn", touch),
        ("os", "popen", touch),
        ("builtins", "exec", write),
        ("builtins", "eval", write),
        ("__builtin__", "eval", write),
        ("__builtin__", "execfile", touch),
        ("builtins", "compile", write),
        ("builtins", "__import__", text("antigravity")),
        ("builtins", "getattr", text("x")),
        ("builtins", "open", text(str(canary))),
        ("io", "open", text(str(canary))),
        ("importlib", "import_module", text("this")),
        ("runpy", "_run_code", write),
        ("timeit", "timeit", write),
        ("cProfile", "run", write),
        ("code", "interact", b""),
        ("pickle", "loads", touch),
        ("_pickle", "loads", touch),
        ("marshal", "loads", touch),
        ("dill", "loads", touch),
        ("torch", "load", text(str(canary))),
        ("torch.hub", "load", touch),
        ("torch.jit", "load", touch),
        ("torch.utils.cpp_extension", "load", touch),
        ("torch.serialization", "load", touch),
        ("torch._utils", "_rebuild_tensor", touch),
        ("torch._utils", "_rebuild_device_tensor_from_numpy", touch),
        ("torch._tensor", "_rebuild_from_type_v2", touch),
        ("torch.nn.modules.module", "Module", b""),
        ("numpy", "load", touch),
        ("numpy.testing._private.utils", "runstring", write),
        ("functools", "partial", named("os", "system")),
        ("operator", "attrgetter", text("system")),
        ("operator", "methodcaller", text("system") + touch),
        ("codecs", "decode", touch),
        ("_codecs", "encode", touch),
        ("shutil", "rmtree", touch),
        ("pathlib", "PosixPath", touch),
        ("ctypes", "CDLL", touch),
        ("types", "FunctionType", touch),
        ("webbrowser", "open", touch),
        ("copyreg", "_reconstructor", touch),
        ("collections", "OrderedDict.__init__", touch),
        ("collections", "defaultdict", named("os", "system")),
        ("argparse", "ArgumentParser", b""),
        ("argparse", "FileType", text("w")),
        ("torch_utils.persistence", "_src_to_module", write),
        ("dnnlib.util", "call_func_by_name", touch),
    ):
        yield f"{module}.{name}", root(call(named(module, name), argument))
    yield "stacked os.system", root(call(stacked("os", "system"), touch))
    yield "stacked dotted name", root(call(stacked("collections", "OrderedDict.__init__.__globals__"), touch))
    yield "two calls", root(call(call(named("functools", "partial"), named("os", "system")), touch))
    yield "after the root", root(b"N") + call(named("os", "system"), touch) + b"0"


def instructions(canary):
    """Instructions that call, or look something up, in other ways than by name and REDUCE."""
    touch = text(f"touch {canary}")
    system = named("os", "system")
    yield "INST", b"(" + touch + looked_up(b"i", "os", "system")
    yield "INST of an allowed class", b"(" + looked_up(b"i", "collections", "OrderedDict")
    yield "OBJ", b"(" + system + touch + b"o"
    yield "OBJ of an allowed class", b"(" + named("collections", "OrderedDict") + b"o"
    yield "NEWOBJ", named("subprocess", "Popen") + tuple_of(touch) + b"\x81"
    yield "NEWOBJ_EX", named("subprocess", "Popen") + tuple_of(touch) + b"}\x92"
    yield "EXT1", call(b"\x82\xf0", touch)
    yield "EXT2", call(b"\x83\xf0\x00", touch)
    yield "EXT4", call(b"\x84\xf0\x00\x00\x00", touch)
    yield "PERSID", b"P" + b"os.system" + b"\n"
    yield "persistent module", tuple_of(text("module"), system, text("a"), touch) + b"Q"
    yield "persistent text", text("os.system") + b"Q"
    yield "persistent storage of a foreign type", tuple_of(text("storage"), system, text("0"), text("cpu"), b"K\x01") + b"Q"
    yield "BUILD of a dict", root(b"N") + root(touch, "__class__") + b"b"
    yield "BUILD of a global", named("collections", "OrderedDict") + root(system, "__init__") + b"b"
    yield "BUILD of nothing", b"N" + root(touch, "x") + b"b"
    yield "BUILD of a class's state", call(named("argparse", "Namespace")) + tuple_of(touch) + b"b"
    yield "calling text", call(text("os.system"), touch)
    yield "calling a storage type", call(named("torch", "FloatStorage"), number(10))
    yield "calling with a list", named("collections", "OrderedDict") + b"]R"
    yield "BYTEARRAY8", b"\x96" + struct.pack("<Q", 2**40)
    yield "NEXT_BUFFER", b"\x97"
    yield "FLOAT as text", b"F1" + b"0" * 1000 + b"\n"
    yield "LONG as text", b"L" + b"9" * 100_000 + b"L\n"
    yield "INT as text", b"I99999\n"
    yield "STRING as text", b"S'" + b"x" * 100 + b"'\n"


def bombs(_canary):
    """Programs that take more time or memory than they have bytes."""
    yield "LONG4", b"\x8b" + struct.pack("<I", 2**31 - 1)
    yield "LONG4 below zero", b"\x8b\xff\xff\xff\xff"
    yield "LONG1", b"\x8a\xff" + b"\xff" * 255
    yield "BINUNICODE", b"X" + struct.pack("<I", 2**32 - 1) + b"a"
    yield "BINUNICODE8", b"\x8d" + struct.pack("<Q", 2**62) + b"a"
    yield "BINBYTES8", b"\x8e" + struct.pack("<Q", 2**63 - 1)
    yield "FRAME", b"\x95" + struct.pack("<Q", 2**62)
    yield "protocol", b"\x80\xff"
    yield "far memo", b"Nr" + b"\xff" * 4 + b"j" + b"\xfe" * 4
    yield "nested tuples", b")" + b"\x85" * 290_000
    yield "nested tuples as a key", b"})" + b"\x85" * 200_000 + b"Ns"
    yield "nested lists", b"]" * 150_000 + b"a" * 149_999
    yield "endless", b"N0" * 2_000_000
    yield "empty sets", b"\x8f" * 1_000_000
    yield "empty dicts", b"}" * 1_000_000
    yield "empty lists", b"]" * 1_000_000
    yield "sets of one", b"(" + b"\x8f(K\x01\x90" * 200_000 + b"t"
    yield "dicts of one", b"(" + b"}K\x01Ns" * 200_000 + b"t"
    yield "lists of one", b"(" + b"]Na" * 300_000 + b"t"
    yield "tuples of three", b"N" + b"222\x87" * 250_000
    yield "large numbers", (b"\x8a\x10" + b"\x7f" * 16) * 100_000
    yield "fractions", (b"G" + b"\x40" * 8) * 200_000
    yield "entries of one dict", b"}(" + b"".join(b"J" + struct.pack("<i", index) + b"N" for index in range(140_000)) + b"u"
    yield "members of one set", b"\x8f(" + b"".join(b"J" + struct.pack("<i", index) for index in range(280_000)) + b"\x90"
    yield "memory of far values", b"N" + b"".join(b"r" + struct.pack("<I", index * 7919) for index in range(290_000))
    yield "one list, extended by itself", b"]q\x00(" + b"h\x00" * 250_000 + b"e"
    yield "views of bytes", (b"B" + struct.pack("<I", 257) + bytes(257)) * 20_000
    yield "copies of bytes", (b"C\xff" + bytes(255)) * 20_000
    yield (
        "empty containers from calls",
        named("collections", "OrderedDict") + b"q\x00)" + b"0h\x00)R" * 3 + b"(" + b"h\x00)R" * 90_000,
    )
    yield "options from calls", named("argparse", "Namespace") + b"q\x00)(" + b"h\x00)R" * 90_000
    yield "views of one storage", tensor([1], [1]) + b"0(" + _views(90_000)
    yield "views of many axes", tensor([1] * 8, [1] * 8) + b"0(" + _views(90_000, [1] * 8)
    yield "a state dict of one tensor", _one_tensor_many_names(30_000)
    yield "a wide text of many", b"(" + text("\U0001f600" + "a" * 200_000) * 40
    yield "marks", b"(" * 1_000_000
    yield "kept values", b"N" + b"\x94" * 1_000_000
    yield "small texts", text("a" * 90) * 12_000 * 4
    yield "wide text", text("a" * 9_000_000 + "\U0001f600")
    yield "a name without an end", b"c" + b"a" * 1_000_000
    doubling = b"".join(b"q" + bytes([level]) + b"0(h" + bytes([level]) + b"h" + bytes([level]) + b"t" for level in range(60))
    yield "a tuple that doubles", b")" + doubling
    yield "a key that doubles", b"})" + doubling + b"Ns"
    yield "a set member that doubles", b"\x8f()" + doubling + b"\x90"
    laughs = b"]"
    for level in range(30):
        laughs = b"](" + laughs + b"q" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"e"
    yield "a billion laughs", root(laughs)
    inner = in_legacy(b"\x80\x02" + b"N0" * 2000 + storage(1) + b".")
    repeat = b"q\x00(h\x01tR0h\x00" * 20_000
    load = named("torch.storage", "_load_from_bytes")
    yield "a storage read many times", b"B" + struct.pack("<I", len(inner)) + inner + b"q\x010" + load + repeat
    yield "a dict within itself", b"}q\x00" + text("state_dict") + b"h\x00s"
    yield "surrogates", root(b"N", "a") + b"X\x03\x00\x00\x00\xed\xa0\x80Ns"


def _views(count, sides=(1,)):
    """The same tensor over and over, from arguments that are described once."""
    arguments = storage(1) + number(0) + tuple_of(*map(number, sides)) * 2 + b"\x89N"
    return named("torch._utils", "_rebuild_tensor_v2") + b"q\x01(" + arguments + b"tq\x02" + b"h\x01h\x02R" * count


def _one_tensor_many_names(count):
    names = b"".join(text(f"encoder.{index}") + b"h\x07" for index in range(count))
    return tensor([1], [1]) + b"q\x070" + root(b"}(" + names + b"u", "state_dict")


def damage(_canary):
    """Programs that make no sense."""
    yield "nothing", b""
    yield "only a stop", b""
    yield "empty stack", b"0"
    yield "no mark", b"t"
    yield "TUPLE3 of two", b"NN\x87"
    yield "half a dict", b"}(Nu"
    yield "an item for a list", b"]NNs"
    yield "an entry for a dict", b"}Na"
    yield "unknown memo", b"h\x05"
    yield "no instruction", b"\xfe"
    yield "a list for a root", b"]"
    yield "text that is none", b"X\x02\x00\x00\x00\xff\xfe"
    yield "a global of numbers", b"K\x01K\x02\x93"


def tensors(_canary):
    """Tensors that are not what they say."""
    yield "a huge storage", root(root(tensor([2**40], [1], 2**40), "input.input"))
    yield "a storage below zero", root(root(tensor([1], [1], -1), "input.input"))
    yield "an expanded tensor", root(root(tensor([2**20, 2**20], [0, 0]), "input.input"))
    yield "a negative size", root(root(tensor([-1], [1]), "input.input"))
    yield "a negative stride", root(root(tensor([2], [-1], 2, 1), "input.input"))
    yield "an offset beyond", root(root(tensor([1], [1], 1, 5), "input.input"))
    yield "sizes without strides", root(root(tensor([1, 1], [1]), "input.input"))
    yield "an axis of 2**62", root(root(tensor([2**62, 0], [1, 1]), "input.input"))
    yield "thirty axes", root(root(tensor([1] * 30, [1] * 30), "input.input"))
    yield "a missing storage", root(root(tensor([1], [1], key="7"), "input.input"))
    yield "a storage outside", root(root(tensor([1], [1], key="../../etc/passwd"), "input.input"))
    yield "no storage", root(call(named("torch._utils", "_rebuild_tensor_v2"), b"N"))
    yield "no tensor", root(call(named("torch._utils", "_rebuild_parameter"), b"N"))
    yield "no size", root(call(named("torch", "Size"), text("x")))


def pickles(canary):
    """Every program, with a name, and its PROTO and STOP."""
    for family in (calls, instructions, bombs, damage, tensors):
        for name, program in family(canary):
            yield f"{family.__name__}: {name}", b"\x80\x02" + program + b"."


def archive(records, *, folder="archive", compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in (*records, ("byteorder", b"little"), ("version", b"3\n")):
            file.writestr(zipfile.ZipInfo(f"{folder}/{name}" if folder else name), data, compress_type=compression)
    return buffer.getvalue()


def in_archive(program):
    return archive([("data.pkl", program), ("data/0", b"\0\0\0\0")])


def in_legacy(program):
    return MAGIC + VERSION + SYSTEM + program + b"\x80\x02](X\x01\x00\x00\x000e." + struct.pack("<q", 1) + b"\0\0\0\0"


def in_nvlabs(program):
    """As the bytes of a storage in an NVlabs pickle."""
    inner = in_legacy(program)
    load = named("torch.storage", "_load_from_bytes") + b"(B" + struct.pack("<I", len(inner)) + inner + b"tR"
    return b"\x80\x04" + root(load, "G_ema") + b"."


def containers(name, program):
    """The program in every place, as a file's name and content."""
    yield f"{name} (alone)", program
    yield f"{name} (in a zip archive)", in_archive(program)
    if len(program) < 100_000:
        yield f"{name} (in a legacy file)", in_legacy(program)
        yield f"{name} (in a storage)", in_nvlabs(program)


EMPTY = b"\x80\x02}."


def archives(canary):
    """Zip archives that torch.save does not write."""
    good = in_archive(EMPTY)
    yield "a compressed bomb", archive([("data.pkl", b"\x80\x02" + b"N0" * 10**7 + b"N.")], compression=zipfile.ZIP_DEFLATED)
    yield "a compressed storage", archive([("data.pkl", EMPTY), ("data/0", bytes(10**7))], compression=zipfile.ZIP_DEFLATED)
    yield "bzip2", archive([("data.pkl", EMPTY)], compression=zipfile.ZIP_BZIP2)
    yield "an archive within an archive", archive([("data.pkl", in_archive(next(calls(canary))[1]))])
    yield "a path upwards", archive([("data.pkl", EMPTY), ("../../../outside", b"x")])
    yield "a path from the root", archive([("data.pkl", EMPTY), ("/etc/passwd", b"x")])
    yield "a path of Windows", archive([("data.pkl", EMPTY), ("..\\..\\outside", b"x")])
    yield "no folder", archive([("data.pkl", EMPTY)], folder="")
    yield "two folders", archive([("a/data.pkl", EMPTY), ("b/data.pkl", EMPTY)], folder="")
    yield "no data.pkl", archive([])
    yield "a program of TorchScript", archive([("data.pkl", EMPTY), ("constants.pkl", EMPTY), ("code/a.py", b"x")])
    yield "an office document", archive([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")], folder="")
    yield "a comment", good[:-2] + struct.pack("<H", 5) + b"hello"
    yield "a foreword", b"PK\x03\x04" + good
    yield "an afterword", good + b"x"
    yield "two of a name", _twice()
    yield "encrypted", _patched(good, b"PK\x01\x02", 8, b"\x01\x00")
    yield "a header that contradicts the directory", _patched(good, b"PK\x03\x04", 30, b"brchive/data.pkl")
    yield "a header with another size", _patched(good, b"PK\x03\x04", 18, b"\x01\x00\x00\x00\x01\x00\x00\x00")
    yield "a directory with another size", _patched(good, b"PK\x01\x02", 20, b"\xff\xff\xff\x7f\xff\xff\xff\x7f")
    yield "a record that begins elsewhere", _patched(good, b"PK\x01\x02", 42, b"\x01\x00\x00\x00")
    yield "sizes of 64 bits that are missing", _patched(good, b"PK\x01\x02", 20, b"\xff" * 8)
    yield "overlapping records", _overlapping()
    yield "five thousand entries of one record", _quoted()
    yield "forty thousand records", archive([("data.pkl", EMPTY), *((f"data/{index}", b"") for index in range(40_000))])
    yield "another order of bytes", good.replace(b"little", b"big\0\0\0")
    yield "65535 records", good[:-14] + b"\xff\xff\xff\xff" + good[-10:]
    yield "a directory outside", good[:-6] + b"\xff\xff\xff\x7f\x00\x00"
    yield "a directory of no size", good[:-10] + b"\x00\x00\x00\x00" + good[-6:]
    yield "a wrong 64-bit directory", good[:-22] + b"PK\x06\x07" + b"\xff" * 16 + good[-22:]
    yield "a legacy file with more storages", in_legacy(b"\x80\x02" + root(tensor([4], [1], 4)) + b".")
    yield "a legacy file with a tail", in_legacy(b"\x80\x02" + root(tensor([1], [1])) + b".") + b"x"
    yield "a legacy file of a large machine", MAGIC + VERSION + SYSTEM.replace(b"\x88", b"\x89") + EMPTY + b"\x80\x02]."
    yield "an array of objects", b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'shape': ()}".ljust(118) + pickle.dumps(object)


def _twice():
    data = archive([("data.pkl", EMPTY), ("dota.pkl", EMPTY)])
    return data.replace(b"dota.pkl", b"data.pkl")


def _patched(data, signature, offset, value):
    at = data.index(signature) + offset
    return data[:at] + value + data[at + len(value) :]


def _overlapping():
    """A record that swallows the next one, header and all (after Fifield 2019)."""
    data = archive([("data.pkl", EMPTY), ("data/0", bytes(100))])
    longer = struct.pack("<I", len(EMPTY) + 60) * 2
    return _patched(_patched(data, b"PK\x03\x04", 18, longer), b"PK\x01\x02", 20, longer)


def _quoted():
    """Thousands of entries in the directory, all of the same record."""
    data = archive([("data.pkl", EMPTY)])
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    one = data[start : data.index(b"PK\x01\x02", start + 4)]
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 5000, 5000, 5000 * len(one), start, 0)
    return data[:start] + one * 5000 + tail + data[end + 22 :]


def headers(_canary):
    """.safetensors files whose header lies."""

    def file(header, data=b""):
        header = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(header)) + header + data

    def one(**changes):
        return {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}}

    yield "a header longer than the file", struct.pack("<Q", 2**40) + b"{}"
    yield "a header below zero", struct.pack("<q", -1) + b"{}"
    yield "a large header", file(b"{" + b" " * 5_000_000 + b"}")
    yield "deep JSON", file(b'{"a":' * 100_000)
    yield "a list", file(b"{}"[::-1])
    yield "text that is none", file(b'{"\xff": 1}')
    yield "offsets outside", file(one(data_offsets=[0, 2**40]), b"\0" * 4)
    yield "offsets backwards", file(one(data_offsets=[4, 0]), b"\0" * 4)
    yield "another size", file(one(shape=[2**20, 2**20]), b"\0" * 4)
    yield "a size that overflows", file(one(shape=[2**62, 2**62]), b"\0" * 4)
    yield "a negative size", file(one(shape=[-1]), b"\0" * 4)
    yield "an unknown type", file(one(dtype="O64"), b"\0" * 4)
    yield "overlapping tensors", file({"x": one()["x"], "y": one()["x"]}, b"\0" * 4)
    yield "a tail", file(one(), b"\0" * 8)
    yield "no data", file(one())
    yield (
        "a part twice",
        file(b'{"x":' + json.dumps(one()["x"]).encode() + b',"x":' + json.dumps(one()["x"]).encode() + b"}", b"\0" * 4),
    )
    yield "ten thousand tensors", file({f"{index}": one(shape=[0], data_offsets=[0, 0])["x"] for index in range(12_000)})
    yield "many axes", file(one(shape=[1] * 100_000), b"\0" * 4)
    yield "metadata of numbers", file({"__metadata__": {"pastiche": 1}})
    yield "deep metadata", file({"__metadata__": {"pastiche": "[" * 100_000}})
    yield "wide metadata", file({"__metadata__": {"pastiche": "[" + "{}," * 300_000 + "{}]"}})


def files(canary):
    """Every hostile file: its name and its content."""
    for name, program in pickles(canary):
        yield from containers(name, program)
    for family in (archives, headers):
        for name, content in family(canary):
            yield f"{family.__name__}: {name}", content
