"""A mart in an arena, as faults see it."""

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from faults.standby import StandbyScene
from mart_site import Site, Standby


@dataclass
class MartScene(StandbyScene):
    """A mart with two instances in an arena under load."""

    mart: Site
    name: ClassVar[str] = "mart"
    away: ClassVar[tuple[type[BaseException], ...]] = (psycopg.Error,)

    @property
    def instances(self) -> list[Standby]:
        return self.mart.instances

    @property
    def holder(self) -> Standby | None:
        return self.mart.holder

    def position(self) -> int:
        return self.mart.position()

    def term(self) -> int:
        with self.mart.sql() as connection:
            return connection.execute("SELECT term FROM lease").fetchone()["term"]
