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

    def test_token_file(self) -> None:
        """The command line before the environment, a file before the token itself there."""
        path, other = self.mktemp(), self.mktemp()
        for each, text in ((path, "dog_a\n"), (other, "dog_b")):
            with open(each, "w", encoding="ascii") as file:
                file.write(text)
        environment = {"DOG_TOKEN": "t", "DOG_TOKEN_FILE": other}
        self.assertEqual(self.options(environment, tokenFile=path).token, "dog_a")
        self.assertEqual(self.options(environment).token, "dog_b")
        self.assertEqual(self.options(environment, tokenFile=path, token="u").token, "u")

    def test_bad_token_file(self) -> None:
        empty, words, bytes = self.mktemp(), self.mktemp(), self.mktemp()
        for path, data in ((empty, b"\n"), (words, b"two words"), (bytes, b"\xff")):
            with open(path, "wb") as file:
                file.write(data)
        for path in (empty, words, bytes, self.mktemp()):
            error = self.assertRaises(UsageError, self.options, {"DOG_TOKEN": "t"}, tokenFile=path)
            self.assertIn("--token-file: ", str(error))
            self.assertRaises(UsageError, self.options, {"DOG_TOKEN": "t", "DOG_TOKEN_FILE": path})

    def test_bad_address(self) -> None:
        wrong = [({"DOG_GATEWAY": "ftp://x"}, None, "DOG_GATEWAY"), ({}, "x y", "--gateway")]
        for environment, gateway, where in wrong:
            error = self.assertRaises(UsageError, self.options, environment, gateway=gateway)
            self.assertTrue(str(error).startswith(f"{where}: "), error)

    def test_rest(self) -> None:
        rest = self.options(gateway="http://x:1", token="t").rest()
        self.assertEqual(rest.address.http, "http://x:1")
