from twisted.trial.unittest import SynchronousTestCase

from dog.cli.filters import Filters, Subject

LAMP = Subject("lake-lamp", "DimmerLamp", "kitchen", ("OnNotification", "on"))


class FiltersTests(SynchronousTestCase):
    def test_match(self) -> None:
        for filters, matches in [
            ([], True),
            (["lake-lamp"], True),
            (["lake"], False),
            (["lake-*"], True),
            (["DimmerLamp"], True),
            (["dimmerlamp"], False),
            (["*Lamp"], True),
            (["kitchen"], True),
            (["On*"], True),
            (["on"], True),
            (["off"], False),
            (["off", "kitchen"], True),
            (["lake-lam?"], True),
            (["lake-[a-l]amp"], True),
            (["id:lake-*"], True),
            (["id:kitchen"], False),
            (["room:kitchen"], True),
            (["room:Dimmer*"], False),
            (["class:Dimmer*"], True),
            (["notification:on"], True),
            (["notification:lake-lamp"], False),
            (["other:lake-lamp"], False),
        ]:
            self.assertEqual(Filters(filters).match(LAMP), matches, filters)

    def test_colon_in_an_id(self) -> None:
        self.assertTrue(Filters(["zwave:3"]).match(Subject("zwave:3")))
        self.assertTrue(Filters(["id:id:3"]).match(Subject("id:3")))

    def test_what_is_not_known_does_not_match(self) -> None:
        self.assertFalse(Filters(["class:*"]).match(Subject("lamp")))
        self.assertTrue(Filters(["*"]).match(Subject("lamp")))

    def test_truth(self) -> None:
        self.assertFalse(Filters([]))
        self.assertTrue(Filters(["*"]))
