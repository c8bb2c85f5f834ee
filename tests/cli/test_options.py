import argparse

from twisted.trial.unittest import SynchronousTestCase

from dog.cli.options import Options, UsageError


class OptionsTests(SynchronousTestCase):
    def options(self, environment: dict[str, str] | None = None, **arguments: object) -> Options:
        return Options.of(argparse.Namespace(**arguments), environment or {})

    def test_defaults(self) -> None:
        options = self.options()
        self.assertEqual(options.gateway.socket, "ws://127.0.0.1:8080/ws")
        self.assertEqual(options.gateway.http, "http://127.0.0.1:8080")
        self.assertEqual((options.token, options.timeout, options.json), (None, 10.0, False))

    def test_environment(self) -> None:
        options = self.options({"DOG_GATEWAY": "dog.local:81", "DOG_TOKEN": "t"})
        self.assertEqual((options.gateway.http, options.token), ("http://dog.local:81", "t"))
        self.assertEqual(self.options({"DOG_GATEWAY": "", "DOG_TOKEN": ""}).token, None)

    def test_command_line_wins(self) -> None:
        environment = {"DOG_GATEWAY": "no://address", "DOG_TOKEN": "t"}
        options = self.options(environment, gateway="https://x", token="u", timeout=1.5, json=True)
        self.assertEqual(options.gateway.socket, "wss://x:443/ws")
        self.assertEqual((options.token, options.timeout, options.json), ("u", 1.5, True))

    def test_bad_address(self) -> None:
        wrong = [({"DOG_GATEWAY": "ftp://x"}, None, "DOG_GATEWAY"), ({}, "x y", "--gateway")]
        for environment, gateway, where in wrong:
            error = self.assertRaises(UsageError, self.options, environment, gateway=gateway)
            self.assertTrue(str(error).startswith(f"{where}: "), error)

    def test_rest(self) -> None:
        rest = self.options(gateway="http://x:1", token="t").rest()
        self.assertEqual(rest.address.http, "http://x:1")
