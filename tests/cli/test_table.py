from twisted.trial.unittest import SynchronousTestCase

from dog.cli.table import clean, fit, layout, width


class CleanTests(SynchronousTestCase):
    def test_nothing_that_a_terminal_obeys(self) -> None:
        for text, shown in [
            ("Küche", "Küche"),
            ("a\x1b[31mred", "a\\x1b[31mred"),
            ("line\r\nother\ttab", "line  other tab"),
            ("\x9b31m", "\\x9b31m"),
            ("abc\u202edcba", "abc\\u202edcba"),
            ("\ud800", "\\ud800"),
            ("para\u2029graph", "para\\u2029graph"),
        ]:
            self.assertEqual(clean(text), shown)


class WidthTests(SynchronousTestCase):
    def test_columns(self) -> None:
        for text, columns in [("abc", 3), ("Küche", 5), ("Ku\u0308che", 5), ("台所", 4), ("21 °C", 5)]:
            self.assertEqual(width(text), columns, text)

    def test_fit(self) -> None:
        self.assertEqual(fit("kitchen", 7), "kitchen")
        self.assertEqual(fit("kitchen", 6), "kitch…")
        self.assertEqual(fit("台所の灯", 6), "台所…")


class LayoutTests(SynchronousTestCase):
    def test_aligned(self) -> None:
        self.assertEqual(
            layout(["ID", "STATE"], [["lamp", "on"], ["台所", "off"], ["x", ""]]),
            ["ID    STATE", "lamp  on", "台所  off", "x"],
        )

    def test_no_rows(self) -> None:
        self.assertEqual(layout(["ID", "STATE"], []), ["ID  STATE"])

    def test_fits_the_terminal(self) -> None:
        rows = [["lake-kitchen-lamp", "a lamp", "The lamp over the table in the kitchen of the lake flat"]]
        lines = layout(["ID", "CLASS", "DESCRIPTION"], rows, 50)
        self.assertEqual([width(each) <= 50 for each in lines], [True, True])
        self.assertEqual(lines[1], "lake-kitchen-lamp  a lamp  The lamp over the tabl…")

    def test_narrower_than_the_heads(self) -> None:
        lines = layout(["IDENTITY", "DESCRIPTION"], [["a" * 30, "b" * 30]], 5)
        self.assertEqual(lines, ["IDENTITY  DESCRIPTION", "aaaaaaa…  bbbbbbbbbb…"])

    def test_not_cut_without_a_limit(self) -> None:
        self.assertEqual(layout(["A"], [["x" * 500]])[1], "x" * 500)
