"""A folder on any fsspec place: files appear whole or not at all, and one process at a time may claim a name."""

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Self

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ptm_spark.errors import BusyError, UsageError

#: ends the names of files that are not whole yet
UNFINISHED = ".unfinished"
_OWNER_FILE, _OWNER_FOLDER = 0o600, 0o700


class Folder:
    """A folder named by a path or any fsspec URL (``s3://…`` needs the extra ``s3``).

    ``owner_only``: what it makes at and below that place, on a local disk, only the owner may open.
    """

    def __init__(self, url: str | Path, *, owner_only: Path | None = None) -> None:
        try:
            self.fs, self.path = fsspec.core.url_to_fs(str(url))
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"folder {url}: {error}; give a local path or a URL whose fsspec driver is installed"
            ) from None
        self.is_local = isinstance(self.fs, LocalFileSystem)
        #: how engines and other libraries are told of it
        self.url = self.path if self.is_local else self.fs.unstrip_protocol(self.path)
        self._owner_only = owner_only
        self._opener = None if owner_only is None else open_private

    def __truediv__(self, name: str) -> Self:
        return type(self)(f"{self.url}/{name}", owner_only=self._owner_only)

    def kept_private(self) -> Self:
        """The same folder, of which only the owner may open what is made in it from now on."""
        return type(self)(self.url, owner_only=Path(self.path) if self.is_local else None)

    def names(self) -> list[str]:
        """Names in it, sorted, without hidden and unfinished ones; empty where the folder is absent."""
        self.fs.invalidate_cache(self.path)  # others, and engines, write here, too
        if not self.fs.isdir(self.path):
            return []
        found = (entry.rstrip("/").rpartition("/")[2] for entry in self.fs.ls(self.path, detail=False))
        return sorted(name for name in found if not name.startswith(".") and not name.endswith(UNFINISHED))

    def exists(self, name: str = "") -> bool:
        return bool(self.fs.exists(f"{self.path}/{name}" if name else self.path))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return int(self.fs.size(f"{self.path}/{name}"))

    def read(self, name: str) -> bytes:
        """Whole content of a small file; FileNotFoundError where it is absent."""
        return bytes(self.fs.cat_file(f"{self.path}/{name}"))

    def open(self, name: str) -> Any:
        """A file to read in pieces."""
        return self.fs.open(f"{self.path}/{name}", "rb")

    def write(self, name: str, content: bytes) -> None:
        """Replace a file in one step: a reader, or a crash, sees the old content or the new, never a mix."""
        with self.new_file(name) as file:
            file.write(content)

    @contextmanager
    def new_file(self, name: str) -> Iterator[IO[bytes]]:
        """A file to write that gets its name when the block ends well, after it has reached the disk."""
        target = f"{self.path}/{name}"
        if (
            not self.is_local
        ):  # elsewhere what is written shows even where the block fails: hand over whole content only
            content = BytesIO()
            yield content
            self.fs.pipe_file(target, content.getvalue())
            return
        parent = Path(target).parent
        self._make(parent)
        unfinished = Path(target + UNFINISHED)
        with open(unfinished, "wb", opener=self._opener) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        handle = os.open(parent, os.O_RDONLY)
        try:
            os.fsync(handle)  # the rename itself must survive a power cut
        finally:
            os.close(handle)

    def sha256(self, name: str) -> str:
        """Hex digest of a file's bytes, read in pieces."""
        with self.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def delete(self, name: str) -> None:
        """Delete a file; nothing where it is absent."""
        if self.exists(name):
            self.fs.rm_file(f"{self.path}/{name}")

    def remove(self) -> None:
        """Delete the folder and all in it."""
        if self.exists():
            self.fs.rm(self.path, recursive=True)

    @contextmanager
    def claim(self, name: str, what: str) -> Iterator[None]:
        """Hold ``name`` for this process alone; BusyError, naming the holder, where another has it.

        The claim ends with the process, however it ends, so none is ever stale. Object stores have no such lock:
        there the scheduler must see to it that one run works at a time.
        """
        if not self.is_local:
            yield
            return
        from filelock import FileLock, Timeout

        self._make(Path(self.path))
        place = Path(self.path) / name
        lock = FileLock(place, timeout=0, mode=0o644 if self._owner_only is None else _OWNER_FILE)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(
                f"{what} is in use by {_holder(place)}; wait for it to end, then run the same command again"
            ) from None
        holder = place.with_name(f"{name}.holder")
        try:
            with open(holder, "w", encoding="utf-8", opener=self._opener) as file:
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _make(self, place: Path) -> None:
        """Make a folder and those above it; private are only those at and below ``owner_only``."""
        if self._owner_only is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            make_private(place, self._owner_only)


def open_private(path: str, flags: int) -> int:
    """An ``opener`` for files that only their owner may open, whatever the process's mask is."""
    handle = os.open(path, flags, _OWNER_FILE)
    if flags & os.O_CREAT:
        os.fchmod(handle, _OWNER_FILE)
    return handle


def make_private(place: Path, root: Path) -> None:
    """Make ``place``, which lies at or below ``root``, and the folders above it; those from ``root`` on are for their
    owner only. Folders that are there already stay as somebody has set them."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for folder in reversed([place, *place.parents]):
        if folder == root or root in folder.parents:
            try:
                folder.mkdir(mode=_OWNER_FOLDER)
            except FileExistsError:
                if not folder.is_dir():
                    raise


def free_bytes(folder: Folder) -> int | None:
    """Bytes free where a folder lies or will lie; None on object stores."""
    if not folder.is_local:
        return None
    place = Path(folder.path)
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _holder(place: Path) -> str:
    try:
        return place.with_name(f"{place.name}.holder").read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"
