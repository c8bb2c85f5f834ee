from twisted.trial.unittest import SynchronousTestCase

from dog.client.address import DEFAULT, Address, BadAddress


class AddressTests(SynchronousTestCase):
    def test_forms(self) -> None:
        for text, socket, http in [
            (DEFAULT, "ws://127.0.0.1:8080/ws", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws", "http://127.0.0.1:8080"),
            ("http://dog.local/", "ws://dog.local:80/ws", "http://dog.local:80"),
            ("https://dog.local", "wss://dog.local:443/ws", "https://dog.local:443"),
            ("wss://dog.local:8443/ws/", "wss://dog.local:8443/ws", "https://dog.local:8443"),
            ("ws://dog.local:1", "ws://dog.local:1/ws", "http://dog.local:1"),
            ("dog.local", "ws://dog.local:8080/ws", "http://dog.local:8080"),
            ("dog.local:81", "ws://dog.local:81/ws", "http://dog.local:81"),
            ("[::1]:81", "ws://[::1]:81/ws", "http://[::1]:81"),
            ("ws://[::1]/ws", "ws://[::1]:80/ws", "http://[::1]:80"),
            (" WS://Dog.Local:8080/ws ", "ws://dog.local:8080/ws", "http://dog.local:8080"),
            ("http://proxy/house", "ws://proxy:80/house/ws", "http://proxy:80/house"),
            ("http://proxy/house/ws", "ws://proxy:80/house/ws", "http://proxy:80/house"),
            ("ws://proxy/house/ws", "ws://proxy:80/house/ws", "http://proxy:80/house"),
            ("ws://dog.local:8080/socket", "ws://dog.local:8080/socket", "http://dog.local:8080"),
        ]:
            address = Address.parse(text)
            self.assertEqual((address.socket, address.http), (socket, http), text)

    def test_not_an_address(self) -> None:
        for text, why in [
            ("ftp://dog.local", "the scheme is"),
            ("", "no host"),
            ("http://", "no host"),
            ("http://dog.local:99999", "not an address"),
            ("dog.local:port", "not an address"),
            ("http://me:secret@dog.local", "no user"),
            ("http://dog.local/?x=1", "no user"),
            ("my house", "no host"),
        ]:
            error = self.assertRaises(BadAddress, Address.parse, text)
            self.assertIn(why, str(error), text)
