"""Where a world's contents are: rows of PostgreSQL or files of a folder."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from mail_room import SECRETS_KEY

DAY = 86_400_000


@dataclass(frozen=True)
class ContentPlace:
    """What lies there, seen from outside. Without a folder it is PostgreSQL."""

    folder: Path | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What core is started with."""
        return {"SECRETS_KEY": SECRETS_KEY, **({"CONTENT_FOLDER": str(self.folder)} if self.folder else {})}

    def files(self) -> list[Path]:
        """Every file, finished or not."""
        return sorted(file for file in self.folder.rglob("*") if file.is_file()) if self.folder else []

    def of(self, digest: str) -> list[Path]:
        """The files of a content."""
        return [file for file in self.files() if file.name.startswith(digest)]

    def unfinished(self) -> list[Path]:
        return [file for file in self.files() if file.suffix == ".part"]

    def traces(self, database: psycopg.Connection) -> tuple:
        """All that contents leave anywhere."""
        tables = ("content", "content_chunk", "content_upload", "content_gone")
        return [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables], self.files()

    def has_halves(self, database: psycopg.Connection) -> bool:
        """Whether an upload is under way, or was left."""
        return bool(self.unfinished()) or database.execute("SELECT 1 FROM content_upload").fetchone() is not None


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def upload_id(days_old: float) -> str:
    """What an upload that long ago was called: a UUID of version 7 in hexadecimal digits."""
    moment = time.time_ns() // 1_000_000 - int(days_old * DAY)
    return f"{moment:012x}7{secrets.token_hex(2)[1:]}8{secrets.token_hex(8)[1:]}"
