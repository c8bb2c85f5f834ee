"""Which devices a filter is about."""

from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from dog.core.filters import EVERY, Filter, Traits, fits
from dog.model.device import Device
from dog.model.home import Building, Flat, Home, Room
from tests.bounded import bound

LAMP = Device("kitchen_lamp", "DimmerLamp", isIn="kitchen")
HOME = Home(
    (Building("b", flats=(Flat("flat1", rooms=(Room("kitchen"),)), Flat("flat2", rooms=(Room("bath"),)))),),
    {LAMP.id: LAMP},
)


class FitsTests(SynchronousTestCase):
    def test_globs(self) -> None:
        for glob, fit in (
            ("kitchen_lamp", True),
            ("kitchen*", True),
            ("*lamp", True),
            ("*", True),
            ("k*_l*p", True),
            ("kitchen", False),
            ("lamp", False),
            ("Kitchen*", False),
            ("kitchen?lamp", False),
            ("[k]itchen_lamp", False),
            ("", False),
            ("k.*", False),
        ):
            self.assertEqual(fits((glob,), ("kitchen_lamp",)), fit, glob)

    def test_likeTheReference(self) -> None:
        """The same as trying every way in which the stars can stand for something."""

        def reference(glob: str, name: str) -> bool:
            if not glob:
                return not name
            if glob[0] == "*":
                return any(reference(glob[1:], name[at:]) for at in range(len(name) + 1))
            return name[:1] == glob[0] and reference(glob[1:], name[1:])

        def texts(letters: str, most: int) -> list[str]:
            return ["".join(each) for length in range(most + 1) for each in product(letters, repeat=length)]

        for glob in texts("ab*", 5):
            for name in texts("ab", 5):
                self.assertEqual(fits((glob,), (name,)), reference(glob, name), (glob, name))

    def test_manyStars(self) -> None:
        """What makes a regular expression try for ever is a matter of one pass. It would not end otherwise."""
        bound(self)
        self.assertFalse(fits(("*" * 5000 + "!",), ("a" * 200,)))
        self.assertFalse(fits(("*a" * 60 + "*!*",), ("a" * 5000,)))
        self.assertTrue(fits(("*" * 5000 + "a",), ("a" * 200,)))

    def test_several(self) -> None:
        self.assertTrue(fits(("x", "a*"), ("b", "abc")))
        self.assertFalse(fits(("x", "a*"), ("b", "cba")))
        self.assertFalse(fits((), ("a",)))
        self.assertFalse(fits(("*",), ()))

    def test_whole(self) -> None:
        """An alternative does not match a part."""
        self.assertFalse(fits(("ab", "abcd"), ("abc",)))


class FilterTests(SynchronousTestCase):
    def check(self, expected: bool, **globs: tuple[str, ...]) -> None:
        self.assertEqual(Filter(**globs).matches(Traits.of(LAMP, HOME)), expected, globs)

    def test_devices(self) -> None:
        self.check(True, devices=("kitchen*",))
        self.check(False, devices=("bath*",))
        self.check(False, devices=())
        self.assertTrue(EVERY.matches(Traits.of(LAMP, HOME)))

    def test_rooms(self) -> None:
        self.check(True, rooms=("kitchen",))
        self.check(True, rooms=("flat1",))
        self.check(False, rooms=("flat2",))
        self.assertFalse(Filter(rooms=("*",)).matches(Traits.of(Device("x", "Lamp"), HOME)))

    def test_classes(self) -> None:
        """Derived ones too."""
        self.check(True, classes=("DimmerLamp",))
        self.check(True, classes=("Lamp",))
        self.check(False, classes=("SimpleLamp",))
        unknown = Device("x", "Unheard")
        self.assertTrue(Filter(classes=("Unh*",)).matches(Traits.of(unknown, HOME)))

    def test_all(self) -> None:
        """Everything that is given has to fit."""
        self.check(True, devices=("*",), rooms=("kitchen",), classes=("*Lamp",))
        self.check(False, devices=("*",), rooms=("bath",), classes=("*Lamp",))
        self.check(False, devices=("x",), rooms=("kitchen",), classes=("*Lamp",))
        self.check(False, devices=("*",), rooms=("kitchen",), classes=("Door",))
