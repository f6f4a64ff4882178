"""The small language of ``ml.runs(where=…)``: comparisons of params, metrics and tags, joined by and, or, not.

::

    auc > 0.9 and depth >= 6
    0.01 < lr <= 0.1 and not (model in ("ridge", "lasso"))
    `valid/loss` < 0.3 and tags.stage == "late" and status == "finished"
    name like "train*" or note is not none

Nothing is evaluated as Python: the text is taken apart here, into the few shapes below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs

from mlops_lite.errors import FilterError

__all__ = ["And", "Comparison", "Name", "Node", "Not", "Or", "names_in", "parse"]


@attrs.frozen
class Name:
    """A param, metric, tag or field, and where it stands in the text."""

    text: str
    position: int


@attrs.frozen
class Comparison:
    """A name against a value: ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``like``, ``is``."""

    name: Name
    operator: str
    value: Any
    position: int


@attrs.frozen
class Not:
    """Turned round."""

    inner: Node


@attrs.frozen
class And:
    """Both."""

    left: Node
    right: Node


@attrs.frozen
class Or:
    """Either."""

    left: Node
    right: Node


Node = Comparison | Not | And | Or

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?(?![\w.]))"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<ticked>`[^`]+`(?:\.[\w.]+)?)"
    r"|(?P<operator><=|>=|==|!=|<>|=|<|>|&|\||~)"
    r"|(?P<mark>[()\[\],])"
    r"|(?P<word>(?:(?:params|metrics|tags|run)\.`[^`]+`)|[^\W\d][\w.]*)"
)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SAME = {"=": "==", "<>": "!=", "&": "and", "|": "or", "~": "not"}
_WORDS = frozenset({"and", "or", "not", "in", "is", "like"})
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "none": None, "null": None, "nan": float("nan")}
_CONSTANTS |= {"inf": float("inf")}


@attrs.frozen
class _Token:
    kind: str  # number, text, name, word, operator, mark, end
    value: Any
    position: int
    length: int = 1


def parse(text: str) -> Node:
    """Take a filter apart.

    Parameters
    ----------
    text : str

    Returns
    -------
    Node

    Raises
    ------
    FilterError
        It does not parse; points at the character.

    Examples
    --------
    >>> parse("auc > 0.9").operator
    '>'
    >>> parse("auc >> 0.9")
    Traceback (most recent call last):
    ...
    mlops_lite.errors.FilterError: A value is expected here, not '>':
      auc >> 0.9
           ^
    """
    if not isinstance(text, str):
        raise FilterError(f"A filter is text, not a {type(text).__name__}.", remedy='Write where="auc > 0.9".')
    parser = _Parser(text)
    found = parser.disjunction()
    parser.end()
    return found


def names_in(node: Node) -> Iterator[Name]:
    """List the names that a filter reads."""
    if isinstance(node, Comparison):
        yield node.name
    elif isinstance(node, Not):
        yield from names_in(node.inner)
    else:
        yield from names_in(node.left)
        yield from names_in(node.right)


def error_at(text: str, position: int, message: str, remedy: str = "") -> FilterError:
    """Make an error that points at a character."""
    begin = text.rfind("\n", 0, position) + 1
    stop = text.find("\n", position)
    line = text[begin : stop if stop >= 0 else len(text)]
    picture = f"{message}:\n  {line}\n  {' ' * (position - begin)}^"
    return FilterError(picture + (f"\n{remedy}" if remedy else ""), position=position)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.next
        self.at += 1
        return token

    def takes(self, kind: str, *values: Any) -> bool:
        if self.next.kind == kind and self.next.value in values:
            self.at += 1
            return True
        return False

    def wrong(self, expected: str) -> FilterError:
        token = self.next
        shown = "the end" if token.kind == "end" else repr(self.text[token.position : token.position + token.length])
        return error_at(self.text, token.position, f"{expected} is expected here, not {shown}")

    def end(self) -> None:
        if self.next.kind != "end":
            raise self.wrong("'and', 'or' or the end")

    def disjunction(self) -> Node:
        left = self.conjunction()
        while self.takes("word", "or"):
            left = Or(left, self.conjunction())
        return left

    def conjunction(self) -> Node:
        left = self.negation()
        while self.takes("word", "and"):
            left = And(left, self.negation())
        return left

    def negation(self) -> Node:
        if self.takes("word", "not"):
            return Not(self.negation())
        if self.takes("mark", "("):
            inner = self.disjunction()
            if not self.takes("mark", ")"):
                raise self.wrong("')'")
            return inner
        return self.comparison()

    def comparison(self) -> Node:
        """Read ``name < value``, ``value < name < value``, or a bare name, which asks whether it is true."""
        first = self.operand()
        if not self.compares():
            if isinstance(first.value, Name):
                return Comparison(first.value, "==", True, first.position)
            raise self.wrong("A comparison")
        found: Node | None = None
        while self.compares():
            link, first = self.link(first)
            found = link if found is None else And(found, link)
        assert found is not None
        return found

    def compares(self) -> bool:
        return self.next.kind == "operator" or (self.next.kind == "word" and self.next.value in _WORDS - {"and", "or"})

    def link(self, left: _Token) -> tuple[Node, _Token]:
        operator = self.take()
        if operator.kind == "operator":
            right = self.operand()
            return self.compared(left, operator, right), right
        return self.worded(left, operator), left

    def worded(self, left: _Token, operator: _Token) -> Node:
        if not isinstance(left.value, Name):
            raise error_at(self.text, left.position, f"A name is expected before {operator.value!r}")
        if operator.value == "not":
            operator = self.take()
            if operator.value not in ("in", "like"):
                self.at -= 1
                raise self.wrong("'in' or 'like'")
            return Not(self.worded(left, operator))
        if operator.value == "is":
            turned = self.takes("word", "not")
            value = self.operand()
            if value.value is not None:
                raise error_at(self.text, value.position, "'is' asks for none: write 'is none' or 'is not none'")
            found: Node = Comparison(left.value, "is", None, operator.position)
            return Not(found) if turned else found
        if operator.value == "like":
            pattern = self.operand()
            if not isinstance(pattern.value, str):
                raise error_at(self.text, pattern.position, "'like' takes a text with * and ?, such as \"train*\"")
            return Comparison(left.value, "like", pattern.value, operator.position)
        return Comparison(left.value, "in", self.listed(), operator.position)

    def listed(self) -> tuple[Any, ...]:
        if not self.takes("mark", "(", "["):
            raise self.wrong("A list such as (1, 2)")
        values = []
        while not self.takes("mark", ")", "]"):
            item = self.operand()
            if isinstance(item.value, Name):
                raise error_at(self.text, item.position, "A list holds values; put text into quotes")
            values.append(item.value)
            if not self.takes("mark", ",") and not (self.next.kind == "mark" and self.next.value in (")", "]")):
                raise self.wrong("',' or ')'")
        return tuple(values)

    def compared(self, left: _Token, operator: _Token, right: _Token) -> Node:
        if isinstance(left.value, Name) == isinstance(right.value, Name):
            both = isinstance(left.value, Name)
            message = "Two names cannot be compared; put text into quotes" if both else "One side has to be a name"
            raise error_at(self.text, right.position, message)
        if isinstance(left.value, Name):
            return Comparison(left.value, operator.value, right.value, operator.position)
        assert isinstance(right.value, Name)
        return Comparison(right.value, _TURNED[operator.value], left.value, operator.position)

    def operand(self) -> _Token:
        token = self.next
        if token.kind not in ("number", "text", "name", "constant"):
            raise self.wrong("A value" if self.at else "A name")
        return self.take()


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _no_token(text, position)
        length = match.end() - position
        if match.lastgroup != "space":
            yield _token(str(match.lastgroup), match[0], position, length)
        position = match.end()
    yield _Token("end", None, len(text), 0)


def _no_token(text: str, position: int) -> FilterError:
    character = text[position]
    if character in "'\"`":
        return error_at(text, position, f"What begins with {character} does not end")
    return error_at(text, position, f"{character!r} means nothing here", "Put names with such characters into `…`.")


def _token(kind: str, text: str, position: int, length: int) -> _Token:
    if kind == "number":
        plain = text.replace("_", "")
        whole = re.fullmatch(r"[-+]?\d+", plain) is not None
        return _Token("number", int(plain) if whole else float(plain), position, length)
    if kind == "text":
        return _Token("text", re.sub(r"\\(.)", r"\1", text[1:-1]), position, length)
    if kind in ("operator", "mark"):
        value = _SAME.get(text, text)
        return _Token("word" if value in _WORDS else kind, value, position, length)
    if kind == "word" and text.lower() in _WORDS:
        return _Token("word", text.lower(), position, length)
    if kind == "word" and text.lower() in _CONSTANTS:
        return _Token("constant", _CONSTANTS[text.lower()], position, length)
    return _Token("name", Name(text.replace("`", ""), position), position, length)


def as_time(text: str) -> float | None:
    """Read a text as a time in seconds since 1970, UTC where it has no zone; None where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    from datetime import UTC

    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
