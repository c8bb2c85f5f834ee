"""The Accept header."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Media, Profile
from dog.api.negotiation import ANYTHING, Range, choose, errorMedia, parseAccept
from dog.model.refusal import Code, Refusal

BOTH = (Media.JSON, Media.XML)
DOCUMENTED, RELEASED = Profile.DOCUMENTED, Profile.RELEASED


class Parse(SynchronousTestCase):
    def test_nothing(self) -> None:
        """No header, an empty one and one without a sound range accept anything."""
        for header in (None, "", " ", ",", "nonsense", "/json", "text/"):
            self.assertEqual(parseAccept(header), ANYTHING, header)

    def test_ranges(self) -> None:
        """Types are lower case; only profile and q count among the parameters."""
        self.assertEqual(
            parseAccept('Application/JSON; charset=utf-8; profile="Released" ;q=0.5, text/*;level=1, *;q=.1'),
            (Range("application", "json", "released", 0.5), Range("text", "*"), Range("*", "*", q=0.1)),
        )

    def test_weights(self) -> None:
        """A weight is between 0 and 1; one that is no number excludes."""
        self.assertEqual([each.q for each in parseAccept("a/b;q=7, a/b;q=-1, a/b;q=x, a/b;q=0")], [1.0, 0.0, 0.0, 0.0])


class Choose(SynchronousTestCase):
    def chosen(self, accept: str | None, **more: Profile) -> tuple[Media, Profile]:
        return choose(accept, BOTH, DOCUMENTED, **more)

    def test_default(self) -> None:
        """Whoever takes anything gets JSON in the configured profile."""
        for accept in (None, "*/*", "application/*", "application/json; charset=utf-8", "text/html, */*;q=0.1"):
            self.assertEqual(self.chosen(accept), (Media.JSON, DOCUMENTED), accept)
            self.assertEqual(choose(accept, BOTH, RELEASED), (Media.JSON, RELEASED), accept)

    def test_weights(self) -> None:
        self.assertEqual(self.chosen("application/xml;q=0.9, application/json;q=0.8")[0], Media.XML)
        self.assertEqual(self.chosen("application/xml;q=0.8, application/json;q=0.9")[0], Media.JSON)
        self.assertEqual(self.chosen("application/json;q=0, */*")[0], Media.XML)

    def test_precision(self) -> None:
        """The most precise range gives the weight, in whatever order they stand."""
        self.assertEqual(self.chosen("application/*;q=0.9, application/json;q=0.2")[0], Media.XML)
        self.assertEqual(self.chosen("application/json;q=0.2, application/*;q=0.9")[0], Media.XML)
        self.assertEqual(self.chosen("*/*, application/*;q=0.1, application/xml;q=0.2")[0], Media.XML)

    def test_profile(self) -> None:
        self.assertEqual(self.chosen("application/json;profile=released"), (Media.JSON, RELEASED))
        self.assertEqual(self.chosen("application/xml;profile=released"), (Media.XML, RELEASED))
        self.assertEqual(
            self.chosen("application/json;profile=released;q=0.5, application/json"), (Media.JSON, DOCUMENTED)
        )
        self.assertEqual(choose("application/json;profile=documented", BOTH, RELEASED), (Media.JSON, DOCUMENTED))

    def test_forced(self) -> None:
        """The query's profile wins over the header's."""
        self.assertEqual(self.chosen("application/xml;profile=documented", forced=RELEASED), (Media.XML, RELEASED))
        self.assertEqual(self.chosen(None, forced=RELEASED), (Media.JSON, RELEASED))

    def test_nothingFits(self) -> None:
        for accept in ("text/html", "application/json;q=0, application/xml;q=0", "application/json;profile=other"):
            refusal = self.assertRaises(Refusal, self.chosen, accept)
            self.assertEqual(refusal.refused.code, Code.NOT_ACCEPTABLE)
            self.assertEqual(refusal.refused.details, {"available": ["application/json", "application/xml"]})


class ErrorMedia(SynchronousTestCase):
    def test_xmlForWhoPrefersIt(self) -> None:
        self.assertEqual(errorMedia("application/xml"), Media.XML)
        self.assertEqual(errorMedia("application/xml, application/json;q=0.5"), Media.XML)

    def test_jsonForTheRest(self) -> None:
        for accept in (None, "*/*", "text/html", "image/svg+xml", "application/json, application/xml"):
            self.assertEqual(errorMedia(accept), Media.JSON, accept)
