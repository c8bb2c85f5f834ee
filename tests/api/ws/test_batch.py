"""Batches: what goes together, and in which order."""

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.ws.batch import ENOUGH, Batch
from dog.api.ws.envelope import frameHead, payloadOf
from tests.api.ws.talk import TEXT, frames


def framed(message: Any) -> bytes:
    payload = json.dumps(message).encode()
    return frameHead(len(payload)) + payload


class BatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.sent: list[bytes] = []
        self.batch = Batch(self.sent.append, self.clock.callLater)

    def heard(self) -> list[Any]:
        sent = b"".join(self.sent)
        self.sent.clear()
        found, rest = frames(sent)
        self.assertEqual((rest, {opcode for opcode, _ in found} - {TEXT}), (b"", set()))
        return [json.loads(payload) for _, payload in found]

    def test_payload(self) -> None:
        for size in (0, 1, 125, 126, 65_535, 65_536):
            self.assertEqual(payloadOf(frameHead(size) + b"x" * size), b"x" * size)

    def test_together(self) -> None:
        for number in range(3):
            self.batch.add(framed({"number": number, "text": "x" * 200 * number}))
        self.assertEqual((self.heard(), len(self.batch)), ([], 3))
        self.clock.advance(0)
        [[first, second, third]] = self.heard()
        self.assertEqual([each["number"] for each in (first, second, third)], [0, 1, 2])
        self.assertEqual((len(self.batch), self.clock.getDelayedCalls()), (0, []))

    def test_alone(self) -> None:
        """One message is no array."""
        self.batch.add(framed({"a": 1}))
        self.clock.advance(0)
        self.assertEqual(self.heard(), [{"a": 1}])

    def test_turns(self) -> None:
        for number in range(3):
            self.batch.add(framed(number))
            self.clock.advance(0)
        self.assertEqual(self.heard(), [0, 1, 2])

    def test_enough(self) -> None:
        """A large batch goes at once: the transport has to tell when it is full."""
        text = "x" * (ENOUGH // 4)
        for _ in range(4):
            self.batch.add(framed(text))
        self.assertEqual(self.heard(), [[text] * 4])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.batch.add(framed("after"))
        self.clock.advance(0)
        self.assertEqual(self.heard(), ["after"])

    def test_clear(self) -> None:
        self.batch.add(framed(1))
        self.batch.clear()
        self.assertEqual((self.clock.getDelayedCalls(), len(self.batch)), ([], 0))
        self.batch.flush()
        self.assertEqual(self.heard(), [])
