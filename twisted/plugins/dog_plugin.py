"""What C{twistd} finds: the C{dog} command."""

from twisted.application.service import ServiceMaker

dog = ServiceMaker("Dog", "dog.tap", "A home-automation gateway", "dog")
