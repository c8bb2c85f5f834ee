"""The Accept header: which media type and profile an answer gets. RFC 9110, section 12.5.1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dog.api.call import Media, Profile
from dog.model.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class Range:
    """One media range of an Accept header.

    @ivar profile: of a C{profile} parameter, as written; None if there is none. Other parameters don't count.
    @ivar q: its weight, 0 to 1; 0 excludes.
    """

    type: str
    subtype: str
    profile: str | None = None
    q: float = 1.0

    def precision(self, media: Media, profile: Profile) -> int:
        """How precisely this range names that offer; 0 if it does not."""
        type, subtype = media.value.split("/")
        if self.type == "*" and self.subtype == "*":
            found = 1
        elif self.type == type and self.subtype == "*":
            found = 2
        elif self.type == type and self.subtype == subtype:
            found = 3
        else:
            return 0
        if self.profile is None:
            return found
        return found + 3 if self.profile == profile.value else 0


ANYTHING = (Range("*", "*"),)


def parseAccept(header: str | None) -> tuple[Range, ...]:
    """The ranges of an Accept header. Absent, empty or without one sound range: anything is accepted."""
    found = []
    for part in (header or "").split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        type, slash, subtype = name.lower().partition("/")
        if not slash or not type or not subtype:
            if name != "*":
                continue
            type = subtype = "*"
        profile, q = None, 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            key, value = key.strip().lower(), value.strip().strip('"')
            if key == "profile":
                profile = value.lower()
            elif key == "q":
                q = _weight(value)
        found.append(Range(type, subtype, profile, q))
    return tuple(found) or ANYTHING


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def choose(
    accept: str | None, offered: Sequence[Media], profile: Profile, forced: Profile | None = None
) -> tuple[Media, Profile]:
    """The best of what is offered, the first where several are as good.

    @param profile: the default where the client asks for none.
    @param forced: the profile that the query names; what the header says of profiles does not count then.
    @raise Refusal: C{not_acceptable}, with what there is.
    """
    ranges = parseAccept(accept)
    if forced is not None:
        ranges = tuple(Range(each.type, each.subtype, None, each.q) for each in ranges)
        profiles: tuple[Profile, ...] = (forced,)
    else:
        profiles = (profile, *(each for each in Profile if each is not profile))
    best, bestQ = None, 0.0
    for media in offered:
        for each in profiles:
            q = _quality(ranges, media, each)
            if q > bestQ:
                best, bestQ = (media, each), q
    if best is None:
        names = [each.value for each in offered]
        raise Refusal(Code.NOT_ACCEPTABLE, f"this resource answers {' or '.join(names)}", available=names)
    return best


def _quality(ranges: Sequence[Range], media: Media, profile: Profile) -> float:
    """The weight of the most precise range that names the offer."""
    q, precision = 0.0, 0
    for each in ranges:
        found = each.precision(media, profile)
        if found > precision or (found == precision and found and each.q > q):
            q, precision = each.q, found
    return q


def errorMedia(accept: str | None) -> Media:
    """What an error is told in: XML where the client likes it better than JSON, else JSON."""
    try:
        return choose(accept, (Media.JSON, Media.XML), Profile.DOCUMENTED)[0]
    except Refusal:
        return Media.JSON
