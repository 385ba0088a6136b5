"""MathML on one line of Unicode. Pure."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from html import unescape

# A space where letters or digits would meet, as in "log n"; none elsewhere.
_SOFT = "\x01"
_TOKEN = re.compile(r"<(/?)([a-z]+)([^>]*?)(/?)>|([^<]+)")
_SOFT_SPACE = re.compile(rf"(?<=[^\W_]){_SOFT}+(?=[^\W_])")
_LETTERS = "𝐀", "𝟿"
_FOLDED = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in range(ord(_LETTERS[0]), ord(_LETTERS[1]) + 1)
}
# Fewest spaces in a script: what math-core marks with no space around it.
_TIGHT = 'lspace="0"'
_SPACED = frozenset("=<>≤≥≈≃∼≡≅∝∈∉∋⊂⊆⊃⊇→←↔↦⇒⇔≠≪≫≲≳⩽⩾+−±∓×∪∩⊕⊗∧∨∖:≔≜∣⋊⋉≺≻⪯⪰⟶⟹⟺")
_WRAPPED = frozenset(" +−/=<>,·×")
_ABOVE = {
    "˜": "\u0303", "~": "\u0303", "ˆ": "\u0302", "^": "\u0302", "\u0302": "\u0302",
    "¯": "\u0304", "‾": "\u0304", "\u0332": "\u0304", "˙": "\u0307", "¨": "\u0308",
    "⃗": "\u20d7", "→": "\u20d7", "ˇ": "\u030c", "˘": "\u0306", "´": "\u0301", "`": "\u0300",
    "˚": "\u030a",
}  # fmt: skip
_SUPERSCRIPTS = {
    **dict(zip("0123456789+−-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True)),
    "∘": "°", "°": "°", "′": "′", "″": "″", "‴": "‴", "*": "*", "∗": "*", "⋆": "⋆", "†": "†",
    "⊤": "ᵀ",
}  # fmt: skip
_SUBSCRIPTS = {
    **dict(zip("0123456789+−-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True)),
    **dict(zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)),
    "⊙": "⊙", "∗": "*", "⋆": "⋆",
}  # fmt: skip


def linear(mathml: str) -> str:
    """Return a formula on one line, with scripts where Unicode has them.

    Examples
    --------
    >>> linear("<math><msup><mi>n</mi><mn>2</mn></msup><mo>≤</mo><mi>k</mi></math>")
    'n² ≤ k'
    """
    open_elements: list[tuple[str, str, list[str]]] = [("", "", [])]
    for close, tag, attributes, empty, text in _TOKEN.findall(mathml):
        if text:
            open_elements[-1][2].append(text)
        elif not close and not empty:
            open_elements.append((tag, attributes, []))
        else:
            name, own, parts = open_elements.pop() if close else (tag, attributes, [])
            open_elements[-1][2].append(_element(name, own, parts))
    joined = unescape("".join(open_elements[0][2])).translate(_FOLDED)
    spaced = _SOFT_SPACE.sub(" ", joined).replace(_SOFT, "")
    return " ".join(spaced.split())


def _element(tag: str, attributes: str, parts: Sequence[str]) -> str:
    rule = _RULES.get(tag)
    return rule(attributes, parts) if rule else "".join(parts)


def _identifier(_: str, parts: Sequence[str]) -> str:
    name = "".join(parts)
    return name if len(name) == 1 else f"{_SOFT}{name}{_SOFT}"


def _operator(attributes: str, parts: Sequence[str]) -> str:
    sign = "".join(parts)
    if sign == "\u2061":
        return _SOFT
    is_spaced = unescape(sign) in _SPACED and _TIGHT not in attributes
    return f" {sign} " if is_spaced else sign


def _fraction(attributes: str, parts: Sequence[str]) -> str:
    over, under = (*parts, "", "")[:2]
    if 'linethickness="0"' in attributes:
        return f"{over} over {under}"
    return f"{_SOFT}{_grouped(over)}/{_grouped(under)}{_SOFT}"


def _grouped(text: str) -> str:
    return f"({text.strip()})" if not _WRAPPED.isdisjoint(text.strip()) else text.strip()


def _root(_: str, parts: Sequence[str]) -> str:
    inside = "".join(parts).strip()
    return f"√{inside if len(inside) == 1 or inside.isdigit() else f'({inside})'}"


def _indexed_root(_: str, parts: Sequence[str]) -> str:
    inside, index = (*parts, "", "")[:2]
    return f"{_script('', index, _SUPERSCRIPTS).removeprefix('^')}{_root('', [inside])}"


def _accent(attributes: str, parts: Sequence[str]) -> str:
    base, above = (*parts, "", "")[:2]
    if "accent" not in attributes:
        return f"{base}{_script('^', above, _SUPERSCRIPTS)}"
    mark = _ABOVE.get(above.strip(), "")
    return unicodedata.normalize("NFC", base + mark) if len(base) == 1 else base


def _script(sign: str, text: str, letters: dict[str, str]) -> str:
    bare = unescape(text.replace(_SOFT, "").replace(" ", ""))
    if not bare:
        return ""
    is_word = len(bare) > 1 and bare.isalpha()
    if not is_word and all(letter in letters for letter in bare):
        return "".join(letters[letter] for letter in bare)
    inside = text.replace(_SOFT, "").strip() if bare.isalnum() else text.strip()
    return f"{sign}{inside if bare.isalnum() else f'({inside})'}{_SOFT}"


def _under(attributes: str, parts: Sequence[str]) -> str:
    base, below = (*parts, "", "")[:2]
    return base if "accentunder" in attributes else _sub(attributes, (base, below))


def _sub(_: str, parts: Sequence[str]) -> str:
    base, below = (*parts, "", "")[:2]
    return f"{base.rstrip(_SOFT)}{_script('_', below, _SUBSCRIPTS)}"


def _sup(_: str, parts: Sequence[str]) -> str:
    base, above = (*parts, "", "")[:2]
    return f"{base.rstrip(_SOFT)}{_script('^', above, _SUPERSCRIPTS)}"


def _both(_: str, parts: Sequence[str]) -> str:
    base, below, above = (*parts, "", "", "")[:3]
    lower, upper = _script("_", below, _SUBSCRIPTS), _script("^", above, _SUPERSCRIPTS)
    return f"{base.rstrip(_SOFT)}{lower.rstrip(_SOFT)}{upper}"


def _space(attributes: str, _: Sequence[str]) -> str:
    return "" if '"-' in attributes or not attributes else _SOFT if '"0.1' in attributes else " "


_RULES: dict[str, Callable[[str, Sequence[str]], str]] = {
    "mi": _identifier,
    "mo": _operator,
    "mtext": lambda _, parts: f"{_SOFT}{''.join(parts)}{_SOFT}",
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _indexed_root,
    "mover": _accent,
    "munder": _under,
    "msub": _sub,
    "msup": _sup,
    "msubsup": _both,
    "munderover": _both,
    "mspace": _space,
    "mphantom": lambda _, __: "",
    "mtd": lambda _, parts: f"{''.join(parts)} ",
    "mtr": lambda _, parts: f"{''.join(parts).strip()}; ",
    "mtable": lambda _, parts: "".join(parts).strip(" ;"),
}
