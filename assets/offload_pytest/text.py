"""Text for people and for frames, whatever a test or a file name consists of."""

TEXT_LIMIT = 256 * 1024  # characters of one text of a failed test


PASSED_OUTPUT_LIMIT = 16 * 1024
MESSAGE_LIMIT = 1000


def shorten(text, limit):
    if len(text) <= limit:
        return text
    half = limit // 2
    return "%s\n… [%d characters left out] …\n%s" % (
        text[:half],
        len(text) - 2 * half,
        text[-half:],
    )


def readable(value, limit=TEXT_LIMIT):
    """Text for people: proper Unicode, of bounded length."""
    text = shorten(str(value), limit)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def one_line(value):
    return readable(" ".join(str(value).split()), MESSAGE_LIMIT)


def reason_in(text):
    """Why, from what pytest shows of a failure that is no exception of the test's."""
    lines = [line.strip() for line in text.strip().split("\n")]
    for number, line in enumerate(lines):
        if line.startswith("E  "):
            return line[1:].strip()
        if line in ("Expected:", "Expected nothing") or line.startswith("UNEXPECTED EXCEPTION: "):
            end = lines.index("", number) if "" in lines[number:] else len(lines)
            return " ".join(lines[number:end])
    return lines[0]


def key_of(text):
    """What a node ID is compared by: the text, or its bytes where it is no proper Unicode."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def exact(text):
    """The text in JSON, so that its bytes survive."""
    key = key_of(text)
    return key if isinstance(key, str) else {"hex": key.hex()}


def from_exact(value):
    """The text that `exact` was given, as far as file names can hold it."""
    if isinstance(value, str):
        return value
    return bytes.fromhex(value["hex"]).decode("utf-8", "surrogateescape")
