"""Tests for L{dog.model.refusal}, L{dog.model.rights} and L{dog.model.command}."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from dog.model.catalogue import CommandType
from dog.model.command import Command, Outcome, Stage
from dog.model.refusal import Code, Refusal, Refused, clipped, quoted, some
from dog.model.rights import ANONYMOUS, GATEWAY, Principal, Right, Role


class RefusalTests(SynchronousTestCase):
    def test_everyCodeHasAStatus(self) -> None:
        for code in Code:
            self.assertTrue(400 <= code.status < 600, code)

    def test_status(self) -> None:
        """rest-api.md, "Which status, which code"."""
        for status, codes in {
            400: ["bad_json", "bad_body"],
            401: ["unauthorized"],
            403: ["forbidden"],
            404: ["not_found"],
            405: ["method_not_allowed"],
            406: ["not_acceptable"],
            409: ["duplicate_id", "in_use"],
            412: ["precondition_failed"],
            413: ["too_large"],
            415: ["unsupported_media_type"],
            421: ["misdirected"],
            422: ["bad_value", "bad_unit", "out_of_range"],
            500: ["internal"],
            502: ["bus_refused"],
            503: ["no_driver", "unreachable"],
            504: ["timeout"],
        }.items():
            for code in codes:
                self.assertEqual(Code(code).status, status)

    def test_codeIsItsText(self) -> None:
        self.assertEqual(json.dumps({"code": Code.BAD_BODY}), '{"code": "bad_body"}')
        self.assertEqual(f"{Code.BAD_BODY}", "bad_body")

    def test_refusal(self) -> None:
        error = Refusal(Code.BAD_VALUE, "no", parameter="x")
        self.assertEqual(error.refused, Refused(Code.BAD_VALUE, "no", {"parameter": "x"}))
        self.assertEqual(str(error), "no")

    def test_clientsText(self) -> None:
        """As much as can be recognised is repeated."""
        self.assertEqual((quoted("a'b"), quoted(None), clipped("x" * 80)), ('"a\'b"', "None", "x" * 80))
        self.assertEqual((clipped("x" * 81), quoted("x" * 81)), ("x" * 79 + "…", repr("x" * 79 + "…")))

    def test_some(self) -> None:
        names = [f"n{each}" for each in range(12)]
        self.assertEqual(some(names[:10]), "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9")
        self.assertEqual(some(names), "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more")
        self.assertEqual(some([]), "")


class RightsTests(SynchronousTestCase):
    def test_roles(self) -> None:
        for role, rights in [
            (Role.NONE, set[Right]()),
            (Role.VIEWER, {Right.VIEW}),
            (Role.USER, {Right.VIEW, Right.OPERATE}),
            (Role.ADMIN, set(Right)),
        ]:
            self.assertEqual({each for each in Right if Principal("p", role).may(each)}, rights)

    def test_known(self) -> None:
        for principal in (ANONYMOUS, GATEWAY):
            self.assertTrue(all(principal.may(each) for each in Right))


class CommandTests(SynchronousTestCase):
    def test_name(self) -> None:
        command = Command("c1", "d", CommandType("OnCommand", "on"), {}, 2.0, ANONYMOUS)
        self.assertEqual(command.name, "on")
        self.assertIsNone(command.key)

    def test_outcome(self) -> None:
        outcome = Outcome(Stage.SENT)
        self.assertEqual((outcome.code, outcome.reason, outcome.seen), (None, None, ()))
        self.assertEqual(f"{outcome.stage}", "sent")
