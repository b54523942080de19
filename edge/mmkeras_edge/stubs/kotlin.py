"""Kotlin for LiteRT on Android: tensors by name for `Interpreter.runSignature`."""

from __future__ import annotations

from typing import Any

from mmkeras_edge.stubs.face import (
    Entry,
    Exit,
    Face,
    camel,
    count,
    in_comment,
    named,
    pascal,
    quantisation,
    quoted,
    upper,
)

ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Words that are no names, and names that the code below has for itself.
RESERVED = (
    "as break class continue do else false for fun if in interface is null object package "
    "return super this throw true try typealias typeof val var when while feed buffers"
)
BUFFERS = {  # of a tensor's type: what its numbers are given as, what wraps and what makes them
    "uint8": ("ByteArray", "ByteBuffer"),
    "int8": ("ByteArray", "ByteBuffer"),
    "int32": ("IntArray", "IntBuffer"),
    "float32": ("FloatArray", "FloatBuffer"),
}


def kotlin(face: Face) -> str:
    entries = named((entry.name for entry in face.entries), camel, RESERVED.split())
    exits = named((out.name for out in face.exits), camel, RESERVED.split())
    inputs = named(entries, lambda name: f"{pascal(name)}Input")
    outputs = named(exits, lambda name: f"{pascal(name)}Output")
    body = [_input(entry, inputs[entry.name]) for entry in face.entries]
    body += [_output(out, outputs[out.name]) for out in face.exits]
    body += [_inputs(face, entries, inputs), _answer(face, exits, outputs)]
    return f"""// Face of {face.file}; written by `mmkeras-edge stubs`, to be written again with it.
// interpreter.runSignature({face.title}.inputs(...), answer.buffers, {face.title}.SIGNATURE)

import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.nio.IntBuffer

object {face.title} {{
    const val SIGNATURE = {_string(face.signature)}
    const val MODEL_SHA256 = "{face.sha256}"

{chr(10).join(body)}}}
"""


def _input(entry: Entry, name: str) -> str:
    lines = [f"const val NAME = {_string(entry.name)}", _shape(entry.port.shape)]
    if entry.columns:
        lines.append(f"val COLUMNS = listOf({', '.join(map(_string, entry.columns))})")
    lines += [f"const val {upper(key)} = {_value(value)}" for key, value in entry.facts.items()]
    return _object(name, entry.about, lines)


def _output(out: Exit, name: str) -> str:
    lines = [f"const val NAME = {_string(out.name)}", _shape(out.port.shape)]
    lines += [f"const val {upper(k)} = {_value(v)}" for k, v in quantisation(out.port).items()]
    if out.labels:
        lines.append(f"val LABELS = listOf({', '.join(map(_string, out.labels))})")
    return _object(name, out.about, lines)


def _object(name: str, about: str, lines: list[str]) -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return f"    /** {in_comment(about)} */\n    object {name} {{\n{body}    }}\n"


def _inputs(face: Face, names: dict[str, str], types: dict[str, str]) -> str:
    """A function that takes each input by name, and fills what says that one is absent."""
    parameters, lines = [], []
    for entry in face.entries:
        name, kind = names[entry.name], types[entry.name]
        array, buffer = BUFFERS[entry.port.dtype.name]
        size = count(entry.port)
        if entry.present:
            parameters.append(f"{name}: {array}? = null")
            given = f"({name} ?: {array}({size}))"
            sign = f"floatArrayOf(if ({name} == null) 0f else 1f)"
            lines.append(f"feed[{_string(entry.present)}] = {sign}")
        else:
            parameters.append(f"{name}: {array}")
            given = name
        lines.append(f"feed[{kind}.NAME] = {buffer}.wrap(sized({kind}.NAME, {given}, {size}))")
    body = "".join(f"        {line}\n" for line in lines)
    takes = "".join(f"        {parameter},\n" for parameter in parameters)
    checks = "".join(
        f"""
    private fun sized(name: String, numbers: {array}, size: Int): {array} {{
        require(numbers.size == size) {{ "$name: wanted $size, received ${{numbers.size}}" }}
        return numbers
    }}
"""
        for array in sorted({BUFFERS[entry.port.dtype.name][0] for entry in face.entries})
    )
    return f"""    /** Row by row, the last axis fastest, without batch axis; null is absent. */
    fun inputs(
{takes}    ): Map<String, Any> {{
        val feed = mutableMapOf<String, Any>()
{body}        return feed
    }}
{checks}"""


def _answer(face: Face, names: dict[str, str], types: dict[str, str]) -> str:
    fields, pairs = [], []
    for out in face.exits:
        array, buffer = BUFFERS[out.port.dtype.name]
        name = names[out.name]
        fields.append(f"val {name}: {array} = {array}({count(out.port)})")
        pairs.append(f"{types[out.name]}.NAME to {buffer}.wrap({name})")
    body = "".join(f"        {field}\n" for field in fields)
    return f"""    /** Filled by the interpreter. */
    class Answer {{
{body}        val buffers: MutableMap<String, Any> = mutableMapOf({", ".join(pairs)})
    }}
"""


def _shape(shape: tuple[int, ...]) -> str:
    return f"val SHAPE = intArrayOf({', '.join(map(str, shape))})"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    return f"{value!r}f" if isinstance(value, float) else str(value)


def _string(text: str) -> str:
    return quoted(text, ESCAPES, _code)


def _code(number: int) -> str:
    """In UTF-16, which has two halves for what lies beyond 0xffff."""
    halves = chr(number).encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{halves[i : i + 4]}" for i in range(0, len(halves), 4))
