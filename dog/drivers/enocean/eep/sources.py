"""Where the bits of a profile are laid down, and what they were compared with.

The specification names its sections by the profiles' numbers. Its chapters are numbered as in the table of contents of
version 2.6.7 (20 May 2017), as far as that was at hand: of A5 beyond A5-02 only the chapter is known, of D2 not even
that, and no number is made up. The specification itself was not at hand: the tests compare every table with the data
that two libraries by other people have made of it.
"""

from __future__ import annotations

#: Function (or kind of telegram) -> chapter of version 2.6.7: 2 "Telegrams", 2.1 RPS, 2.2 1BS, 2.3 4BS.
_CHAPTERS = {"F6-02": "2.1.2", "F6-10": "2.1.6", "D5-00": "2.2.1", "A5-02": "2.3.1", "A5": "2.3", "D2": "2"}

#: Profiles that are compared with the data of version 2.6.4, the EEP.xml of PyPI's enocean 0.60.1. It has some of D2,
#: but in another form.
COMPARED_2_6_4 = frozenset(
    (
        *("F6-02-01", "F6-02-02", "F6-10-00", "D5-00-01", "A5-20-01"),
        *(f"A5-02-{type:02X}" for type in (*range(0x01, 0x0C), *range(0x10, 0x1C), 0x20, 0x30)),
        *("A5-04-01", "A5-04-03", "A5-06-01", "A5-06-02", "A5-07-01", "A5-08-01"),
        *("A5-09-04", "A5-09-05", "A5-12-01", "A5-14-01"),
    )
)


def sourceOf(eep: str) -> str:
    """In words, for whoever checks a table."""
    chapter = _CHAPTERS.get(eep[:5]) or _CHAPTERS[eep[:2]]
    compared = "EEP.xml 2.6.4 and enocean-js 0.1.0" if eep in COMPARED_2_6_4 else "enocean-js 0.1.0"
    return f"EnOcean Equipment Profiles 2.6, chapter {chapter} (as counted in 2.6.7), {eep}; compared with {compared}"
