"""Who does a thing: a person, a partner, a customer, the clock, or the product itself. Passed in, never looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.kernel.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    kind: str  # USER, PARTNER, CUSTOMER, BEAT, PLATFORM, SYSTEM
    name: str
    user_id: int | None = None

    @classmethod
    def user(cls, user: User) -> Actor:
        return cls("USER", user.display_name, user.pk)

    @classmethod
    def partner(cls, user: User) -> Actor:
        return cls("PARTNER", user.display_name, user.pk)

    @classmethod
    def customer(cls, name: str) -> Actor:
        """Whoever holds a link that was given to a customer."""
        return cls("CUSTOMER", name)

    @classmethod
    def beat(cls, job: str) -> Actor:
        """A scheduled sweep, by its name."""
        return cls("BEAT", job)

    @classmethod
    def platform(cls, name: str) -> Actor:
        """A remote system that told us something."""
        return cls("PLATFORM", name)

    @classmethod
    def system(cls, name: str) -> Actor:
        return cls("SYSTEM", name)
