"""The commonest frame, read in one go: a client's whole text message (RFC 6455, section 5.2)."""

from __future__ import annotations


def wholeText(data: bytes, at: int, most: int) -> tuple[bytes, int] | None:
    """The text and the end of the frame that begins at C{at}.

    None where it is anything else than one whole, unfragmented, masked text message without extensions, in UTF-8, of
    at most C{most} and less than 64 Ki bytes: that is for a full reader, which knows what is wrong with it, too.
    """
    if len(data) < at + 7 or data[at] != 0x81:
        return None
    length = data[at + 1] - 0x80
    start = at + 6
    if length == 126:
        length = data[at + 2] << 8 | data[at + 3]
        start = at + 8
        if length < 126:
            return None
    elif not 0 < length < 126:
        return None
    end = start + length
    if end > len(data) or length > most:
        return None
    mask = data[start - 4 : start] * (length // 4 + 1)
    number = int.from_bytes(data[start:end], "big") ^ int.from_bytes(mask[:length], "big")
    text = number.to_bytes(length, "big")
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
    return text, end
