"""One UIMA CAS, of XMI or JSON, as plain values: texts, and annotations with their features.

Read here and not by a library: no class is made of what a file says, an offset that fits no
character is an error and no warning, and no type system is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.coding import short, whole_number
from harness.errors import InputError
from harness.formats.items import Where, half_character
from harness.formats.jsonstream import parse_line
from harness.formats.xmlstream import element_text, elements

__all__ = ["Cas", "CasItem", "cas_from_json", "cas_from_xmi", "supertypes"]

_XMI_ID = "{http://www.omg.org/XMI}id"
_SOFA, _VIEW = "uima.cas.Sofa", "uima.cas.View"
_OWN = ("sofa", "begin", "end")


class CasItem(NamedTuple):
    """An annotation; offsets are UTF-16 units, or whatever stands there."""

    type: str
    id: str
    sofa: str
    begin: object
    end: object
    features: Mapping[str, object]
    line: int | None


@dataclass
class Cas:
    """A document: `texts` and `members` by the id of their sofa; `names` of the sofas by id."""

    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    items: list[CasItem] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)


def cas_from_xmi(data: bytes, path: Path) -> Cas:
    """What an XMI file holds. Raises `InputError` if it is none; what `xmlstream` raises."""
    cas = Cas()
    found = False
    for element in elements(path, data=data, extra="cas"):
        parent = element.getparent()
        if parent is None or parent.getparent() is not None:
            continue
        found = True
        values = dict(element.attrib)
        kind = _type_name(element.tag)
        if kind == _SOFA:
            _add_sofa(cas, values.get(_XMI_ID, ""), values, Where(path, element.sourceline))
        elif kind == _VIEW:
            cas.members[values.get("sofa", "")] = set(values.get("members", "").split())
        elif "begin" in values and "end" in values:
            own = (values.pop("sofa", ""), _number(values.pop("begin")), _number(values.pop("end")))
            id_ = values.pop(_XMI_ID, "")
            cas.items.append(CasItem(kind, id_, *own, values, element.sourceline))
    if not found:
        raise InputError("is no XMI file of UIMA", path=path, hint="expected <xmi:XMI ...>")
    return cas


def _type_name(tag: str) -> str:
    """`{http:///a/b.ecore}Name` is the type a.b.Name."""
    space, _, name = tag.rpartition("}")
    package = space.removeprefix("{http:///").removesuffix(".ecore").replace("/", ".")
    return name if package in ("", "uima.noNamespace") else f"{package}.{name}"


def _number(text: str) -> object:
    try:
        return whole_number(text)
    except ValueError:
        return text


def _add_sofa(cas: Cas, id_: str, values: Mapping[str, Any], where: Where) -> None:
    text, name = values.get("sofaString"), values.get("sofaID")
    cas.names[id_] = name if isinstance(name, str) else ""
    if text is None:
        return
    if not isinstance(text, str):
        raise where.error(f"sofaString is {short(text)}, expected a string")
    if problem := half_character(text):
        raise where.error(f"sofaString {problem}")
    cas.texts[id_] = text


def cas_from_json(data: bytes, path: Path) -> Cas:
    """What a CAS in JSON holds. Raises `InputError` for broken JSON and for what is no CAS."""
    where = Where(path, None)
    value: Any = parse_line(data, path, 1)
    if not isinstance(value, Mapping):
        raise where.error(f"found {short(value)}, expected an object with %FEATURE_STRUCTURES")
    cas = Cas()
    for name, described in _object(value, "%TYPES", where).items():
        parent = described.get("%SUPER_TYPE") if isinstance(described, Mapping) else None
        if isinstance(parent, str):
            cas.parents[name] = parent
    for place, one in _structures(value, where):
        kind, id_ = one.get("%TYPE"), str(one.get("%ID", place))
        if not isinstance(kind, str):
            raise where.error(f"{place}.%TYPE is {short(kind)}, expected a string")
        if kind == _SOFA:
            _add_sofa(cas, id_, one, where)
        elif "begin" in one and "end" in one:
            features = {
                name: part  # what is marked with @ is an id, as all of them are in XMI
                for key, part in one.items()
                if not key.startswith("%") and (name := key.lstrip("@")) not in _OWN
            }
            sofa = str(one.get("@sofa", ""))
            cas.items.append(CasItem(kind, id_, sofa, one["begin"], one["end"], features, None))
    for view in _object(value, "%VIEWS", where).values():
        if not isinstance(view, Mapping) or not isinstance(view.get("%MEMBERS", []), list):
            raise where.error(f"a view is {short(view)}, expected an object with %MEMBERS, a list")
        cas.members[str(view.get("%SOFA", ""))] = set(map(str, view.get("%MEMBERS", [])))
    return cas


def _structures(value: Mapping[str, Any], where: Where) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Feature structures, of a list or of an object by their ids."""
    found = value.get("%FEATURE_STRUCTURES", [])
    if isinstance(found, Mapping):
        found = [{"%ID": id_, **one} for id_, one in found.items() if isinstance(one, Mapping)]
    if not isinstance(found, list):
        raise where.error(f'"%FEATURE_STRUCTURES" is {short(found)}, expected a list')
    for index, one in enumerate(found):
        place = f"%FEATURE_STRUCTURES[{index}]"
        if not isinstance(one, Mapping):
            raise where.error(f"{place} is {short(one)}, expected an object")
        yield place, one


def _object(value: Mapping[str, Any], key: str, where: Where) -> Mapping[str, Any]:
    found = value.get(key) or {}
    if not isinstance(found, Mapping):
        raise where.error(f'"{key}" is {short(found)}, expected an object')
    return found


def supertypes(data: bytes, path: Path) -> dict[str, str]:
    """Of each type that a type system (XML) describes, that which it is one of."""
    found = {}
    for element in elements(path, "{*}typeDescription", data=data, extra="cas"):
        names = {}
        for child in element:
            tag = str(child.tag).rpartition("}")[2]
            if tag in ("name", "supertypeName"):
                names[tag] = element_text(child, path).strip()
        found[names.get("name", "")] = names.get("supertypeName", "")
    return found
