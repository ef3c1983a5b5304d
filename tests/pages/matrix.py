"""Every page in one state of the desk: what must be true of all of them, and which were looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import PAGES, Shown, words
from tests.pages.drawn import charts

Seen = dict[str, AppTest]
#: What Markdown and HTML would act upon, where it was not escaped: of names that are hostile.
_ACTIVE = re.compile(r"<[a-z/!?]|\]\(javascript:|:red\[|\*\*bold\*\*|\$aTeX", re.IGNORECASE)
_READ = ("markdown", "caption", "warning", "error", "info", "success")
_ZERO = re.compile(r"^[▲▼+−-]?\s*₹?0(?:[.,]0+)?(?:\s*%)?$")
#: Of each state, the pages that were opened in it.
LOOKED: dict[str, set[str]] = {}


def look(app: Shown, state: str) -> Seen:
    """Open every page in front of one desk."""
    seen = {page: app.open(page) for page in PAGES}
    LOOKED[state] = set(seen)
    return seen


def carries_the_bar(at: AppTest, *, known: bool = True) -> bool:
    """Whether the page has the bar, with STOP in it and a ticket for it. What it says is tried in a browser.

    A key that the desk does not know, or cannot be asked about, has no role, and STOP all the same.
    """
    (mounted,) = [one.proto for one in at.get("bidi_component") if one.proto.component_name == "bar"]
    told = json.loads(mounted.json)
    return bool(told["ticket"]) and (told["role"] is not None) is known and "STOP" in mounted.html_content


def faults(at: AppTest, says: Sequence[str] = (), *, known: bool = True) -> list[str]:
    """What is wrong with a page as it stands: an exception, no bar, words that are missing, a name that acts."""
    found = [f"exception: {one.message}" for one in at.exception]
    if not found and not carries_the_bar(at, known=known):
        found.append("no bar with STOP")
    told = words(at)
    found += [f"does not say {word!r}" for word in says if word not in told]
    markup = "\n".join(str(one.value) for kind in _READ for one in getattr(at, kind))
    found += [f"acts: {match}" for match in _ACTIVE.findall(re.sub(r"\\.", "", markup))]
    return found


def wrong(seen: Seen, says: Sequence[str] = (), *, known: bool = True) -> dict[str, list[str]]:
    """What is wrong, by page."""
    return {page: found for page, at in seen.items() if (found := faults(at, says, known=known))}


def missing(seen: Seen, somewhere: Sequence[str]) -> list[str]:
    """Words that no page says."""
    told = "\n".join(words(at) for at in seen.values()).replace("\\", "")
    return [word for word in somewhere if word not in told]


def zeros(at: AppTest, counts: Sequence[str] = ()) -> list[str]:
    """Metrics that say 0; where nothing is known there must be none, but of ``counts``, which are known."""
    told = {cell.label: str(cell.value).strip() for cell in at.metric if cell.label not in counts}
    return [f"{label}: {value}" for label, value in told.items() if _ZERO.match(value)]


def shape(at: AppTest) -> Mapping[str, int]:
    """How many figures of each kind stand on the page."""
    return {"metric": len(at.metric), "dataframe": len(at.dataframe), "chart": len(charts(at))}
