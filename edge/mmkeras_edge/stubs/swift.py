"""Swift for LiteRT on iOS: tensors by name for a `SignatureRunner`."""

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
)

ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Words that are no names, and names that the code below has for itself.
RESERVED = (
    "as associatedtype break case catch class continue default defer deinit do else enum "
    "extension fallthrough false fileprivate for func guard if import in init inout internal "
    "is let nil open operator private protocol public repeat rethrows return self static "
    "struct subscript super switch throw throws true try typealias var where while data feed"
)
TYPES = {"uint8": "UInt8", "int8": "Int8", "int32": "Int32", "float32": "Float32"}


def swift(face: Face) -> str:
    entries = named((entry.name for entry in face.entries), camel, RESERVED.split())
    exits = named((out.name for out in face.exits), camel, RESERVED.split())
    inputs = named(entries, lambda name: f"{pascal(name)}Input")
    outputs = named(exits, lambda name: f"{pascal(name)}Output")
    body = [_input(entry, inputs[entry.name]) for entry in face.entries]
    body += [_output(out, outputs[out.name]) for out in face.exits]
    body += [_inputs(face, entries, inputs), _answer(face, exits, outputs)]
    return f"""// Face of {face.file}; written by `mmkeras-edge stubs`, to be written again with it.
// For each of Inputs(...).feed: try runner.copy(data, toInputNamed: name); then try runner.invoke()
// and Answer {{ name in try runner.output(named: name).data }}.

import Foundation

public enum {face.title} {{
    public static let signature = {_string(face.signature)}
    public static let modelSHA256 = "{face.sha256}"

{chr(10).join(body)}
    static func sized<Number>(_ numbers: [Number], _ size: Int, _ name: String) -> Data {{
        precondition(numbers.count == size, "\\(name): wanted \\(size) numbers")
        return numbers.withUnsafeBytes {{ Data($0) }}
    }}

    static func numbers<Number>(_ data: Data, _ size: Int, _ zero: Number) -> [Number] {{
        var found = [Number](repeating: zero, count: size)
        _ = found.withUnsafeMutableBytes {{ data.copyBytes(to: $0) }}
        return found
    }}
}}
"""


def _input(entry: Entry, name: str) -> str:
    lines = [f"name = {_string(entry.name)}", _shape(entry.port.shape)]
    if entry.columns:
        lines.append(f"columns = [{', '.join(map(_string, entry.columns))}]")
    lines += [f"{camel(key)} = {_value(value)}" for key, value in entry.facts.items()]
    return _enum(name, entry.about, lines)


def _output(out: Exit, name: str) -> str:
    lines = [f"name = {_string(out.name)}", _shape(out.port.shape)]
    lines += [f"{camel(key)} = {_value(value)}" for key, value in quantisation(out.port).items()]
    if out.labels:
        lines.append(f"labels = [{', '.join(map(_string, out.labels))}]")
    return _enum(name, out.about, lines)


def _enum(name: str, about: str, lines: list[str]) -> str:
    body = "".join(f"        public static let {line}\n" for line in lines)
    return f"    /// {in_comment(about)}\n    public enum {name} {{\n{body}    }}\n"


def _inputs(face: Face, names: dict[str, str], types: dict[str, str]) -> str:
    fields, takes, sets, lines = [], [], [], []
    for entry in face.entries:
        name, kind = names[entry.name], types[entry.name]
        number, size = TYPES[entry.port.dtype.name], count(entry.port)
        mark = "?" if entry.present else ""
        fields.append(f"public var {name}: [{number}]{mark}")
        takes.append(f"{name}: [{number}]{mark}{' = nil' if mark else ''}")
        sets.append(f"self.{name} = {name}")
        given = f"{name} ?? [{number}](repeating: 0, count: {size})" if mark else name
        lines.append(f"feed[{kind}.name] = {face.title}.sized({given}, {size}, {kind}.name)")
        if entry.present:
            sign = f"{face.title}.sized([Float32({name} == nil ? 0 : 1)], 1, {kind}.name)"
            lines.append(f"feed[{_string(entry.present)}] = {sign}")
    return f"""    /// Row by row, the last axis fastest, without batch axis; nil is absent.
    public struct Inputs {{
{_block(fields, 8)}
        public init({", ".join(takes)}) {{
{_block(sets, 12)}        }}

        public var feed: [String: Data] {{
            var feed: [String: Data] = [:]
{_block(lines, 12)}            return feed
        }}
    }}
"""


def _answer(face: Face, names: dict[str, str], types: dict[str, str]) -> str:
    fields, sets = [], []
    for out in face.exits:
        number, size = TYPES[out.port.dtype.name], count(out.port)
        fields.append(f"public let {names[out.name]}: [{number}]")
        read = f"{face.title}.numbers(try data({types[out.name]}.name), {size}, {number}(0))"
        sets.append(f"self.{names[out.name]} = {read}")
    return f"""    /// What the outputs hold.
    public struct Answer {{
{_block(fields, 8)}
        public init(_ data: (String) throws -> Data) rethrows {{
{_block(sets, 12)}        }}
    }}
"""


def _block(lines: list[str], indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _shape(shape: tuple[int, ...]) -> str:
    return f"shape: [Int] = [{', '.join(map(str, shape))}]"


def _value(value: Any) -> str:
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    return quoted(text, ESCAPES, _code)


def _code(number: int) -> str:
    return f"\\u{{{0xFFFD if 0xD800 <= number < 0xE000 else number:x}}}"  # no halves in Swift
