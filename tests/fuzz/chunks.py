"""What the watches' targets take: pieces of both directions, mixed."""


def chunk(from_back: bool, data: bytes) -> bytes:
    """Data as the two watches' targets take it: pieces of up to 127 bytes behind their lengths."""
    pieces = [data[i:i + 127] for i in range(0, len(data), 127)]
    return b"".join(bytes([len(piece) | (0x80 if from_back else 0)]) + piece for piece in pieces)


def front(data: bytes) -> bytes:
    return chunk(False, data)


def back(data: bytes) -> bytes:
    return chunk(True, data)
