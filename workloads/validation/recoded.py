"""A delivered text of another encoding as UTF-8, in pieces: what is read after it knows no other."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from contracts import encodings
from workloads.validation.packed import check_unpacked
from workloads.validation.verdict import FileFault, Finding, RefusedError


class Recoded:
    """The pieces of a text in `encoding` as those of one in UTF-8, without a byte order mark.

    `is_utf_8_too` says, after the last piece, that its letters beyond ASCII are all of them legal in UTF-8, which a
    text of another encoding hardly ever is. `of` is who says the encoding.
    """

    def __init__(self, pieces: Iterator[bytes], encoding: str, *, of: str) -> None:
        self.encoding, self.of = encoding, of
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._other = codecs.getincrementaldecoder(encodings.UTF_8)()
        self._may_be_utf_8 = not encoding.startswith("utf")
        self._beyond_ascii = False
        self._line, self._after_cr = 1, False

    @property
    def is_utf_8_too(self) -> bool:
        """See the class."""
        return self._may_be_utf_8 and self._beyond_ascii

    def __iter__(self) -> Iterator[bytes]:
        """RefusedError with the line that cannot be read, and for more bytes than a file may unpack to."""
        size = 0
        for piece in self._pieces:
            self._compare(piece)
            text = self._text(piece)
            text = text.removeprefix("\ufeff") if size == 0 else text
            recoded = self._encoded(text)
            size += len(recoded)
            check_unpacked(size)
            if recoded:
                yield recoded
            self._count(text)
        self._compare(b"", final=True)
        if rest := self._text(b"", final=True):
            yield self._encoded(rest)

    def _text(self, piece: bytes, *, final: bool = False) -> str:
        state = self._decoder.getstate()
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            self._decoder.setstate(state)
            # what the decoder had kept of the piece before stands before this one in the error
            good = error.start - (len(error.object) - len(piece))
            self._count(self._decoder.decode(piece[: max(good, 0)]))
            byte = error.object[error.start]
            raise self._refused("ends within a letter" if final else f"has the byte 0x{byte:02x}") from error

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError as error:  # half of a pair of surrogates, which UTF-7 lets through
            self._count(text[: error.start])
            raise self._refused("has half a letter") from error

    def _refused(self, found: str) -> RefusedError:
        text = f"line {self._line} {found}, which is no text in {self.encoding} ({self.of})"
        remedy = "write the file's encoding into the contract, or repair the file and deliver it again"
        return RefusedError(Finding(code=FileFault.CORRUPT, text=f"{text}; {remedy}"))

    def _count(self, text: str) -> None:
        """Go on by the line ends of a text, of which CR LF is one."""
        if text:
            split = self._after_cr and text.startswith("\n")
            self._line += text.count("\n") + text.count("\r") - text.count("\r\n") - split
            self._after_cr = text.endswith("\r")

    def _compare(self, piece: bytes, *, final: bool = False) -> None:
        if not self._may_be_utf_8:
            return
        try:
            self._other.decode(piece, final)
        except UnicodeDecodeError:
            self._may_be_utf_8 = False
        else:
            self._beyond_ascii = self._beyond_ascii or not piece.isascii()
